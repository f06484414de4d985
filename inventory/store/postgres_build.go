package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	_ "embed"
)

// postgresSchema is the schema that the inventory's tables are in, and
// postgresMark what its comment begins with: it makes a schema of that name
// ours. After it comes the version of the schema that is complete.
const (
	postgresSchema = "hwmfa"
	postgresMark   = "hwmfa inventory"
)

// buildLock is the advisory lock under which an inventory is made or brought up
// to date: "hwMF".
const buildLock = applicationID

// postgresSettle is carried out after every migration.
//
//go:embed postgres/settle.sql
var postgresSettle string

// Roles is SQL that makes the roles of an inventory on PostgreSQL, with what
// each may do in its comments.
//
//go:embed postgres/roles.sql
var Roles string

// sight is what a server shows of a database before it is used.
type sight struct {
	login      string
	encoding   string
	server     int64  // version number, 150016 for 15.16
	mark       string // the comment of the schema of our name
	exists     bool   // the schema
	filled     bool   // there is something in it
	foreign    bool   // there are tables in other schemas
	mayUse     bool   // the schema
	mayCreate  bool   // a schema in the database
	ownsSchema bool
	version    int64 // of an inventory: that of its last migration
	settled    int64 // that for which all was done
}

// ours says whether the schema is one that this program made.
func (s sight) ours() bool { return strings.HasPrefix(s.mark, postgresMark) }

// current says whether nothing is to be done before the inventory can be used.
func (s sight) current() bool { return s.version == schemaVersion && s.settled == schemaVersion }

// look reads all that is needed to tell what the database is. What an
// extension brought along is nobody's table.
func look(ctx context.Context, db querier) (sight, error) {
	var s sight
	err := db.QueryRowContext(ctx, `SELECT session_user::text, current_setting('server_encoding'),
			current_setting('server_version_num')::bigint, COALESCE(obj_description(n.oid, 'pg_namespace'), ''),
			n.oid IS NOT NULL, EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid),
			EXISTS (SELECT FROM pg_class c JOIN pg_namespace o ON o.oid = c.relnamespace
				WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND o.oid IS DISTINCT FROM n.oid
				AND o.nspname <> 'information_schema' AND o.nspname NOT LIKE 'pg\_%'
				AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')),
			COALESCE(has_schema_privilege(n.oid, 'USAGE'), false),
			has_database_privilege(current_database(), 'CREATE'),
			COALESCE(pg_has_role(n.nspowner, 'MEMBER'), false)
		FROM (SELECT $1::text AS name) ours LEFT JOIN pg_namespace n ON n.nspname = ours.name`, postgresSchema).
		Scan(&s.login, &s.encoding, &s.server, &s.mark, &s.exists, &s.filled, &s.foreign, &s.mayUse, &s.mayCreate, &s.ownsSchema)
	if err != nil {
		return s, mapped(err)
	}
	if !s.ours() || !s.mayUse {
		return s, nil
	}
	// Without a number, which is the case until the first time, it stays 0.
	s.settled, _ = strconv.ParseInt(strings.TrimPrefix(s.mark, postgresMark+" "), 10, 64)
	var made bool
	err = db.QueryRowContext(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&made)
	if err == nil && made {
		s.version, err = version(ctx, db)
	}
	return s, mapped(err)
}

// judge says what is wrong with a database, nil when it is an inventory that
// can be used or brought up to date, ErrNoInventory when one can be made in it.
func (s sight) judge() error {
	const oldest, utf8 = 130000, "UTF8"
	switch {
	case s.server < oldest:
		return fmt.Errorf("the server is PostgreSQL %d, this program wants 13 or later: %w", s.server/10000, ErrUnsupportedURL)
	case s.encoding != utf8:
		return fmt.Errorf("its encoding is %s, an inventory wants %s: %w", s.encoding, utf8, ErrForeign)
	case s.ours() && !s.mayUse:
		return fmt.Errorf("%s has no role in it: %w", s.login, ErrDenied)
	case s.ours() && s.version > schemaVersion:
		return fmt.Errorf("schema %d, this program knows %d: %w", s.version, schemaVersion, ErrNewer)
	case s.ours():
		return nil
	case s.filled:
		return fmt.Errorf("the schema %s in it is of another program: %w", postgresSchema, ErrForeign)
	case !s.exists && s.foreign:
		return fmt.Errorf("it holds tables of another program: %w", ErrForeign)
	}
	return ErrNoInventory
}

// build makes the inventory or brings it up to date, whichever it takes, while
// no other process does.
func build(ctx context.Context, db *sql.DB) (seen sight, err error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return seen, mapped(err)
	}
	defer c.Close()
	if _, err := c.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(buildLock)); err != nil {
		return seen, mapped(err)
	}
	defer func() {
		_, unlockErr := c.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(buildLock))
		err = errors.Join(err, mapped(unlockErr))
	}()
	if seen, err = look(ctx, c); err != nil {
		return seen, err
	}
	switch err := seen.judge(); {
	case err == nil && seen.current():
		return seen, nil // another process was faster
	case err == nil && !seen.ownsSchema:
		return seen, fmt.Errorf("schema %d, this program wants %d, and %s does not own it: %w", seen.version, schemaVersion, seen.login, ErrNotOwner)
	case errors.Is(err, ErrNoInventory) && (seen.exists && !seen.ownsSchema || !seen.exists && !seen.mayCreate):
		return seen, fmt.Errorf("there is no inventory yet, and %s may not make one: %w", seen.login, ErrNotOwner)
	case errors.Is(err, ErrNoInventory):
		// Both statements are one transaction.
		if _, err := c.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+postgresSchema+"; COMMENT ON SCHEMA "+postgresSchema+" IS '"+postgresMark+"'"); err != nil {
			return seen, fmt.Errorf("create: %w", mapped(err))
		}
	case err != nil:
		return seen, err
	}
	if err := postgresDialect.migrate(ctx, db); err != nil {
		return seen, err
	}
	settle := fmt.Sprintf("%s\nCOMMENT ON SCHEMA %s IS '%s %d'", postgresSettle, postgresSchema, postgresMark, schemaVersion)
	if _, err := c.ExecContext(ctx, settle); err != nil {
		return seen, fmt.Errorf("settle: %w", mapped(err))
	}
	return look(ctx, c)
}
