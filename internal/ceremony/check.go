package ceremony

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"

	"hwmfa/hw"
	"hwmfa/hw/card"
	"hwmfa/hw/ctap"
)

// What is asked again of a key that was read: is it still the one, and does it
// hold a credential.

// stillThere asks the system whether every interface still belongs to the key
// that was read.
func (s *Seen) stillThere(ctx context.Context, bench hw.Bench) error {
	for _, at := range []*hw.Sighting{s.Key.FIDO, s.Key.Card} {
		if at == nil || at.Err != nil {
			continue
		}
		if err := bench.Check(ctx, *at); err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
	}
	return nil
}

// sameKey reads the key again and holds it against the first reading: the
// system's word for the node is not enough, a key may be swapped for another
// between two looks.
func (s *Seen) sameKey(ctx context.Context, bench hw.Bench) error {
	if err := s.stillThere(ctx, bench); err != nil {
		return err
	}
	again := Read(ctx, bench, s.Key, Quick)
	for _, w := range again.Warnings {
		if lost(w.Err) || (w.Err != nil && w.Code == "fido_unreadable") {
			return fmt.Errorf("%s: %w", s.Name(), w.Err)
		}
	}
	// A path that cannot be read now, or could not be read before, says
	// nothing about which key this is.
	for _, one := range []*Seen{s, &again} {
		if unread := one.unreadSerial(); unread != nil && again.Serial != s.Serial {
			return fmt.Errorf("%s: its serial cannot be read each time: %w", s.Name(), unread)
		}
	}
	if again.Serial != s.Serial || again.FIDO == nil || again.FIDO2 != s.FIDO2 || again.FIDO.AAGUID != s.FIDO.AAGUID {
		return fmt.Errorf("%s: %w", s.Name(), hw.ErrReplaced)
	}
	return nil
}

// unreadSerial is why the key told no serial, nil where it told one or has none
// to tell.
func (s *Seen) unreadSerial() error {
	for _, w := range s.Warnings {
		if s.Serial == "" && w.Err != nil {
			return w.Err
		}
	}
	return nil
}

// pivEvidence reads what the card side attests, nil where there is no PIV. What
// comes with an error is still good.
func (s *Seen) pivEvidence(ctx context.Context, bench hw.Bench) (evidence *hw.PIVEvidence, err error) {
	if s.PIV == nil || s.Key.Card == nil {
		return nil, nil
	}
	err = withCard(ctx, bench, *s.Key.Card, func(ch hw.Channel) (err error) {
		evidence, err = card.ReadPIVEvidence(ctx, ch)
		return err
	})
	return evidence, err
}

// answer is a key's answer to a challenge, not yet verified.
type answer struct {
	ctap.Assertion
	challenge []byte
}

// askSilently challenges the key to show that it holds one of the identity
// credentials, with user presence off. A U2F key that calls one its own gives
// hw.ErrTouchRequired: that is all it can do.
func askSilently(ctx context.Context, bench hw.Bench, s *Seen, ids [][]byte) (*answer, error) {
	if !s.FIDO2 {
		_, err := checkU2F(ctx, bench, s, ids)
		return nil, cmp.Or(err, hw.ErrTouchRequired)
	}
	return challenge(ctx, bench, s, ids, func(d *ctap.Device, r ctap.SilentRequest) (*ctap.Assertion, error) {
		return d.SilentAssert(ctx, r)
	})
}

// askPerson challenges the key as askSilently does, with what a person gives:
// a touch, a PIN, or both; a touch alone where the key knows nothing else.
func askPerson(ctx context.Context, bench hw.Bench, s *Seen, ids [][]byte, touch bool, pin []byte) (*answer, error) {
	return challenge(ctx, bench, s, ids, func(d *ctap.Device, r ctap.SilentRequest) (*ctap.Assertion, error) {
		if !s.FIDO2 {
			return d.U2FAssert(ctx, r)
		}
		return d.Assert(ctx, ctap.AssertRequest{SilentRequest: r, Touch: touch, PIN: pin})
	})
}

func challenge(ctx context.Context, bench hw.Bench, s *Seen, ids [][]byte, ask func(*ctap.Device, ctap.SilentRequest) (*ctap.Assertion, error)) (*answer, error) {
	random, err := newChallenge()
	if err != nil {
		return nil, err
	}
	var a *ctap.Assertion
	err = withFIDO(ctx, bench, *s.Key.FIDO, func(d *ctap.Device) (err error) {
		a, err = ask(d, ctap.SilentRequest{RPID: RPID, ClientDataHash: random, CredentialIDs: ids})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &answer{*a, random}, nil
}

func newChallenge() ([]byte, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return nil, fmt.Errorf("random numbers: %w", err)
	}
	return b, nil
}
