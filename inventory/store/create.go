package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// create makes an empty inventory at path. Of two processes that create at once
// one wins and the other uses what the winner made.
func create(ctx context.Context, path string) error {
	err := createWith(path, func(tmp string) error { return fill(ctx, tmp) })
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// CreateFrom makes the inventory that a URL of a file names a copy of another
// file, an inventory that only the caller has. fs.ErrExist: there is one already.
func CreateFrom(ctx context.Context, url, file string) error {
	path, err := Path(url)
	if err != nil {
		return err
	}
	source, err := openForReading(file)
	if err != nil {
		return fmt.Errorf("inventory %s: %w", file, err)
	}
	defer source.Close()
	if err := createWith(path, func(tmp string) error { return duplicate(ctx, source, tmp) }); err != nil {
		return fmt.Errorf("inventory %s: %w", path, plain(err))
	}
	return nil
}

// createWith has a new inventory made complete under another name in the same
// directory and then linked into place: nobody ever sees half of one.
func createWith(path string, fill func(tmp string) error) error {
	if err := strayLog(path); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if err := place(path, fill); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	return nil
}

// strayLog refuses a place where the log of another file lies: SQLite would
// replay it into the new one.
func strayLog(path string) error {
	if _, err := os.Lstat(path + "-wal"); err == nil {
		return fmt.Errorf("the file is gone and its write-ahead log (%s-wal) is still there: %w", filepath.Base(path), ErrDamaged)
	}
	return nil
}

// place has a file made beside its place and gives it its name when it is
// complete, unless something has that name. What a process that was killed left
// there is removed by the next.
func place(path string, fill func(tmp string) error) error {
	dir := filepath.Dir(path)
	sweep(dir)
	w, err := newWorkplace(dir)
	if err != nil {
		return err
	}
	defer w.remove()
	if err := fill(w.file()); err != nil {
		return err
	}
	if err := os.Link(w.file(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// fill writes the schema into an empty file and leaves no log beside it.
func fill(ctx context.Context, path string) error {
	db, err := openDB(path, "rw", newFilePragmas)
	if err != nil {
		return err
	}
	if err := migrateFile(ctx, db); err != nil {
		return errors.Join(err, db.Close())
	}
	// Closing takes the log in, too, and does not say why it cannot.
	var blocked, pages, taken int64
	err = mapped(db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&blocked, &pages, &taken))
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if logged(path) {
		return fmt.Errorf("the write-ahead log of the new file was not taken in: %w", ErrBusy)
	}
	return nil
}

// syncDir makes a new name in a directory last through a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
