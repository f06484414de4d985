package attest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"

	"hwmfa/hw"
)

const policyNever = "never"

// SilentKey is the public key that a slot's certificate attests, where that key
// signs without a PIN and without a touch, so that it can be challenged
// silently; only keys on P-256 are, others are hw.ErrUnsupported. It says nothing about who issued the
// certificate: that is PIV's to judge.
func SilentKey(slot hw.PIVSlot) (*ecdsa.PublicKey, error) {
	c, err := parseCertificate(slot.Certificate)
	if err != nil {
		return nil, err
	}
	attested, err := slotOf(c)
	if err != nil {
		return nil, err
	}
	if attested != slot.Slot {
		return nil, faultf(ReasonSlotMismatch, "attests slot %02x, was read for %02x", attested, slot.Slot)
	}
	facts, err := readSlot(c)
	if err != nil {
		return nil, err
	}
	if facts.PINPolicy != policyNever || facts.Touch != policyNever {
		return nil, fmt.Errorf("slot %02x asks for a PIN %q and for a touch %q, silence is %w", slot.Slot, facts.PINPolicy, facts.Touch, hw.ErrUnsupported)
	}
	public, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("slot %02x holds a key that is not on P-256, which is %w", slot.Slot, hw.ErrUnsupported)
	}
	return public, nil
}

// Policies are when the key of an attested slot wants a PIN and a touch, as
// hw.PIVStatement has them. They say nothing about who issued the certificate.
func Policies(certificate []byte) (pin, touch string, err error) {
	c, err := parseCertificate(certificate)
	if err != nil {
		return "", "", err
	}
	facts, err := readSlot(c)
	return facts.PINPolicy, facts.Touch, err
}
