package inventory

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestNormalizeSerial(t *testing.T) {
	tests := []struct {
		in, want string
		ok       bool
	}{
		{"12345678", "12345678", true},
		{"0012345678", "12345678", true},
		{" 12345678 ", "12345678", true},
		{"", "", true},
		{"  ", "", true},
		{"ab-12.x_9", "AB-12.X_9", true},
		{"00ab", "00AB", true},
		{"0", "", false},
		{"000", "", false},
		{"12 34", "", false},
		{"12\t34", "", false},
		{"12\n", "", false},
		{"１２３", "", false}, // full-width digits
		{"\xff", "", false},
		{"1;DROP", "", false},
		{strings.Repeat("1", maxSerial), strings.Repeat("1", maxSerial), true},
		{strings.Repeat("1", maxSerial+1), "", false},
	}
	for _, tt := range tests {
		got, err := NormalizeSerial(tt.in)
		if got != tt.want || (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("NormalizeSerial(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestNormalizeTag(t *testing.T) {
	for in, want := range map[string]string{
		"YK-001": "YK-001", " a/b:c#1.2_3 ": "a/b:c#1.2_3", "": "", "K-7Q2M4XR": "K-7Q2M4XR", "K-7Q2M4XRU": "K-7Q2M4XRU",
	} {
		if got, err := NormalizeTag(in); got != want || err != nil {
			t.Errorf("NormalizeTag(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"-x", "=1+1", "@x", "a b", "ä", "a\x00", "K-7Q2M4XRD", "k-7q2m4xrd", "K-OIL00000", strings.Repeat("a", maxTag+1),
	} {
		if got, err := NormalizeTag(in); !errors.Is(err, ErrInvalid) {
			t.Errorf("NormalizeTag(%q) = %q, %v; want a refusal", in, got, err)
		}
	}
}

func TestNormalizePlace(t *testing.T) {
	for in, want := range map[string]string{
		"Zürich": "Zürich", " HQ / Safe 1 /3": "HQ/Safe 1/3", "東京/金庫": "東京/金庫",
	} {
		if got, err := NormalizePlace(in); got != want || err != nil {
			t.Errorf("NormalizePlace(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "/", "a/", "/a", "a//b", "a/b/c/d", "..", "a/.", "a\nb", "a\u200bb", "a\u202eb", "a\u00a0b", "\xff",
		strings.Repeat("a", maxName+1),
	} {
		if got, err := NormalizePlace(in); !errors.Is(err, ErrInvalid) {
			t.Errorf("NormalizePlace(%q) = %q, %v; want a refusal", in, got, err)
		}
	}
}

func TestTimeText(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))
	const want = "2026-03-01T11:00:00.123456Z"
	if got := FormatTime(at); got != want {
		t.Errorf("FormatTime = %s, want %s", got, want)
	}
	got, err := ParseTime(want)
	if err != nil || !got.Equal(at.Truncate(time.Microsecond)) || got.Location() != time.UTC {
		t.Errorf("ParseTime(%s) = %v, %v", want, got, err)
	}
	for _, s := range []string{
		"", "2026-03-01", "2026-03-01T11:00:00Z", "2026-03-01T11:00:00.123456789Z", "2026-03-01T11:00:00,123456Z",
		"2026-03-01T12:00:00.123456+01:00", "2026-02-30T11:00:00.123456Z", "02026-03-01T11:00:00.123456Z",
	} {
		if got, err := ParseTime(s); err == nil {
			t.Errorf("ParseTime(%q) = %v, want a refusal", s, got)
		}
	}
}

// FuzzText: whatever is accepted is printable, within bounds and already in
// its own normal form; what a key claims always becomes so.
func FuzzText(f *testing.F) {
	for _, s := range []string{"12345678", "0012", "ab-1", "YK-1", "Zürich/Safe 1/3", " x ", "\x1b[2J", "\xff", "K-7Q2M4XRD", "a\u202eb"} {
		f.Add(s)
	}
	f.Add(strings.Repeat("x", maxName-1) + " y") // the cut falls behind a space
	f.Fuzz(func(t *testing.T, s string) {
		for name, normalize := range map[string]func(string) (string, error){
			"serial": NormalizeSerial, "tag": NormalizeTag, "place": NormalizePlace,
			"claimed": func(s string) (string, error) { return claimed(s, maxName), nil },
		} {
			got, err := normalize(s)
			if err != nil {
				continue
			}
			again, err := normalize(got)
			if again != got || err != nil {
				t.Errorf("%s: %q becomes %q, then %q, %v", name, s, got, again, err)
			}
			if !utf8.ValidString(got) || len(got) > 3*maxName+2 || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%s: %q becomes %q", name, s, got)
			}
		}
	})
}
