package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hwmfa/inventory"
)

// filled writes an inventory with enough places that every table of the file
// has pages, closes it and returns its path and bytes.
func filled(t *testing.T) (string, []byte) {
	t.Helper()
	s, path := opened(t)
	err := s.Update(t.Context(), func(tx inventory.Tx) error {
		for i := range 200 {
			act := inventory.Act{Actor: "anna", At: time.Unix(1.8e9, 0)}
			if _, err := inventory.EnsurePlace(tx, act, fmt.Sprintf("Site/Safe %03d", i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, data
}

// raw opens a file with the bare driver.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// rawExec runs statements with the bare driver and closes the file.
func rawExec(t *testing.T, path string, statements ...string) {
	t.Helper()
	db := raw(t, path)
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRefusedFiles: whatever is not an inventory is refused, by both ways of
// opening, with nothing changed and nothing left beside it.
func TestRefusedFiles(t *testing.T) {
	path, good := filled(t)
	if len(good) < 10*4096 {
		t.Fatalf("the file has only %d bytes", len(good))
	}
	edited := func(at int, b ...byte) []byte {
		data := bytes.Clone(good)
		copy(data[at:], b)
		return data
	}
	sqlFile := func(statements ...string) []byte {
		p := filepath.Join(t.TempDir(), "other.db")
		rawExec(t, p, statements...)
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	junk := bytes.Repeat([]byte{0xa5}, 4096)
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"an empty file", nil, ErrDamaged},
		{"a text file", []byte("serial,tag\n123,YK-1\n"), ErrForeign},
		{"a short text file", []byte("S"), ErrDamaged}, // it could be the first byte of a database
		{"another program's database", sqlFile("CREATE TABLE t (x)", "INSERT INTO t VALUES (1)"), ErrForeign},
		{"another program's database in WAL mode", sqlFile("PRAGMA application_id = 7", "PRAGMA journal_mode = WAL", "CREATE TABLE t (x)"), ErrForeign},
		{"a database of our number without our tables", sqlFile(fmt.Sprintf("PRAGMA application_id = %d", applicationID), "PRAGMA journal_mode = WAL", "CREATE TABLE t (x)"), ErrDamaged},
		{"a newer schema in the header", edited(60, 0, 0, 0, byte(schemaVersion)+1), ErrNewer},
		{"a header alone", good[:100], ErrDamaged},
		{"half a header", good[:50], ErrDamaged},
		{"the first half of the file", good[:len(good)/2], ErrDamaged},
		{"the file without its last byte", good[:len(good)-1], ErrDamaged},
		{"the file without its last page", good[:len(good)-4096], ErrDamaged},
		{"a page size that is none", edited(16, 0x12, 0x34), ErrDamaged},
		{"another journal mode", edited(18, 1, 1), ErrDamaged},
		{"a broken first page", edited(100, junk[:200]...), ErrDamaged},
		{"a broken page in the middle", edited(5*4096, junk...), ErrDamaged},
		{"a broken last page", edited(len(good)-4096, junk...), ErrDamaged},
		{"text over the first bytes", edited(0, []byte("hello, world")...), ErrForeign},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(path, tt.data, 0o600); err != nil {
				t.Fatal(err)
			}
			for name, open := range map[string]func(context.Context, string) (inventory.Store, error){"Open": Open, "OpenReadOnly": OpenReadOnly} {
				s, err := open(t.Context(), URL(path))
				if err == nil {
					s.Close()
				}
				if !errors.Is(err, tt.want) {
					t.Errorf("%s: got %v, want %v", name, err, tt.want)
				} else if strings.Count(err.Error(), path) != 1 {
					t.Errorf("%s: error %q does not name the file once", name, err)
				}
				if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, tt.data) {
					t.Errorf("%s touched the file (%v)", name, err)
				}
				if names := entries(t, filepath.Dir(path)); len(names) != 1 {
					t.Errorf("%s left %v", name, names)
				}
			}
		})
	}
}

// entries are the names in a directory.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestRefusedPlaces(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(dir, "stale.db")
	if err := os.WriteFile(stale+"-wal", []byte("old log"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := entries(t, dir)
	tests := []struct {
		name string
		path string
		want error
	}{
		{"a directory", dir, ErrForeign},
		{"a named pipe", fifo, ErrForeign},
		{"a log without its file", stale, ErrDamaged},
		{"a file below a file", filepath.Join(text, "inventory.db"), syscall.ENOTDIR},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Open(t.Context(), URL(tt.path))
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if info, statErr := os.Stat(tt.path); statErr == nil && info.IsDir() && !strings.Contains(err.Error(), "directory") {
				t.Errorf("error %q does not say that it is a directory", err)
			}
			if after := entries(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("directory holds %v, before %v", after, before)
			}
		})
	}
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "ä dir?#%")
	path := filepath.Join(dir, "inventory.db")
	if _, err := OpenReadOnly(t.Context(), URL(path)); !errors.Is(err, ErrNoInventory) || !strings.Contains(err.Error(), path) {
		t.Errorf("opening what is not there for reading: %v, want %v and the path", err, ErrNoInventory)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("opening for reading made a directory")
	}
	s, err := Open(t.Context(), URL(path))
	if err != nil {
		t.Fatal(err)
	}
	act := inventory.Act{Actor: "anna", At: time.Unix(1.8e9, 0)}
	err = s.Update(t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.EnsurePlace(tx, act, "Site")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range entries(t, dir) { // the log and its index too
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, want 0600; %v", name, info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: mode %v, want 0700; %v", info.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if names := entries(t, dir); len(names) != 1 || names[0] != "inventory.db" {
		t.Errorf("after closing the directory holds %v", names)
	}
}

func TestPragmas(t *testing.T) {
	s, _ := opened(t)
	for name, db := range map[string]*sql.DB{"write": s.(*sqliteStore).write, "read": s.(*sqliteStore).read} {
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "30000", "trusted_schema": "0",
			"application_id": fmt.Sprint(applicationID), "user_version": fmt.Sprint(schemaVersion),
			"query_only": map[string]string{"write": "0", "read": "1"}[name],
		} {
			var got string
			if err := db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s connection: %s is %s, want %s; %v", name, pragma, got, want, err)
			}
		}
	}
}

