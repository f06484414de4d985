package ceremony

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/card"
	"hwmfa/internal/notary"
)

// PIVSigner signs with a PIV slot of a key that is plugged in. It reads the card
// and uses its key; it writes nothing.
type PIVSigner struct {
	Bench  hw.Bench
	Serial string // of the key; "" where only one is plugged in
	Slot   byte
	PIN    AskPIN // of the PIV application
	Tell   func(Step, Seen)
}

// material is what a card tells of a slot before it signs.
type material struct {
	who     notary.Identity
	public  crypto.PublicKey
	retries int
	// noPIN, noTouch: the attestation says that the key never wants one.
	noPIN, noTouch bool
}

// SignDigest asks for the PIN, unless the key is attested to want none, and has
// the slot sign. The card is not held while somebody types; before the PIN is
// sent the system and the card say once more that it is the same key.
func (p PIVSigner) SignDigest(ctx context.Context, digest []byte) ([]byte, notary.Identity, error) {
	seen, err := chooseKey(ctx, p.Bench, p.Serial)
	if err != nil {
		return nil, notary.Identity{}, err
	}
	signature, who, err := p.sign(ctx, seen, digest)
	if err != nil {
		return nil, notary.Identity{}, fmt.Errorf("%s: %w", seen.Name(), err)
	}
	return signature, who, nil
}

func (p PIVSigner) sign(ctx context.Context, seen *Seen, digest []byte) ([]byte, notary.Identity, error) {
	var m material
	err := seen.withPIV(ctx, p.Bench, func(s *card.PIVSession) (err error) {
		m, err = p.read(ctx, s)
		return err
	})
	if err != nil {
		return nil, notary.Identity{}, err
	}
	var pin []byte
	if !m.noPIN {
		if m.retries == 0 {
			return nil, notary.Identity{}, fmt.Errorf("PIV: %w", hw.ErrPINBlocked)
		}
		if pin, err = p.PIN(ctx, seen.Name()+"'s PIV", m.retries); err != nil {
			return nil, notary.Identity{}, fmt.Errorf("PIN: %w", err)
		}
		defer clear(pin)
	}
	var signature []byte
	err = seen.withPIV(ctx, p.Bench, func(s *card.PIVSession) error {
		if !m.noPIN {
			if err := s.VerifyPIN(ctx, pin); err != nil {
				return err
			}
		}
		if !m.noTouch && p.Tell != nil {
			p.Tell(StepTouch, *seen)
		}
		signature, err = s.SignWith(ctx, p.Slot, m.public, digest)
		return err
	})
	return signature, m.who, err
}

// read finds out whose key is in the slot: by the maker's attestation, where it
// was made on the card, and by the certificate that its owner put there.
func (p PIVSigner) read(ctx context.Context, s *card.PIVSession) (m material, err error) {
	attested, err := s.Attest(ctx, p.Slot)
	var attestedCert *x509.Certificate
	if err == nil {
		issuer, err := s.F9(ctx)
		if err != nil {
			return m, err
		}
		if attestedCert, err = x509.ParseCertificate(attested); err != nil {
			return m, fmt.Errorf("slot %02x: its attestation: %w: %w", p.Slot, hw.ErrMalformed, err)
		}
		m.who.Attestation = &notary.Attestation{Slot: fmt.Sprintf("%02x", p.Slot), Certificate: attested, Issuer: issuer}
		m.public = attestedCert.PublicKey
		pin, touch, err := attest.Policies(attested)
		m.noPIN, m.noTouch = err == nil && pin == "never", err == nil && touch == "never"
	}
	own, err := s.Certificate(ctx, p.Slot)
	switch {
	case errors.Is(err, hw.ErrNoCredential) && m.public == nil:
		return m, fmt.Errorf("slot %02x holds no key that was made on it, and no certificate: %w", p.Slot, hw.ErrNoCredential)
	case errors.Is(err, hw.ErrNoCredential):
	case err != nil:
		return m, err
	default:
		c, err := x509.ParseCertificate(own)
		if err != nil {
			return m, fmt.Errorf("slot %02x: its certificate: %w: %w", p.Slot, hw.ErrMalformed, err)
		}
		// A certificate that stayed when the key was made anew is about another key.
		if attestedCert == nil || bytes.Equal(c.RawSubjectPublicKeyInfo, attestedCert.RawSubjectPublicKeyInfo) {
			m.who.Certificate, m.public = own, c.PublicKey
		}
	}
	if m.noPIN {
		return m, nil
	}
	m.retries, err = s.PINRetries(ctx)
	return m, err
}

// IsSigningSlot says whether a PIV slot can hold a key that signs.
func IsSigningSlot(slot byte) bool { return card.IsSlot(slot) }
