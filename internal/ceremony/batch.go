package ceremony

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hwmfa/hw"
	"hwmfa/inventory"
)

// StepWait is where a key waits until no other asks a person for anything.
const StepWait Step = "wait"

// Outcome is what a batch came to with one key, a word.
type Outcome string

// The outcomes.
const (
	// OutcomeEnrolled: recorded, its attestation verified.
	OutcomeEnrolled Outcome = "enrolled"
	// OutcomeUntrusted: recorded, and its attestation reaches no anchor.
	OutcomeUntrusted Outcome = "untrusted"
	// OutcomeKnown: enrolled before; left as it is.
	OutcomeKnown Outcome = "enrolled_before"
	// OutcomeRefused: not to be enrolled: by a rule, or by what it is.
	OutcomeRefused Outcome = "refused"
	// OutcomeFailed: something kept it from being enrolled this time.
	OutcomeFailed Outcome = "failed"
)

// Done says whether the key is in the inventory.
func (o Outcome) Done() bool {
	return o == OutcomeEnrolled || o == OutcomeUntrusted || o == OutcomeKnown
}

// BatchRequest is what a batch of enrollments is given.
type BatchRequest struct {
	// Enroll is what each enrollment is given. Tag, Serial, Tell and the changes
	// to a key are not for batches. PIN is asked at most once, for all keys that
	// want one.
	Enroll    EnrollRequest
	TagPrefix string // tags are this and the next number; "" gives none
	// Wait goes on until ctx ends when all plugged keys are done; Count, if not 0,
	// until so many keys are in the inventory.
	Wait  bool
	Count int
	// Tell is called at every step of every key, one call at a time.
	Tell func(BatchKey)
	// Notice is called with what keeps keys from being seen.
	Notice func(error)
}

// BatchKey is one key of a batch.
type BatchKey struct {
	Number int // from 1, as they came
	Seen   Seen
	Step   Step      // what is being done
	Since  time.Time // when that began
	Began  time.Time // when the key came
	// Outcome is empty while the key is worked on.
	Outcome Outcome
	// Key is what the inventory has, nil where it knows none.
	Key *inventory.Key
	// Enrolled is what was recorded now, nil where nothing was.
	Enrolled *Enrolled
	// Proved says of one that was enrolled before that it proved so.
	Proved bool
	// Detail says to people what Outcome rests on; Err is what kept it from more.
	Detail string
	Err    error
}

// supersedes says whether this is the same key as one that was pulled out before
// it could be enrolled, or refused. One that was refused stays so: another may
// show its serial.
func (k BatchKey) supersedes(before BatchKey) bool {
	if before.Outcome.Done() || before.Outcome == OutcomeRefused && k.Outcome != OutcomeRefused {
		return false
	}
	a, b := before.Seen, k.Seen
	if a.Serial != "" {
		return a.Serial == b.Serial
	}
	// Nobody knows what was pulled out before it told its serial; what comes in
	// its port next is taken for it.
	return lost(before.Err) && a.Key.USB != nil && b.Key.USB != nil && a.Key.USB.Path != "" && a.Key.USB.Path == b.Key.USB.Path
}

// Batch enrolls every key that is plugged in, and those that come while it goes
// on. All are read, verified and recorded beside each other; only what asks
// something of a person, a touch or the PIN, comes one after another. A key that
// was enrolled before is recognized by its silent proof and left as it is; one
// that was declared or received becomes enrolled under the tag that it has. Each
// is recorded by itself, so that a batch that was cut off is simply run again.
//
// It returns the keys that it came to an end with, in order. The error is ctx's
// where keys were still being worked on, hw.ErrNoDevice where there were none
// and none were waited for.
func Batch(ctx context.Context, bench hw.Bench, store inventory.Store, r BatchRequest) ([]BatchKey, error) {
	b := batch{
		bench: bench, store: store, request: r, turns: make(chan struct{}, 1),
		pin: onePIN{ask: r.Enroll.PIN}, at: map[string]*session{}, ended: make(chan *session),
	}
	defer b.pin.forget()
	working, stop := context.WithCancel(ctx)
	defer stop()
	err := b.run(working)
	busy := b.working
	stop()
	for b.working > 0 {
		b.end(<-b.ended)
	}
	if ctx.Err() != nil && err != nil && busy == 0 && r.Wait {
		err = nil // it was told to go on until then
	}
	return b.keys, err
}

