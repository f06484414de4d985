package inventory

import (
	"errors"
	"fmt"
	"math"
)

// Fault is what is wrong with an event of a broken journal.
type Fault string

// Faults of a journal.
const (
	// FaultAltered: the event's content does not give its hash.
	FaultAltered Fault = "altered"
	// FaultMissing: the event with this number is not there.
	FaultMissing Fault = "missing"
	// FaultUnlinked: the event is whole and does not follow the one before it.
	FaultUnlinked Fault = "unlinked"
)

// JournalError names the first event at which the journal's chain breaks.
type JournalError struct {
	Seq    int64
	Fault  Fault
	Detail string
}

func (e *JournalError) Error() string {
	s := fmt.Sprintf("journal event %d is %s", e.Seq, e.Fault)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Is makes errors.Is(err, ErrJournal) hold.
func (e *JournalError) Is(target error) bool { return target == ErrJournal }

// JournalHead returns the last event's number and hash, unverified; the zero
// Head where the journal is empty.
func JournalHead(tx Tx) (Head, error) {
	last, err := tx.LastEvent()
	if errors.Is(err, ErrNotFound) {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, fmt.Errorf("journal head: %w", err)
	}
	return Head{Seq: last.Seq, Hash: last.Hash}, nil
}

// VerifyJournal walks the whole chain and returns its head, or a JournalError
// naming the first event that was edited, removed, reordered or inserted.
// Events cut off at the end, and a chain rewritten from some event on, are
// caught only by comparing the head with one kept elsewhere.
func VerifyJournal(tx Tx) (Head, error) {
	var head Head
	var broken *JournalError
	err := tx.EachEvent(math.MinInt64, func(e Event) error {
		if broken = e.follows(head); broken != nil {
			return broken
		}
		head = Head{Seq: e.Seq, Hash: e.Hash}
		return nil
	})
	if err == nil {
		return head, nil
	}
	var unreadable *JournalError
	if broken == nil && errors.As(err, &unreadable) && unreadable.Seq == 0 {
		unreadable.Seq = head.Seq + 1 // not even its number could be read
	}
	return Head{}, err
}

// follows says what is wrong with an event that is to come right after head.
func (e Event) follows(head Head) *JournalError {
	switch {
	case e.Seq > head.Seq+1:
		return &JournalError{Seq: head.Seq + 1, Fault: FaultMissing, Detail: fmt.Sprintf("event %d comes next", e.Seq)}
	case e.Seq != head.Seq+1:
		return &JournalError{Seq: e.Seq, Fault: FaultUnlinked, Detail: "its number is out of order"}
	case e.Digest() != e.Hash:
		return &JournalError{Seq: e.Seq, Fault: FaultAltered, Detail: "its content does not give its hash"}
	case e.PrevHash != head.Hash:
		return &JournalError{Seq: e.Seq, Fault: FaultUnlinked, Detail: "it was not written after the event before it"}
	}
	return nil
}

// record appends an event about subject to the journal.
func record(tx Tx, act Act, kind, subject string, payload any) (Event, error) {
	body, err := canonicalJSON(payload)
	if err != nil {
		return Event{}, fmt.Errorf("event %s: %w", kind, err)
	}
	head, err := JournalHead(tx)
	if err != nil {
		return Event{}, err
	}
	e := Event{
		Seq:      head.Seq + 1,
		Time:     act.At,
		Actor:    act.Actor,
		Kind:     kind,
		Subject:  subject,
		Payload:  string(body),
		PrevHash: head.Hash,
	}
	e.Hash = e.Digest()
	if err := tx.AppendEvent(e); err != nil {
		return Event{}, fmt.Errorf("event %s: %w", kind, err)
	}
	return e, nil
}

// Journal calls fn with every event numbered from on, in order, without
// verifying it; fn must not use the transaction.
func Journal(tx Tx, from int64, fn func(Event) error) error { return tx.EachEvent(from, fn) }
