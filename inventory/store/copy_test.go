package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
	"hwmfa/inventory/store/pgtest"
	"hwmfa/inventory/store/storetest"
)

// rich writes an inventory that has something of everything that the suite
// knows to write, and returns its URL.
func rich(t *testing.T, url string) string {
	t.Helper()
	s, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return url
}

// everything is all that an inventory shows: a text of every row, and the
// journal's head.
func everything(t *testing.T, url string) string {
	t.Helper()
	s, err := OpenReadOnly(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return storetest.Snapshot(t, s)
}

func TestMigrate(t *testing.T) {
	server := postgres.Get(t)
	file := rich(t, URL(filepath.Join(t.TempDir(), "inventory.db")))
	before := everything(t, file)
	database := server.Database(t)
	done, err := Migrate(t.Context(), file, database)
	if err != nil {
		t.Fatal(err)
	}
	if after := everything(t, database); after != before {
		t.Errorf("on the server\n%s\nin the file\n%s", after, before)
	}
	if !strings.Contains(before, done.Head.String()[2:]) || done.Rows == 0 {
		t.Errorf("it says %+v of %s", done, before)
	}
	t.Run("a second time it is refused", func(t *testing.T) {
		if _, err := Migrate(t.Context(), file, database); !errors.Is(err, ErrNotEmpty) {
			t.Errorf("got %v, want %v", err, ErrNotEmpty)
		}
		if after := everything(t, database); after != before {
			t.Error("the server's inventory was changed")
		}
	})
	t.Run("a backup of the server is the file again, and goes back", func(t *testing.T) {
		back := filepath.Join(t.TempDir(), "back.db")
		again, err := Backup(t.Context(), database, back)
		if err != nil || again != done {
			t.Fatalf("backup of %+v is %+v; %v", done, again, err)
		}
		if after := everything(t, URL(back)); after != before {
			t.Errorf("in the backup\n%s\nbefore\n%s", after, before)
		}
		other := server.Database(t)
		restored, _, err := Restore(t.Context(), back, other, false, time.Now())
		if err != nil || restored != done {
			t.Fatalf("restored %+v of %+v; %v", restored, done, err)
		}
		if after := everything(t, other); after != before {
			t.Error("the restored inventory is another")
		}
	})
	t.Run("somebody who does not own the database may not", func(t *testing.T) {
		server.Login(t, "eve")
		_, err := Migrate(t.Context(), file, pgtest.As(t, server.Database(t), "eve"))
		if !errors.Is(err, ErrNotOwner) {
			t.Errorf("got %v, want %v", err, ErrNotOwner)
		}
	})
	t.Run("a broken journal is not copied", func(t *testing.T) {
		path, _ := filled(t)
		rawExec(t, path, "DROP TRIGGER events_no_update", "UPDATE events SET kind = 'x' WHERE seq = 7")
		target := server.Database(t)
		if _, err := Migrate(t.Context(), URL(path), target); err == nil {
			t.Error("it was copied")
		}
		if n := storetest.Events(t, Open, target); n != 0 {
			t.Errorf("%d events were left", n)
		}
	})
	t.Run("a value of another kind is damage", func(t *testing.T) {
		path, _ := filled(t)
		rawExec(t, path, "UPDATE places SET name = x'00' WHERE path = 'Site'")
		if _, err := Migrate(t.Context(), URL(path), server.Database(t)); !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v, want %v", err, ErrDamaged)
		}
	})
}

