package store

import (
	"errors"

	"hwmfa/inventory"
)

const selectEvents = "SELECT seq, at, actor, kind, subject, payload, prev_hash, hash FROM events "

// scanEvent returns a JournalError for a row that this program cannot have
// written; its number is 0 where even that cannot be read.
func scanEvent(r row) (inventory.Event, error) {
	var e inventory.Event
	err := r.Scan(&e.Seq, timeColumn{&e.Time}, &e.Actor, &e.Kind, &e.Subject, &e.Payload, hashColumn{&e.PrevHash}, hashColumn{&e.Hash})
	if errors.Is(err, inventory.ErrDamaged) {
		err = &inventory.JournalError{Seq: e.Seq, Fault: inventory.FaultAltered, Detail: "a field is not of its form"}
	}
	return e, err
}

func (t *tx) AppendEvent(e inventory.Event) error {
	return t.exec("INSERT INTO events (seq, at, actor, kind, subject, payload, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		e.Seq, inventory.FormatTime(e.Time), e.Actor, e.Kind, e.Subject, e.Payload, e.PrevHash.String(), e.Hash.String())
}

func (t *tx) LastEvent() (inventory.Event, error) {
	return one(t, scanEvent, selectEvents+"ORDER BY seq DESC LIMIT 1")
}

func (t *tx) EachEvent(seq int64, fn func(inventory.Event) error) error {
	return each(t, scanEvent, fn, selectEvents+"WHERE seq > ? ORDER BY seq", seq)
}

func (t *tx) EventsAbout(subject string) ([]inventory.Event, error) {
	return list(t, scanEvent, selectEvents+"WHERE subject = ? ORDER BY seq", subject)
}
