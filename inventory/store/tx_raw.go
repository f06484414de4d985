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
			read, err := t.eachInPages(fn)
			if err != nil || read >= last {
				return err
			}
			return t.eachRow(after(read, fn), "ORDER BY rowid")
		}
	}
	return t.eachRow(fn, "ORDER BY seq")
}

// after calls fn without the first events, so many.
func after(first int64, fn func([]inventory.RawEvent) error) func([]inventory.RawEvent) error {
	return func(events []inventory.RawEvent) error {
		skipped := min(first, int64(len(events)))
		if first -= skipped; skipped == int64(len(events)) {
			return nil
		}
		return fn(events[skipped:])
	}
}

// batch collects events until there are enough of them.
type batch struct {
	fn     func([]inventory.RawEvent) error
	events []inventory.RawEvent
	size   int
	err    error // of fn
}

func (b *batch) add(e inventory.RawEvent) error {
	if b.events == nil {
		b.events = make([]inventory.RawEvent, 0, rawEvents)
	}
	b.events = append(b.events, e)
	b.size += len(e.Time) + len(e.Actor) + len(e.Kind) + len(e.Subject) + len(e.Payload) + len(e.PrevHash) + len(e.Hash)
	if len(b.events) < rawEvents && b.size < rawBytes {
		return nil
	}
	return b.flush()
}

// flush hands on what was collected.
func (b *batch) flush() error {
	if b.err == nil && len(b.events) > 0 {
		b.err = b.fn(b.events)
		b.events, b.size = nil, 0
	}
	return b.err
}

// eachRow reads events one by one, where their numbers may be anything.
func (t *tx) eachRow(fn func([]inventory.RawEvent) error, which string, args ...any) error {
	rows, err := t.sql.QueryContext(t.ctx, "SELECT "+joined(eventColumns...)+" FROM events "+which, args...)
	if err != nil {
		return mapped(err)
	}
	defer rows.Close()
	b := batch{fn: fn}
	for rows.Next() {
		var column any // as the driver has it, without a copy
		if err := rows.Scan(&column); err != nil {
			return mapped(err)
		}
		text, _ := column.(string)
		e, ok := split(text)
		if !ok {
			if err := b.flush(); err != nil {
				return err
			}
			return &inventory.JournalError{Seq: e.Seq, Fault: inventory.FaultAltered, Detail: "a field is not of its form"}
		}
		if err := b.add(e); err != nil {
			return err
		}
	}
	if err := b.flush(); err != nil {
		return err
	}
	return mapped(rows.Err())
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
