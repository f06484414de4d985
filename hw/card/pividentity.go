package card

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"

	"hwmfa/hw"
)

// SlotState is what is known of a slot after a write that did not go through.
type SlotState string

// The states of a slot.
const (
	SlotEmpty   SlotState = "empty"   // nothing was written
	SlotWritten SlotState = "written" // it holds a new key
	SlotUnknown SlotState = "unknown" // the card no longer tells
)

// SlotError is a write that failed, or whose result is not to be trusted.
type SlotError struct {
	Slot  byte
	State SlotState
	Err   error
}

func (e *SlotError) Error() string {
	switch e.State {
	case SlotEmpty:
		return fmt.Sprintf("slot %02x was not written and is still empty: %v", e.Slot, e.Err)
	case SlotWritten:
		return fmt.Sprintf("slot %02x was written and holds a new key, which is not recorded: %v", e.Slot, e.Err)
	}
	return fmt.Sprintf("slot %02x was empty and may hold a new key now, the card did not say: %v", e.Slot, e.Err)
}

func (e *SlotError) Unwrap() error { return e.Err }

// GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 part 2, §3.3.2), with Yubico's tags
// for the policies.
const (
	insGenerate = 0x47

	tagGenerate       = 0xAC
	tagKeyAlgorithm   = 0x80
	tagPINPolicy      = 0xAA
	tagTouchPolicy    = 0xAB
	algorithmP256     = 0x11
	policyNever       = 0x01 // of a PIN and of a touch
	touchNever        = policyNever
	touchCached       = 0x03
	tagPublicKeyFirst = 0x7F // of the two-byte tag 7F49
	tagPublicKey      = 0x49
	tagPoint          = 0x86
)

// Generate makes a key on P-256 in a slot, for use without PIN and without
// touch. It is the only command of this package that changes a card, and it is
// sent to no slot that CheckEmpty does not find empty just before. The session
// must have been authenticated. Once it was sent every error is a *SlotError.
func (s *PIVSession) Generate(ctx context.Context, slot byte) (*ecdsa.PublicKey, error) {
	if err := s.CheckEmpty(ctx, slot); err != nil {
		return nil, err
	}
	template := tlvOf(tagKeyAlgorithm, algorithmP256)
	template = append(template, tlvOf(tagPINPolicy, policyNever)...)
	template = append(template, tlvOf(tagTouchPolicy, policyNever)...)
	answer, err := s.t.Send(ctx, Command{INS: insGenerate, P2: slot, Data: tlvOf(tagGenerate, template...)})
	if err != nil {
		return nil, &SlotError{slot, s.stateOf(ctx, slot), fmt.Errorf("generating a key: %w", err)}
	}
	public, err := parseP256(answer)
	if err != nil {
		return nil, &SlotError{slot, SlotWritten, fmt.Errorf("reading the new public key: %w", err)}
	}
	return public, nil
}

// stateOf asks a card that has just failed what became of the slot.
func (s *PIVSession) stateOf(ctx context.Context, slot byte) SlotState {
	switch err := s.CheckEmpty(ctx, slot); {
	case err == nil:
		return SlotEmpty
	case errors.Is(err, ErrOccupied):
		return SlotWritten
	}
	return SlotUnknown
}

// parseP256 reads 7F49 { 86: uncompressed point }.
func parseP256(answer []byte) (*ecdsa.PublicKey, error) {
	if len(answer) == 0 || answer[0] != tagPublicKeyFirst {
		return nil, fmt.Errorf("no public key: %w", hw.ErrMalformed)
	}
	inner, err := only(answer[1:], tagPublicKey)
	if err != nil {
		return nil, err
	}
	point, err := only(inner, tagPoint)
	if err != nil {
		return nil, err
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", hw.ErrMalformed, err)
	}
	return public, nil
}

// Attest has the card certify the key in a slot; DER, not verified.
func (s *PIVSession) Attest(ctx context.Context, slot byte) ([]byte, error) {
	der, err := attest(ctx, s.t, slot)
	if err != nil {
		return nil, fmt.Errorf("slot %02x: %w", slot, err)
	}
	return der, nil
}

// digestSize is the length of a SHA-256 digest.
const digestSize = 32

// Sign has the P-256 key in a slot sign a SHA-256 digest and returns the
// signature in DER, not verified. No PIN is given: a key that wants one, or
// does not get the touch it wants, gives hw.ErrRefused.
func (s *PIVSession) Sign(ctx context.Context, slot byte, digest []byte) ([]byte, error) {
	if len(digest) != digestSize {
		return nil, fmt.Errorf("slot %02x: signing %d bytes: want a digest of %d", slot, len(digest), digestSize)
	}
	signature, err := s.general(ctx, algorithmP256, slot, tagResponse, append(tlvOf(tagResponse), tlvOf(tagChallenge, digest...)...))
	if err != nil {
		return nil, fmt.Errorf("slot %02x: signing: %w", slot, err)
	}
	return signature, nil
}
