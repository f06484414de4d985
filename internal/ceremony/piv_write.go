package ceremony

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/card"
)

// writeTime is how long a card may take from the command that writes to the
// end of the checks behind it. An interrupt waits for them: a slot that was
// written should be recorded, or else be named.
const writeTime = 30 * time.Second

// changePIVSlot begins the word for a slot that was written: piv_slot_95.
const changePIVSlot Change = "piv_slot_"

// writePIV writes the slot that was planned, and adds its evidence and what that
// proves to the enrollment.
func (e *enrollment) writePIV(ctx context.Context, v attest.Verifier) error {
	if e.identity == nil {
		return nil
	}
	made, err := e.identity.write(ctx, e.request.Tell)
	if err != nil {
		return err
	}
	all := e.evidence.PIV
	switch {
	case all == nil || len(all.F9) == 0: // reading it failed, which was a warning
		all = &hw.PIVEvidence{F9: made.F9}
	case !bytes.Equal(all.F9, made.F9):
		return fmt.Errorf("%s: %w", e.seen.Name(), e.identity.written(fmt.Errorf("its f9 certificate has changed: %w", hw.ErrReplaced)))
	}
	all.Slots = append(all.Slots, made.Slots...)
	e.evidence.PIV, e.piv = all, v.PIV(*all, e.seen.Serial)
	e.changes = append(e.changes, changePIVSlot+Change(hex.EncodeToString([]byte{e.identity.slot})))
	return nil
}

// write makes the key and returns evidence of it alone, with what that proves.
// Its errors say what state the slot is in.
func (p *pivIdentity) write(ctx context.Context, tell func(Step, Seen)) (hw.PIVEvidence, error) {
	var evidence hw.PIVEvidence
	err := p.seen.withPIV(ctx, p.bench, func(s *card.PIVSession) error {
		if err := p.authenticate(ctx, s, tell); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
		defer cancel()
		public, err := s.Generate(ctx, p.slot)
		if err != nil {
			return err
		}
		if evidence, err = p.prove(ctx, s, public); err != nil {
			return p.written(err)
		}
		return nil
	})
	if err == nil {
		return evidence, nil
	}
	if _, known := errors.AsType[*card.SlotError](err); !known {
		err = fmt.Errorf("no PIV slot was written: %w", err)
	}
	return evidence, fmt.Errorf("%s: %w", p.seen.Name(), err)
}

// written says of an error that it came after the write.
func (p *pivIdentity) written(err error) error {
	return &card.SlotError{Slot: p.slot, State: card.SlotWritten, Err: err}
}

// authenticate opens the way to the one write, on the card that was planned
// for and on no other.
func (p *pivIdentity) authenticate(ctx context.Context, s *card.PIVSession, tell func(Step, Seen)) error {
	m, err := s.Management(ctx)
	if err != nil {
		return err
	}
	if m != p.management {
		return fmt.Errorf("its management key has changed meanwhile: %w", hw.ErrReplaced)
	}
	if m.Touch {
		tell(StepManagementTouch, *p.seen)
	}
	if err := s.Authenticate(ctx, m, p.key); err != nil {
		if m.Touch && errors.Is(err, hw.ErrManagementKey) {
			return fmt.Errorf("no touch in time, or %w", err)
		}
		return err
	}
	if err := p.bench.Check(ctx, *p.seen.Key.Card); err != nil {
		return err
	}
	return ctx.Err()
}

// prove has the new key attested and sign, and verifies both. The attestation
// must name this slot and this serial, and the very key that was generated.
func (p *pivIdentity) prove(ctx context.Context, s *card.PIVSession, public *ecdsa.PublicKey) (hw.PIVEvidence, error) {
	var none hw.PIVEvidence
	certificate, err := s.Attest(ctx, p.slot)
	if err != nil {
		return none, err
	}
	f9, err := s.F9(ctx)
	if err != nil {
		return none, err
	}
	evidence := hw.PIVEvidence{F9: f9, Slots: []hw.PIVSlot{{Slot: p.slot, Certificate: certificate}}}
	st := p.verifier.PIV(evidence, p.seen.Serial)[0]
	if st.Status != hw.StatusVerified {
		return none, fmt.Errorf("%w: %s", ErrAttestation, reason(st.Reason, st.Detail))
	}
	if st.Serial != p.seen.Serial {
		return none, fmt.Errorf("%w: it names serial %q", ErrAttestation, st.Serial)
	}
	attested, err := attest.SilentKey(evidence.Slots[0])
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrAttestation, err)
	}
	if !attested.Equal(public) {
		return none, fmt.Errorf("%w: it is for another key than the one just generated", ErrAttestation)
	}
	return evidence, challengeSlot(ctx, s, p.slot, public)
}
