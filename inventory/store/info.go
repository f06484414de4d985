package store

import (
	"context"
	"errors"
	"fmt"

	"hwmfa/inventory"
)

// Info says what an inventory is kept in.
type Info struct {
	Kind   string // sqlite, postgres
	Name   string // as Describe has it
	Schema int64
	Login  string // "" of a file
	Head   inventory.Head
	Tables []TableRows // by name
}

// TableRows is how many rows a table has.
type TableRows struct {
	Table string
	Rows  int64
}

// Look opens an inventory for reading and says what it is. The journal's head
// is not verified.
func Look(ctx context.Context, url string) (info Info, err error) {
	if info.Name, err = Describe(url); err != nil {
		return info, err
	}
	opened, err := OpenReadOnly(ctx, url)
	if err != nil {
		return info, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	info.Login, info.Schema = opened.Login(), schemaVersion
	err = opened.View(ctx, func(view inventory.Tx) error {
		t := view.(*tx)
		info.Kind = t.dialect.own
		var err error
		if info.Head, err = inventory.JournalHead(t); err != nil {
			return err
		}
		info.Tables, err = t.tableRows()
		return err
	})
	return info, err
}

// tableRows counts the rows of every table.
func (t *tx) tableRows() ([]TableRows, error) {
	query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
	if t.dialect.own == postgresDialect.own {
		query = "SELECT relname::text FROM pg_class WHERE relnamespace = '" + postgresSchema + "'::regnamespace AND relkind = 'r' ORDER BY relname::text COLLATE \"C\""
	}
	names, err := texts(t.ctx, t.sql, query)
	if err != nil {
		return nil, fmt.Errorf("tables: %w", err)
	}
	var all []TableRows
	for _, name := range names {
		if apart(name) {
			continue
		}
		rows := TableRows{Table: name}
		if err := t.sql.QueryRowContext(t.ctx, "SELECT COUNT(*) FROM "+name).Scan(&rows.Rows); err != nil {
			return nil, fmt.Errorf("table %s: %w", name, mapped(err))
		}
		all = append(all, rows)
	}
	return all, nil
}
