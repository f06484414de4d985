package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"modernc.org/sqlite"

	"hwmfa/inventory"
)

// busyTimeout is how long a transaction waits for another process, in
// milliseconds; a context that ends earlier ends the wait.
const busyTimeout = 30_000

// checkedSize is the size of file up to which every page is looked at when it
// is opened, in bytes; it takes some milliseconds. In a larger one damage is
// found when it is read.
const checkedSize = 4 << 20

// Pragmas by the way a file is opened. The order is kept.
var (
	commonPragmas  = []string{fmt.Sprintf("busy_timeout(%d)", busyTimeout), "foreign_keys(1)", "synchronous(FULL)", "trusted_schema(0)"}
	readPragmas    = append(commonPragmas[:len(commonPragmas):len(commonPragmas)], "query_only(1)")
	newFilePragmas = append(commonPragmas[:len(commonPragmas):len(commonPragmas)], fmt.Sprintf("application_id(%d)", applicationID), "journal_mode(WAL)")
)

// sqliteStore is one SQLite file: one connection that writes, others that only
// read, each transaction on a snapshot.
type sqliteStore struct {
	write *sql.DB // nil: opened for reading only
	read  *sql.DB
}

// openDB prepares a handle; mode is one of SQLite's URI modes, "rw" (never
// creating) or "ro". Transactions lock for writing when they begin, so that
// none finds out at its end that it cannot.
func openDB(path, mode string, pragmas []string) (*sql.DB, error) {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": pragmas}
	if mode == "immutable" {
		q.Set("mode", "ro")
		q.Set("immutable", "1")
	}
	c, err := sqlite.NewConnector(fileDSN(path, q))
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return sql.OpenDB(c), nil
}

// fileDSN is a path as SQLite takes it, whatever characters are in it.
func fileDSN(path string, q url.Values) string {
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
}

func openSQLite(ctx context.Context, path string) (*sqliteStore, error) {
	err := inspect(path)
	if errors.Is(err, ErrNoInventory) {
		if err := create(ctx, path); err != nil {
			return nil, err
		}
		err = inspect(path)
	}
	if err != nil {
		return nil, err
	}
	// SQLite would only say that it cannot open it.
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("it may not be written: %w", plain(err))
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	s := &sqliteStore{}
	if s.read, err = openDB(path, "rw", readPragmas); err != nil {
		return nil, err
	}
	v, err := examine(ctx, s.read, path)
	if errors.Is(err, inventory.ErrReadOnly) {
		err = fmt.Errorf("the log beside it may not be written: %w", err)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if s.write, err = openDB(path, "rw", commonPragmas); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.write.SetMaxOpenConns(1)
	if v < schemaVersion {
		if err := migrateFile(ctx, s.write); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func openSQLiteReadOnly(ctx context.Context, path string) (*sqliteStore, error) {
	db, err := openForReading(path)
	if err != nil {
		return nil, err
	}
	s := &sqliteStore{read: db}
	v, err := examine(ctx, s.read, path)
	if errors.Is(err, inventory.ErrReadOnly) && !logged(path) {
		// The file may be written and its folder may not, which takes the index of
		// a log.
		closed := s.read.Close()
		if s.read, err = openDB(path, "immutable", readPragmas); closed != nil || err != nil {
			return nil, errors.Join(closed, err)
		}
		v, err = examine(ctx, s.read, path)
	}
	if err == nil && v < schemaVersion {
		err = fmt.Errorf("schema %d, this program wants %d: %w", v, schemaVersion, ErrOlder)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// openForReading opens a file that is an inventory and leaves it as it is.
func openForReading(path string) (*sql.DB, error) {
	if err := inspect(path); err != nil {
		return nil, err
	}
	mode := "rw" // with query_only: reading a log needs its index, which is written
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		f.Close()
	} else if logged(path) {
		return nil, fmt.Errorf("it may not be written, and its write-ahead log cannot be read without: %w", plain(err))
	} else {
		mode = "immutable"
	}
	return openDB(path, mode, readPragmas)
}

// examine reads the schema's version and, of a file that is not too large,
// every page, through a connection that cannot write.
func examine(ctx context.Context, db *sql.DB, path string) (int64, error) {
	db.SetMaxOpenConns(4)
	info, err := os.Stat(path)
	if err != nil {
		return 0, plain(err)
	}
	if info.Size() <= checkedSize {
		var verdict string
		if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
			return 0, fmt.Errorf("check: %w", mapped(err))
		}
		if verdict != "ok" {
			return 0, fmt.Errorf("check: %s: %w", verdict, ErrDamaged)
		}
	}
	v, err := version(ctx, db)
	if err != nil {
		return 0, err
	}
	if v > schemaVersion {
		return 0, fmt.Errorf("schema %d, this program knows %d: %w", v, schemaVersion, ErrNewer)
	}
	return v, nil
}

// migrateFile brings the schema up to date and then writes its version into the
// file's header, where inspect looks.
func migrateFile(ctx context.Context, db *sql.DB) error {
	if err := sqliteDialect.migrate(ctx, db); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return fmt.Errorf("migrate: %w", mapped(err))
	}
	return nil
}

// Login is "": a file knows nobody.
func (s *sqliteStore) Login() string { return "" }

func (s *sqliteStore) Update(ctx context.Context, fn func(inventory.Tx) error) error {
	if s.write == nil {
		return inventory.ErrReadOnly
	}
	return run(ctx, s.write, nil, fn)
}

func (s *sqliteStore) View(ctx context.Context, fn func(inventory.Tx) error) error {
	return run(ctx, s.read, &sql.TxOptions{ReadOnly: true}, fn)
}

// run calls fn in a transaction that is rolled back unless fn returns nil,
// also when fn panics.
func run(ctx context.Context, db *sql.DB, opts *sql.TxOptions, fn func(inventory.Tx) error) error {
	t, err := db.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin: %w", mapped(err))
	}
	defer t.Rollback() // does nothing after Commit
	if err := fn(&tx{ctx: ctx, sql: t, dialect: sqliteDialect}); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", mapped(err))
	}
	return nil
}

// Close takes the log into the file, unless another process still has it open.
func (s *sqliteStore) Close() error {
	err := s.read.Close()
	if s.write != nil {
		err = errors.Join(err, s.write.Close())
	}
	return err
}
