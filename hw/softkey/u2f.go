package softkey

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
)

// U2F instructions and control bytes (FIDO U2F Raw Message Formats v1.2).
const (
	u2fRegister     = 0x01
	u2fAuthenticate = 0x02
	u2fVersion      = 0x03

	u2fCheckOnly    = 0x07
	u2fEnforceTouch = 0x03
	u2fDontEnforce  = 0x08
)

// u2f answers one raw message, an extended-length APDU. Missing touches are
// answered 6985 at once: U2F hosts ask again.
func (f *fido) u2f(message []byte) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	cmd, ok := parseAPDU(message)
	switch {
	case !ok:
		return swWrongLength.bytes()
	case cmd.cla != 0:
		return swClass.bytes()
	case f.alwaysUV: // U2F cannot verify users (CTAP 2.1 §7.2.4)
		return swNotAllowed.bytes()
	}
	var answer []byte
	var sw statusWord
	switch cmd.ins {
	case u2fVersion:
		answer, sw = []byte("U2F_V2"), swOK
		if len(cmd.data) > 0 {
			answer, sw = nil, swWrongLength
		}
	case u2fRegister:
		answer, sw = f.u2fRegister(cmd.data)
	case u2fAuthenticate:
		answer, sw = f.u2fAuthenticate(cmd.p1, cmd.data)
	default:
		sw = swInstruction
	}
	return append(answer, sw.bytes()...)
}

func (f *fido) u2fRegister(data []byte) ([]byte, statusWord) {
	if len(data) != 64 {
		return nil, swWrongLength
	}
	if !f.touch.poll() {
		return nil, swConditions
	}
	challenge, app := data[:32], [sha256.Size]byte(data[32:])
	cred, err := newCredential(f.secret, app, algES256, protectOptional)
	if err != nil {
		return nil, swFailure
	}
	public, err := cred.public()
	if err != nil {
		return nil, swFailure
	}
	point := append(append([]byte{4}, public.X...), public.Y...)
	signed := append([]byte{0}, app[:]...)
	signed = append(append(append(signed, challenge...), cred.id...), point...)
	digest := sha256.Sum256(signed)
	sig, err := ecdsa.SignASN1(rand.Reader, f.attestation.key, digest[:])
	if err != nil {
		return nil, swFailure
	}
	if f.cfg.Quirks.CorruptAttestation {
		sig[len(sig)-1] ^= 1
	}
	answer := append([]byte{5}, point...)
	answer = append(append(answer, byte(len(cred.id))), cred.id...)
	return append(append(answer, f.attestation.cert.Raw...), sig...), swOK
}

func (f *fido) u2fAuthenticate(control byte, data []byte) ([]byte, statusWord) {
	if len(data) < 65 || len(data) != 65+int(data[64]) {
		return nil, swWrongLength
	}
	challenge, app := data[:32], [sha256.Size]byte(data[32:64])
	cred, _ := f.find(app, data[65:])
	if cred == nil || cred.alg != algES256 || cred.protect == protectRequired {
		return nil, swWrongData
	}
	up := byte(0)
	switch control {
	case u2fCheckOnly: // "yes" is this error
		return nil, swConditions
	case u2fEnforceTouch:
		if !f.touch.poll() {
			return nil, swConditions
		}
		up = flagUP
	case u2fDontEnforce:
		if f.cfg.Quirks.Silent != SilentAllowed {
			return nil, swConditions
		}
	default:
		return nil, swWrongData
	}
	f.counter++
	proof := binary.BigEndian.AppendUint32([]byte{up}, f.counter)
	signed := append(append(append([]byte(nil), app[:]...), proof...), challenge...)
	sig, err := cred.sign(signed)
	if err != nil {
		return nil, swFailure
	}
	return append(proof, sig...), swOK
}