type batch struct {
	bench   hw.Bench
	store   inventory.Store
	request BatchRequest
	pin     onePIN
	turns   chan struct{} // of one place: whoever asks a person

	// For the one goroutine that follows the keys.
	lookout *lookout
	at      map[string]*session
	ended   chan *session
	working int
	number  int
	keys    []BatchKey

	telling sync.Mutex
}

// session is one plugging in of one key.
type session struct {
	since   time.Time
	started bool
	cancel  context.CancelCauseFunc
	isKey   bool
	BatchKey
}

func (b *batch) run(ctx context.Context) error {
	var polled error
	if b.lookout, polled = newLookout(ctx, b.bench); polled != nil && b.request.Wait {
		b.request.Notice(polled)
	}
	said := ""
	for first := true; ; first = false {
		unready, err := b.step(ctx)
		if err != nil {
			return err
		}
		if missing := text(b.lookout.missing); missing != said {
			said = missing
			if missing != "" {
				b.request.Notice(b.lookout.missing)
			}
		}
		again := b.lookout.next()
		for wait := true; wait; {
			idle := b.working == 0 && unready == 0
			switch {
			case idle && b.request.Count > 0 && b.recorded() >= b.request.Count:
				return nil
			case idle && !b.request.Wait && len(b.at) == 0 && first:
				return errors.Join(hw.ErrNoDevice, b.lookout.missing)
			case idle && !b.request.Wait:
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case _, open := <-b.lookout.changes:
				b.lookout.changed(open)
				wait = false
			case <-again:
				wait = false
			case s := <-b.ended:
				b.end(s)
			}
		}
	}
}

// recorded is how many keys the inventory has by now.
func (b *batch) recorded() (n int) {
	for _, k := range b.keys {
		if k.Outcome.Done() {
			n++
		}
	}
	return n
}

// step looks once, begins with the keys that are whole, and says how many are
// not yet.
func (b *batch) step(ctx context.Context) (unready int, err error) {
	here, gone, err := b.lookout.look(ctx)
	if err != nil {
		return 0, err
	}
	for _, place := range gone {
		if s := b.at[place]; s != nil && s.cancel != nil {
			s.cancel(hw.ErrGone)
		}
		delete(b.at, place)
	}
	readers := 0
	for _, place := range here {
		if b.lookout.at[place].Card != nil {
			readers++
		}
	}
	for _, place := range here {
		s := b.at[place]
		if s == nil {
			s = &session{since: time.Now()}
			s.Began = b.request.Enroll.Now()
			b.at[place] = s
		}
		if s.started {
			continue
		}
		if !b.whole(b.lookout.at[place], s.since, readers) {
			unready++
			continue
		}
		b.begin(ctx, s, b.lookout.at[place])
	}
	return unready, nil
}

// whole says whether a key shows what its product has, or will not.
func (b *batch) whole(k hw.Key, since time.Time, readers int) bool {
	noCards := readers >= maxReaders || errors.Is(b.lookout.missing, hw.ErrService) || errors.Is(b.lookout.missing, hw.ErrNotBuilt)
	return !lacksFIDO(k) && (noCards || !lacksCard(k)) || time.Since(since) >= interfaceWait
}

func (b *batch) begin(ctx context.Context, s *session, k hw.Key) {
	var of context.Context
	of, s.cancel = context.WithCancelCause(ctx)
	s.started = true
	b.working++
	b.number++
	s.Number = b.number
	s.Seen = Seen{Key: k, Product: k.Product()}
	go func() {
		b.work(of, s, k)
		s.cancel(nil)
		b.ended <- s
	}()
}

// end takes what a session came to.
func (b *batch) end(s *session) {
	b.working--
	if !s.isKey || s.Outcome == "" {
		return // somebody's badge, or it was interrupted
	}
	for i, before := range b.keys {
		if b.at[placeOf(before.Seen.Key)] == nil && s.supersedes(before) {
			b.keys = slices.Delete(b.keys, i, i+1)
			break
		}
	}
	again := slices.ContainsFunc(b.keys, func(k BatchKey) bool {
		return k.Key != nil && s.Key != nil && k.Key.ID == s.Key.ID && k.Outcome.Done() && s.Outcome.Done()
	})
	if !again {
		b.keys = append(b.keys, s.BatchKey)
	}
}

// tell says where a key stands.
func (b *batch) tell(s *session, step Step) {
	s.Step, s.Since = step, b.request.Enroll.Now()
	b.telling.Lock()
	defer b.telling.Unlock()
	b.request.Tell(s.BatchKey)
}
