package inventory

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Bounds on what people and keys may write, in bytes.
const (
	maxName   = 128 // a person, product, place level, anchor, account
	maxTag    = 64
	maxSerial = 64
	maxReason = 512
	maxDevice = 128 // an AWS device name; its ARN ends at 256 with prefix and ID
	maxRPID   = 253 // a domain name
	maxEmail  = 254 // RFC 5321 §4.5.3.1.3, without the angle brackets
)

// Canonical is the one spelling of a text that people see in only one way:
// Unicode's normal form C, letters and digits of one width, and single spaces,
// none at the ends. Any spelling of a name comes to the same.
func Canonical(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] < utf8.RuneSelf && (s[i] != ' ' || i > 0 && s[i-1] != ' ')
	}
	if plain && !strings.HasSuffix(s, " ") || !utf8.ValidString(s) {
		return s
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return unicode.Is(unicode.Zs, r) })
	return norm.NFC.String(width.Fold.String(strings.Join(words, " ")))
}

// line checks one line of text that a person typed and returns it in its one
// spelling.
func line(field, s string, limit int) (string, error) { return exactLine(field, Canonical(s), limit) }

// exactLine is line of what is compared with other programs' word for it, as
// logins are, and therefore loses its outer spaces alone. Control, formatting
// (bidirectional overrides, zero-width), line-breaking and blank characters are
// refused, not mended: what is shown later must be what was typed. A secret is
// refused: the journal would keep it for good.
func exactLine(field, s string, limit int) (string, error) {
	if !utf8.ValidString(s) {
		return "", invalid(field, "is not valid UTF-8")
	}
	s = strings.Trim(s, " ")
	if len(s) > limit {
		return "", invalid(field, "is longer than %d bytes", limit)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return "", invalid(field, "contains the unprintable character %U", r)
		}
		if strings.ContainsRune(blanks, r) {
			return "", invalid(field, "contains the blank character %U", r)
		}
	}
	if what := SecretIn(s); what != "" {
		return "", invalid(field, "reads like %s, and secrets have no place in the inventory", what)
	}
	return s, nil
}

// blanks are letters and symbols that show nothing: fillers of Hangul, and the
// Braille cell without dots.
const blanks = "\u115f\u1160\u3164\uffa0\u2800"

// required is line for a text that must not be empty.
func required(field, s string, limit int) (string, error) {
	s, err := line(field, s, limit)
	if err == nil && s == "" {
		return "", invalid(field, "is empty")
	}
	return s, err
}

// claimed makes a string that a key sent fit to be kept: a key with a strange
// name can still be enrolled, so what is unprintable is replaced and what is
// too long cut.
func claimed(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || strings.ContainsRune(blanks, r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
	s = strings.Trim(s, " ")
	for len(s) > limit {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimRight(s, " ") // the cut may have laid one bare
}

// Fold is the form in which tags, device names and place paths are compared:
// two that differ only by letter case are the same.
func Fold(s string) string { return strings.ToLower(s) }

// NormalizeSerial gives the one spelling of a serial number. Digits lose their
// leading zeros (labels and reader names print them, keys do not send them);
// other serials are upper-cased. "" stays "": no serial is known.
func NormalizeSerial(s string) (string, error) {
	s, err := line("serial", s, maxSerial)
	if err != nil || s == "" {
		return "", err
	}
	digits := true
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '-', r == '.', r == '_':
			digits = false
		default:
			return "", invalid("serial", "may hold letters, digits and - . _ only")
		}
	}
	if !digits {
		return strings.ToUpper(s), nil
	}
	s = strings.TrimLeft(s, "0")
	if s == "" {
		return "", invalid("serial", "is zero")
	}
	return s, nil
}

// NormalizeTag checks an asset tag: letters, digits and - . _ / : #, beginning
// with a letter or digit, so that it fits on a barcode and into a device name.
// A tag that reads like a key's ID is refused.
func NormalizeTag(s string) (string, error) {
	s, err := line("tag", s, maxTag)
	if err != nil || s == "" {
		return "", err
	}
	for i, r := range s {
		letter := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("-._/:#", r)) {
			return "", invalid("tag", "may hold letters, digits and - . _ / : # only, a letter or digit first")
		}
	}
	if _, ok := normalizeKeyID(s); ok {
		return "", invalid("tag", "reads like the ID of a key")
	}
	return s, nil
}

// timeForm has a fixed width, so that times sort as text, and microseconds,
// which is what every database keeps.
const timeForm = "2006-01-02T15:04:05.000000Z"

// FormatTime is how times are stored and hashed: UTC, to the microsecond.
func FormatTime(t time.Time) string { return t.UTC().Format(timeForm) }

// ParseTime reads what FormatTime wrote, and nothing else.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeForm, s)
	if err != nil || FormatTime(t) != s {
		return time.Time{}, invalid("time", "is not of the form %s", timeForm)
	}
	return t.UTC(), nil
}

// Act says who does something and when. Every change takes one.
type Act struct {
	Actor string    // a person's or system's name, one line
	At    time.Time // kept to the microsecond, UTC
}

func (a Act) check() (Act, error) {
	actor, err := exactLine("actor", a.Actor, maxName)
	if err == nil && actor == "" {
		err = invalid("actor", "is empty")
	}
	if err != nil {
		return Act{}, err
	}
	if y := a.At.UTC().Year(); y < 2000 || y > 9999 {
		return Act{}, invalid("time", "is missing or out of range")
	}
	return Act{Actor: actor, At: a.At.UTC().Truncate(time.Microsecond)}, nil
}
