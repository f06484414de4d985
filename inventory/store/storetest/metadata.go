package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
)

func testMetadata(t *testing.T, d Database) {
	s := d.store(t)
	due := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	set := func(n int, number int64, jwt string) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, err := inventory.SetMetadata(tx, act(n), number, due, jwt)
			return err
		}
	}
	current := func() (m inventory.Metadata, err error) {
		view(t, s, func(tx inventory.Tx) error {
			m, err = inventory.CurrentMetadata(tx)
			return nil
		})
		return m, err
	}
	if _, err := current(); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("metadata of a new inventory: %v", err)
	}
	refused(t, s, inventory.ErrInvalid, set(1, 0, "a.b.c"))
	refused(t, s, inventory.ErrInvalid, set(1, 5, ""))
	refused(t, s, inventory.ErrInvalid, set(1, 5, "a.b\n.c"))
	refused(t, s, inventory.ErrInvalid, set(1, 5, "ä.b.c"))

	// As large as a real one.
	first := strings.Repeat("a", 2<<20) + ".b.c"
	update(t, s, set(1, 5, first))
	m, err := current()
	if err != nil || m.Number != 5 || m.JWT != first || !m.NextUpdate.Equal(due) || m.By != "anna" || !m.At.Equal(act(1).At.Truncate(time.Microsecond)) {
		t.Errorf("read back as no. %d of %s by %s, %d bytes, %v", m.Number, m.At, m.By, len(m.JWT), err)
	}
	refused(t, s, inventory.ErrExists, set(2, 5, first))
	refused(t, s, inventory.ErrStale, set(2, 5, "other.b.c"))
	refused(t, s, inventory.ErrStale, set(2, 4, "a.b.c"))
	update(t, s, set(3, 9, "d.e.f"))
	refused(t, s, inventory.ErrStale, set(4, 5, first))
	if m, err := current(); err != nil || m.Number != 9 || m.JWT != "d.e.f" {
		t.Errorf("after an update no. %d, %v", m.Number, err)
	}

	// What is put in past the rules is noticed: the journal knows better.
	m, err = current()
	if err != nil {
		t.Fatal(err)
	}
	m.Number = 2
	update(t, s, func(tx inventory.Tx) error { return tx.PutMetadata(m) })
	if _, err := current(); !errors.Is(err, inventory.ErrDamaged) {
		t.Errorf("metadata with another number: %v", err)
	}
	view(t, s, func(tx inventory.Tx) error {
		if err := inventory.VerifyRecords(tx); !errors.Is(err, inventory.ErrDamaged) {
			t.Errorf("records with other metadata: %v", err)
		}
		return nil
	})
	refused(t, s, inventory.ErrStale, set(5, 3, "g.h.i"))
}
