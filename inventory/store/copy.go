package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"hwmfa/inventory"
)

// Copy says what a copy of an inventory holds.
type Copy struct {
	Head   inventory.Head
	Tables int
	Rows   int64
}

// Migrate copies the inventory of a file into an empty one of a server, holds
// every row and the journal of both against each other, and keeps the copy only
// if they are equal. Nothing can be written to the file meanwhile.
func Migrate(ctx context.Context, from, to string) (Copy, error) {
	path, err := Path(from)
	if err != nil {
		return Copy{}, err
	}
	if !isPostgres(to) {
		return Copy{}, fmt.Errorf("%w: what is migrated to is postgres://user@host/database", ErrUnsupportedURL)
	}
	if err := inspect(path); err != nil {
		return Copy{}, fmt.Errorf("inventory %s: %w", path, err)
	}
	source, err := openSQLite(ctx, path)
	if err != nil {
		return Copy{}, fmt.Errorf("inventory %s: %w", path, err)
	}
	done, err := source.toServer(ctx, to)
	return done, errors.Join(err, source.Close())
}

// toServer copies a file, which nobody writes to meanwhile, into an empty
// inventory of a server.
func (s *sqliteStore) toServer(ctx context.Context, to string) (Copy, error) {
	locked, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return Copy{}, fmt.Errorf("begin: %w", mapped(err))
	}
	defer locked.Rollback()
	opened, err := Open(ctx, to)
	if err != nil {
		return Copy{}, err
	}
	target := opened.(*postgresStore)
	done, err := target.takeOver(ctx, locked)
	if err != nil {
		err = fmt.Errorf("copy: %w", err)
	}
	return done, errors.Join(err, target.Close())
}

// takeOver fills an empty inventory with what a file holds.
func (s *postgresStore) takeOver(ctx context.Context, source *sql.Tx) (Copy, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return Copy{}, mapped(err)
	}
	defer conn.Close()
	t, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return Copy{}, mapped(err)
	}
	defer t.Rollback()
	// The journal's guard lets the owner write the events of others.
	if _, err := t.ExecContext(ctx, "LOCK TABLE write_turn IN EXCLUSIVE MODE; SET LOCAL hwmfa.copying = 'yes'"); err != nil {
		return Copy{}, mapped(err)
	}
	all, err := shapes(ctx, source)
	if err != nil {
		return Copy{}, err
	}
	if err := sameShapes(ctx, t, all); err != nil {
		return Copy{}, err
	}
	write := func(tab table, rows *content) error {
		return conn.Raw(func(driver any) error {
			_, err := driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{tab.name}, tab.columns, rows)
			if rows.bad != nil {
				return rows.bad
			}
			return err
		})
	}
	done, err := transfer(ctx, source, t, all, write)
	if err != nil {
		return Copy{}, err
	}
	if done.Head, err = inventory.VerifyJournal(&tx{ctx: ctx, sql: t, dialect: postgresDialect}); err != nil {
		return Copy{}, err
	}
	if err := t.Commit(); err != nil {
		return Copy{}, fmt.Errorf("commit: %w", mapped(err))
	}
	return done, nil
}

// toFile fills an empty file with what a server holds.
func (s *postgresStore) toFile(ctx context.Context, path string) (Copy, error) {
	source, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return Copy{}, mapped(err)
	}
	defer source.Rollback()
	if err := fill(ctx, path); err != nil {
		return Copy{}, err
	}
	db, err := openDB(path, "rw", commonPragmas)
	if err != nil {
		return Copy{}, err
	}
	done, err := fromServer(ctx, source, db)
	return done, errors.Join(err, db.Close())
}

func fromServer(ctx context.Context, source *sql.Tx, db *sql.DB) (Copy, error) {
	t, err := db.BeginTx(ctx, nil)
	if err != nil {
		return Copy{}, mapped(err)
	}
	defer t.Rollback()
	// A row of a table may refer to a later one of the same table.
	if _, err := t.ExecContext(ctx, "PRAGMA defer_foreign_keys = 1"); err != nil {
		return Copy{}, mapped(err)
	}
	all, err := shapes(ctx, t)
	if err != nil {
		return Copy{}, err
	}
	if err := sameShapes(ctx, source, all); err != nil {
		return Copy{}, err
	}
	write := func(tab table, rows *content) error {
		insert, err := t.PrepareContext(ctx, "INSERT INTO "+tab.name+" ("+strings.Join(tab.columns, ", ")+
			") VALUES (?"+strings.Repeat(", ?", len(tab.columns)-1)+")")
		if err != nil {
			return err
		}
		defer insert.Close()
		for rows.Next() {
			values, err := rows.Values()
			if err == nil {
				_, err = insert.ExecContext(ctx, values...)
			}
			if err != nil {
				return err
			}
		}
		return rows.Err()
	}
	done, err := transfer(ctx, source, t, all, write)
	if err != nil {
		return Copy{}, err
	}
	if done.Head, err = inventory.VerifyJournal(&tx{ctx: ctx, sql: t, dialect: sqliteDialect}); err != nil {
		return Copy{}, err
	}
	if err := t.Commit(); err != nil {
		return Copy{}, fmt.Errorf("commit: %w", mapped(err))
	}
	return done, nil
}

// transfer copies every table and then reads it back on both sides: what was
// written is compared, and not what was sent.
func transfer(ctx context.Context, source, target *sql.Tx, all []table, write func(table, *content) error) (Copy, error) {
	var done Copy
	for _, tab := range all {
		there, err := tab.digest(ctx, target)
		if err != nil {
			return done, err
		}
		if there.rows > 0 {
			return done, fmt.Errorf("%s has %d rows: %w", tab.name, there.rows, ErrNotEmpty)
		}
	}
	for _, tab := range all {
		rows, err := tab.content(ctx, source)
		if err != nil {
			return done, err
		}
		err = write(tab, rows)
		if err := errors.Join(err, rows.Close()); err != nil {
			return done, fmt.Errorf("table %s: %w", tab.name, mapped(err))
		}
		want, err1 := tab.digest(ctx, source)
		have, err2 := tab.digest(ctx, target)
		if err := errors.Join(err1, err2); err != nil {
			return done, fmt.Errorf("table %s: %w", tab.name, err)
		}
		if want != have || rows.count != want.rows {
			return done, fmt.Errorf("table %s: %w", tab.name, ErrCopy)
		}
		done.Tables++
		done.Rows += want.rows
	}
	return done, nil
}

// digest is the number of a table's rows and the SHA-256 over all they hold.
type digest struct {
	rows int64
	sum  [sha256.Size]byte
}

func (t table) digest(ctx context.Context, db querier) (digest, error) {
	rows, err := t.content(ctx, db)
	if err != nil {
		return digest{}, err
	}
	defer rows.Close()
	h := sha256.New()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return digest{}, err
		}
		for _, v := range values {
			write(h, v)
		}
	}
	d := digest{rows: rows.count}
	h.Sum(d.sum[:0])
	return d, mapped(rows.Err())
}

// write hashes a value so that no two rows give the same bytes: its kind, its
// length and itself.
func write(h hash.Hash, value any) {
	var head [9]byte
	text := ""
	switch v := value.(type) {
	case string:
		head[0], text = 't', v
		binary.BigEndian.PutUint64(head[1:], uint64(len(v)))
	case int64:
		head[0] = 'n'
		binary.BigEndian.PutUint64(head[1:], uint64(v))
	}
	h.Write(head[:])
	h.Write([]byte(text))
}
