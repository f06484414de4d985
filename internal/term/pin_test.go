package term

import (
	"strings"
	"testing"
)

// However a keyboard composes a letter, the key gets the same bytes.
func TestCheckPIN(t *testing.T) {
	for _, tt := range []struct {
		name, typed, want string // want is "" where it is refused
	}{
		{"digits stay", "123456", "123456"},
		{"composed letters stay", "p\u00e4ss", "p\u00e4ss"},
		{"decomposed letters are composed", "pa\u0308ss", "p\u00e4ss"},
		{"what grows too long is refused", strings.Repeat("\u0958", 20), ""},
		{"63 bytes fit", strings.Repeat("x", 63), strings.Repeat("x", 63)},
		{"64 do not", strings.Repeat("x", 64), ""},
		{"nothing", "", ""},
		{"no UTF-8", "12\xff34", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			typed := []byte(tt.typed)
			got, err := checkPIN(typed)
			if string(got) != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v", got, err)
			}
			if string(got) != tt.typed && strings.Trim(string(typed), "\x00") != "" {
				t.Errorf("what was typed is still in memory: %q", typed)
			}
		})
	}
}
