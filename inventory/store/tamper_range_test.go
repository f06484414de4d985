package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
)

// longPayload is the length in bytes of one that takes many pages.
const longPayload = 32 << 10

// TestTamperingLong: a journal of many pages is held to the same as a short one,
// at the borders of what is handed on at once and where a field was made to look
// like two.
func TestTamperingLong(t *testing.T) {
	const last = 4*rawEvents + 50
	s, path := opened(t)
	err := s.Update(t.Context(), func(tx inventory.Tx) error {
		for n := 1; n <= last; n++ {
			a := inventory.Account{ID: fmt.Sprintf("%012d", n), Name: "prod"}
			if err := inventory.SaveAccount(tx, inventory.Act{Actor: "anna", At: time.Unix(1.8e9, 0)}, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const text = "(SELECT concat_ws(x'1f', seq, at, actor, kind, subject, payload, prev_hash, hash) FROM events WHERE seq = "
	edited := func(seq int64) string {
		return fmt.Sprintf("UPDATE events SET actor = 'eve' WHERE seq = %d", seq)
	}
	tests := []struct {
		name  string
		sql   []string
		seq   int64
		fault inventory.Fault
	}{
		{"the last event that is handed on with others is edited", []string{edited(rawEvents)}, rawEvents, inventory.FaultAltered},
		{"the first event that is handed on with others is edited", []string{edited(rawEvents + 1)}, rawEvents + 1, inventory.FaultAltered},
		{"the last event is edited", []string{edited(last)}, last, inventory.FaultAltered},
		{"two events are edited", []string{edited(3*rawEvents + 5), edited(rawEvents + 9)}, rawEvents + 9, inventory.FaultAltered},
		{"an event is deleted", []string{"DELETE FROM events WHERE seq = 513"}, 513, inventory.FaultMissing},
		{"two events over such a border are swapped", []string{
			"UPDATE events SET seq = -1 WHERE seq = 512", "UPDATE events SET seq = 512 WHERE seq = 513", "UPDATE events SET seq = 513 WHERE seq = -1",
		}, 512, inventory.FaultAltered},
		{"an event is written into the one before it", []string{
			"UPDATE events SET hash = concat(hash, x'1e', " + text + "301)) WHERE seq = 300", "DELETE FROM events WHERE seq = 301",
		}, 300, inventory.FaultAltered},
		{"an event is written into the one before it, and its row stays", []string{
			"UPDATE events SET hash = concat(hash, x'1e', " + text + "301)) WHERE seq = 300",
		}, 300, inventory.FaultAltered},
		{"a payload is taken away", []string{"UPDATE events SET payload = '' WHERE seq = 300"}, 300, inventory.FaultAltered},
		{"a payload is long", []string{fmt.Sprintf("UPDATE events SET payload = '%s' WHERE seq = 300", strings.Repeat("x", longPayload))}, 300, inventory.FaultAltered},
		{"a field is NULL and the next one holds both", []string{
			`PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'events'; PRAGMA writable_schema = RESET`,
			"UPDATE events SET actor = concat(at, x'1f', actor), at = NULL WHERE seq = 300",
		}, 300, inventory.FaultAltered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "inventory.db")
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
			expectIntact(t, path, last)
			rawExec(t, path, append([]string{"DROP TRIGGER events_no_update", "DROP TRIGGER events_no_delete"}, tt.sql...)...)
			expectBroken(t, path, tt.seq, tt.fault)
		})
	}
}

func expectIntact(t *testing.T, path string, events int64) {
	t.Helper()
	s, err := OpenReadOnly(t.Context(), URL(path))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	holds(t, s, events)
}

// holds says whether a journal is intact and has so many events.
func holds(t *testing.T, s inventory.Store, events int64) {
	t.Helper()
	err := s.View(t.Context(), func(tx inventory.Tx) error {
		head, err := inventory.VerifyJournal(tx)
		if head.Seq != events {
			t.Errorf("%d events, want %d", head.Seq, events)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestLongPayload: an event with a long payload is read beside short ones, and
// a reader that stops leaves nothing running.
func TestLongPayload(t *testing.T) {
	s, _ := opened(t)
	const events = 3 * rawEvents
	err := s.Update(t.Context(), func(tx inventory.Tx) error {
		var head inventory.Head
		for n := range int64(events) {
			e := inventory.Event{
				Seq: n + 1, Time: time.Unix(1.8e9, 0), Actor: "anna", Kind: inventory.KindAccountSaved, Subject: "123456789012",
				Payload: `{"name":null,"tier":null}`, PrevHash: head.Hash,
			}
			if n%100 == 99 {
				e.Payload = `{"name":"` + strings.Repeat("n", longPayload*int(1+n/100)) + `","tier":null}`
			}
			e.Hash = e.Digest()
			if err := tx.AppendEvent(e); err != nil {
				return err
			}
			head = inventory.Head{Seq: e.Seq, Hash: e.Hash}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, s, events)
	seen := 0
	err = s.View(t.Context(), func(tx inventory.Tx) error {
		return tx.EachRaw(func(events []inventory.RawEvent) error {
			seen += len(events)
			return errFound
		})
	})
	if !errors.Is(err, errFound) || seen == 0 || seen > rawEvents {
		t.Errorf("%d events and %v, want the first few and %v", seen, err, errFound)
	}
}
