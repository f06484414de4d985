//go:build unix

package store

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// TestLeftWorkplace: what a killed process left beside an inventory is gone with
// the next one that is made there, and nothing else is.
func TestLeftWorkplace(t *testing.T) {
	_, source := opened(t)
	dir, elsewhere := t.TempDir(), t.TempDir()
	put := func(path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(dir, ".hwmfa-1.new", "inventory.db"))
	put(filepath.Join(dir, ".hwmfa-1.new", "inventory.db-wal"))
	put(filepath.Join(dir, ".hwmfa-2.new", "inventory.db-journal"))
	kept := []string{
		filepath.Join(dir, ".hwmfa-3.new", "my own"), filepath.Join(dir, ".hwmfa-4.new"), filepath.Join(dir, ".hwmfa-5", "inventory.db"),
		filepath.Join(elsewhere, "inventory.db"),
	}
	for _, path := range kept {
		put(path)
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, ".hwmfa-6.new")); err != nil {
		t.Fatal(err)
	}
	busy, err := newWorkplace(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(t.Context(), URL(source), filepath.Join(dir, "backup.db")); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(kept, busy.file()) {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	busy.remove()
	want := []string{".hwmfa-3.new", ".hwmfa-4.new", ".hwmfa-5", ".hwmfa-6.new", "backup.db"}
	if got := entries(t, dir); !slices.Equal(got, want) {
		t.Errorf("there is %v, want %v", got, want)
	}
}

// TestWorkplacesAtOnce: processes that sweep do not sweep each other's.
func TestWorkplacesAtOnce(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				sweep(dir)
				w, err := newWorkplace(dir)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := os.Stat(w.file()); err != nil {
					t.Error(err)
				}
				w.remove()
			}
		})
	}
	all.Wait()
	if left := entries(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
