package store

import (
	"bytes"
	"database/sql"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"hwmfa/inventory"
)

const smallPage = 512

// smallPages is a journal in pages of 512 bytes, some of its events in more than
// one, and the number of the page at which the table begins.
func smallPages(t testing.TB) (file []byte, root int) {
	t.Helper()
	events := journalOf(60)
	for i := range events {
		events[i].Payload = events[i].Payload[:min(len(events[i].Payload), 60+i%2*500)]
	}
	path := journalFile(t, events, 0, "PRAGMA page_size = 512")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").Scan(&root); err != nil {
		t.Fatal(err)
	}
	return file, root
}

// TestChangedPages: whatever bytes of the file are others, what is read from
// pages is what SQLite says of the first rows, and it says the rest.
func TestChangedPages(t *testing.T) {
	good, root := smallPages(t)
	random := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "changed.db")
	fromPages, short := int64(0), 0
	for range 300 {
		file := bytes.Clone(good)
		for range 1 + random.IntN(3) {
			page, at := random.IntN(len(good)/smallPage), random.IntN(smallPage)
			if random.IntN(2) == 0 {
				at = random.IntN(40) // in its header, or where its cells are
			}
			if random.IntN(4) == 0 {
				page = root - 1
			}
			file[smallPage*page+at] = byte(random.Uint32())
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := openDB(path, "immutable", nil)
		if err != nil {
			t.Fatal(err)
		}
		var n int64
		viewed(t, db, func(x *tx) { n = compareReaders(t, x) })
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if fromPages += n; n < 60 {
			short++
		}
	}
	if fromPages == 0 || short == 0 {
		t.Errorf("%d events were read from pages, and %d files not to the end", fromPages, short)
	}
}

// FuzzPages: whatever pages hold, reading them ends, after events that follow
// one another. Each four bytes of changes are a place in the file and what is
// written there.
func FuzzPages(f *testing.F) {
	good, root := smallPages(f)
	f.Add([]byte{}, byte(0))
	f.Add([]byte{}, byte(32))
	after := smallPage*(root-1) + 11 // the page after the last cell
	f.Add([]byte{byte(after >> 16), byte(after >> 8), byte(after), byte(root)}, byte(0))
	f.Fuzz(func(t *testing.T, changes []byte, reserved byte) {
		file := bytes.Clone(good)
		for ; len(changes) >= 4; changes = changes[4:] {
			at := int(changes[0])<<16 | int(changes[1])<<8 | int(changes[2])
			file[at%len(file)] = changes[3]
		}
		pages, fetched, last := len(file)/smallPage, 0, int64(0)
		p := eventPages{usable: smallPage - min(int(reserved), 32)}
		p.fetch = func(numbers []uint32, fn func(page string) error) error {
			for _, n := range numbers {
				if n == 0 || int64(n) > int64(pages) {
					return errUnusual
				}
				// A leaf is read once at most, after all that is above it.
				if fetched++; fetched > (maxDepth+1)*(pages+1) {
					t.Fatalf("%d pages are read of %d", fetched, pages)
				}
				if err := fn(string(file[smallPage*(int(n)-1):][:smallPage])); err != nil {
					return err
				}
			}
			return nil
		}
		p.long = func(row int64) (inventory.RawEvent, error) { return inventory.RawEvent{Seq: row}, nil }
		p.batch.fn = func(events []inventory.RawEvent) error {
			for _, e := range events {
				if last++; e.Seq != last {
					t.Fatalf("event %d comes after %d", e.Seq, last-1)
				}
			}
			return nil
		}
		p.fetch([]uint32{uint32(root)}, func(page string) error { return p.read(page, 1) })
		if err := p.batch.flush(); err != nil || last != p.last {
			t.Errorf("%d events were handed on, %d were read: %v", last, p.last, err)
		}
	})
}
