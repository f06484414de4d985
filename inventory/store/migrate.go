package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"

	"hwmfa/inventory"
)

// The schema is the same text for every database. What each database says in
// its own words is a migration of its own in the directory of each: SQLite's
// guards of the journal. A server's are in settle.sql, which can be repeated.
//
//go:embed migrations/*.sql sqlite/0*.sql
var migrations embed.FS

// schemaVersion is the number of the last migration.
var schemaVersion = lastMigration()

func lastMigration() int64 {
	var last int64
	for _, pattern := range []string{"migrations/*.sql", "sqlite/0*.sql"} {
		files, _ := fs.Glob(migrations, pattern) // the only error is a bad pattern
		for _, file := range files {
			n, err := goose.NumericComponent(path.Base(file))
			if err == nil && n > last {
				last = n
			}
		}
	}
	return last
}

// dialect is what is different between the databases that speak SQL to us.
type dialect struct {
	goose goose.Dialect
	// own is the database's name, and the directory of the migrations in its
	// own words.
	own string
	// rebind puts the database's own placeholders in the place of each "?".
	rebind func(query string) string
	// rowID: every row has a number of its own, in the order they were written.
	rowID bool
}

var (
	sqliteDialect   = dialect{goose: goose.DialectSQLite3, own: "sqlite", rebind: func(query string) string { return query }, rowID: true}
	postgresDialect = dialect{goose: goose.DialectPostgres, own: "postgres", rebind: numbered}
)

// numbered writes $1, $2, … for each "?" outside of a quoted text.
func numbered(query string) string {
	var b strings.Builder
	n, quoted := 0, false
	for _, c := range query {
		switch {
		case c == '\'':
			quoted = !quoted
		case c == '?' && !quoted:
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// provider is goose over one database.
func (d dialect) provider(db *sql.DB) (*goose.Provider, error) {
	shared, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(migrations, d.own+"/0*.sql")
	if err != nil {
		return nil, err
	}
	var own []*goose.Migration
	for _, name := range names {
		version, err := goose.NumericComponent(path.Base(name))
		if err != nil {
			return nil, err
		}
		text, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		own = append(own, goose.NewGoMigration(version, &goose.GoFunc{
			RunTx: func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, string(text))
				return err
			},
		}, nil))
	}
	return goose.NewProvider(d.goose, db, shared,
		goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(own...))
}

// migrate brings the schema up to date.
func (d dialect) migrate(ctx context.Context, db *sql.DB) error {
	p, err := d.provider(db)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", mapped(err))
	}
	return nil
}

// querier is what a database, a connection and a transaction have in common.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// version reads the number of the last migration that was applied.
func version(ctx context.Context, db querier) (int64, error) {
	var v sql.NullInt64
	err := db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM goose_db_version").Scan(&v)
	if err != nil {
		err = mapped(err)
		if errors.Is(err, ErrBusy) || errors.Is(err, inventory.ErrReadOnly) || ctx.Err() != nil {
			return 0, fmt.Errorf("read schema version: %w", err)
		}
		return 0, fmt.Errorf("read schema version: %w: %w", ErrDamaged, err)
	}
	return v.Int64, nil
}
