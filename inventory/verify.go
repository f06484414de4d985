package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Verified is what verifying a whole inventory came to; a nil error is good.
type Verified struct {
	Head    Head  // of a journal that is whole
	Journal error // a JournalError naming the first event that is wrong
	Records error // stored evidence and metadata that are not what was recorded
	State   error // rows that are not what the events come to
	Proofs  error // last proofs that are not what was recorded
	Witness error // what took two people and names none, or one that the journal does not have
	Guards  error // what keeps the journal from being changed and is not there
	// Backdated is nothing wrong with the inventory: a clock may have been.
	Backdated []Backdated
}

// Faults is all that is wrong, in the order in which it is best said.
func (v Verified) Faults() []error {
	return []error{v.Journal, v.Records, v.State, v.Proofs, v.Witness, v.Guards}
}

// Verify reads the journal once and holds it against itself, and all that is
// stored beside it against the journal. VerifyJournal, VerifyRecords,
// VerifyState and VerifyProofs are its parts.
func Verify(tx Tx) (Verified, error) {
	c := &chain{}
	state, clock := newStateCheck(), &clockCheck{}
	witnesses := newWitnessCheck(state)
	watchers := []watcher{c, witnesses, state, clock} // witnesses look at what was before an event
	// Rows that cannot be read keep nothing else from being verified.
	var v Verified
	records, err := newRecordsCheck(tx)
	if errors.Is(err, ErrDamaged) {
		v.Records = err
	} else if err != nil {
		return Verified{}, err
	} else {
		watchers = append(watchers, records)
	}
	proofs, err := newProofsCheck(tx)
	if errors.Is(err, ErrDamaged) {
		v.Proofs = err
	} else if err != nil {
		return Verified{}, err
	} else {
		watchers = append(watchers, proofs)
	}
	err = walk(tx, watchers...)
	if v.Records == nil {
		v.Records = records.end(tx, err)
	}
	if v.Proofs == nil {
		v.Proofs = proofs.end(err)
	}
	v.State = state.end(tx, err)
	v.Head, v.Journal = c.end(err)
	v.Witness, v.Backdated = witnesses.end(), clock.found
	if v.Guards = tx.Guards(); v.Guards != nil && !errors.Is(v.Guards, ErrDamaged) {
		return Verified{}, v.Guards
	}
	return v, nil
}

// watcher is shown every event of the journal, in order.
type watcher interface {
	// see returns false when it needs to see no more.
	see(e *RawEvent) bool
}

// walk shows the journal to the watchers in a goroutine of its own, while the
// store reads what comes next. It ends early when no watcher wants more.
func walk(tx Tx, watchers ...watcher) error {
	batches := make(chan []RawEvent, 4)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for batch := range batches {
			if len(watchers) == 0 {
				continue // so that the reader never waits
			}
			watchers = show(batch, watchers)
			if len(watchers) == 0 {
				close(stop)
			}
		}
	}()
	err := tx.EachRaw(func(batch []RawEvent) error {
		select {
		case <-stop:
			return errSeenEnough
		case batches <- batch:
			return nil
		}
	})
	close(batches)
	<-done
	if errors.Is(err, errSeenEnough) {
		return nil
	}
	return err
}

// errSeenEnough ends a walk that nobody follows any more.
var errSeenEnough = errors.New("seen enough")

// show shows events to the watchers and returns those that want more.
func show(events []RawEvent, watchers []watcher) []watcher {
	for i := range events {
		watchers = slices.DeleteFunc(watchers, func(w watcher) bool { return !w.see(&events[i]) })
	}
	return watchers
}

// clone is the event with bytes of its own: those that it was read with would
// stay in memory as long as one of them is kept.
func (e *RawEvent) clone() RawEvent {
	return RawEvent{
		Seq: e.Seq, Time: strings.Clone(e.Time), Actor: strings.Clone(e.Actor), Kind: strings.Clone(e.Kind), Subject: strings.Clone(e.Subject),
		Payload: strings.Clone(e.Payload), PrevHash: strings.Clone(e.PrevHash), Hash: strings.Clone(e.Hash),
	}
}

// event checks the form of every field of a raw event, and keeps none of its bytes.
func (e *RawEvent) event() (Event, error) {
	at, err1 := ParseTime(e.Time)
	prev, err2 := ParseHash(e.PrevHash)
	hash, err3 := ParseHash(e.Hash)
	if errors.Join(err1, err2, err3) != nil {
		return Event{}, &JournalError{Seq: e.Seq, Fault: FaultAltered, Detail: "a field is not of its form"}
	}
	return Event{
		Seq: e.Seq, Time: at, Actor: strings.Clone(e.Actor), Kind: strings.Clone(e.Kind), Subject: strings.Clone(e.Subject),
		Payload: strings.Clone(e.Payload), PrevHash: prev, Hash: hash,
	}, nil
}

// damagedEvent says that an event cannot be what this program wrote.
func damagedEvent(seq int64, err error) error {
	return fmt.Errorf("event %d: %w: %w", seq, ErrDamaged, err)
}
