package store

import "hwmfa/inventory"

const selectEvents = "SELECT seq, at, actor, kind, subject, payload, prev_hash, hash FROM events "

func scanEvent(r row) (inventory.Event, error) {
	var e inventory.Event
	err := r.Scan(&e.Seq, timeColumn{&e.Time}, &e.Actor, &e.Kind, &e.Subject, &e.Payload, hashColumn{&e.PrevHash}, hashColumn{&e.Hash})
	return e, err
}

func (t *tx) AppendEvent(e inventory.Event) error {
	return t.exec("INSERT INTO events (seq, at, actor, kind, subject, payload, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		e.Seq, inventory.FormatTime(e.Time), e.Actor, e.Kind, e.Subject, e.Payload, e.PrevHash.String(), e.Hash.String())
}

func (t *tx) LastEvent() (inventory.Event, error) {
	return one(t, scanEvent, selectEvents+"ORDER BY seq DESC LIMIT 1")
}

func (t *tx) EachEvent(from int64, fn func(inventory.Event) error) error {
	strict := func(r row) (inventory.Event, error) {
		e, err := scanEvent(r)
		if err != nil && t.ctx.Err() == nil {
			// The row was read, and this program would not have written it.
			err = &inventory.JournalError{Seq: e.Seq, Fault: inventory.FaultAltered, Detail: "a field is not of its form"}
		}
		return e, err
	}
	return each(t, strict, fn, selectEvents+"WHERE seq >= ? ORDER BY seq", from)
}

func (t *tx) EventsAbout(subject string) ([]inventory.Event, error) {
	return list(t, scanEvent, selectEvents+"WHERE subject = ? ORDER BY seq", subject)
}
