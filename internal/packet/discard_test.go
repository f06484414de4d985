package packet_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hwmfa/internal/packet"
)

func TestOnlyWhatWasInterruptedIsDiscarded(t *testing.T) {
	write := func(dir, name string) {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, dir string)
		want error
		gone bool
	}{
		{"an audit that was interrupted", func(t *testing.T, dir string) {
			if err := create(t, dir).Close(); err != nil {
				t.Fatal(err)
			}
		}, nil, true},
		{"one that was killed as it began", func(_ *testing.T, dir string) { write(dir, "manifest.json.part") }, nil, true},
		{"one that runs", func(t *testing.T, dir string) {
			w := create(t, dir)
			t.Cleanup(func() { _ = w.Close() }) // the folder is all that is looked at
		}, packet.ErrInUse, false},
		{"one that is finished", func(t *testing.T, dir string) { finished(t, dir) }, packet.ErrFinished, false},
		{"a folder of somebody else's", func(_ *testing.T, dir string) { write(dir, "letters/to-ada") }, nil, false},
		{"a link to a folder", func(t *testing.T, dir string) {
			there := t.TempDir()
			if err := errors.Join(create(t, there).Close(), os.Symlink(there, dir)); err != nil {
				t.Fatal(err)
			}
		}, nil, false},
		{"no folder", func(*testing.T, string) {}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "0123456789abcdef")
			c.make(t, dir)
			if err := packet.Discard(dir); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if _, err := os.Lstat(dir); errors.Is(err, os.ErrNotExist) != c.gone {
				t.Errorf("gone is to be %t: %v", c.gone, err)
			}
		})
	}
}

func TestAFolderThatWasThereIsOnlyEmptied(t *testing.T) {
	there := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(there, link); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "a", "b")
	for _, c := range []struct {
		dir   string
		stays bool
	}{{there, true}, {link, true}, {fresh, false}} {
		if err := create(t, c.dir).Remove(); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(c.dir)
		if (err == nil) != c.stays || len(entries) > 0 {
			t.Errorf("%s: %v, %v", c.dir, entries, err)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is %v, %v", info, err)
	}
}

func TestWhenAFolderWasLastWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "0123456789abcdef")
	if at := packet.LastWritten(dir); !at.IsZero() {
		t.Errorf("no folder was written at %v", at)
	}
	before := time.Now().Add(-time.Minute)
	if err := create(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	if at := packet.LastWritten(dir); at.Before(before) {
		t.Errorf("written at %v", at)
	}
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"manifest.json", "accounts.part"} {
		if err := os.Chtimes(filepath.Join(dir, name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if at := packet.LastWritten(dir); !at.Equal(long) {
		t.Errorf("written at %v, want %v", at, long)
	}
}

func create(t *testing.T, dir string) *packet.Writer {
	t.Helper()
	w, err := packet.Create(dir, manifest(plain))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func finished(t *testing.T, dir string) {
	t.Helper()
	seal(t, create(t, dir), 0)
}
