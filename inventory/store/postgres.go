package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"hwmfa/inventory"
)

// How often a transaction is tried, and how long it waits before the second
// try; the wait doubles, and each takes a random part of it.
const (
	maxTries  = 6
	firstWait = 20 * time.Millisecond
	// outcomeTimeout is how long a server that went away during a commit is
	// waited for, to ask it what became of it.
	outcomeTimeout = 10 * time.Second
)

// postgresStore is one database of a PostgreSQL server.
type postgresStore struct {
	db       *sql.DB
	login    string
	readOnly bool
	patience time.Duration // with a server that went away during a commit
}

func openPostgresDB(inventoryURL string) (db *sql.DB, name string, err error) {
	cfg, err := parsePostgres(inventoryURL)
	if err != nil {
		return nil, "", err
	}
	db = stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(2)
	db.SetConnMaxIdleTime(time.Minute)
	return db, postgresName(cfg), nil
}

func openPostgres(ctx context.Context, db *sql.DB) (*postgresStore, error) {
	seen, err := look(ctx, db)
	if err != nil {
		return nil, err
	}
	err = seen.judge()
	if errors.Is(err, ErrNoInventory) || err == nil && !seen.current() {
		if seen, err = build(ctx, db); err == nil {
			err = seen.judge()
		}
	}
	if err != nil {
		return nil, err
	}
	return &postgresStore{db: db, login: seen.login, patience: outcomeTimeout}, nil
}

func openPostgresReadOnly(ctx context.Context, db *sql.DB) (*postgresStore, error) {
	seen, err := look(ctx, db)
	if err != nil {
		return nil, err
	}
	if err := seen.judge(); err != nil {
		return nil, err
	}
	if !seen.current() {
		return nil, fmt.Errorf("schema %d, this program wants %d: %w", seen.version, schemaVersion, ErrOlder)
	}
	return &postgresStore{db: db, login: seen.login, readOnly: true}, nil
}

// Login is the login that the server knows the session by.
func (s *postgresStore) Login() string { return s.login }

// Update carries fn out in a serializable transaction. Writers wait for each
// other before any of them reads, so that none works on what another is
// changing; what still collides (with other programs than this one) is carried
// out again.
func (s *postgresStore) Update(ctx context.Context, fn func(inventory.Tx) error) error {
	if s.readOnly {
		return inventory.ErrReadOnly
	}
	return retried(ctx, func() (bool, error) {
		began, err := s.update(ctx, fn)
		return again(err) || !began && errors.Is(err, ErrUnreachable), err
	})
}

// retried calls try until it says that there is no use in another.
func retried(ctx context.Context, try func() (bool, error)) error {
	wait := firstWait
	for n := 1; ; n++ {
		repeat, err := try()
		if !repeat || n == maxTries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(wait)):
			wait *= 2
		}
	}
}

// update is one try; began says whether fn was called.
func (s *postgresStore) update(ctx context.Context, fn func(inventory.Tx) error) (began bool, err error) {
	t, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return false, fmt.Errorf("begin: %w", mapped(err))
	}
	defer t.Rollback() // does nothing after Commit
	// LOCK takes no snapshot: the first statement after it does, when the writer
	// before is done.
	if _, err := t.ExecContext(ctx, "LOCK TABLE write_turn IN EXCLUSIVE MODE"); err != nil {
		return false, fmt.Errorf("begin: %w", mapped(err))
	}
	if err := fn(&tx{ctx: ctx, sql: t, dialect: postgresDialect}); err != nil {
		return true, err
	}
	var number sql.NullString // none: nothing was written
	if err := t.QueryRowContext(ctx, "SELECT pg_current_xact_id_if_assigned()::text").Scan(&number); err != nil {
		return true, fmt.Errorf("commit: %w", mapped(err))
	}
	err = t.Commit()
	if err != nil && number.Valid && unanswered(err) {
		err = s.outcome(ctx, number.String, err)
	}
	if err != nil {
		return true, fmt.Errorf("commit: %w", mapped(err))
	}
	return true, nil
}

// outcome finds out what became of a transaction whose commit was not answered:
// nil when it was carried out, cause when it was not, and ErrOutcome with it
// when the server does not say.
func (s *postgresStore) outcome(ctx context.Context, number string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience)
	defer cancel()
	for {
		var status sql.NullString
		err := s.db.QueryRowContext(ctx, "SELECT pg_xact_status($1::text::xid8)", number).Scan(&status)
		switch {
		case err == nil && status.String == "committed":
			return nil
		case err == nil && status.String == "aborted":
			return cause
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrOutcome, mapped(cause))
		case <-time.After(firstWait * 5):
		}
	}
}

func (s *postgresStore) View(ctx context.Context, fn func(inventory.Tx) error) error {
	return retried(ctx, func() (bool, error) {
		t, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
		if err != nil {
			err = fmt.Errorf("begin: %w", mapped(err))
			return errors.Is(err, ErrUnreachable), err
		}
		defer t.Rollback()
		return false, fn(&tx{ctx: ctx, sql: t, dialect: postgresDialect})
	})
}

// Close ends the connections.
func (s *postgresStore) Close() error { return s.db.Close() }
