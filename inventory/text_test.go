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
		{"１２３", "123", true}, // full-width digits
		{"１２\u3000", "12", true},
		{"٣٤", "", false}, // digits of another script
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
		"Zu\u0308rich": "Zürich", "HQ/Safe  1": "HQ/Safe 1", "HQ/Safe\u00a0 1\u3000": "HQ/Safe 1", "ＨＱ／Safe １": "HQ/Safe 1", "東京（本社）": "東京(本社)",
	} {
		if got, err := NormalizePlace(in); got != want || err != nil {
			t.Errorf("NormalizePlace(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "/", "a/", "/a", "a//b", "a/b/c/d", "..", "a/.", "a\nb", "a\u200bb", "a\u202eb", "\xff", "\u3164", "a\u2800", "\u00a0", "a/\u3000", "\uffa0",
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

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"", " a  b ", "Zu\u0308rich", "ＨＱ／１", "\u3000a\u00a0", "\xff  x", "\uff76\uff9e", "\u0344", "\u2126", "e\u0327\u0301", " \u0301x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Canonical(s)
		if again := Canonical(once); again != once {
			t.Errorf("%q becomes %q, which becomes %q", s, once, again)
		}
		if utf8.ValidString(s) && (strings.Contains(once, "  ") || strings.Trim(once, " ") != once) {
			t.Errorf("%q becomes %q", s, once)
		}
	})
}

// A login is what another program knows somebody by: two that only look the same
// are two people.
func TestLoginsAreKeptAsTheyAre(t *testing.T) {
	for _, login := range []string{"anna", "ａｎｎａ", "a\u0301nna", "\u00e1nna", "an  na"} {
		act, err := Act{Actor: " " + login, At: time.Unix(1.8e9, 0)}.check()
		if act.Actor != login || err != nil {
			t.Errorf("%q acts as %q, %v", login, act.Actor, err)
		}
	}
	for _, login := range []string{"", " ", "an\u200bna", "an\u00a0na", "\u3164"} {
		if act, err := (Act{Actor: login, At: time.Unix(1.8e9, 0)}).check(); err == nil {
			t.Errorf("%q acts as %q", login, act.Actor)
		}
	}
}
