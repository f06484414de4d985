package ceremony

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
	"hwmfa/inventory"
)

// The steps of a reset that others do not have.
const (
	StepUnplug Step = "unplug"
	StepPlug   Step = "plug"
)

// ErrNotProved: the plugged key does not prove to be the enrolled one that was
// named.
var ErrNotProved = errors.New("not proved to be the enrolled key")

// ResetRequest says which key of the inventory is to lose its FIDO side.
type ResetRequest struct {
	Ref   string // ID, serial or tag
	Actor string
	Now   func() time.Time
	// Confirm has a person agree to what is lost; an error stops the reset.
	Confirm func(ctx context.Context, k inventory.Key, bound []inventory.Binding) error
	Tell    func(s Step, who Seen) // nil: silent
	// Wait is how long the person may take to unplug the key, and to plug it in
	// again; a minute if zero.
	Wait time.Duration
}

// ResetDone is what a reset ended.
type ResetDone struct {
	Key   inventory.Key
	Ended []inventory.Binding
	// Proved says whether the key was asked for its identity credential
	// afterwards and does not know it any more.
	Proved bool
}

const (
	resetWait = time.Minute
	// resetPoll is short, because the key takes a reset only for seconds.
	resetPoll = 100 * time.Millisecond
)

// ResetFIDO erases the FIDO side of an enrolled key that is plugged in, records
// it and ends the key's bindings. The key has to be the enrolled one, by its
// identity credential where it answers silently, else by its serial; every
// account that it is bound to needs another working key; and because a key
// takes a reset only just after power-up, it is unplugged and plugged in first.
func ResetFIDO(ctx context.Context, bench hw.Bench, store inventory.Store, r ResetRequest) (*ResetDone, error) {
	if r.Tell == nil {
		r.Tell = func(Step, Seen) {}
	}
	if r.Wait == 0 {
		r.Wait = resetWait
	}
	e := erasure{bench: bench, request: r}
	if err := e.find(ctx, store); err != nil {
		return nil, err
	}
	if err := resettable(e.seen); err != nil {
		return nil, err
	}
	if err := store.View(ctx, e.readStakes); err != nil {
		return nil, err
	}
	if err := r.Confirm(ctx, e.key, e.bound); err != nil {
		return nil, err
	}
	if err := e.replug(ctx); err != nil {
		return nil, err
	}
	// The spare key may have been lost, or reset at another desk, meanwhile.
	if err := store.View(ctx, e.readStakes); err != nil {
		return nil, err
	}
	r.Tell(StepTouch, *e.seen)
	err := withFIDO(ctx, bench, *e.seen.Key.FIDO, func(d *ctap.Device) error { return d.Reset(ctx) })
	if err != nil && !e.forgot(ctx) {
		return nil, fmt.Errorf("%s: %w", e.key.Label(), err)
	}
	r.Tell(StepCheck, *e.seen)
	return e.record(ctx, store)
}

// erasure carries one key through its reset.
type erasure struct {
	bench       hw.Bench
	request     ResetRequest
	key         inventory.Key
	seen        *Seen // before the replug, then after it
	silent      bool  // it proves itself silently
	credentials []inventory.Credential
	bound       []inventory.Binding
}

// find settles on the plugged key that is the one named.
func (e *erasure) find(ctx context.Context, store inventory.Store) error {
	p, err := presenceOf(ctx, e.bench, store, PresenceRequest{
		Ref: e.request.Ref, NoTouch: true, Actor: e.request.Actor, Now: e.request.Now,
	})
	if err != nil {
		return err
	}
	e.key, e.seen = *p.Key, &p.Seen
	e.silent = p.Verdict == Present
	// What refuses to answer without a touch has its serial to be known by.
	asksForMore := p.Verdict == Skipped || p.Verdict == SilentRefused
	if e.silent || asksForMore && e.key.Serial != "" && e.seen.Serial == e.key.Serial {
		return nil
	}
	return p.notProved()
}

// resettable refuses what the key would refuse after the replug.
func resettable(s *Seen) error {
	switch {
	case s.Key.USB == nil:
		return fmt.Errorf("%s: its replug cannot be watched: %w", s.Name(), hw.ErrUnsupported)
	case !s.FIDO2:
		return fmt.Errorf("%s speaks U2F only: a FIDO reset is %w", s.Name(), hw.ErrUnsupported)
	case s.Device != nil && s.Device.ResetBlocked.Has(hw.CapFIDO2):
		return fmt.Errorf("%s: its FIDO reset is blocked: %w", s.Name(), hw.ErrRefused)
	case len(s.FIDO.TransportsForReset) > 0 && !slices.Contains(s.FIDO.TransportsForReset, "usb"):
		return fmt.Errorf("%s: a reset over USB is %w", s.Name(), hw.ErrUnsupported)
	}
	return nil
}

// readStakes reads what the reset ends, and refuses where that is too much.
func (e *erasure) readStakes(tx inventory.Tx) (err error) {
	if err := inventory.CheckSpare(tx, e.key.ID); err != nil {
		return err
	}
	if e.credentials, err = tx.ListCredentials(e.key.ID); err != nil {
		return fmt.Errorf("credentials of %s: %w", e.key.Label(), err)
	}
	if e.bound, err = tx.ListBindings("", e.key.ID); err != nil {
		return fmt.Errorf("bindings of %s: %w", e.key.Label(), err)
	}
	return nil
}

