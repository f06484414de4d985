package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/inventory"
)

// Verdict is what challenging one plugged key came to, a word.
type Verdict string

// The verdicts on a key. Only Present rests on a proof; a key that refuses, or
// cannot be asked, is never called another one.
const (
	// Present: it signed a fresh challenge with the identity credential.
	Present Verdict = "present"
	// OtherKey: it shows the serial of an enrolled key and is not that key.
	OtherKey Verdict = "other_key"
	// FIDOReset: the enrolled key, as its PIV side shows, without its identity
	// credential: whatever was registered with it by FIDO is dead.
	FIDOReset Verdict = "fido_reset"
	// ResetOrOther: the identity credential is not on it, and nothing tells a
	// reset from another key with the same serial.
	ResetOrOther Verdict = "reset_or_other"
	// NotEnrolled: the inventory knows no such key.
	NotEnrolled Verdict = "not_enrolled"
	// Unproved: it could not be asked, or refused; nothing is known.
	Unproved Verdict = "unproved"
	// SilentRefused: it refused to answer without a touch, and no touch was to
	// be asked for.
	SilentRefused Verdict = "silent_refused"
	// Skipped: it wants a touch or a PIN, and neither was to be asked for.
	Skipped Verdict = "skipped"
	// Gone: it was unplugged, or another key took its place, meanwhile.
	Gone Verdict = "gone"
)

// Presence is what became of challenging one plugged key.
type Presence struct {
	Seen Seen
	// Key is the enrolled key that it proved to be, or that it was held
	// against; nil where the inventory knows none.
	Key     *inventory.Key
	Verdict Verdict
	// Proof is what the journal recorded, nil unless Present.
	Proof *inventory.Proof
	// Reason is a stable word for why it is not Present, "" where it is.
	// Detail says it to people.
	Reason string
	Detail string
	// PIV is how its card side compares with the stored evidence, "" where the
	// two were not compared.
	PIV attest.Likeness
	// Bindings are those of Key: what is at stake.
	Bindings []inventory.Binding
	// Err is what kept the key from proving anything, nil otherwise.
	Err error
}

// PresenceRequest says which plugged keys are to prove themselves: every one
// (All), that of the inventory by ID, serial or tag (Ref), the one that shows a
// serial, or the only one.
type PresenceRequest struct {
	All     bool
	Ref     string
	Serial  string
	NoTouch bool // ask for neither touch nor PIN
	Touch   bool // ask for a touch even where the key would answer without
	Actor   string
	Now     func() time.Time
	PIN     AskPIN // nil: no way to ask
	// OnePIN says that PIN knows the PIN of one key and not of which: it is asked
	// only if a single key wants one.
	OnePIN bool
	Tell   func(s Step, who Seen) // nil: silent
	// Record writes down what else a proof means, in the same transaction; nil:
	// nothing.
	Record func(inventory.Tx, inventory.Act, inventory.Proof) error
}

// VerifyPresence challenges plugged keys to prove that they are the ones in the
// inventory. Those that answer silently are asked all at once, then the others
// one after the other. Each proof is recorded as it comes. The error beside the
// results joins the backends that did not answer; without results it says why
// nothing could be asked.
func VerifyPresence(ctx context.Context, bench hw.Bench, store inventory.Store, r PresenceRequest) ([]Presence, error) {
	if r.Tell == nil {
		r.Tell = func(Step, Seen) {}
	}
	seen, expected, missing, err := r.choose(ctx, bench, store)
	if err != nil {
		return nil, err
	}
	all := make([]*presence, len(seen))
	var wg sync.WaitGroup
	for i, s := range seen {
		r.Tell(StepRead, s)
		all[i] = &presence{Presence: Presence{Seen: s, Key: expected}, bench: bench, store: store, request: r}
		wg.Go(func() { all[i].askSilently(ctx) })
	}
	wg.Wait()
	if r.Ref != "" && len(all) > 1 {
		if all, err = theOne(all, expected); err != nil {
			return nil, err
		}
	}
	for _, p := range all {
		if err := p.askUnsettled(ctx); err != nil {
			return nil, err
		}
	}
	if r.OnePIN {
		if err := giveOnePIN(ctx, all); err != nil {
			return nil, err
		}
	}
	results := make([]Presence, 0, len(all))
	for _, p := range all {
		results = append(results, p.Presence)
	}
	provedElsewhere(results)
	if err := r.doubt(ctx, store, results); err != nil {
		return nil, err
	}
	return results, missing
}

