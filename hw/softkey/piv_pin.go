package softkey

import (
	"bytes"
	"crypto/subtle"
)

// The PIN and PUK of a new YubiKey, their size and their tries.
const (
	defaultPIN     = "123456"
	defaultPUK     = "12345678"
	pivPINLength   = 8 // bytes, padded with ff
	minPIVPIN      = 6
	defaultRetries = 3
)

// reference is the PIN or the PUK.
type reference struct {
	value        []byte
	retries, max byte
	isDefault    bool
}

func newReference(s string, isDefault bool) reference {
	return reference{value: padPIN(s), retries: defaultRetries, max: defaultRetries, isDefault: isDefault}
}

func padPIN(s string) []byte {
	return append([]byte(s), bytes.Repeat([]byte{0xff}, pivPINLength-len(s))...)
}

// check compares and counts.
func (r *reference) check(value []byte) statusWord {
	if r.retries == 0 {
		return swBlocked
	}
	if subtle.ConstantTimeCompare(value, r.value) == 1 {
		r.retries = r.max
		return swOK
	}
	r.retries--
	if r.retries == 0 {
		return swBlocked
	}
	return r.left()
}

func (r *reference) left() statusWord { return swRetries | statusWord(min(r.retries, 15)) }

// change takes a new value, if it is one that a person could have typed.
func (r *reference) change(value []byte) statusWord {
	typed := bytes.TrimRight(value, "\xff")
	if len(typed) < minPIVPIN || bytes.Contains(typed, []byte{0xff}) {
		return swWrongData
	}
	r.value, r.retries, r.isDefault = bytes.Clone(value), r.max, false
	return swOK
}

// verify proves the PIN, asks how many tries are left, or forgets (P1 ff).
func (p *piv) verify(cmd apdu) statusWord {
	switch {
	case cmd.p2 != refPIN:
		return swNoReference
	case cmd.p1 == 0xff && len(cmd.data) == 0:
		p.verified, p.fresh = false, false
		return swOK
	case cmd.p1 != 0:
		return swParameters
	case len(cmd.data) == 0 && p.verified:
		return swOK
	case len(cmd.data) == 0 && p.pin.retries == 0:
		return swBlocked
	case len(cmd.data) == 0:
		return p.pin.left()
	case len(cmd.data) != pivPINLength:
		return swWrongData
	}
	sw := p.pin.check(cmd.data)
	p.verified, p.fresh = sw == swOK, sw == swOK
	return sw
}

// changeReference changes the PIN or the PUK by its old value.
func (p *piv) changeReference(cmd apdu) statusWord {
	r := &p.pin
	switch {
	case cmd.p2 == refPUK:
		r = &p.puk
	case cmd.p2 != refPIN:
		return swNoReference
	}
	if len(cmd.data) != 2*pivPINLength {
		return swWrongData
	}
	if sw := r.check(cmd.data[:pivPINLength]); sw != swOK {
		return sw
	}
	return r.change(cmd.data[pivPINLength:])
}

// resetRetry sets a new PIN by the PUK.
func (p *piv) resetRetry(cmd apdu) statusWord {
	switch {
	case cmd.p2 != refPIN:
		return swNoReference
	case len(cmd.data) != 2*pivPINLength:
		return swWrongData
	}
	if sw := p.puk.check(cmd.data[:pivPINLength]); sw != swOK {
		return sw
	}
	return p.pin.change(cmd.data[pivPINLength:])
}

// setRetries sets the tries of PIN (P1) and PUK (P2), and both to their defaults.
func (p *piv) setRetries(cmd apdu) ([]byte, statusWord) {
	switch {
	case !p.verified:
		return nil, swSecurity
	case cmd.p1 == 0 || cmd.p2 == 0:
		return nil, swWrongData
	}
	p.pin, p.puk = newReference(defaultPIN, true), newReference(defaultPUK, true)
	p.pin.retries, p.pin.max = cmd.p1, cmd.p1
	p.puk.retries, p.puk.max = cmd.p2, cmd.p2
	p.verified, p.fresh = false, false
	return nil, swOK
}
