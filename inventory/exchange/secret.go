package exchange

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"hwmfa/inventory"
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

// quoteHeader quotes a header, unless it reads like data: in a file without a
// header, the first row is taken for one, and may hold anything. Then it is "".
func quoteHeader(header string) string {
	long := func(word string) bool {
		return len(word) >= 16 && strings.ContainsFunc(word, unicode.IsDigit) && strings.ContainsFunc(word, unicode.IsLetter)
	}
	if header == "" || len(header) > 128 || inventory.SecretIn(header) != "" || slices.ContainsFunc(headerWords(header), long) {
		return ""
	}
	return strconv.Quote(header)
}