func TestVersions(t *testing.T) {
	t.Run("a newer schema that only the table tells of is refused", func(t *testing.T) {
		path, _ := filled(t)
		rawExec(t, path, fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, 1)", schemaVersion+1))
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), URL(path)); !errors.Is(err, ErrNewer) {
			t.Errorf("got %v, want %v", err, ErrNewer)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
			t.Errorf("the file was touched (%v)", err)
		}
	})
	t.Run("an older schema is migrated, but not for reading", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "inventory.db")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := openDB(path, "rw", newFilePragmas)
		if err != nil {
			t.Fatal(err)
		}
		p, err := sqliteDialect.provider(db)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.UpTo(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenReadOnly(t.Context(), URL(path)); !errors.Is(err, ErrOlder) {
			t.Errorf("opened for reading: %v, want %v", err, ErrOlder)
		}
		s, err := Open(t.Context(), URL(path))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var n int
		if err := s.(*sqliteStore).read.QueryRow("SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger'").Scan(&n); err != nil || n == 0 {
			t.Errorf("%d triggers after migration; %v", n, err)
		}
	})
}

// TestShortFileBesideLog: while a log lies beside it, the file may be shorter
// than its header says; SQLite knows what to do.
func TestShortFileBesideLog(t *testing.T) {
	_, good := filled(t)
	if err := judge(good[:headerLength], 4096, true); err != nil {
		t.Errorf("with a log: %v", err)
	}
	if err := judge(good[:headerLength], 4096, false); !errors.Is(err, ErrDamaged) {
		t.Errorf("without: %v, want %v", err, ErrDamaged)
	}
}

// FuzzHeader: no header, of a file of any size, may panic or pass without our
// number in it.
func FuzzHeader(f *testing.F) {
	good := make([]byte, headerLength)
	copy(good, sqliteMagic)
	copy(good[16:], []byte{0x10, 0, 2, 2})
	copy(good[28:], []byte{0, 0, 0, 4})
	copy(good[68:], []byte("hwMF"))
	f.Add(good, int64(4*4096), false)
	f.Add(good, int64(1), true)
	f.Add(good[:40], int64(40), false)
	f.Add([]byte("text"), int64(4), false)
	if err := judge(good, 4*4096, false); err != nil {
		f.Fatalf("a good header is refused: %v", err)
	}
	f.Fuzz(func(t *testing.T, header []byte, size int64, logged bool) {
		header = header[:min(len(header), headerLength)]
		err := judge(header, size, logged)
		if err == nil && (len(header) != headerLength || string(header[68:72]) != "hwMF") {
			t.Errorf("accepted %x", header)
		}
	})
}
