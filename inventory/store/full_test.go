package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hwmfa/inventory"
	"hwmfa/inventory/store/storetest"
)

// fillUp makes places, several in a transaction, until one fails, and returns
// the error and the state before it.
func fillUp(t *testing.T, s inventory.Store, url string) (error, string) {
	t.Helper()
	for n := range 10_000 {
		before := everything(t, url)
		err := s.Update(t.Context(), func(tx inventory.Tx) error {
			for i := range 20 {
				if err := makePlace(fmt.Sprintf("Site %d/%s %d", n, strings.Repeat("long ", 20), i))(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err, before
		}
	}
	t.Fatal("the disk is never full")
	return nil, ""
}

// expectRefused looks for an error that says that there is no space, and for
// nothing of what was being written.
func expectRefused(t *testing.T, url string, err error, before string) {
	t.Helper()
	if !errors.Is(err, ErrNoSpace) {
		t.Errorf("got %v, want %v", err, ErrNoSpace)
	}
	if after := everything(t, url); after != before {
		t.Error("half of the change is there")
	}
	storetest.Events(t, Open, url) // the journal verifies
}

// TestFull: a disk that is full in the middle of a change leaves nothing of it.
func TestFull(t *testing.T) {
	t.Run("a file that may not grow", func(t *testing.T) {
		s, path := opened(t)
		write := s.(*sqliteStore).write
		if _, err := write.Exec("PRAGMA max_page_count = 120"); err != nil {
			t.Fatal(err)
		}
		err, before := fillUp(t, s, URL(path))
		expectRefused(t, URL(path), err, before)
		if _, err := write.Exec("PRAGMA max_page_count = 100000"); err != nil {
			t.Fatal(err)
		}
		if err := s.Update(t.Context(), makePlace("There is room again")); err != nil {
			t.Error(err)
		}
	})
	t.Run("a small disk", func(t *testing.T) {
		dir := t.TempDir()
		if err := syscall.Mount("hwmfa", dir, "tmpfs", 0, "size=1500k"); err != nil {
			t.Skipf("mounting a disk of 1.5 MB takes root: %v", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, 0); err != nil {
				t.Error(err)
			}
		})
		url := URL(filepath.Join(dir, "inventory.db"))
		s, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		err, before := fillUp(t, s, url)
		expectRefused(t, url, err, before)
		if err := s.Close(); err != nil {
			t.Errorf("closing on a full disk: %v", err)
		}
		expectRefused(t, url, ErrNoSpace, before)
		t.Run("has no room for a backup either, and none is left", func(t *testing.T) {
			names := entries(t, dir)
			_, err := Backup(t.Context(), url, filepath.Join(dir, "backup.db"))
			if !errors.Is(err, ErrNoSpace) {
				t.Errorf("got %v, want %v", err, ErrNoSpace)
			}
			if after := entries(t, dir); fmt.Sprint(after) != fmt.Sprint(names) {
				t.Errorf("directory holds %v, before %v", after, names)
			}
		})
	})
}
