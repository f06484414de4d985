package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"hwmfa/hw"
	"hwmfa/inventory"
)

// tx is one transaction. It keeps the context because it lives exactly as long
// as the call that the context was given to.
type tx struct {
	ctx context.Context
	sql *sql.Tx
	// dialect turns statements with "?" into those of this database.
	dialect dialect
	// prepared are the statements that this transaction ran before.
	prepared map[string]*sql.Stmt
}

// row is what *sql.Row and *sql.Rows have in common.
type row interface{ Scan(dest ...any) error }

// runner runs one statement.
type runner interface {
	ExecContext(ctx context.Context, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, args ...any) *sql.Row
}

// once is a statement that runs once and is not worth preparing.
type once struct {
	sql   *sql.Tx
	query string
}

func (o once) ExecContext(ctx context.Context, args ...any) (sql.Result, error) {
	return o.sql.ExecContext(ctx, o.query, args...)
}

func (o once) QueryContext(ctx context.Context, args ...any) (*sql.Rows, error) {
	return o.sql.QueryContext(ctx, o.query, args...)
}

func (o once) QueryRowContext(ctx context.Context, args ...any) *sql.Row {
	return o.sql.QueryRowContext(ctx, o.query, args...)
}

// statement prepares what is run for the second time: a change of many keys runs
// the same few statements thousands of times, and SQLite takes longer to parse
// one than to run it.
func (t *tx) statement(query string) (runner, error) {
	st, seen := t.prepared[query]
	if st != nil {
		return st, nil
	}
	bound := t.dialect.rebind(query)
	if !seen {
		if t.prepared == nil {
			t.prepared = map[string]*sql.Stmt{}
		}
		t.prepared[query] = nil
		return once{t.sql, bound}, nil
	}
	st, err := t.sql.PrepareContext(t.ctx, bound)
	if err != nil {
		return nil, err
	}
	t.prepared[query] = st
	return st, nil
}

// exec runs a statement that must touch exactly one row.
func (t *tx) exec(query string, args ...any) error {
	st, err := t.statement(query)
	if err != nil {
		return mapped(err)
	}
	r, err := st.ExecContext(t.ctx, args...)
	if err != nil {
		return mapped(err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return mapped(err)
	}
	if n != 1 {
		return inventory.ErrNotFound
	}
	return nil
}

// one reads one row, ErrNotFound without one.
func one[T any](t *tx, scan func(row) (T, error), query string, args ...any) (T, error) {
	st, err := t.statement(query)
	if err != nil {
		var none T
		return none, mapped(err)
	}
	v, err := scan(st.QueryRowContext(t.ctx, args...))
	if err != nil {
		var none T
		return none, mapped(err)
	}
	return v, nil
}

// each calls fn with every row in turn.
func each[T any](t *tx, scan func(row) (T, error), fn func(T) error, query string, args ...any) error {
	st, err := t.statement(query)
	if err != nil {
		return mapped(err)
	}
	rows, err := st.QueryContext(t.ctx, args...)
	if err != nil {
		return mapped(err)
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return mapped(err)
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return mapped(rows.Err())
}

// list reads all rows.
func list[T any](t *tx, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := each(t, scan, func(v T) error { all = append(all, v); return nil }, query, args...)
	return all, err
}

// null stores an empty text as NULL: unknown, or none.
func null(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// nullTime stores the zero time as NULL: unknown, or none.
func nullTime(t time.Time) sql.NullString {
	if t.IsZero() {
		return sql.NullString{}
	}
	return null(inventory.FormatTime(t))
}

// number stores a yes as 1.
func number(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// The types below scan a column strictly: what this program would not have
// written is damage.

type timeColumn struct{ to *time.Time }

func (c timeColumn) Scan(src any) error { return strictly(src, c.to, inventory.ParseTime) }

// maybeTime takes NULL for the zero time.
type maybeTime struct{ to *time.Time }

func (c maybeTime) Scan(src any) error {
	if src == nil {
		return nil
	}
	return strictly(src, c.to, inventory.ParseTime)
}

type hashColumn struct{ to *inventory.Hash }

func (c hashColumn) Scan(src any) error { return strictly(src, c.to, inventory.ParseHash) }

type versionColumn struct{ to *hw.Version }

func (c versionColumn) Scan(src any) error { return strictly(src, c.to, inventory.ParseVersion) }

type aaguidColumn struct{ to *hw.AAGUID }

func (c aaguidColumn) Scan(src any) error { return strictly(src, c.to, inventory.ParseAAGUID) }

type hexColumn struct{ to *[]byte }

func (c hexColumn) Scan(src any) error {
	return strictly(src, c.to, func(s string) ([]byte, error) {
		b, err := hex.DecodeString(s)
		if err == nil && hex.EncodeToString(b) != s {
			err = fmt.Errorf("upper-case hexadecimal")
		}
		return b, err
	})
}

// word takes a text of a type of its own.
func word[T ~string](to *T) sql.Scanner { return wordColumn[T]{to} }

type wordColumn[T ~string] struct{ to *T }

func (c wordColumn[T]) Scan(src any) error {
	return strictly(src, c.to, func(s string) (T, error) { return T(s), nil })
}

// small takes a number that has to fit.
func small[T uint16 | hw.FormFactor](to *T) sql.Scanner { return smallColumn[T]{to} }

type smallColumn[T uint16 | hw.FormFactor] struct{ to *T }

func (c smallColumn[T]) Scan(src any) error {
	if n, ok := src.(int64); ok {
		src = strconv.FormatInt(n, 10)
	}
	return strictly(src, c.to, func(s string) (T, error) {
		n, err := strconv.ParseUint(s, 10, 16)
		if err == nil && uint64(T(n)) != n {
			err = strconv.ErrRange
		}
		return T(n), err
	})
}

type textColumn struct{ to *string }

// Scan takes NULL for "".
func (c textColumn) Scan(src any) error {
	return strictly(src, c.to, func(s string) (string, error) { return s, nil })
}

func strictly[T any](src any, to *T, parse func(string) (T, error)) error {
	var s string
	switch v := src.(type) {
	case nil:
	case string:
		s = v
	default:
		return fmt.Errorf("%w: a column holds %T", inventory.ErrDamaged, src)
	}
	v, err := parse(s)
	if err != nil {
		return fmt.Errorf("%w: %w", inventory.ErrDamaged, err)
	}
	*to = v
	return nil
}
