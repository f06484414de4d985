package main

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hwmfa/internal/term"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// TestJournalVerify_head: who cuts events off the end of the journal, or writes
// it anew from the middle, and adapts all rows, leaves an inventory in which
// nothing is wrong. Only a head that was kept elsewhere shows it.
func TestJournalVerify_head(t *testing.T) {
	const events, middle = 20, 10
	path := filepath.Join(t.TempDir(), "inventory.db")
	s, err := store.Open(t.Context(), store.URL(path))
	if err != nil {
		t.Fatal(err)
	}
	var kept [events + 1]inventory.Head
	for i := 1; i <= events; i++ {
		err := s.Update(t.Context(), func(tx inventory.Tx) error {
			_, err := inventory.EnsurePlace(tx, inventory.Act{Actor: "anna", At: time.Unix(1.8e9, 0)}, fmt.Sprintf("Site %02d", i))
			if err == nil {
				kept[i], err = inventory.JournalHead(tx)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	verify := func(head inventory.Head) (string, error) {
		streams, far := term.Test()
		a := newApp(streams)
		a.settings.Inventory = store.URL(path)
		opts := journalVerifyOptions{}
		if head.Seq > 0 {
			opts.head = head.String()
		}
		err := runJournalVerify(t.Context(), a, opts)
		return far.Out.String(), err
	}
	expect := func(name string, head inventory.Head, want string) {
		t.Helper()
		out, err := verify(head)
		if !strings.HasPrefix(out, want) || (err == nil) != strings.HasPrefix(want, "intact") || err != nil && !errors.Is(err, errFound) {
			t.Errorf("%s: got %q, %v; want %q", name, out, err, want)
		}
	}
	expect("nothing was done", kept[events], "intact: 20 events")

	tamper(t, path, "DELETE FROM places WHERE name = 'Site 20'", "DELETE FROM events WHERE seq = 20")
	expect("truncated, without a head", inventory.Head{}, "intact: 19 events")
	expect("truncated, with an older head", kept[events-1], "intact: 19 events")
	expect("truncated, with the head", kept[events], "broken: journal event 20 is missing: the journal ends before it")

	rewrite(t, path, middle)
	expect("rewritten, without a head", inventory.Head{}, "intact: 19 events")
	expect("rewritten, with a head from before", kept[middle-1], "intact: 19 events")
	for _, head := range kept[middle:events] {
		expect("rewritten, with a head from then on", head, fmt.Sprintf("broken: journal event %d is altered: its hash is not that of the head given", head.Seq))
	}
}

// tamper changes a file past the journal's guards.
func tamper(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range append([]string{"DROP TRIGGER IF EXISTS events_no_delete", "DROP TRIGGER IF EXISTS events_no_update"}, statements...) {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// rewrite has somebody else be the actor of every event from a number on, each
// with a hash that is right.
func rewrite(t *testing.T, path string, from int64) {
	t.Helper()
	s, err := store.Open(t.Context(), store.URL(path))
	if err != nil {
		t.Fatal(err)
	}
	var forged []string
	var last inventory.Hash
	err = s.View(t.Context(), func(tx inventory.Tx) error {
		return inventory.Journal(tx, from-1, func(e inventory.Event) error {
			if e.Seq >= from {
				e.Actor, e.PrevHash = "eve", last
				e.Hash = e.Digest()
				forged = append(forged, fmt.Sprintf("UPDATE events SET actor = 'eve', prev_hash = '%s', hash = '%s' WHERE seq = %d", e.PrevHash, e.Hash, e.Seq))
			}
			last = e.Hash
			return nil
		})
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	tamper(t, path, forged...)
}
