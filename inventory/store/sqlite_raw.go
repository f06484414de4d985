package store

import (
	"encoding/json"
	"strings"

	"hwmfa/inventory"
)

// numberedByRow returns the number of the last event where all events from 1 on
// are there and each has its number for its row ID, as they do unless somebody
// changed them; else 0. They can then be read row by row, and need not be looked
// up in the index.
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

// eachInPages calls fn with the events from 1 on, as long as their rows and the
// pages that hold them are as this program has SQLite write them, and returns
// the number of the last.
func (t *tx) eachInPages(fn func([]inventory.RawEvent) error) (int64, error) {
	p := eventPages{fetch: t.fetchPages, long: t.rawEvent, batch: batch{fn: fn}}
	root, err := t.eventsRoot()
	if err == nil {
		err = t.fetchPages([]uint32{1}, func(page string) error {
			p.usable, err = usable(page)
			return err
		})
	}
	if err == nil {
		err = t.fetchPages([]uint32{root}, func(page string) error { return p.read(page, 1) })
	}
	if p.batch.err != nil {
		return 0, p.batch.err
	}
	return p.last, p.batch.flush()
}

// rawEvent reads an event by its row.
func (t *tx) rawEvent(row int64) (e inventory.RawEvent, err error) {
	st, err := t.statement("SELECT " + joined(eventColumns...) + " FROM events WHERE rowid = ?")
	if err != nil {
		return e, err
	}
	var column any
	if err := st.QueryRowContext(t.ctx, row).Scan(&column); err != nil {
		return e, err
	}
	text, _ := column.(string)
	e, ok := split(text)
	if !ok {
		err = errUnusual
	}
	return e, err
}

// eventsRoot is the page on which the b-tree of events begins, if the table is
// as it was made.
func (t *tx) eventsRoot() (root uint32, err error) {
	var made string
	err = t.sql.QueryRowContext(t.ctx, "SELECT rootpage, sql FROM sqlite_schema WHERE type = 'table' AND name = 'events'").Scan(&root, &made)
	if err != nil {
		return 0, err
	}
	schema, err := migrations.ReadFile("migrations/00001_schema.sql")
	if err == nil && !strings.Contains(string(schema), "\n"+made+";\n") {
		err = errUnusual
	}
	return root, err
}

// fetchPages calls fn with pages of the file, as this transaction sees them, in
// the order of their numbers given.
func (t *tx) fetchPages(pages []uint32, fn func(page string) error) error {
	numbers, err := json.Marshal(pages)
	if err != nil {
		return err
	}
	// A CAST of bytes to text keeps them as they are.
	rows, err := t.sql.QueryContext(t.ctx, "SELECT CAST(p.data AS TEXT) FROM json_each(?) AS c LEFT JOIN sqlite_dbpage AS p ON p.pgno = c.value", string(numbers))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var column any // as the driver has it, without a copy
		if err := rows.Scan(&column); err != nil {
			return err
		}
		page, _ := column.(string) // a page that is not there is NULL
		if err := fn(page); err != nil {
			return err
		}
	}
	return rows.Err()
}
