package term

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain text stays", "YubiKey 5 NFC", "YubiKey 5 NFC"},
		{"accents and wide characters stay", "Zürich 東京", "Zürich 東京"},
		{"an escape sequence shows", "\x1b[2Jgone", `\x1b[2Jgone`},
		{"line ends and tabs show", "a\r\n\tb", `a\x0d\x0a\x09b`},
		{"delete and C1 show", "\x7f\u009b31m", `\x7f\u009b31m`},
		{"a right-to-left override shows", "87654321\u202e", `87654321\u202e`},
		{"isolates and marks show", "\u2066a\u2069\u200f\u061c", `\u2066a\u2069\u200f\u061c`},
		{"zero-width characters show", "a\u200bb\ufeff", `a\u200bb\ufeff`},
		{"line and paragraph separators show", "a\u2028b\u2029", `a\u2028b\u2029`},
		{"no-break space shows", "a\u00a0b", `a\u00a0b`},
		{"bytes that are no UTF-8 show", "a\xffb\xc0\xaf", `a\xffb\xc0\xaf`},
		{"a tag character shows", "\U000e0041", `\U000e0041`},
		{"a backslash is not doubled", `C:\keys`, `C:\keys`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Escape(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Whatever goes in, only printable text comes out, and a second pass changes
// nothing.
func FuzzEscape(f *testing.F) {
	f.Add("\x1b[31m\u202e\xff")
	f.Add("plain")
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q gives invalid UTF-8 %q", s, got)
		}
		for _, r := range got {
			if !strconv.IsPrint(r) {
				t.Fatalf("%q gives the unprintable %U", s, r)
			}
		}
		if again := Escape(got); again != got {
			t.Fatalf("%q gives %q, and that gives %q", s, got, again)
		}
	})
}

func TestJSON(t *testing.T) {
	s, far := Test()
	in := map[string]string{"serial": "1\u202e2\x7f\u009b\U000e0041<&>\n"}
	if err := s.JSON(in); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"serial\": \"1\\u202e2\\u007f\\u009b\\udb40\\udc41<&>\\n\"\n}\n"
	if got := far.Out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The JSON that is printed means what was put in, and has nothing in it that a
// terminal obeys.
func FuzzJSON(f *testing.F) {
	f.Add("\x1b[31m\u202e \U000e0041")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		var b bytes.Buffer
		if err := writeJSON(&b, []string{text}); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r != '\n' && !strconv.IsPrint(r) {
				t.Fatalf("%q is printed with %U", text, r)
			}
		}
		var back []string
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || !reflect.DeepEqual(back, []string{text}) {
			t.Fatalf("%q comes back as %q, %v", text, back, err)
		}
	})
}
