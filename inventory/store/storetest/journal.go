package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"hwmfa/inventory"
)

// errStop is a caller's own error, which must come back as it is.
var errStop = errors.New("stop")

func testRollback(t *testing.T, d Database) {
	s := d.store(t)
	enroll(t, s, act(1), enrollment(1))
	refused(t, s, errStop, func(tx inventory.Tx) error {
		k, err := inventory.EnrollKey(tx, act(2), enrollment(2))
		if err != nil {
			t.Errorf("enroll: %v", err)
		}
		if err := bind(act(2), inventory.Binding{AccountID: account, KeyID: k.ID, DeviceName: "n", How: inventory.HowNamed})(tx); err != nil {
			t.Errorf("bind: %v", err)
		}
		return errStop
	})
	// The same transaction is possible afterwards, so nothing stayed locked.
	enroll(t, s, act(2), enrollment(2))
}

func testPanic(t *testing.T, d Database) {
	s := d.store(t)
	before := snapshot(t, s)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		s.Update(t.Context(), func(tx inventory.Tx) error {
			if _, err := inventory.EnrollKey(tx, act(2), enrollment(2)); err != nil {
				t.Errorf("enroll: %v", err)
			}
			panic("in the middle")
		})
	}()
	if after := snapshot(t, s); after != before {
		t.Errorf("a panic left a trace\nbefore %s\nafter  %s", before, after)
	}
	enroll(t, s, act(2), enrollment(2))
}

func testView(t *testing.T, d Database) {
	s := d.store(t)
	enroll(t, s, act(1), enrollment(1))
	err := s.View(t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.EnrollKey(tx, act(2), enrollment(2))
		return err
	})
	if !errors.Is(err, inventory.ErrReadOnly) {
		t.Errorf("writing in a view: %v, want %v", err, inventory.ErrReadOnly)
	}
	view(t, s, func(tx inventory.Tx) error {
		before, err := inventory.JournalHead(tx)
		if err != nil {
			return err
		}
		enroll(t, s, act(2), enrollment(2)) // a view keeps nobody from writing
		after, err := inventory.JournalHead(tx)
		if before != after {
			t.Errorf("the view changed under its reader from %s to %s", before, after)
		}
		keys, err2 := inventory.Keys(tx, inventory.KeyFilter{})
		if len(keys) != 1 {
			t.Errorf("the view shows %d keys, want 1", len(keys))
		}
		return errors.Join(err, err2)
	})
	if err := s.View(t.Context(), func(inventory.Tx) error { return errStop }); !errors.Is(err, errStop) {
		t.Errorf("the caller's error became %v", err)
	}
}

func testCancel(t *testing.T, d Database) {
	s := d.store(t)
	before := snapshot(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx inventory.Tx) error {
		if _, err := inventory.EnrollKey(tx, act(1), enrollment(1)); err != nil {
			t.Errorf("enroll: %v", err)
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("update cancelled before its commit: %v", err)
	}
	if err := s.View(ctx, func(inventory.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("view with a cancelled context: %v", err)
	}
	if after := snapshot(t, s); after != before {
		t.Errorf("a cancelled update left a trace\nbefore %s\nafter  %s", before, after)
	}
}

func testJournal(t *testing.T, d Database) {
	s := d.store(t)
	k := enroll(t, s, act(1), enrollment(1))
	update(t, s, bind(act(2), inventory.Binding{AccountID: account, KeyID: k.ID, DeviceName: "n", How: inventory.HowNamed}))
	update(t, s, func(tx inventory.Tx) error {
		_, err1 := inventory.UnbindKey(tx, act(3), account, k.ID)
		added, err2 := inventory.AddAnchor(tx, act(3), "lab", pemOf("a"))
		err3 := inventory.RemoveAnchor(tx, act(3), added[0])
		_, err4 := inventory.MoveKey(tx, act(3), inventory.Move{Verb: inventory.VerbLose, KeyID: k.ID, Reason: "<b>& \"quoted\""}, nil)
		return errors.Join(err1, err2, err3, err4)
	})
	want := []string{
		inventory.KindPlaceMade, inventory.KindPlaceMade, inventory.KindKeyEnrolled,
		inventory.KindAccountSaved, inventory.KindBindingAdded,
		inventory.KindBindingRemoved, inventory.KindAnchorAdded, inventory.KindAnchorRemoved, "key.lost",
	}
	again := d.store(t)
	view(t, again, func(tx inventory.Tx) error {
		var n int
		var last inventory.Event
		err := inventory.Journal(tx, 1, func(e inventory.Event) error {
			if n < len(want) && e.Kind != want[n] {
				t.Errorf("event %d is %s, want %s", e.Seq, e.Kind, want[n])
			}
			if !json.Valid([]byte(e.Payload)) || e.Subject == "" || e.Actor != "anna" || e.Time.Location().String() != "UTC" {
				t.Errorf("event %+v", e)
			}
			n++
			last = e
			return nil
		})
		if err != nil || n != len(want) {
			t.Errorf("%d events, want %d; %v", n, len(want), err)
		}
		head, err := inventory.VerifyJournal(tx)
		if head != (inventory.Head{Seq: int64(len(want)), Hash: last.Hash}) {
			t.Errorf("head %s, want that of event %d %s", head, last.Seq, last.Hash)
		}
		unverified, err2 := inventory.JournalHead(tx)
		if unverified != head {
			t.Errorf("head %s, verified %s", unverified, head)
		}
		return errors.Join(err, err2)
	})
	t.Run("a caller can stop in the middle", func(t *testing.T) {
		var n int
		err := s.View(t.Context(), func(tx inventory.Tx) error {
			return inventory.Journal(tx, 5, func(e inventory.Event) error {
				n++
				if e.Seq == 6 {
					return errStop
				}
				return nil
			})
		})
		if !errors.Is(err, errStop) || n != 2 {
			t.Errorf("stopped after %d events with %v, want 2 and %v", n, err, errStop)
		}
	})
	t.Run("an event out of order is refused", func(t *testing.T) {
		for _, seq := range []int64{0, 1, 9, 11} {
			err := again.Update(t.Context(), func(tx inventory.Tx) error {
				return tx.AppendEvent(inventory.Event{Seq: seq, Time: noon, Actor: "eve", Kind: "x", Subject: "x", Payload: "{}"})
			})
			if err == nil {
				t.Errorf("an event numbered %d was taken after 9", seq)
			}
		}
	})
}

func testRecords(t *testing.T, d Database) {
	s := d.store(t)
	k := enroll(t, s, act(1), enrollment(1))
	enroll(t, s, act(2), enrollment(2))
	view(t, s, inventory.VerifyRecords)
	view(t, s, inventory.VerifyState)
	// Evidence that no event stands for: the next number is that of a place.
	update(t, s, func(tx inventory.Tx) error {
		if _, err := inventory.EnsurePlace(tx, act(3), "Elsewhere"); err != nil {
			return err
		}
		head, err := inventory.JournalHead(tx)
		if err != nil {
			return err
		}
		records, err := tx.ListRecords(k.ID)
		if err != nil {
			return err
		}
		r := records[0]
		r.Event = head.Seq
		return tx.InsertRecord(r)
	})
	err := s.View(t.Context(), inventory.VerifyRecords)
	if !errors.Is(err, inventory.ErrDamaged) {
		t.Errorf("evidence without an event: %v, want %v", err, inventory.ErrDamaged)
	}
}