// replug waits for the key to be taken out and plugged in again, in whatever
// port, and makes sure that it is the same one.
func (e *erasure) replug(ctx context.Context) error {
	// What else is plugged in stays out of it.
	sightings, err := e.bench.Sightings(ctx)
	if err != nil {
		return fmt.Errorf("list keys: %w", err)
	}
	type place struct{ bus, address int }
	others := map[place]bool{}
	for _, k := range hw.Merge(sightings) {
		if k.USB != nil {
			others[place{k.USB.Bus, k.USB.Address}] = true
		}
	}
	delete(others, place{e.seen.Key.USB.Bus, e.seen.Key.USB.Address})
	e.request.Tell(StepUnplug, *e.seen)
	err = e.await(ctx, "unplugged", func(ctx context.Context) (bool, error) {
		err := e.bench.Check(ctx, *e.seen.Key.FIDO)
		if errors.Is(err, hw.ErrGone) || errors.Is(err, hw.ErrReplaced) {
			return true, nil
		}
		return false, err
	})
	if err != nil {
		return err
	}
	e.request.Tell(StepPlug, *e.seen)
	var back hw.Key
	err = e.await(ctx, "plugged in again", func(ctx context.Context) (bool, error) {
		// A backend that does not answer now may hide a card, not the key.
		sightings, _ := e.bench.Sightings(ctx)
		for _, k := range hw.Merge(sightings) {
			// The permission to open a new node comes a moment after the node.
			if k.FIDO != nil && k.FIDO.Err == nil && k.USB != nil && !others[place{k.USB.Bus, k.USB.Address}] {
				back = k
				return true, ctx.Err()
			}
		}
		return false, ctx.Err()
	})
	if err != nil {
		return err
	}
	return e.isBack(ctx, back)
}

// await asks again and again until the answer is yes.
func (e *erasure) await(ctx context.Context, what string, yes func(context.Context) (bool, error)) error {
	limited, stop := context.WithTimeout(ctx, e.request.Wait)
	defer stop()
	tick := time.NewTicker(resetPoll)
	defer tick.Stop()
	for {
		done, err := yes(limited)
		if limited.Err() == nil && (done || err != nil) {
			return err
		}
		select {
		case <-tick.C:
		case <-limited.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("waiting for %s to be %s: %w", e.key.Label(), what, ctx.Err())
			}
			return fmt.Errorf("%s was not %s within %v: %w", e.key.Label(), what, e.request.Wait, hw.ErrGone)
		}
	}
}

// isBack holds the key that was plugged in against the one that was taken out.
// Its card is not read: that takes longer than the key waits for a reset.
func (e *erasure) isBack(ctx context.Context, k hw.Key) error {
	before := e.seen
	k.Card = nil
	back := Read(ctx, e.bench, k, Quick)
	if err := enrollable(&back); err != nil {
		return err
	}
	sameSerial := before.Serial != "" && back.Serial == before.Serial
	if back.FIDO.AAGUID != before.FIDO.AAGUID || back.Serial != "" && !sameSerial || !e.silent && !sameSerial {
		return fmt.Errorf("%s: %w", e.key.Label(), hw.ErrReplaced)
	}
	e.seen = &back
	if !e.silent {
		return nil
	}
	if err := e.answers(ctx); err != nil {
		return fmt.Errorf("%s: %w: %w", e.key.Label(), hw.ErrReplaced, err)
	}
	return back.stillThere(ctx, e.bench)
}

// answers has the key sign a challenge with its identity credential.
func (e *erasure) answers(ctx context.Context) error {
	var ids [][]byte
	for _, c := range e.credentials {
		ids = append(ids, c.ID)
	}
	a, err := askSilently(ctx, e.bench, e.seen, ids)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(e.credentials, func(c inventory.Credential) bool { return bytes.Equal(c.ID, a.CredentialID) })
	if i < 0 {
		return fmt.Errorf("answers for another credential: %w", hw.ErrMalformed)
	}
	return ctap.VerifyAssertion(e.credentials[i].PublicKey, a.challenge, RPID, &a.Assertion)
}

// forgot says whether a key whose answer to the reset was lost, by an interrupt
// at the moment of the touch or a fault of the line, was reset all the same: it
// knew its identity credential just before.
func (e *erasure) forgot(ctx context.Context) bool {
	return e.silent && errors.Is(e.answers(context.WithoutCancel(ctx)), hw.ErrNoCredential)
}

// record writes down that the key was reset. It happened, so it is recorded
// whoever interrupts; only a key that still knows its credential was not reset.
func (e *erasure) record(ctx context.Context, store inventory.Store) (*ResetDone, error) {
	ctx = context.WithoutCancel(ctx)
	err := e.answers(ctx)
	if err == nil {
		return nil, fmt.Errorf("%s says that it was reset, and still has its identity credential: %w", e.key.Label(), hw.ErrMalformed)
	}
	proved := errors.Is(err, hw.ErrNoCredential) && e.seen.stillThere(ctx, e.bench) == nil
	done := ResetDone{Key: e.key, Proved: proved}
	err = store.Update(ctx, func(tx inventory.Tx) (err error) {
		done.Ended, err = inventory.ResetKey(tx, inventory.Act{Actor: e.request.Actor, At: e.request.Now()}, e.key.ID, proved)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s was reset, and that is not recorded: %w", e.key.Label(), err)
	}
	return &done, nil
}
