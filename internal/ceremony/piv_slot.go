package ceremony

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/card"
)

// ErrSlotKey: the key in a PIV slot is not the one that was attested.
var ErrSlotKey = errors.New("another key is in the PIV slot")

// ProvePIV has a key prove over its card that it still holds the private key of
// a slot that was attested before: the slot signs a fresh challenge, without a
// PIN and without a touch. The certificate must have been verified. nil is the
// proof.
//
// An empty slot is hw.ErrNoCredential and another key's signature ErrSlotKey:
// PIV was reset, or this is another key. Another serial or firmware than seen
// is hw.ErrReplaced, a slot that does not sign silently hw.ErrUnsupported.
// Everything else, a refusal among it, says nothing about which key this is.
// Nor does a proof say anything of the FIDO side, which is reset on its own.
func ProvePIV(ctx context.Context, bench hw.Bench, seen *Seen, stored hw.PIVSlot) error {
	public, err := attest.SilentKey(stored)
	if err != nil {
		return fmt.Errorf("%s: %w", seen.Name(), err)
	}
	err = seen.withPIV(ctx, bench, func(s *card.PIVSession) error {
		if retired(stored.Slot) && s.Version.AtLeast(5, 3, 0) {
			switch err := s.CheckEmpty(ctx, stored.Slot); {
			case err == nil:
				return fmt.Errorf("slot %02x is empty: %w", stored.Slot, hw.ErrNoCredential)
			case !errors.Is(err, card.ErrOccupied):
				return err
			}
		}
		return challengeSlot(ctx, s, stored.Slot, public)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", seen.Name(), err)
	}
	return seen.stillThere(ctx, bench)
}

func retired(slot byte) bool { return slot >= card.FirstRetired && slot <= card.LastRetired }

// challengeSlot has the key in a slot sign random bytes in a digest's place.
func challengeSlot(ctx context.Context, s *card.PIVSession, slot byte, public *ecdsa.PublicKey) error {
	challenge, err := newChallenge()
	if err != nil {
		return err
	}
	signature, err := s.Sign(ctx, slot, challenge)
	if err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(public, challenge, signature) {
		return fmt.Errorf("slot %02x: %w: its signature does not verify", slot, ErrSlotKey)
	}
	return nil
}

// withPIV opens the PIV application of a key that was read, once the system
// and the card both say that it is still that key.
func (s *Seen) withPIV(ctx context.Context, bench hw.Bench, do func(*card.PIVSession) error) error {
	if s.PIV == nil || s.Key.Card == nil {
		return s.noPIV()
	}
	if err := s.stillThere(ctx, bench); err != nil {
		return err
	}
	return withCard(ctx, bench, *s.Key.Card, func(ch hw.Channel) error {
		session, err := card.OpenPIV(ctx, ch)
		if err != nil {
			return err
		}
		if session.Serial != s.PIV.Serial || session.Version != s.PIV.Version {
			return fmt.Errorf("its PIV says serial %q, firmware %s now: %w", session.Serial, session.Version, hw.ErrReplaced)
		}
		return do(session)
	})
}

// noPIV says why a key that was read has no PIV side.
func (s *Seen) noPIV() error {
	for _, w := range s.Warnings {
		if w.Err != nil && (w.Code == "card_unreadable" || w.Code == "piv_unreadable") {
			return w.Err
		}
	}
	if s.Key.Card == nil {
		return fmt.Errorf("no card is visible, PIV is %w", hw.ErrUnsupported)
	}
	return fmt.Errorf("PIV is switched off or %w", hw.ErrUnsupported)
}
