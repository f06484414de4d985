package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hwmfa/inventory"
)

func TestReadOnly(t *testing.T) {
	path, data := filled(t)
	look := func(t *testing.T) {
		t.Helper()
		s, err := OpenReadOnly(t.Context(), URL(path))
		if err != nil {
			t.Fatal(err)
		}
		err = s.View(t.Context(), func(tx inventory.Tx) error {
			places, err := inventory.Places(tx)
			if len(places) != 201 {
				t.Errorf("%d places, want 201", len(places))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if err := s.Update(t.Context(), func(inventory.Tx) error { return nil }); !errors.Is(err, inventory.ErrReadOnly) {
			t.Errorf("update: %v, want %v", err, inventory.ErrReadOnly)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, data) {
			t.Errorf("reading changed the file (%v)", err)
		}
		if names := entries(t, filepath.Dir(path)); len(names) != 1 {
			t.Errorf("reading left %v", names)
		}
	}
	t.Run("an inventory of one's own", look)
	t.Run("a file that may not be written", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may write everything")
		}
		if err := os.Chmod(path, 0o400); err != nil {
			t.Fatal(err)
		}
		look(t)
	})
	t.Run("the same, opened as such a file is", func(t *testing.T) {
		db, err := openDB(path, "immutable", readPragmas)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if v, err := examine(t.Context(), db, path); v != schemaVersion || err != nil {
			t.Errorf("version %d, %v; want %d", v, err, schemaVersion)
		}
	})
}

// TestLeftLog: what a killed process committed is in the log, and is read.
func TestLeftLog(t *testing.T) {
	s, path := opened(t)
	act := inventory.Act{Actor: "anna", At: time.Unix(1.8e9, 0)}
	err := s.Update(t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.EnsurePlace(tx, act, "Site")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// Copies of an open database are what a power cut leaves.
	copied := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Open(t.Context(), URL(copied))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	err = again.View(t.Context(), func(tx inventory.Tx) error {
		head, err := inventory.VerifyJournal(tx)
		if head.Seq != 1 {
			t.Errorf("head %s, want event 1", head)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
