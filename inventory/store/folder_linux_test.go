package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"hwmfa/inventory"
)

// TestFolderNotWritable: SQLite keeps a log and its index beside the file. Where
// it may write the file and not the folder, what is in the file is read all the
// same, and who wants to write is told what is in the way.
func TestFolderNotWritable(t *testing.T) {
	path, data := filled(t)
	dir := filepath.Dir(path)
	for _, change := range []struct {
		name string
		mode os.FileMode
	}{{path, 0o666}, {dir, 0o555}, {filepath.Dir(dir), 0o755}} {
		if err := os.Chmod(change.name, change.mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	if os.Geteuid() == 0 { // root may write everywhere; this thread now may not
		const root, nobody = 0, 65534
		runtime.LockOSThread()
		// Not left to end with the test: processes that it started end with it.
		defer runtime.UnlockOSThread()
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer syscall.Setfsuid(root)
	}
	if err := os.WriteFile(filepath.Join(dir, "probe"), nil, 0o600); !errors.Is(err, os.ErrPermission) {
		t.Skipf("whoever runs this may write everything: %v", err)
	}
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
	if err := errors.Join(err, s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := Open(t.Context(), URL(path)); !errors.Is(err, inventory.ErrReadOnly) || !strings.Contains(err.Error(), "log beside it may not be written") {
		t.Errorf("opened for writing: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, data) {
		t.Errorf("the file changed (%v)", err)
	}
}
