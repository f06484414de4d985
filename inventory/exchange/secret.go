package exchange

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// secretParts are refused anywhere in a header whose letters and digits are
// written together.
var secretParts = []string{
	"secret", "seed", "password", "passwd", "passphrase", "passcode", "pwd", "passwort", "kennwort", "geheimnis",
	"otpauth", "privatekey", "privkey", "recoverycode", "recoverykey", "backupcode", "scratchcode", "emergencycode",
	"managementkey", "mgmtkey", "mgmkey", "accesskey", "symmetrickey", "aeskey", "base32", "qrcode", "pincode", "pukcode",
	"enckey", "tokenkey", "totpkey", "otpkey", "sharedkey", "unlockcode",
}

// secretWords are refused as words of their own: as part of another one they
// are harmless (shipping).
var secretWords = map[string]bool{
	"pin": true, "pins": true, "puk": true, "puks": true, "pass": true, "adminpin": true, "userpin": true, "sopin": true, "fidopin": true, "pivpin": true,
}

// secretNames are refused as a whole header: a column of that name alone holds
// the thing itself.
var secretNames = map[string]bool{"otp": true, "totp": true, "hotp": true, "totpuri": true, "otpuri": true, "totpurl": true, "otpurl": true, "credential": true, "credentials": true}

// isSecretHeader says whether a header announces secrets.
func isSecretHeader(header string) bool {
	words := headerWords(header)
	joined := strings.Join(words, "")
	if secretNames[joined] {
		return true
	}
	for _, w := range words {
		if secretWords[w] {
			return true
		}
	}
	joined = strings.ReplaceAll(joined, "secretar", "") // a secretary keeps none of these
	for _, part := range secretParts {
		if strings.Contains(joined, part) {
			return true
		}
	}
	return false
}

// headerWords splits a header where spaces, signs and capitals do: "mfaSeed",
// "MFA-Seed" and "mfa seed" are the same two words.
func headerWords(header string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = nil
		}
	}
	wasLower := false
	for _, r := range header {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			wasLower = false
			continue
		case unicode.IsUpper(r) && wasLower:
			end()
		}
		wasLower = unicode.IsLower(r)
		word = append(word, r)
	}
	end()
	return words
}

var (
	awsKey     = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)
	base32Seed = regexp.MustCompile(`^(?:[A-Z2-7]{32,}|[a-z2-7]{32,})=*$`)
	spacedSeed = regexp.MustCompile(`^(?:[A-Za-z2-7]{4} ){3,}[A-Za-z2-7]{2,4}$`)
)

// secretIn says what kind of secret a cell is, "" for none. It holds only what
// can hardly be anything else: a TOTP seed in base32 is taken for one from 160
// bits on, because shorter ones read like serials.
func secretIn(cell string) string {
	if len(cell) < 8 {
		return ""
	}
	lower := strings.ToLower(cell)
	has := func(part string) bool { return strings.Contains(lower, part) }
	switch {
	case has("otpauth") && has("://"):
		return "an otpauth URL"
	case has("-----begin ") && has("private key"), has("putty-user-key-file"), has("age-secret-key-1"):
		return "a private key"
	}
	bare := strings.TrimSpace(cell)
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

// quoteHeader quotes a header, unless it reads like data: in a file without a
// header, the first row is taken for one, and may hold anything. Then it is "".
func quoteHeader(header string) string {
	long := func(word string) bool {
		return len(word) >= 16 && strings.ContainsFunc(word, unicode.IsDigit) && strings.ContainsFunc(word, unicode.IsLetter)
	}
	if header == "" || len(header) > 128 || secretIn(header) != "" || slices.ContainsFunc(headerWords(header), long) {
		return ""
	}
	return strconv.Quote(header)
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
