package store

import (
	"strconv"
	"strings"

	"hwmfa/inventory"
)

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

// selectRaw gives an event as one text: reading a column costs more than hashing
// what is in it. No field that this program writes holds the separator.
const selectRaw = "SELECT concat_ws('\x1f', seq, at, actor, kind, subject, payload, prev_hash, hash) FROM events ORDER BY "

// byRowID says whether the numbers of all events are those of their rows, as
// they are unless somebody changed them. SQLite then reads the table from one
// end to the other, and need not look every event up in the index.
const byRowID = "SELECT NOT EXISTS (SELECT 1 FROM events WHERE seq IS NOT rowid)"

func (t *tx) EachRaw(fn func(inventory.RawEvent) error) error {
	order := "seq"
	if t.dialect.rowID {
		var same bool
		if err := t.sql.QueryRowContext(t.ctx, byRowID).Scan(&same); err != nil {
			return mapped(err)
		}
		if same {
			order = "rowid"
		}
	}
	rows, err := t.sql.QueryContext(t.ctx, selectRaw+order)
	if err != nil {
		return mapped(err)
	}
	defer rows.Close()
	for rows.Next() {
		var joined any // as the driver has it, without a copy
		if err := rows.Scan(&joined); err != nil {
			return mapped(err)
		}
		text, _ := joined.(string)
		e, ok := split(text)
		if !ok {
			return &inventory.JournalError{Seq: e.Seq, Fault: inventory.FaultAltered, Detail: "a field is not of its form"}
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return mapped(rows.Err())
}

// split takes apart what selectRaw joined. A separator within a field, or a
// field that is NULL, makes the number of fields another.
func split(s string) (e inventory.RawEvent, ok bool) {
	var seq string
	to := [...]*string{&seq, &e.Time, &e.Actor, &e.Kind, &e.Subject, &e.Payload, &e.PrevHash, &e.Hash}
	for i, field := range to {
		end := strings.IndexByte(s, 0x1f)
		if last := i == len(to)-1; last != (end < 0) {
			return e, false
		} else if last {
			end = len(s)
		}
		*field, s = s[:end], s[min(end+1, len(s)):]
		if i == 0 {
			n, err := strconv.ParseInt(seq, 10, 64)
			if err != nil {
				return e, false
			}
			e.Seq = n
		}
	}
	return e, true
}

func (t *tx) EventsAbout(subject string) ([]inventory.Event, error) {
	return list(t, scanEvent, selectEvents+"WHERE subject = ? ORDER BY seq", subject)
}
