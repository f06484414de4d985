package store

import (
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"hwmfa/inventory"
)

// mapped gives a driver's error the meaning that callers act on. The driver's
// own text stays behind it.
func mapped(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return inventory.ErrNotFound
	}
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return err
	}
	var fact error
	switch se.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		fact = inventory.ErrExists
	default:
		switch se.Code() & 0xff { // the primary code
		case sqlite3.SQLITE_BUSY:
			fact = ErrBusy
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			fact = ErrDamaged
		case sqlite3.SQLITE_READONLY:
			fact = inventory.ErrReadOnly
		default:
			return err
		}
	}
	return fmt.Errorf("%w: %w", fact, err)
}
