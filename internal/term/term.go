// Package term is the conversation with the person and the pipe: results on
// standard output, messages on standard error, questions on the terminal
// device and nowhere else. Whatever a key, a card, a file or AWS supplied is
// escaped before it is shown, so that no foreign string can move the cursor,
// colour a verdict or reverse a serial. It knows nothing of keys or accounts,
// and it never ends the process.
//
// Three rules hold everywhere. Results own standard output. Messages go to
// standard error with the program's name in front, in lower case, without a
// full stop. Questions go to the controlling terminal and are refused where
// there is none: a script never waits for an answer that cannot come.
package term

import (
	"fmt"
	"io"
	"os"

	xterm "golang.org/x/term"
)

// Streams is where a command reads and writes. The zero value is of no use;
// System makes the real ones and Test those of a test.
type Streams struct {
	// In is standard input: codes from a scanner, never answers.
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// NoInput refuses every question with ErrNoInput (--no-input).
	NoInput bool

	colour bool
	inTTY  bool
	errTTY bool
	// width is how many columns the terminal behind Out has, 0 where it is none.
	width int
	// size is how many columns and lines the terminal behind Out has now; nil
	// where it is none that a screen can be drawn on.
	size func() (columns, lines int, err error)
	// openTTY opens the controlling terminal for one question.
	openTTY func() (terminal, error)
}

// System is the process's own standard streams and terminal. Colours are on
// where standard output is a terminal, NO_COLOR is empty (no-color.org) and
// TERM is not "dumb".
func System() *Streams {
	outTTY := xterm.IsTerminal(int(os.Stdout.Fd()))
	width, _, err := xterm.GetSize(int(os.Stdout.Fd()))
	if !outTTY || err != nil {
		width = 0
	}
	var size func() (int, int, error)
	if outTTY && os.Getenv("TERM") != "dumb" {
		size = func() (int, int, error) { return xterm.GetSize(int(os.Stdout.Fd())) }
	}
	return &Streams{
		In:      os.Stdin,
		Out:     os.Stdout,
		Err:     os.Stderr,
		colour:  outTTY && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		inTTY:   xterm.IsTerminal(int(os.Stdin.Fd())),
		errTTY:  xterm.IsTerminal(int(os.Stderr.Fd())),
		width:   width,
		size:    size,
		openTTY: openDevTTY,
	}
}

// Printf writes a result to standard output. Strings, errors and Stringers
// among the arguments are escaped; the format itself is ours and is not.
func (s *Streams) Printf(format string, args ...any) error {
	_, err := fmt.Fprintf(s.Out, format, escapeArgs(args)...)
	return err
}

// Print writes text of our own to standard output as it is, lines and all.
func (s *Streams) Print(text string) error {
	_, err := io.WriteString(s.Out, text)
	return err
}

// Notice writes one message to standard error, "hwmfa: " in front. Arguments
// are escaped as in Printf. A message that cannot be written has nowhere else
// to go, so there is no error to return.
func (s *Streams) Notice(format string, args ...any) {
	fmt.Fprintf(s.Err, "hwmfa: "+format+"\n", escapeArgs(args)...)
}

// InTerminal says whether standard input is a terminal, where a person has to be
// told what is waited for.
func (s *Streams) InTerminal() bool { return s.inTTY }

// Touch asks for a touch of the key named, which is its serial or whatever
// tells it apart; "" where there is only one.
func (s *Streams) Touch(key string) {
	if key == "" {
		s.Notice("touch the key now")
		return
	}
	s.Notice("touch %s now", key)
}
