package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"

	"hwmfa/inventory"
)

// backupPages is how many pages are copied before a cancelled context is
// noticed.
const backupPages = 4096

// Backup writes a copy of an inventory to a new file, of a moment between two
// changes; others may go on writing. Only a copy whose journal verifies is kept;
// a file that is there is not overwritten.
func Backup(ctx context.Context, from, file string) (Copy, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return Copy{}, err
	}
	if _, err := os.Lstat(file); err == nil {
		return Copy{}, fmt.Errorf("%s: %w", file, fs.ErrExist)
	}
	s, err := OpenReadOnly(ctx, from)
	if err != nil {
		return Copy{}, err
	}
	defer s.Close()
	var done Copy
	err = place(file, func(tmp string) error {
		switch s := s.(type) {
		case *sqliteStore:
			err = duplicate(ctx, s.read, tmp)
		case *postgresStore:
			_, err = s.toFile(ctx, tmp)
		}
		if err == nil {
			done, err = examineCopy(ctx, tmp)
		}
		return err
	})
	if err != nil {
		return Copy{}, fmt.Errorf("backup to %s: %w", file, plain(err))
	}
	return done, nil
}

// duplicate copies a file as it is at one moment, page by page, with SQLite's
// online backup.
func duplicate(ctx context.Context, db *sql.DB, to string) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return mapped(err)
	}
	defer conn.Close()
	// The backup keeps to the state of a transaction that is open.
	t, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return mapped(err)
	}
	defer t.Rollback()
	if err := t.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_master").Scan(new(int64)); err != nil {
		return mapped(err)
	}
	return conn.Raw(func(driver any) error {
		b, err := driver.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup(fileDSN(to, nil))
		if err != nil {
			return mapped(err)
		}
		for more := true; more && err == nil; {
			if more, err = b.Step(backupPages); err == nil {
				err = ctx.Err()
			}
		}
		return mapped(cmp.Or(err, b.Finish())) // which says again what a step said
	})
}

// examineCopy looks at a copy as if it came from anywhere: its pages, its
// journal, what it holds. It may be of an older schema.
func examineCopy(ctx context.Context, path string) (done Copy, err error) {
	db, err := openForReading(path)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := examine(ctx, db, path); err != nil {
		return done, err
	}
	t, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return done, mapped(err)
	}
	defer t.Rollback()
	read := &tx{ctx: ctx, sql: t, dialect: sqliteDialect}
	if done.Head, err = inventory.VerifyJournal(read); err != nil {
		return done, err
	}
	counts, err := read.tableRows()
	for _, c := range counts {
		done.Tables, done.Rows = done.Tables+1, done.Rows+c.Rows
	}
	return done, err
}

// Restore puts the inventory of a backup, whose journal has to verify, in the
// place that a URL names. An inventory that is there is refused with
// ErrNotEmpty, or with replace set aside under the name that aside says; on a
// server it has to be empty.
func Restore(ctx context.Context, file, to string, replace bool, now time.Time) (done Copy, aside string, err error) {
	file, err = filepath.Abs(file)
	if err != nil {
		return done, "", err
	}
	source, err := openForReading(file)
	if errors.Is(err, ErrNoInventory) {
		err = fs.ErrNotExist // nobody is to make one there
	}
	if err != nil {
		return done, "", fmt.Errorf("backup %s: %w", file, err)
	}
	defer source.Close()
	if isPostgres(to) {
		done, err = restoreToServer(ctx, source, to)
		return done, "", err
	}
	path, err := Path(to)
	if err != nil {
		return done, "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return done, "", fmt.Errorf("make directory: %w", err)
	}
	err = place(path, func(tmp string) error {
		if err := duplicate(ctx, source, tmp); err != nil {
			return err
		}
		var err error
		if done, err = examineCopy(ctx, tmp); err != nil {
			return err
		}
		aside, err = makeWay(ctx, path, replace, now)
		return err
	})
	if err != nil {
		return Copy{}, aside, fmt.Errorf("restore %s to %s: %w", file, path, plain(err))
	}
	return done, aside, nil
}

// restoreToServer goes over a copy, which is brought up to date where the
// backup is older than this program.
func restoreToServer(ctx context.Context, source *sql.DB, to string) (done Copy, err error) {
	dir, err := os.MkdirTemp("", "hwmfa-")
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "inventory.db")
	if err := duplicate(ctx, source, path); err != nil {
		return done, err
	}
	if _, err := examineCopy(ctx, path); err != nil {
		return done, fmt.Errorf("backup: %w", err)
	}
	return Migrate(ctx, URL(path), to)
}

// makeWay sets an inventory that is in the way aside, where nothing else has
// it open. A damaged one is set aside too.
func makeWay(ctx context.Context, path string, replace bool, now time.Time) (aside string, err error) {
	err = inspect(path)
	switch {
	case errors.Is(err, ErrNoInventory):
		return "", strayLog(path)
	case errors.Is(err, ErrForeign), errors.Is(err, ErrNewer):
		return "", err
	case !replace:
		return "", ErrNotEmpty
	case err == nil:
		if err := alone(ctx, path); err != nil && !errors.Is(err, ErrDamaged) {
			return "", err
		}
	}
	aside = path + ".before-" + now.UTC().Format("20060102T150405Z")
	for _, suffix := range []string{"-shm", "-wal", ""} { // the file last: without it there is no inventory
		if _, err := os.Lstat(aside + suffix); err == nil {
			return "", fmt.Errorf("%s: %w", aside+suffix, fs.ErrExist)
		}
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("set aside: %w", err)
		}
	}
	return aside, nil
}

// alone takes the log into the file and makes sure that no other program has
// it open: only then can the journal mode be changed.
func alone(ctx context.Context, path string) error {
	db, err := openDB(path, "rw", []string{"busy_timeout(1000)"})
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode = DELETE")
	if err == nil {
		_, err = db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	}
	return errors.Join(mapped(err), db.Close())
}
