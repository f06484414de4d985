package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// schemaVersion is the number of the last migration.
const schemaVersion = 4

// The schema is the same text for every database. What each database says in
// its own words (the guards of the journal) is a migration of its own.
//
//go:embed migrations/*.sql
var migrations embed.FS

//go:embed sqlite/append_only.sql
var sqliteAppendOnly string

// provider is goose over one SQLite database.
func provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	appendOnly := goose.NewGoMigration(2, &goose.GoFunc{
		RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, sqliteAppendOnly)
			return err
		},
	}, nil)
	return goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(appendOnly))
}

// migrate brings the schema up to date and then writes its version into the
// file's header, where inspect looks.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", mapped(err))
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return fmt.Errorf("migrate: %w", mapped(err))
	}
	return nil
}

// version reads the number of the last migration that was applied.
func version(ctx context.Context, db *sql.DB) (int64, error) {
	var v sql.NullInt64
	err := db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM goose_db_version").Scan(&v)
	if err != nil {
		err = mapped(err)
		if errors.Is(err, ErrBusy) || ctx.Err() != nil {
			return 0, fmt.Errorf("read schema version: %w", err)
		}
		return 0, fmt.Errorf("read schema version: %w: %w", ErrDamaged, err)
	}
	return v.Int64, nil
}
