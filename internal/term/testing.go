package term

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// TestTerminal is the far side of a Test constructor: what was written, and
// the lines that a person will have typed.
type TestTerminal struct {
	Out, Err bytes.Buffer
	// In is what standard input has.
	In bytes.Buffer
	// Asked collects the questions and everything else written to the terminal.
	Asked bytes.Buffer

	typed *bytes.Buffer
}

// Test makes streams for a test: no colours, and a terminal on which the lines
// given have been typed. Without lines there is no terminal.
func Test(lines ...string) (*Streams, *TestTerminal) {
	t := &TestTerminal{}
	if len(lines) > 0 {
		t.typed = bytes.NewBufferString(strings.Join(lines, "\n") + "\n")
	}
	return &Streams{In: &t.In, Out: &t.Out, Err: &t.Err, openTTY: t.open}, t
}

// InColour are the streams as those of a terminal that shows colours.
func (s *Streams) InColour() *Streams {
	s.colour = true
	return s
}

func (t *TestTerminal) open() (terminal, error) {
	if t.typed == nil {
		return nil, ErrNoInput
	}
	return testTTY{t}, nil
}

type testTTY struct{ t *TestTerminal }

// Read gives one byte at a time, as a terminal gives no more than the line.
func (d testTTY) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return d.t.typed.Read(p[:1])
}

func (d testTTY) Write(p []byte) (int, error) { return d.t.Asked.Write(p) }
func (d testTTY) Close() error                { return nil }
func (d testTTY) reset()                      {}

func (d testTTY) readSecret() ([]byte, error) {
	line, err := d.t.typed.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	return bytes.TrimSuffix(line, []byte("\n")), err
}
