package term

import (
	"bytes"
	"strings"
	"testing"
)

func TestParagraph(t *testing.T) {
	word := strings.Repeat("x", 39)
	tests := []struct {
		name, prose, want string
	}{
		{"a short one is a line", "iam:ListMFADevices denied: no", "  iam:ListMFADevices denied: no\n"},
		{"a long one goes on below, further in", strings.Join([]string{word, word, word}, " "), "  " + word + " " + word + "\n    " + word + "\n"},
		{"a word without an end is broken", strings.Repeat("y", 150), "  " + strings.Repeat("y", 96) + "\n    " + strings.Repeat("y", 54) + "\n"},
		{"what a terminal would obey is shown", "a\x1b[2J\nb\u202e", `  a\x1b[2J\x0ab\u202e` + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := (&Streams{Out: &out}).Paragraph(2, tt.prose); err != nil {
				t.Fatal(err)
			}
			if out.String() != tt.want {
				t.Errorf("got %q, want %q", out.String(), tt.want)
			}
		})
	}
}

// No line is wider than the page, and no word is lost.
func FuzzParagraph(f *testing.F) {
	f.Add("a b c")
	f.Add(strings.Repeat("é界 \u0301", 90))
	f.Add("\x1b[31m \xff")
	f.Fuzz(func(t *testing.T, prose string) {
		var out bytes.Buffer
		if err := (&Streams{Out: &out}).Paragraph(2, prose); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := fits(strings.TrimSuffix(line, "\n"), pageWidth); n < len(line)-1 {
				t.Errorf("%q: a line is wider than the page: %q", prose, line)
			}
		}
		strip := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got, want := strip(out.String()), strip(Escape(prose)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
