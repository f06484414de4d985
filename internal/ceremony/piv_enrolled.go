package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/inventory"
)

// IdentityRequest names a key of the inventory that is to be given a PIV
// identity.
type IdentityRequest struct {
	Ref      string // ID, serial or tag
	Actor    string
	Now      func() time.Time
	PIN      AskPIN                 // for the proof; nil: no way to ask
	Tell     func(s Step, who Seen) // nil: silent
	Identity PIVIdentity
}

// IdentityGiven is what was written and recorded.
type IdentityGiven struct {
	Key      inventory.Key
	Slot     byte
	PIV      []hw.PIVStatement // of every slot
	Warnings []Warning
}

// GivePIVIdentity makes the second silent proof on an enrolled key that is
// plugged in and proves to be that key, and records what its card side attests
// then. A key that has one gets no other.
func GivePIVIdentity(ctx context.Context, bench hw.Bench, store inventory.Store, r IdentityRequest) (*IdentityGiven, error) {
	if r.Tell == nil {
		r.Tell = func(Step, Seen) {}
	}
	p, err := proveEnrolled(ctx, bench, store, PresenceRequest{Ref: r.Ref, Actor: r.Actor, Now: r.Now, PIN: r.PIN, Tell: r.Tell})
	if err != nil {
		return nil, err
	}
	verifier, err := Verifier(ctx, store, r.Now())
	if err != nil {
		return nil, err
	}
	if err := p.hasNoPIVIdentity(ctx, bench, store, verifier); err != nil {
		return nil, err
	}
	e := enrollment{bench: bench, seen: &p.Seen, request: EnrollRequest{
		Actor: r.Actor, Now: r.Now, Tell: r.Tell, PIVIdentity: &r.Identity,
	}}
	e.readPIV(ctx)
	if err := e.verifyPIV(verifier); err != nil {
		return nil, err
	}
	defer e.forgetManagementKey()
	if err := e.planPIV(ctx, verifier); err != nil {
		return nil, err
	}
	if err := e.writePIV(ctx, verifier); err != nil {
		return nil, err
	}
	r.Tell(StepRecord, p.Seen)
	done := IdentityGiven{Slot: e.identity.slot, PIV: e.piv, Warnings: p.Seen.Warnings}
	// A slot that was written should be recorded.
	err = store.Update(context.WithoutCancel(ctx), func(tx inventory.Tx) (err error) {
		act := inventory.Act{Actor: r.Actor, At: r.Now()}
		done.Key, err = inventory.RecordPIVIdentity(tx, act, p.Key.ID, *e.evidence.PIV, e.piv)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Seen.Name(), e.identity.written(err))
	}
	return &done, nil
}

// hasNoPIVIdentity refuses a key that proves itself by a retired PIV slot
// already.
func (p *Presence) hasNoPIVIdentity(ctx context.Context, bench hw.Bench, store inventory.Store, v attest.Verifier) error {
	before, err := (&presence{Presence: *p, store: store}).storedPIV(ctx)
	if err != nil {
		return fmt.Errorf("read evidence of %s: %w", p.Key.Label(), err)
	}
	if before == nil {
		return nil
	}
	silent := slices.Clone(before.Slots)
	silent = slices.DeleteFunc(silent, func(s hw.PIVSlot) bool { return !retired(s.Slot) })
	evidence := hw.PIVEvidence{F9: before.F9, Slots: silent}
	err = (&presence{Presence: *p, bench: bench}).provePIV(ctx, v, evidence)
	switch {
	case err == nil:
		return &inventory.ExistsError{What: "PIV identity", Owner: p.Key.Label()}
	case lost(err), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return nil
}
