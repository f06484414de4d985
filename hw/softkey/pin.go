package softkey

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"time"
	"unicode/utf8"
)

// Limits of the FIDO2 PIN (CTAP 2.1 §6.5.1).
const (
	minPINLength  = 4  // code points
	maxPINBytes   = 63 // UTF-8
	paddedPIN     = 64
	pinRetries    = 8
	wrongPINsARow = 3
)

// pinTokenTime is how long a PIN token is good for at most (CTAP 2.1 §6.5.5.7).
const pinTokenTime = 10 * time.Minute

// pinState is the FIDO2 PIN and the tokens got with it.
type pinState struct {
	hash        []byte // LEFT(SHA-256(PIN), 16); nil without a PIN
	length      int    // code points
	retries     int
	minLength   int
	forceChange bool

	// Until power-down:
	agreement  *ecdh.PrivateKey
	wrongInRow int
	token      pinToken
}

// pinToken stands for a verified PIN for some operations.
type pinToken struct {
	protocol    uint // 0: no token
	value       []byte
	permissions byte
	rpID        string // "" not bound to one yet
	issued      time.Time
}

func newPINState() *pinState {
	return &pinState{retries: pinRetries, minLength: minPINLength}
}

func (p *pinState) isSet() bool { return p.hash != nil }

func (p *pinState) set(pin []byte) {
	sum := sha256.Sum256(pin)
	p.hash, p.length = sum[:16], utf8.RuneCount(pin)
	p.retries, p.wrongInRow, p.forceChange = pinRetries, 0, false
}

func (p *pinState) powerUp() {
	p.wrongInRow, p.token = 0, pinToken{}
	p.regenerate()
}

// regenerate makes a new key-agreement key.
func (p *pinState) regenerate() {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic("softkey: no key-agreement key: " + err.Error()) // crypto/rand never fails
	}
	p.agreement = key
}

// check compares LEFT(SHA-256(PIN), 16), encrypted, and counts the wrong ones.
func (p *pinState) check(s *sharedSecret, hashEnc []byte) error {
	switch {
	case !p.isSet():
		return ctapPINNotSet
	case p.retries == 0:
		return ctapPINBlocked
	case p.wrongInRow >= wrongPINsARow:
		return ctapPINAuthBlocked
	}
	p.retries--
	hash, err := s.decrypt(hashEnc)
	if err == nil && hmac.Equal(hash, p.hash) {
		p.retries, p.wrongInRow = pinRetries, 0
		return nil
	}
	p.wrongInRow++
	p.regenerate()
	switch {
	case p.retries == 0:
		return ctapPINBlocked
	case p.wrongInRow >= wrongPINsARow:
		return ctapPINAuthBlocked
	}
	return ctapPINInvalid
}

// choose sets a new PIN from its padded, encrypted form.
func (p *pinState) choose(s *sharedSecret, newEnc []byte) error {
	padded, err := s.decrypt(newEnc)
	if err != nil {
		return err
	}
	if len(padded) != paddedPIN {
		return ctapInvalidParameter
	}
	n := len(padded)
	for n > 0 && padded[n-1] == 0 {
		n--
	}
	pin := padded[:n]
	if n > maxPINBytes || utf8.RuneCount(pin) < p.minLength {
		return ctapPINPolicyViolation
	}
	if sum := sha256.Sum256(pin); p.forceChange && hmac.Equal(sum[:16], p.hash) {
		return ctapPINPolicyViolation
	}
	p.set(pin)
	p.token = pinToken{}
	return nil
}

// issue makes a token and gives it encrypted.
func (p *pinState) issue(s *sharedSecret, permissions byte, rpID string) []byte {
	value := make([]byte, 32)
	rand.Read(value)
	p.token = pinToken{protocol: s.protocol, value: value, permissions: permissions, rpID: rpID, issued: time.Now()}
	return s.encrypt(value)
}

// verifyToken says whether message was signed with a token that permits the
// operation for the party, and binds the token to the party.
func (p *pinState) verifyToken(protocol uint, message, signature []byte, permission byte, rpID string) bool {
	t := &p.token
	if t.protocol != protocol || t.protocol == 0 || time.Since(t.issued) > pinTokenTime ||
		!verifyMAC(protocol, t.value, message, signature) || t.permissions&permission == 0 {
		return false
	}
	if rpID != "" {
		if t.rpID != "" && t.rpID != rpID {
			return false
		}
		t.rpID = rpID
	}
	return true
}

// usedUp takes the token's permissions after an operation with a touch
// (CTAP 2.1 §6.1.2, step 14).
func (p *pinState) usedUp() { p.token.permissions = 0 }

// probe answers the empty pinUvAuthParam by which platforms ask to touch the
// key they mean (CTAP 2.1 §6.1.2, step 1), and checks the protocol number.
func (f *fido) probe(c *call, auth *[]byte, protocol *uint) error {
	if auth == nil {
		return nil
	}
	if len(*auth) == 0 {
		if err := f.waitTouch(c); err != nil {
			return err
		}
		if f.pin.isSet() {
			return ctapPINInvalid
		}
		return ctapPINNotSet
	}
	if protocol == nil {
		return ctapMissingParameter
	}
	if !f.pinProtocol(*protocol) {
		return ctapInvalidParameter
	}
	return nil
}

// verified says whether the user was verified by PIN; false without an attempt.
func (f *fido) verified(auth *[]byte, protocol *uint, message []byte, permission byte, rpID string) (bool, error) {
	if auth == nil {
		return false, nil
	}
	if !f.pin.verifyToken(*protocol, message, *auth, permission, rpID) {
		return false, ctapPINAuthInvalid
	}
	return true, nil
}
