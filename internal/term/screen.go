package term

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Screen is a few lines at the end of what the terminal shows, drawn over again
// in place. Its methods are for one goroutine at a time.
type Screen struct {
	s              *Streams
	shown          []string
	columns, lines int
}

// Screen begins a screen; nil where standard output is no terminal that one can
// be drawn on, or --no-input says that nobody looks.
func (s *Streams) Screen() *Screen {
	if s.size == nil || s.NoInput {
		return nil
	}
	return &Screen{s: s}
}

// Line makes a line for Draw; strings, errors and Stringers among the arguments
// are escaped.
func Line(format string, args ...any) string { return fmt.Sprintf(format, escapeArgs(args)...) }

// Table lays a table out in lines for Draw, the titles first.
func (c *Screen) Table(t *Table) []string {
	columns, _ := c.size()
	return strings.Split(c.s.render(t, columns), "\n")
}

// Room is how many lines there are; the terminal keeps one for itself.
func (c *Screen) Room() int {
	_, lines := c.size()
	return max(1, lines-1)
}

func (c *Screen) size() (columns, lines int) {
	columns, lines, err := c.s.size()
	if err != nil || columns <= 0 || lines <= 0 {
		return 80, 24 // what terminals have that do not tell
	}
	return columns, lines
}

// Draw shows these lines in place of those before, cut to what the terminal has.
// All is written at once, each line over the old one, so that nothing flickers.
func (c *Screen) Draw(lines []string) error {
	columns, height := c.size()
	cut := make([]string, min(len(lines), max(1, height-1)))
	for i := range cut {
		cut[i] = text.Trim(lines[i], columns)
	}
	var b strings.Builder
	switch resized := columns != c.columns || height != c.lines; {
	case resized && len(c.shown) > 0:
		// The old lines were wrapped, or pushed away: nobody knows where they are.
		b.WriteString("\x1b[2J\x1b[H")
	case slices.Equal(cut, c.shown):
		return nil
	default:
		c.toTop(&b)
	}
	for _, line := range cut {
		b.WriteString(line + "\x1b[K\r\n")
	}
	b.WriteString("\x1b[J\x1b[?25h")
	c.shown, c.columns, c.lines = cut, columns, height
	return c.write("\x1b[?25l" + b.String())
}

// Clear takes the lines away, so that something else can be written; the next
// Draw begins below that.
func (c *Screen) Clear() error {
	if len(c.shown) == 0 {
		return nil
	}
	var b strings.Builder
	c.toTop(&b)
	c.shown = nil
	return c.write(b.String() + "\x1b[J")
}

func (c *Screen) toTop(b *strings.Builder) {
	b.WriteString("\r")
	if n := len(c.shown); n > 0 {
		fmt.Fprintf(b, "\x1b[%dA", n)
	}
}

func (c *Screen) write(sequence string) error {
	if _, err := io.WriteString(c.s.Out, sequence); err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	return nil
}
