// Package store keeps an inventory in a database. It holds the SQL and
// nothing else: what may be written is decided in package inventory.
//
// An existing file is looked at before SQLite may open it, and a new one is
// made complete beside its place before it gets its name, so that neither a
// foreign file nor a half-made inventory is ever written to.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"hwmfa/inventory"
)

// Facts about a database that callers act on.
var (
	// ErrUnsupportedURL: the URL names no kind of database that this program knows.
	ErrUnsupportedURL = errors.New("unsupported inventory URL")
	// ErrNoInventory: there is no database there.
	ErrNoInventory = errors.New("no inventory yet")
	// ErrForeign: what is there is not an inventory of this program.
	ErrForeign = errors.New("not an hwmfa inventory")
	// ErrNewer: a later version of this program wrote it.
	ErrNewer = errors.New("written by a newer version of this program")
	// ErrOlder: an earlier version of this program wrote it, and it was opened
	// for reading only; opened for writing, it is brought up to date.
	ErrOlder = errors.New("written by an older version of this program")
	// ErrBusy: another process kept the database locked for too long.
	ErrBusy = errors.New("inventory is locked by another program")
	// ErrNoSpace: there is no room for what is to be written; nothing was.
	ErrNoSpace = errors.New("no space is left for the inventory")
	// ErrUnreachable: the server cannot be reached, or went away. Unless
	// ErrOutcome comes with it, nothing was recorded.
	ErrUnreachable = errors.New("database server is not reachable")
	// ErrOutcome: the server went away before it answered whether it recorded a
	// change, and could not be asked since.
	ErrOutcome = errors.New("not known whether it was recorded")
	// ErrLogin: the server does not let this user or password in.
	ErrLogin = errors.New("database login refused")
	// ErrNoDatabase: the server has no database of that name.
	ErrNoDatabase = errors.New("no such database")
	// ErrDenied: the login may not do this in the database.
	ErrDenied = errors.New("not allowed to this database login")
	// ErrNotOwner: an inventory is to be made or brought up to date, and only
	// the database's owner may.
	ErrNotOwner = errors.New("only the owner of the database can do this")
	// ErrNotEmpty: what is to be copied into holds something already.
	ErrNotEmpty = errors.New("there is an inventory already")
	// ErrCopy: a copy turned out not to be one; it was not kept.
	ErrCopy = errors.New("the copy differs from what was copied")
	// ErrDamaged: the database is truncated or corrupt.
	ErrDamaged = inventory.ErrDamaged
)

// Open opens the inventory at url, "sqlite:///absolute/path" or
// "postgres://user@host/database", and makes it on first use; a file with its
// directory, on a server in an empty database. Anything there that is not an
// inventory of this program, or one that is damaged or newer, is refused and
// left as it is, byte for byte.
func Open(ctx context.Context, url string) (inventory.Store, error) {
	if isPostgres(url) {
		return onServer(ctx, url, openPostgres)
	}
	path, err := Path(url)
	if err != nil {
		return nil, err
	}
	s, err := openSQLite(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("inventory %s: %w", path, err)
	}
	return s, nil
}

// OpenReadOnly opens an inventory that exists, for View alone; where there is
// none it returns ErrNoInventory. It makes and migrates nothing.
func OpenReadOnly(ctx context.Context, url string) (inventory.Store, error) {
	if isPostgres(url) {
		return onServer(ctx, url, openPostgresReadOnly)
	}
	path, err := Path(url)
	if err != nil {
		return nil, err
	}
	s, err := openSQLiteReadOnly(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("inventory %s: %w", path, err)
	}
	return s, nil
}

func onServer(ctx context.Context, url string, open func(context.Context, *sql.DB) (*postgresStore, error)) (inventory.Store, error) {
	db, name, err := openPostgresDB(url)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("inventory %s: %w", name, err), db.Close())
	}
	return s, nil
}

// Path is the file that an inventory URL names.
func Path(inventoryURL string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", fmt.Errorf("%w: %s (supported: sqlite:///absolute/path, postgres://user@host/database)", ErrUnsupportedURL, why)
	}
	if inventoryURL == "" {
		return refuse("none is given, and there is no home directory to have one in")
	}
	scheme, _, ok := strings.Cut(inventoryURL, ":")
	if !ok {
		return refuse("it has no scheme")
	}
	if scheme != "sqlite" {
		// The rest of the URL may carry a password and is not quoted.
		return refuse(fmt.Sprintf("scheme %q", scheme))
	}
	u, err := url.Parse(inventoryURL)
	if err != nil {
		return refuse("it cannot be parsed")
	}
	switch {
	case u.Host != "" || u.User != nil:
		return refuse("it names a host; an absolute path takes three slashes")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return refuse("it has a query or fragment; write ? as %3F and # as %23")
	case u.Opaque != "" || !filepath.IsAbs(u.Path):
		return refuse("the path is not absolute")
	case strings.ContainsRune(u.Path, 0) || strings.HasSuffix(u.Path, "/"):
		return refuse("the path names no file")
	}
	return filepath.Clean(u.Path), nil
}

// URL is the inventory URL of a file; the path must be absolute.
func URL(path string) string {
	return (&url.URL{Scheme: "sqlite", Path: path, OmitHost: false}).String()
}
