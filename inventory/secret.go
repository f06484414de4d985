package inventory

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	awsKey     = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)
	base32Seed = regexp.MustCompile(`^(?:[A-Z2-7]{32,}|[a-z2-7]{32,})=*$`)
	spacedSeed = regexp.MustCompile(`^(?:[A-Za-z2-7]{4} ){3,}[A-Za-z2-7]{2,4}$`)
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
	if awsKey.MatchString(bare) && mixed(bare) {
		return "an AWS secret access key"
	}
	if spacedSeed.MatchString(bare) {
		bare = strings.ReplaceAll(bare, " ", "")
	}
	if base32Seed.MatchString(bare) && strings.ContainsAny(bare, "234567") && strings.ContainsFunc(bare, beyondHex) {
		return "a TOTP seed"
	}
	return ""
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
