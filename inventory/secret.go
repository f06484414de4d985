package inventory

import (
	"strings"
	"unicode"
)

// SecretIn says what kind of secret a text is, "" for none. It holds only what
// can hardly be anything else: a TOTP seed in base32 is taken for one from 160
// bits on, because shorter ones read like serials.
func SecretIn(s string) string {
	if len(s) < len("otpauth://") {
		return "" // nothing below is shorter
	}
	lower := strings.ToLower(s)
	has := func(part string) bool { return strings.Contains(lower, part) }
	switch {
	case has("otpauth") && has("://"):
		return "an otpauth URL"
	case has("-----begin ") && has("private key"), has("putty-user-key-file"), has("age-secret-key-1"):
		return "a private key"
	}
	bare := strings.TrimSpace(s)
	if len(bare) == 40 && of(bare, base64Digit) && mixed(bare) {
		return "an AWS secret access key"
	}
	if spaced(bare) {
		bare = strings.ReplaceAll(bare, " ", "")
	}
	seed := strings.TrimRight(bare, "=")
	if len(seed) >= 32 && (of(seed, upperBase32) || of(seed, lowerBase32)) && strings.ContainsAny(seed, "234567") && strings.ContainsFunc(seed, beyondHex) {
		return "a TOTP seed"
	}
	return ""
}

// spaced says whether a text is base32 in groups of four, the last of which may
// be shorter: how seeds are shown to be typed.
func spaced(s string) bool {
	groups := strings.Split(s, " ")
	for i, group := range groups {
		last := i == len(groups)-1
		if !of(group, eitherBase32) || len(group) != 4 && !(last && (len(group) == 2 || len(group) == 3)) {
			return false
		}
	}
	return len(groups) > 3
}

// of says whether a text is of nothing but such characters.
func of(s string, is func(rune) bool) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !is(r) })
}

func upperBase32(r rune) bool  { return r >= 'A' && r <= 'Z' || r >= '2' && r <= '7' }
func lowerBase32(r rune) bool  { return r >= 'a' && r <= 'z' || r >= '2' && r <= '7' }
func eitherBase32(r rune) bool { return upperBase32(r) || lowerBase32(r) }
func base64Digit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '/' || r == '+'
}

// mixed says whether a text has digits and letters of both cases, as 40 random
// characters have and a SHA-1 has not.
func mixed(s string) bool {
	return strings.ContainsFunc(s, unicode.IsUpper) && strings.ContainsFunc(s, unicode.IsLower) &&
		strings.ContainsFunc(s, unicode.IsDigit) && strings.ContainsFunc(s, beyondHex)
}

// beyondHex says whether a letter is none of the hexadecimal digits: a hash is
// no seed.
func beyondHex(r rune) bool { return unicode.IsLetter(r) && unicode.ToLower(r) > 'f' }
