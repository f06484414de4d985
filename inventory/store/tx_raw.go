package store

import (
	"strconv"
	"strings"

	"hwmfa/inventory"
)

// eventColumns are the fields of an event.
var eventColumns = []string{"seq", "at", "actor", "kind", "subject", "payload", "prev_hash", "hash"}

// How many events, and about how many bytes of them, are handed on at once.
const (
	rawEvents = 256
	rawBytes  = 1 << 20
)

func (t *tx) EachRaw(fn func([]inventory.RawEvent) error) error {
	if t.dialect.rowID {
		last, err := t.numberedByRow()
		if err != nil {
			return err
		}
		if last > 0 {
			return t.eachRange(last, fn)
		}
	}
	return t.eachRow(fn, "ORDER BY seq")
}

// eachRow reads events one by one, where their numbers may be anything.
func (t *tx) eachRow(fn func([]inventory.RawEvent) error, which string, args ...any) error {
	rows, err := t.sql.QueryContext(t.ctx, "SELECT "+joined(eventColumns...)+" FROM events "+which, args...)
	if err != nil {
		return mapped(err)
	}
	defer rows.Close()
	var batch []inventory.RawEvent
	size := 0
	for rows.Next() {
		var column any // as the driver has it, without a copy
		if err := rows.Scan(&column); err != nil {
			return mapped(err)
		}
		text, _ := column.(string)
		e, ok := split(text)
		if !ok {
			if err := fn(batch); err != nil {
				return err
			}
			return &inventory.JournalError{Seq: e.Seq, Fault: inventory.FaultAltered, Detail: "a field is not of its form"}
		}
		batch, size = append(batch, e), size+len(text)
		if len(batch) == rawEvents || size >= rawBytes {
			if err := fn(batch); err != nil {
				return err
			}
			batch, size = make([]inventory.RawEvent, 0, rawEvents), 0
		}
	}
	if err := rows.Err(); err != nil {
		return mapped(err)
	}
	return fn(batch)
}

// split takes apart an event, as joinedRow does, without the cost of its types.
func split(s string) (e inventory.RawEvent, ok bool) {
	var seq string
	to := [...]*string{&seq, &e.Time, &e.Actor, &e.Kind, &e.Subject, &e.Payload, &e.PrevHash, &e.Hash}
	for i, field := range to {
		end := strings.IndexByte(s, fieldEnd[0])
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
