package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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
	c := &chain{}
	return c.end(walk(tx, c))
}

// chain is a journal verified up to its head.
type chain struct {
	head    Head
	headHex string // the head's hash, as it is stored
	broken  *JournalError
	buffer  []byte
}

func (c *chain) see(e *RawEvent) bool {
	c.broken = c.next(e)
	return c.broken == nil
}

// end returns the head, or what is wrong; err is what ended the reading.
func (c *chain) end(err error) (Head, error) {
	if c.broken != nil {
		return Head{}, c.broken
	}
	var unreadable *JournalError
	if errors.As(err, &unreadable) && unreadable.Seq == 0 {
		unreadable.Seq = c.head.Seq + 1 // not even its number could be read
	}
	if err != nil {
		return Head{}, err
	}
	return c.head, nil
}

// next says what is wrong with an event that is to come right after the head.
// An event that follows is linked to the hash that was just computed: nothing
// has to be decoded.
func (c *chain) next(e *RawEvent) *JournalError {
	prev, linked := c.head.Hash, e.PrevHash == c.headHex
	if c.head.Seq == 0 {
		linked = e.PrevHash == prev.String()
	}
	var bad error
	if !linked {
		prev, bad = ParseHash(e.PrevHash)
	}
	c.buffer = e.appendPreimage(c.buffer[:0], prev)
	sum := Hash(sha256.Sum256(c.buffer))
	var text [2 * len(sum)]byte
	hex.Encode(text[:], sum[:])
	switch {
	case e.Seq > c.head.Seq+1:
		return &JournalError{Seq: c.head.Seq + 1, Fault: FaultMissing, Detail: fmt.Sprintf("event %d comes next", e.Seq)}
	case e.Seq != c.head.Seq+1:
		return &JournalError{Seq: e.Seq, Fault: FaultUnlinked, Detail: "its number is out of order"}
	case bad != nil, string(text[:]) != e.Hash:
		return &JournalError{Seq: e.Seq, Fault: FaultAltered, Detail: "its content does not give its hash"}
	case !linked:
		return &JournalError{Seq: e.Seq, Fault: FaultUnlinked, Detail: "it was not written after the event before it"}
	}
	c.head, c.headHex = Head{Seq: e.Seq, Hash: sum}, e.Hash
	return nil
}

// record appends an event about subject to the journal.
func record(tx Tx, act Act, kind, subject string, payload any) (Event, error) {
	body, err := canonicalJSON(payload)
	if err != nil {
		return Event{}, fmt.Errorf("event %s: %w", kind, err)
	}
	return recordText(tx, act, kind, subject, string(body))
}

// recordText is record of a payload that is already in its form.
func recordText(tx Tx, act Act, kind, subject, payload string) (Event, error) {
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
		Payload:  payload,
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
