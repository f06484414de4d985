package ceremony

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"hwmfa/hw"
	"hwmfa/inventory"
)

// What is done to a key of the inventory that is plugged in. First of all it has
// to prove that it is that key.

// presenceOf challenges the plugged key that is named, and returns what became
// of it.
func presenceOf(ctx context.Context, bench hw.Bench, store inventory.Store, r PresenceRequest) (*Presence, error) {
	found, err := VerifyPresence(ctx, bench, store, r)
	switch {
	case len(found) == 0:
		return nil, err
	case len(found) > 1:
		return nil, fmt.Errorf("%s: %w", r.Ref, ErrSeveralKeys)
	}
	return &found[0], nil
}

// notProved is why a key is not proved to be the enrolled one.
func (p *Presence) notProved() error {
	if p.Err != nil {
		return p.Err
	}
	return fmt.Errorf("%s: %w: %s", p.Key.Label(), ErrNotProved, p.Detail)
}

// proveEnrolled has the plugged key that is named prove with its identity
// credential that it is the enrolled one, with a touch and its PIN where it
// wants them.
func proveEnrolled(ctx context.Context, bench hw.Bench, store inventory.Store, r PresenceRequest) (*Presence, error) {
	p, err := presenceOf(ctx, bench, store, r)
	if err != nil {
		return nil, err
	}
	if p.Verdict != Present {
		return nil, p.notProved()
	}
	return p, nil
}

// keptPIN asks a person once for a PIN that is needed twice. forget zeroes it.
func keptPIN(ask AskPIN) (again AskPIN, forget func()) {
	var kept []byte
	if ask == nil {
		return nil, func() {}
	}
	again = func(ctx context.Context, who string, retries int) ([]byte, error) {
		if kept == nil {
			pin, err := ask(ctx, who, retries)
			if err != nil {
				return pin, err
			}
			kept = pin
		}
		return bytes.Clone(kept), nil
	}
	return again, func() { clear(kept) }
}

// ChangeRequest names a key of the inventory and what is to be changed on it.
type ChangeRequest struct {
	Ref   string // ID, serial or tag
	Actor string
	Now   func() time.Time
	PIN   AskPIN                 // nil: no way to ask
	Tell  func(s Step, who Seen) // nil: silent
	// SetPIN gives a key without a PIN its first, ChangePIN replaces the one it
	// has; NewPIN asks for it.
	SetPIN, ChangePIN bool
	NewPIN            AskNewPIN // nil: no way to ask
	Settings          Settings
	// Confirm has a person agree to Settings, which only a reset takes back; an
	// error stops it.
	Confirm func(ctx context.Context, k inventory.Key, bound []inventory.Binding) error
}

// KeyChanged is what was changed on a key and recorded.
type KeyChanged struct {
	Key      inventory.Key
	Changes  []Change // empty: it was all as it was to be
	Warnings []Warning
}

// ChangeKey changes the PIN or settings of an enrolled key that is plugged in and
// proves to be that key. What can end registrations is refused for the key of an
// account that no other working key is proved for. What was changed is recorded
// whatever comes after it.
func ChangeKey(ctx context.Context, bench hw.Bench, store inventory.Store, r ChangeRequest) (*KeyChanged, error) {
	ask, forget := keptPIN(r.PIN)
	defer forget()
	proof := PresenceRequest{Ref: r.Ref, Actor: r.Actor, Now: r.Now, PIN: ask, Tell: r.Tell}
	p, err := presenceOf(ctx, bench, store, proof)
	if err != nil {
		return nil, err
	}
	// Such a key proves nothing until its PIN is changed.
	changeFirst := r.ChangePIN && errors.Is(p.Err, hw.ErrPINChange)
	if p.Verdict != Present && !changeFirst {
		return nil, p.notProved()
	}
	e := enrollment{bench: bench, seen: &p.Seen, request: EnrollRequest{
		Actor: r.Actor, Now: r.Now, PIN: ask, SetPIN: r.SetPIN, ChangePIN: r.ChangePIN, NewPIN: r.NewPIN, Settings: r.Settings,
	}}
	defer func() { clear(e.pin) }()
	if err := e.settableU2F(); err != nil {
		return nil, err
	}
	if r.Settings != (Settings{}) {
		if err := store.View(ctx, func(tx inventory.Tx) error { return inventory.CheckSpare(tx, p.Key.ID) }); err != nil {
			return nil, err
		}
		if err := e.takes(); err != nil {
			return nil, err
		}
		if err := r.Confirm(ctx, *p.Key, p.Bindings); err != nil {
			return nil, err
		}
	}
	failed := e.preparePIN(ctx)
	if changeFirst && len(e.changes) > 0 {
		// What is recorded is recorded of a key that has proved to be it.
		proof.PIN = func(context.Context, string, int) ([]byte, error) { return bytes.Clone(e.pin), nil }
		if p, err = proveEnrolled(ctx, bench, store, proof); err != nil {
			return nil, fmt.Errorf("%w (on the key already, and not recorded: %s)", errors.Join(failed, err), e.changeWords())
		}
		e.seen = &p.Seen
	}
	if failed == nil {
		failed = e.applySettings(ctx)
	}
	// It happened, so it is recorded whoever interrupts.
	err = store.Update(context.WithoutCancel(ctx), func(tx inventory.Tx) error {
		return inventory.RecordChanges(tx, inventory.Act{Actor: r.Actor, At: r.Now()}, p.Key.ID, e.recorded())
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s was changed (%s), and that is not recorded: %w", p.Key.Label(), e.changeWords(), err)
	case failed != nil && len(e.changes) > 0:
		return nil, fmt.Errorf("%w (changed on the key and recorded: %s)", failed, e.changeWords())
	case failed != nil:
		return nil, failed
	}
	return &KeyChanged{Key: *p.Key, Changes: e.changes, Warnings: p.Seen.Warnings}, nil
}
