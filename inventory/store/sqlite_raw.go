package store

import (
	"database/sql"
	"errors"
	"strings"
	"sync"

	"hwmfa/inventory"
)

// numberedByRow returns the number of the last event where all events from 1 on
// are there and each has its number for its row ID, as they do unless somebody
// changed them; else 0. They can then be read in ranges of rows, and need not be
// looked up in the index.
func (t *tx) numberedByRow() (int64, error) {
	const q = `SELECT (SELECT COUNT(*) FROM events WHERE seq IS rowid), COALESCE((SELECT MIN(rowid) FROM events), 0), COALESCE((SELECT MAX(rowid) FROM events), 0)`
	var n, first, last int64
	if err := t.sql.QueryRowContext(t.ctx, q).Scan(&n, &first, &last); err != nil {
		return 0, mapped(err)
	}
	if first != 1 || n != last {
		return 0, nil
	}
	return last, nil
}

// longPayload is the length in bytes from which a payload keeps its event from
// being joined with others.
const longPayload = 16 << 10

// selectRange gives the events of a range of rows as one text, with their
// number: a row costs more than what is in it. Instead of a long payload it says
// nothing, which no payload is.
var selectRange = "SELECT COUNT(*), group_concat(" + strings.Replace(joined(eventColumns...), "payload", "iif(octet_length(payload) > ?, '', payload)", 1) +
	", '" + rowEnd + "') FROM events WHERE rowid BETWEEN ? AND ?"

// part is some of the events of a range.
type part struct {
	events []inventory.RawEvent
	end    bool // of the range
	err    error
}

// rangeReaders is how many read at once: the second makes up for what SQLite
// takes over hashing.
const rangeReaders = 2

// eachRange calls fn with events 1 to last. Two readers take turns with ranges
// of them, each in a transaction of its own.
func (t *tx) eachRange(last int64, fn func([]inventory.RawEvent) error) error {
	readers := []*tx{t}
	if last > rangeReaders*rawEvents {
		second, end, err := t.second()
		if err != nil {
			return err
		}
		defer end()
		if second != nil {
			readers = append(readers, second)
		}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	stop := make(chan struct{})
	defer close(stop)
	parts := make([]chan part, len(readers))
	for i, r := range readers {
		parts[i] = make(chan part, 4)
		wg.Go(func() {
			send := func(p part) bool {
				select {
				case <-stop:
					return false
				case parts[i] <- p:
					return p.err == nil
				}
			}
			for first := int64(i)*rawEvents + 1; first <= last; first += int64(len(readers)) * rawEvents {
				if !r.readRange(first, min(first+rawEvents-1, last), send) {
					return
				}
			}
		})
	}
	for n := int64(0); n*rawEvents < last; n++ {
		for end := false; !end; {
			p := <-parts[n%int64(len(parts))]
			if p.err != nil {
				return p.err
			}
			if err := fn(p.events); err != nil {
				return err
			}
			end = p.end
		}
	}
	return nil
}

// readRange sends the events of some rows; false when there is nobody to send
// to, or an error was sent.
func (t *tx) readRange(first, last int64, send func(part) bool) bool {
	var n int64
	var column any // as the driver has it, without a copy
	st, err := t.statement(selectRange)
	if err == nil {
		err = st.QueryRowContext(t.ctx, longPayload, first, last).Scan(&n, &column)
	}
	if err != nil {
		return send(part{err: mapped(err)})
	}
	text, _ := column.(string)
	if events, ok := splitRange(text, first, n); ok {
		return send(part{events: events, end: true})
	}
	err = t.eachRow(func(events []inventory.RawEvent) error {
		if !send(part{events: events}) {
			return errStopped
		}
		return nil
	}, "WHERE rowid BETWEEN ? AND ? ORDER BY rowid", first, last)
	if errors.Is(err, errStopped) {
		return false
	}
	return send(part{end: true, err: err})
}

var errStopped = errors.New("nobody reads any more")

// splitRange takes apart what selectRange joined: n events from number first on,
// in order. It is not ok where a payload was left out, and where any field
// holds a separator: there are then more of these than there should be.
func splitRange(text string, first, n int64) ([]inventory.RawEvent, bool) {
	events := make([]inventory.RawEvent, 0, rawEvents)
	for one := range strings.SplitSeq(text, rowEnd) {
		e, ok := split(one)
		if !ok || e.Seq != first+int64(len(events)) || e.Payload == "" {
			return nil, false
		}
		events = append(events, e)
	}
	return events, int64(len(events)) == n
}

// second is another reader of the same journal, and what ends it; nil when
// somebody added an event since this transaction began, which has its own view.
// What has the same last event has the same events before it, or verification
// finds that it does not.
func (t *tx) second() (*tx, func(), error) {
	none := func() {}
	if t.again == nil {
		return nil, none, nil
	}
	db, err := t.again()
	if err != nil {
		return nil, none, err
	}
	end := func() { db.Close() }
	begun, err := db.BeginTx(t.ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		end()
		return nil, none, mapped(err)
	}
	end = func() { begun.Rollback(); db.Close() }
	other := &tx{ctx: t.ctx, sql: begun, dialect: t.dialect}
	mine, err1 := t.lastRow()
	its, err2 := other.lastRow()
	if err := errors.Join(err1, err2); err != nil || mine != its {
		end()
		return nil, none, err
	}
	return other, end, nil
}

// lastRow is the last event, whatever it holds.
func (t *tx) lastRow() (text string, err error) {
	err = t.sql.QueryRowContext(t.ctx, "SELECT "+joined(eventColumns...)+" FROM events ORDER BY rowid DESC LIMIT 1").Scan(&text)
	return text, mapped(err)
}