// choose reads what is plugged in, every serial path of it. For a key of the
// inventory it returns that too, with every plugged key that may be it.
func (r PresenceRequest) choose(ctx context.Context, bench hw.Bench, store inventory.Store) (seen []Seen, expected *inventory.Key, missing, err error) {
	if !r.All && r.Ref == "" {
		s, err := chooseKey(ctx, bench, r.Serial)
		if err != nil {
			return nil, nil, nil, err
		}
		return []Seen{*s}, nil, nil, nil
	}
	if r.Ref != "" {
		err := store.View(ctx, func(tx inventory.Tx) error {
			k, err := inventory.FindKey(tx, r.Ref)
			expected = &k
			return err
		})
		if err != nil {
			return nil, nil, nil, fmt.Errorf("look up %s: %w", r.Ref, err)
		}
	}
	seen, missing = Detect(ctx, bench, Thorough)
	if ctx.Err() != nil {
		return nil, nil, nil, ctx.Err()
	}
	if expected != nil {
		seen = maybe(seen, *expected)
	} else {
		seen = slices.DeleteFunc(seen, func(s Seen) bool { return !s.isKey() })
	}
	if len(seen) == 0 {
		err := hw.ErrNoDevice
		if expected != nil {
			err = fmt.Errorf("%s: %w", expected.Label(), err)
		}
		return nil, nil, nil, errors.Join(err, missing)
	}
	return seen, expected, missing, nil
}

// maybe picks the plugged keys that may be an enrolled one: those that show
// its serial, or else those of its model that show none.
func maybe(seen []Seen, k inventory.Key) []Seen {
	var same, nameless []Seen
	for _, s := range seen {
		switch {
		case k.Serial != "" && s.claims(k.Serial):
			same = append(same, s)
		case len(s.Claims) == 0 && s.FIDO != nil && s.FIDO.AAGUID == k.AAGUID:
			nameless = append(nameless, s)
		}
	}
	if len(same) > 0 {
		return overFIDO(same)
	}
	return nameless
}

// theOne is the key among several that may be it which proved to be it, else
// the only one that says so. Nobody is asked to touch one after the other to
// find out.
func theOne(all []*presence, k *inventory.Key) ([]*presence, error) {
	for _, p := range all {
		if p.failed != nil || p.Verdict == Present {
			return []*presence{p}, p.failed
		}
	}
	if says := slices.DeleteFunc(slices.Clone(all), func(p *presence) bool { return !p.claimed }); len(says) == 1 {
		return says, nil
	}
	return nil, fmt.Errorf("%s: none of %d keys that may be it proves so silently: %w", k.Label(), len(all), ErrSeveralKeys)
}

// doubt ends the last proof of every enrolled key whose identity credential was
// found gone: until it is enrolled again, or another key turns out to be it, an
// audit must not rest on what it proved before.
func (r PresenceRequest) doubt(ctx context.Context, store inventory.Store, all []Presence) error {
	gone := slices.DeleteFunc(slices.Clone(all), func(p Presence) bool { return p.Verdict != FIDOReset && p.Verdict != ResetOrOther })
	if len(gone) == 0 {
		return nil
	}
	return store.Update(ctx, func(tx inventory.Tx) error {
		for _, p := range gone {
			if err := inventory.DoubtKey(tx, inventory.Act{Actor: r.Actor, At: r.Now()}, p.Key.ID, string(p.Verdict)); err != nil {
				return err
			}
		}
		return nil
	})
}

// provedElsewhere settles who is who where two keys show one serial and one of
// them has proved to be the enrolled key: then the other is another.
func provedElsewhere(all []Presence) {
	proved := map[string]bool{}
	for _, p := range all {
		if p.Verdict == Present {
			proved[p.Key.ID] = true
		}
	}
	for i, p := range all {
		if (p.Verdict == ResetOrOther || p.Verdict == FIDOReset) && proved[p.Key.ID] {
			all[i].Verdict, all[i].Reason = OtherKey, "proved_elsewhere"
			all[i].Detail = fmt.Sprintf("another plugged key proved to be %s", p.Key.Label())
		}
	}
}
