package card

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"

	"hwmfa/hw"
)

const (
	insVerify     = 0x20
	refPIN        = 0x80
	sw1WrongPIN   = 0x63C0 // the last digit is how many tries are left
	pinLength     = 8      // bytes, padded with ff
	minPIN        = 6
	algorithmP384 = 0x14
	algorithmRSA2 = 0x07 // RSA of 2048 bits
	rsaBytes      = 256
)

// The data objects with the certificates of the slots that are not retired (SP
// 800-73-4 part 1, table 3).
var certificateObjects = map[byte][]byte{
	0x9A: {0x5F, 0xC1, 0x05}, 0x9C: {0x5F, 0xC1, 0x0A}, 0x9D: {0x5F, 0xC1, 0x0B}, 0x9E: {0x5F, 0xC1, 0x01},
}

// IsSlot says whether a PIV slot can hold a key of its owner's.
func IsSlot(slot byte) bool { return bytes.IndexByte(pivSlots, slot) >= 0 }

// Certificate reads the certificate that the owner put beside a slot's key, DER
// and not verified. hw.ErrNoCredential where there is none.
func (s *PIVSession) Certificate(ctx context.Context, slot byte) ([]byte, error) {
	object := certificateObjects[slot]
	if slot >= FirstRetired && slot <= LastRetired {
		object = retiredObject(slot)
	}
	if object == nil {
		return nil, fmt.Errorf("slot %02x: %w", slot, hw.ErrUnsupported)
	}
	der, err := readCertificate(ctx, s.t, object)
	if errors.Is(err, errAbsent) {
		return nil, fmt.Errorf("slot %02x has no certificate: %w", slot, hw.ErrNoCredential)
	}
	if err != nil {
		return nil, fmt.Errorf("slot %02x: reading its certificate: %w", slot, err)
	}
	return der, nil
}

// PINRetries asks how many tries the PIV PIN has left; it spends none.
func (s *PIVSession) PINRetries(ctx context.Context) (int, error) {
	_, err := s.t.Send(ctx, Command{INS: insVerify, P2: refPIN})
	retries, ok := retriesOf(err)
	switch {
	case isStatus(err, 0x6983):
		return 0, nil
	case ok:
		return retries, nil
	case err == nil:
		// Another session on this card has verified it and not been reset.
		return 0, fmt.Errorf("asking for PIN retries: the card does not say: %w", hw.ErrUnsupported)
	}
	return 0, fmt.Errorf("asking for PIN retries: %w", err)
}

// VerifyPIN proves the PIV PIN for this session. A wrong one spends a try:
// hw.PINError. What is sent is zeroed; the caller's PIN is not.
func (s *PIVSession) VerifyPIN(ctx context.Context, pin []byte) error {
	if len(pin) < minPIN || len(pin) > pinLength {
		return fmt.Errorf("a PIV PIN has %d to %d characters: %w", minPIN, pinLength, hw.ErrPINPolicy)
	}
	padded := bytes.Repeat([]byte{0xFF}, pinLength)
	defer clear(padded)
	copy(padded, pin)
	_, err := s.t.Send(ctx, Command{INS: insVerify, P2: refPIN, Data: padded})
	if retries, ok := retriesOf(err); ok {
		return &hw.PINError{Retries: retries}
	}
	if err != nil {
		return fmt.Errorf("verifying the PIV PIN: %w", err)
	}
	return nil
}

func retriesOf(err error) (int, bool) {
	for left := range 16 {
		if isStatus(err, sw1WrongPIN|uint16(left)) {
			return left, true
		}
	}
	return 0, false
}

// SignWith has a slot sign a SHA-256 digest with the private half of public,
// which is on P-256, P-384 or RSA of 2048 bits (PKCS #1 v1.5). It checks nothing:
// the signature is to be verified. A key that wants a PIN has to have had it just
// before; without, or without the touch it wants: hw.ErrRefused.
func (s *PIVSession) SignWith(ctx context.Context, slot byte, public crypto.PublicKey, digest []byte) ([]byte, error) {
	if len(digest) != digestSize {
		return nil, fmt.Errorf("slot %02x: signing %d bytes: want a digest of %d", slot, len(digest), digestSize)
	}
	algorithm, block, err := forSigning(public, digest)
	if err != nil {
		return nil, fmt.Errorf("slot %02x: %w", slot, err)
	}
	signature, err := s.general(ctx, algorithm, slot, tagResponse, append(tlvOf(tagResponse), tlvOf(tagChallenge, block...)...))
	if err != nil {
		return nil, fmt.Errorf("slot %02x: signing: %w", slot, err)
	}
	return signature, nil
}

// sha256Info is what comes before a SHA-256 in PKCS #1 v1.5 (RFC 8017 §9.2).
var sha256Info = []byte{0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// forSigning is the algorithm of a key, and what it is given for a digest: RSA is
// bare on a card.
func forSigning(public crypto.PublicKey, digest []byte) (algorithm byte, block []byte, err error) {
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256():
			return algorithmP256, digest, nil
		case elliptic.P384():
			return algorithmP384, digest, nil
		}
	case *rsa.PublicKey:
		if public.Size() == rsaBytes {
			padding := bytes.Repeat([]byte{0xFF}, rsaBytes-3-len(sha256Info)-len(digest))
			return algorithmRSA2, bytes.Join([][]byte{{0x00, 0x01}, padding, {0x00}, sha256Info, digest}, nil), nil
		}
	}
	return 0, nil, fmt.Errorf("its key is not on P-256, P-384 or RSA of 2048 bits: %w", hw.ErrUnsupported)
}
