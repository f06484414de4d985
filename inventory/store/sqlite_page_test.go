package store

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
)

// journalOf is so many events, each of a length of its own: around that from
// which a row goes on in other pages, and some much longer.
func journalOf(events int) []inventory.RawEvent {
	var all []inventory.RawEvent
	var before inventory.Hash
	for n := range events {
		size := 20 * n
		if n%100 == 99 {
			size = 500 * n
		}
		e := inventory.Event{
			Seq: int64(n + 1), Time: time.Unix(1.8e9+int64(n), 0), Actor: "anna", Kind: inventory.KindAccountSaved, Subject: fmt.Sprintf("%012d", n),
			Payload: `{"name":"` + strings.Repeat("ä", size/2) + `"}`, PrevHash: before,
		}
		before = e.Digest()
		all = append(all, inventory.RawEvent{
			Seq: e.Seq, Time: inventory.FormatTime(e.Time), Actor: e.Actor, Kind: e.Kind, Subject: e.Subject, Payload: e.Payload,
			PrevHash: e.PrevHash.String(), Hash: before.String(),
		})
	}
	return all
}

// journalFile is a new database with a journal, made after the pragmas; of each
// of its pages so many bytes are reserved.
func journalFile(t testing.TB, events []inventory.RawEvent, reserved byte, pragmas ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	change := func(fn func(db *sql.DB) error) {
		t.Helper()
		db, err := openDB(path, "rwc", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		for _, p := range append([]string{"PRAGMA synchronous = OFF"}, pragmas...) {
			if _, err := db.Exec(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := fn(db); err != nil {
			t.Fatal(err)
		}
	}
	change(func(db *sql.DB) error {
		_, err := db.Exec("PRAGMA user_version = 1") // makes page 1
		return err
	})
	if reserved > 0 {
		first, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		first[20] = reserved // and the empty b-tree of page 1 ends before it
		first[105], first[106] = byte((len(first)-int(reserved))>>8), byte(len(first)-int(reserved))
		if err := os.WriteFile(path, first, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	change(func(db *sql.DB) error {
		if err := sqliteDialect.migrate(t.Context(), db); err != nil {
			return err
		}
		into, err := db.Begin()
		if err != nil {
			return err
		}
		defer into.Rollback()
		for _, e := range events {
			_, err := into.Exec("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", e.Seq, e.Time, e.Actor, e.Kind, e.Subject, e.Payload, e.PrevHash, e.Hash)
			if err != nil {
				return err
			}
		}
		return into.Commit()
	})
	return path
}

// reading is what a reader handed on, and how it ended.
type reading struct {
	events []inventory.RawEvent
	err    string
}

func readingOf(read func(fn func([]inventory.RawEvent) error) error) (r reading) {
	err := read(func(events []inventory.RawEvent) error {
		r.events = append(r.events, events...)
		return nil
	})
	r.err = fmt.Sprint(err)
	return r
}

// compareReaders holds what is read from pages against what SQLite says of the
// rows, and returns how many events were read from pages.
func compareReaders(t *testing.T, x *tx) int64 {
	t.Helper()
	var inPages int64
	pages := readingOf(func(fn func([]inventory.RawEvent) error) (err error) {
		inPages, err = x.eachInPages(fn)
		return err
	})
	byRow := readingOf(func(fn func([]inventory.RawEvent) error) error { return x.eachRow(fn, "ORDER BY rowid") })
	if n := len(pages.events); int64(n) != inPages || n > len(byRow.events) || !slices.Equal(pages.events, byRow.events[:n]) || pages.err != "<nil>" {
		t.Errorf("%d events are in pages, %d were handed on (%s), and they are not the first of %d in rows", inPages, n, pages.err, len(byRow.events))
	}
	want := byRow
	if last, err := x.numberedByRow(); err != nil {
		want = reading{err: err.Error()}
	} else if last == 0 {
		want = readingOf(func(fn func([]inventory.RawEvent) error) error { return x.eachRow(fn, "ORDER BY seq") })
	}
	if got := readingOf(x.EachRaw); !slices.Equal(got.events, want.events) || got.err != want.err {
		t.Errorf("got %d events and %s, want %d and %s", len(got.events), got.err, len(want.events), want.err)
	}
	return inPages
}

// viewed calls fn in a transaction that only reads.
func viewed(t *testing.T, db *sql.DB, fn func(x *tx)) {
	t.Helper()
	begun, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer begun.Rollback()
	fn(&tx{ctx: t.Context(), sql: begun, dialect: sqliteDialect})
}

func TestPages(t *testing.T) {
	const events = 240
	long := journalOf(events)
	short := journalOf(events)
	for i := range short {
		short[i].Payload = short[i].Payload[:min(200, len(short[i].Payload))]
	}
	edit := func(set string) []string { return []string{"UPDATE events SET " + set + " WHERE seq = 150"} }
	schema := func(from, to string) []string {
		return []string{"PRAGMA writable_schema = ON", fmt.Sprintf("UPDATE sqlite_schema SET sql = replace(sql, '%s', '%s') WHERE name = 'events'", from, to), "PRAGMA writable_schema = RESET"}
	}
	loose := func(from, to, set string) []string {
		return slices.Concat(schema(from, to), edit(set), schema(to, from))
	}
	for _, tt := range []struct {
		name     string
		events   []inventory.RawEvent
		reserved byte
		pragmas  []string
		sql      []string
		inPages  int64
	}{
		{name: "there is no event"},
		{name: "there is one event", events: long[:1], inPages: 1},
		{name: "there are two events", events: long[:2], inPages: 2},
		{name: "all events fit into one page", events: short[:5], inPages: 5},
		{name: "events are short", events: short, inPages: events},
		{name: "some events are long", events: long, inPages: events},
		{name: "pages have 512 bytes", events: long, pragmas: []string{"PRAGMA page_size = 512"}, inPages: events},
		{name: "pages have 1024 bytes", events: long, pragmas: []string{"PRAGMA page_size = 1024"}, inPages: events},
		{name: "pages have 16384 bytes", events: long, pragmas: []string{"PRAGMA page_size = 16384"}, inPages: events},
		{name: "pages have 65536 bytes", events: long, pragmas: []string{"PRAGMA page_size = 65536"}, inPages: events},
		{name: "bytes of pages are reserved", events: long, reserved: 32, inPages: events},
		{name: "bytes of small pages are reserved", events: long, reserved: 30, pragmas: []string{"PRAGMA page_size = 512"}, inPages: events},
		{name: "pages are mapped for vacuuming", events: long, pragmas: []string{"PRAGMA page_size = 512", "PRAGMA auto_vacuum = FULL"}, inPages: events},
		{name: "text is UTF-16", events: short, pragmas: []string{"PRAGMA encoding = 'UTF-16le'"}},
		{name: "the file was vacuumed", events: long, sql: []string{"VACUUM"}, inPages: events},
		{name: "pages are free", events: long, sql: []string{
			"CREATE TABLE gone AS SELECT * FROM events", "DROP TABLE gone", "DELETE FROM events WHERE seq > 180", "INSERT INTO accounts VALUES ('123456789012', NULL, NULL)",
		}, inPages: 180},
		{name: "the last event is deleted", events: long, sql: []string{"DELETE FROM events WHERE seq = 240"}, inPages: 239},
		{name: "an event is deleted", events: long, sql: []string{"DELETE FROM events WHERE seq = 150"}, inPages: 149},
		{name: "the first event is deleted", events: long, sql: []string{"DELETE FROM events WHERE seq = 1"}},
		{name: "an event is deleted and the file vacuumed", events: long, sql: []string{"DELETE FROM events WHERE seq = 150", "VACUUM"}, inPages: 149},
		{name: "an event is edited", events: long, sql: edit("actor = 'eve'"), inPages: events},
		{name: "a field becomes empty", events: long, sql: edit("actor = ''"), inPages: events},
		{name: "a field holds a zero byte", events: long, sql: edit("actor = 'a' || char(0) || 'b'"), inPages: events},
		{name: "a field is not UTF-8", events: long, sql: edit("actor = CAST(x'c328ff' AS TEXT)"), inPages: events},
		{name: "a field holds the end of a field", events: long, sql: edit("actor = 'an' || char(31) || 'na'"), inPages: 149},
		{name: "a field holds the end of a row", events: long, sql: edit("actor = 'an' || char(30) || 'na'"), inPages: events},
		{name: "a long payload holds the end of a field", events: long, sql: []string{"UPDATE events SET payload = payload || char(31) WHERE seq = 200"}, inPages: 199},
		{name: "a field beside a long payload is bytes", events: long, sql: []string{"UPDATE events SET actor = x'616e6e61' WHERE seq = 200"}, inPages: events},
		{name: "a field is bytes", events: long, sql: edit("actor = x'616e6e61'"), inPages: 149},
		{name: "a field is nothing", events: long, sql: loose("actor     TEXT NOT NULL", "actor     TEXT", "actor = NULL"), inPages: 149},
		{name: "a field is a number", events: long, sql: loose("actor     TEXT", "actor     BLOB", "actor = 5"), inPages: 149},
		{name: "two events are swapped", events: long, sql: []string{
			"UPDATE events SET seq = -1 WHERE seq = 150", "UPDATE events SET seq = 150 WHERE seq = 151", "UPDATE events SET seq = 151 WHERE seq = -1",
		}, inPages: 149},
		{name: "a number is text", events: long, sql: edit("seq = 'x'"), inPages: 149},
		{name: "a number is a fraction", events: long, sql: edit("seq = 1.5"), inPages: 149},
		{name: "a number is negative", events: long, sql: edit("seq = -300"), inPages: 149},
		{name: "a number is nothing", events: long, sql: edit("seq = NULL"), inPages: 149},
		{name: "an event is inserted before the first", events: long, sql: []string{
			"INSERT INTO events (rowid, seq, at, actor, kind, subject, payload, prev_hash, hash) SELECT -5, 241, at, actor, kind, subject, payload, prev_hash, hash FROM events WHERE seq = 1",
		}},
		{name: "an event is inserted far behind the last", events: long, sql: []string{
			"INSERT INTO events SELECT 1 << 40, at, actor, kind, subject, payload, prev_hash, hash FROM events WHERE seq = 1",
		}, inPages: events},
		{name: "rows have other numbers than events", events: long, sql: []string{"UPDATE events SET rowid = rowid + 1000 WHERE rowid > 149"}, inPages: 149},
		{name: "the table got a column", events: long, sql: []string{"ALTER TABLE events ADD COLUMN note TEXT"}},
		{name: "the table got a computed column", events: long, sql: []string{"ALTER TABLE events ADD COLUMN note TEXT AS (actor || 'x')"}},
		{name: "the table has another rule", events: long, sql: schema("actor     TEXT", "actor     TEXT COLLATE NOCASE")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := journalFile(t, tt.events, tt.reserved, tt.pragmas...)
			if tt.sql != nil {
				rawExec(t, path, append([]string{"PRAGMA synchronous = OFF", "DROP TRIGGER events_no_update", "DROP TRIGGER events_no_delete", "DROP TRIGGER events_in_order"}, tt.sql...)...)
			}
			for _, mode := range []string{"rw", "immutable"} {
				db, err := openDB(path, mode, readPragmas)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				viewed(t, db, func(x *tx) {
					if got := compareReaders(t, x); got != tt.inPages {
						t.Errorf("%s: %d events are read from pages, want %d", mode, got, tt.inPages)
					}
				})
			}
		})
	}
}

// TestPagesOfTransactions: a transaction reads the pages that it sees, whatever
// is in the log, and what others have not committed.
func TestPagesOfTransactions(t *testing.T) {
	all := journalOf(300)
	path := journalFile(t, all[:100], 0, "PRAGMA journal_mode = WAL")
	db, err := openDB(path, "rw", []string{"cache_size(10)"}) // so that what is not committed is in the log
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	add := func(x *sql.Tx, events []inventory.RawEvent) {
		t.Helper()
		for _, e := range events {
			_, err := x.Exec("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", e.Seq, e.Time, e.Actor, e.Kind, e.Subject, e.Payload, e.PrevHash, e.Hash)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	reads := func(db *sql.DB, want int64) {
		t.Helper()
		viewed(t, db, func(x *tx) {
			if got := compareReaders(t, x); got != want {
				t.Errorf("%d events are read from pages, want %d", got, want)
			}
		})
	}
	begin := func() *sql.Tx {
		t.Helper()
		begun, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		return begun
	}
	viewed(t, db, func(x *tx) {
		if got := compareReaders(t, x); got != 100 {
			t.Errorf("%d events are read from pages, want 100", got)
		}
		writes := begin()
		add(writes, all[100:200])
		if got := compareReaders(t, &tx{ctx: t.Context(), sql: writes, dialect: sqliteDialect}); got != 200 {
			t.Errorf("who writes reads %d events from pages, want 200", got)
		}
		reads(db, 100)
		if err := writes.Commit(); err != nil {
			t.Fatal(err)
		}
		reads(db, 200)
		if got := compareReaders(t, x); got != 100 {
			t.Errorf("who began before reads %d events from pages, want 100", got)
		}
	})
	undone := begin()
	add(undone, all[200:])
	if err := undone.Rollback(); err != nil {
		t.Fatal(err)
	}
	reads(db, 200)
}
