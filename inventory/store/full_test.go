package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hwmfa/inventory"
	"hwmfa/inventory/store/pgtest"
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

// TestFullServer: the disk of a server's database is full in the middle of a
// change.
func TestFullServer(t *testing.T) {
	server := postgres.Get(t)
	dir, err := os.MkdirTemp("", "hwmfa-full-") // where the server gets to, as it does not to a test's own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(dir) })
	owner, err := os.Stat(server.Directory())
	if err != nil {
		t.Fatal(err)
	}
	options := fmt.Sprintf("size=16m,mode=0700,uid=%d", owner.Sys().(*syscall.Stat_t).Uid)
	if err := syscall.Mount("hwmfa", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mounting a disk of 16 MB takes root: %v", err)
	}
	t.Cleanup(func() {
		server.SQL(t, "postgres", "DROP DATABASE IF EXISTS small WITH (FORCE)")
		server.SQL(t, "postgres", "DROP TABLESPACE small")
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	server.SQL(t, "postgres", "CREATE TABLESPACE small LOCATION '"+dir+"'")
	server.SQL(t, "postgres", "CREATE DATABASE small OWNER anna TEMPLATE template0 TABLESPACE small")
	url := server.URL("small", pgtest.Owner)
	s, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Update(t.Context(), makePlace("Site")); err != nil {
		t.Fatal(err)
	}
	before := everything(t, url)
	large := make([]byte, 10<<20) // random, so that the server cannot make it smaller
	rand.Read(large)
	err = s.Update(t.Context(), func(tx inventory.Tx) error {
		if err := makePlace("Site/Half")(tx); err != nil {
			return err
		}
		return tx.PutMetadata(inventory.Metadata{Number: 1, NextUpdate: time.Unix(1.8e9, 0), At: time.Unix(1.8e9, 0), JWT: hex.EncodeToString(large)})
	})
	expectRefused(t, url, err, before)
	if err := s.Update(t.Context(), makePlace("Site/Small")); err != nil {
		t.Errorf("something small: %v", err)
	}
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
	t.Run("a disk too small for an inventory", func(t *testing.T) {
		dir := smallDisk(t, "600k")
		if _, err := Open(t.Context(), URL(filepath.Join(dir, "inventory.db"))); !errors.Is(err, ErrNoSpace) {
			t.Errorf("got %v, want %v", err, ErrNoSpace)
		}
		if left := entries(t, dir); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	})
	t.Run("a disk that nobody may write", func(t *testing.T) {
		dir := smallDisk(t, "4m")
		url := URL(filepath.Join(dir, "inventory.db"))
		s, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), url); !errors.Is(err, syscall.EROFS) {
			t.Errorf("got %v, want %v", err, syscall.EROFS)
		}
		storetest.Events(t, OpenReadOnly, url)
	})
	t.Run("a small disk", func(t *testing.T) {
		dir := smallDisk(t, "1500k")
		url := URL(filepath.Join(dir, "inventory.db"))
		s, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close() // a disk in use cannot be unmounted
		err, before := fillUp(t, s, url)
		expectRefused(t, url, err, before)
		if err := s.Close(); err != nil {
			t.Errorf("closing on a full disk: %v", err)
		}
		expectRefused(t, url, ErrNoSpace, before)
		t.Run("has no room for a backup either, and none is left", func(t *testing.T) {
			names := entries(t, dir)
			_, err := Backup(t.Context(), url, filepath.Join(dir, "backup.db"))
			if !errors.Is(err, ErrNoSpace) || strings.Count(err.Error(), "disk is full") != 1 {
				t.Errorf("got %v, want %v, once", err, ErrNoSpace)
			}
			if after := entries(t, dir); fmt.Sprint(after) != fmt.Sprint(names) {
				t.Errorf("directory holds %v, before %v", after, names)
			}
		})
	})
}

// smallDisk mounts a disk in memory and returns where.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("hwmfa", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("mounting a disk of %s takes root: %v", size, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}
