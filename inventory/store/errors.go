package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
	var pe *pgconn.PgError
	var fact error
	switch {
	case errors.As(err, &se):
		fact = factOfSQLite(se)
	case errors.As(err, &pe):
		fact = factOfPostgres(pe.Code)
	case lost(err):
		fact = ErrUnreachable
	}
	if fact == nil {
		return err
	}
	return fmt.Errorf("%w: %w", fact, oneLine{err})
}

func factOfSQLite(err *sqlite.Error) error {
	switch err.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return inventory.ErrExists
	}
	switch err.Code() & 0xff { // the primary code
	case sqlite3.SQLITE_BUSY:
		return ErrBusy
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrDamaged
	case sqlite3.SQLITE_READONLY:
		return inventory.ErrReadOnly
	case sqlite3.SQLITE_FULL:
		return ErrNoSpace
	}
	return nil
}

// factOfPostgres goes by SQLSTATE (PostgreSQL manual, appendix A).
func factOfPostgres(state string) error {
	switch state {
	case "23505": // unique_violation
		return inventory.ErrExists
	case "25006": // read_only_sql_transaction
		return inventory.ErrReadOnly
	case "55P03", "40001", "40P01": // lock_not_available, serialization_failure, deadlock_detected
		return ErrBusy
	case "42501": // insufficient_privilege
		return ErrDenied
	case "3D000": // invalid_catalog_name
		return ErrNoDatabase
	case "57014": // query_canceled: the caller's doing, or a time limit of the server's
		return nil
	case "53100": // disk_full
		return ErrNoSpace
	case "25P03": // idle_in_transaction_session_timeout
		return ErrUnreachable
	case "XX001", "XX002": // data_corrupted, index_corrupted
		return ErrDamaged
	}
	switch state[:min(2, len(state))] {
	case "28": // invalid authorization
		return ErrLogin
	case "08", "53", "57": // connection, insufficient resources, operator intervention
		return ErrUnreachable
	}
	return nil
}

// lost says whether an error is of the way to the server and not of the
// server's own: the connection broke, or there was none.
func lost(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var ce *pgconn.ConnectError
	var ne net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &ce) || errors.As(err, &ne)
}

// unanswered says whether a commit that ended with this error may have been
// carried out all the same.
func unanswered(err error) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.Severity == "FATAL" || pe.Severity == "PANIC"
	}
	return !errors.Is(err, pgx.ErrTxCommitRollback)
}

// again says whether a transaction that ended with this error may succeed when
// it is carried out anew.
func again(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01")
}

// oneLine is an error of a driver whose text goes over several lines.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }

func (e oneLine) Unwrap() error { return e.error }
