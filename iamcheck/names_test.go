package iamcheck

import (
	"strings"
	"testing"
)

func TestOneNameInManySpellings(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"case, separator and zeros", "YK-0042", "yk42"},
		{"another separator", "yk_42", "yk42"},
		{"none", "YK42", "yk42"},
		{"zeros at the end count", "YK-420", "yk420"},
		{"zero stays a number", "yk-000", "yk0"},
		{"numbers stay apart", "12-34", "12.34"},
		{"letters run together", "A-B-12", "ab12"},
		{"nothing but separators", "-._/:#", ""},
		{"letters of other scripts", "Schlüssel-№7", "schlüssel7"},
		{"bytes that are no text", "\xff\xfe7", "7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := joined(runsOf(tt.text)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNear(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"letter case", "Root-Berlin", "root-berlin", true},
		{"separators", "root_berlin_1", "root-berlin-1", true},
		{"zeros", "yk-7", "yk-007", true},
		{"a letter too many", "root-berlin", "root-berrlin", true},
		{"two letters swapped", "root-berlin", "root-belrin", true},
		{"two errors in a long name", "root-primary-berlin", "root-primry-berln", true},
		{"three errors", "root-primary-berlin", "rot-primry-berln", false},
		{"one error in a short name", "root", "roof", true},
		{"one error in too short a name", "yk", "yx", false},
		{"another number is another key", "yk-1", "yk-2", false},
		{"and so in a long name", "root-berlin-1", "root-berlin-2", false},
		{"another letter by itself is another key", "root-key-a", "root-key-b", false},
		{"the same letter in another case is not", "root-key-a", "Root_Key_A", true},
		{"a letter too many by itself", "root-berlin", "root-berlin-x", true},
		{"a number too many", "root-berlin", "root-berlin-2", false},
		{"one digit of a serial", "yk-28299003", "yk-28299008", true},
		{"two digits swapped in a serial", "yk-28299003", "yk-28290903", true},
		{"two wrong digits of a serial", "yk-28299003", "yk-28288003", false},
		{"a serial without a digit", "yk-28299003", "yk-2829903", false},
		{"nothing is near nothing", "", "", false},
		{"nor is what is too long to compare", strings.Repeat("a", 300), strings.Repeat("a", 300), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := near(tt.a, tt.b); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if got := near(tt.b, tt.a); got != tt.want {
				t.Errorf("the other way round: got %v, want %v", got, tt.want)
			}
		})
	}
}

// FuzzNames holds what is true of any two names.
func FuzzNames(f *testing.F) {
	f.Add("YK-0042", "yk42")
	f.Add("root-berlin-1", "root-berlin-2")
	f.Add("\xff", "№٣")
	f.Fuzz(func(t *testing.T, a, b string) {
		if near(a, b) != near(b, a) {
			t.Errorf("%q is near %q one way only", a, b)
		}
		if mark := joined(runsOf(a)); mark != "" && len(mark) <= maxNear && !near(a, a) {
			t.Errorf("%q is not near itself", a)
		}
		if n := len(runsOf(a)); n > maxRuns {
			t.Errorf("%d runs", n)
		}
	})
}