// TestEveryTableIsCopied puts a row into every table that there is, whatever
// its columns, and looks for it on the other side: a table that is added is
// copied, or this fails.
func TestEveryTableIsCopied(t *testing.T) {
	server := postgres.Get(t)
	s, path := opened(t)
	write := s.(*sqliteStore).write
	names, err := texts(t.Context(), write, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('goose_db_version', 'sqlite_sequence')")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 9 {
		t.Fatalf("only %d tables", len(names))
	}
	// Without foreign keys the order does not matter, and a row that refers to
	// itself or to the only other row is whole in the end.
	for _, statement := range []string{"PRAGMA foreign_keys = 0", "DROP TRIGGER events_in_order"} {
		if _, err := write.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	event := inventory.Event{Seq: 1, Time: time.Unix(1.8e9, 0).UTC(), Actor: "anna", Kind: "k", Subject: "1", Payload: "{}"}
	event.Hash = event.Digest()
	for _, name := range names {
		if name == "events" {
			err = s.Update(t.Context(), func(tx inventory.Tx) error { return tx.AppendEvent(event) })
		} else {
			err = fillRow(t.Context(), write, name)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	database := server.Database(t)
	done, err := Migrate(t.Context(), URL(path), database)
	if err != nil {
		t.Fatal(err)
	}
	if done.Rows != int64(len(names)) || done.Tables != len(names) {
		t.Errorf("%d rows of %d tables, want %d", done.Rows, done.Tables, len(names))
	}
	info, err := Look(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !slices.Contains(info.Tables, TableRows{name, 1}) {
			t.Errorf("%s was not copied: %v", name, info.Tables)
		}
	}
}

// fillRow inserts a row in which every column is 1.
func fillRow(ctx context.Context, db *sql.DB, table string) error {
	columns, err := texts(ctx, db, "SELECT name FROM pragma_table_info(?)", table)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (1%s)", table, strings.Join(columns, ", "), strings.Repeat(", 1", len(columns)-1)))
	return err
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "inventory.db")
	rich(t, URL(path))
	before := everything(t, URL(path))
	back := filepath.Join(dir, "ä backup?.db")

	// It is taken while somebody else has the inventory open and writes.
	s, err := Open(t.Context(), URL(path))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), func(tx inventory.Tx) error {
		if _, err := inventory.EnsurePlace(tx, inventory.Act{Actor: "anna", At: time.Unix(1.9e9, 0)}, "Unfinished"); err != nil {
			return err
		}
		_, err := Backup(t.Context(), URL(path), back)
		return errors.Join(err, errStop)
	})
	if !errors.Is(err, errStop) || err.Error() != errStop.Error() {
		t.Fatal(err)
	}
	if after := everything(t, URL(back)); after != before {
		t.Errorf("in the backup\n%s\nin the inventory\n%s", after, before)
	}
	info, err := os.Stat(back)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600; %v", info.Mode(), err)
	}
	t.Run("a file that is there stays", func(t *testing.T) {
		if _, err := Backup(t.Context(), URL(path), back); !errors.Is(err, fs.ErrExist) {
			t.Errorf("got %v, want %v", err, fs.ErrExist)
		}
	})
	t.Run("a broken journal gives none", func(t *testing.T) {
		bad, _ := filled(t)
		rawExec(t, bad, "DROP TRIGGER events_no_update", "UPDATE events SET kind = 'x' WHERE seq = 7")
		to := filepath.Join(t.TempDir(), "bad.db")
		if _, err := Backup(t.Context(), URL(bad), to); !errors.Is(err, inventory.ErrJournal) {
			t.Errorf("got %v, want %v", err, inventory.ErrJournal)
		}
		if names := entries(t, filepath.Dir(to)); len(names) != 0 {
			t.Errorf("it left %v", names)
		}
	})
	t.Run("one in use is not replaced", func(t *testing.T) {
		if _, _, err := Restore(t.Context(), back, URL(path), true, time.Now()); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want %v", err, ErrBusy)
		}
	})
	update(t, s, "Later")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	later := everything(t, URL(path))
	t.Run("an inventory is not overwritten", func(t *testing.T) {
		if _, _, err := Restore(t.Context(), back, URL(path), false, time.Now()); !errors.Is(err, ErrNotEmpty) {
			t.Errorf("got %v, want %v", err, ErrNotEmpty)
		}
		if everything(t, URL(path)) != later {
			t.Error("it was changed")
		}
	})
	t.Run("a backup with a broken journal is refused", func(t *testing.T) {
		bad, _ := filled(t)
		rawExec(t, bad, "DROP TRIGGER events_no_update", "UPDATE events SET kind = 'x' WHERE seq = 7")
		if _, _, err := Restore(t.Context(), bad, URL(path), true, time.Now()); !errors.Is(err, inventory.ErrJournal) {
			t.Errorf("got %v, want %v", err, inventory.ErrJournal)
		}
		if everything(t, URL(path)) != later {
			t.Error("the inventory was changed")
		}
	})
	t.Run("replaced, the old one is kept", func(t *testing.T) {
		_, aside, err := Restore(t.Context(), back, URL(path), true, time.Unix(1.8e9, 0))
		if err != nil {
			t.Fatal(err)
		}
		if everything(t, URL(path)) != before || everything(t, URL(aside)) != later {
			t.Error("the restored one or the one kept is another")
		}
	})
	t.Run("where there is none it is made, with its directory", func(t *testing.T) {
		to := filepath.Join(t.TempDir(), "new", "inventory.db")
		if _, aside, err := Restore(t.Context(), back, URL(to), false, time.Now()); err != nil || aside != "" {
			t.Fatalf("aside %q, %v", aside, err)
		}
		if everything(t, URL(to)) != before {
			t.Error("the restored one is another")
		}
	})
	t.Run("a damaged one is set aside", func(t *testing.T) {
		bad, data := filled(t)
		if err := os.WriteFile(bad, data[:len(data)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, aside, err := Restore(t.Context(), back, URL(bad), true, time.Now()); err != nil || aside == "" {
			t.Fatalf("aside %q, %v", aside, err)
		}
		if everything(t, URL(bad)) != before {
			t.Error("the restored one is another")
		}
	})
	t.Run("a stray log is not replayed over it", func(t *testing.T) {
		to := filepath.Join(t.TempDir(), "inventory.db")
		if err := os.WriteFile(to+"-wal", []byte("old log"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Restore(t.Context(), back, URL(to), true, time.Now()); !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v, want %v", err, ErrDamaged)
		}
	})
}

var errStop = errors.New("roll this back")

// update makes a place in an inventory.
func update(t *testing.T, s inventory.Store, place string) {
	t.Helper()
	err := s.Update(t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.EnsurePlace(tx, inventory.Act{Actor: "anna", At: time.Unix(1.9e9, 0)}, place)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
