package term

import (
	"slices"
	"strings"
	"testing"
)

// emulate is what a terminal shows after the sequences that a Screen writes.
func emulate(t *testing.T, written string) []string {
	t.Helper()
	rows, row := []string{""}, 0
	for written != "" {
		rest, found := "", false
		for _, s := range []struct {
			sequence string
			do       func()
		}{
			{"\x1b[?25l", func() {}},
			{"\x1b[?25h", func() {}},
			{"\x1b[K", func() {}},
			{"\x1b[J", func() { rows = append(rows[:row], "") }},
			{"\x1b[2J\x1b[H", func() { rows, row = []string{""}, 0 }},
			{"\r\n", func() {
				if row++; row == len(rows) {
					rows = append(rows, "")
				}
			}},
			{"\r", func() {}},
		} {
			if rest, found = strings.CutPrefix(written, s.sequence); found {
				s.do()
				break
			}
		}
		if up, ok := strings.CutPrefix(written, "\x1b["); !found && ok {
			digits, after, _ := strings.Cut(up, "A")
			for range len(digits) { // one digit in these tests
				row -= int(digits[0] - '0')
			}
			rest, found = after, true
		}
		if !found {
			end := strings.IndexAny(written, "\x1b\r")
			if end < 0 {
				t.Fatalf("a line without an end: %q", written)
			}
			rows[row], rest = written[:end], written[end:]
		}
		written = rest
	}
	return rows[:len(rows)-1]
}

func TestScreen(t *testing.T) {
	s, far := Test()
	if s.Screen() != nil {
		t.Fatal("a screen without a terminal")
	}
	columns, lines := 20, 4
	s.size = func() (int, int, error) { return columns, lines, nil }
	c := s.Screen()
	for _, tt := range []struct {
		name          string
		columns, rows int
		draw, want    []string
	}{
		{"the first lines", 20, 4, []string{"one", "two"}, []string{"one", "two"}},
		{"more lines in place", 20, 4, []string{"one", "2", "three"}, []string{"one", "2", "three"}},
		{"fewer lines", 20, 4, []string{"one"}, []string{"one"}},
		{"more than there is room for", 20, 4, []string{"1", "2", "3", "4", "5"}, []string{"1", "2", "3"}},
		{"a line that is too long", 20, 4, []string{strings.Repeat("x", 30)}, []string{strings.Repeat("x", 20)}},
		{"a terminal that became narrow", 5, 4, []string{strings.Repeat("x", 30)}, []string{"xxxxx"}},
	} {
		columns, lines = tt.columns, tt.rows
		if err := c.Draw(tt.draw); err != nil {
			t.Fatal(err)
		}
		if got := emulate(t, far.Out.String()); !slices.Equal(got, tt.want) {
			t.Errorf("%s: shows %q, want %q", tt.name, got, tt.want)
		}
	}
	before := far.Out.Len()
	if err := c.Draw([]string{strings.Repeat("x", 30)}); err != nil || far.Out.Len() != before {
		t.Errorf("the same lines were written again, %v", err)
	}
	if err := c.Clear(); err != nil || len(emulate(t, far.Out.String())) != 0 {
		t.Errorf("still shows %q, %v", emulate(t, far.Out.String()), err)
	}
	if got := Line("%s is %d", "a\x1b[2Jb", 3); got != `a\x1b[2Jb is 3` {
		t.Errorf("got %q", got)
	}
	s.NoInput = true
	if s.Screen() != nil {
		t.Error("a screen with --no-input")
	}
}
