package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// table is the shape of one table: what is needed to copy any.
type table struct {
	name    string
	columns []string
	key     []string // the primary key's columns
	parents []string // the tables that its rows refer to
}

// keptApart are tables that are each database's own and are not copied.
var keptApart = []string{"goose_db_version", "write_turn"}

func apart(table string) bool { return slices.Contains(keptApart, table) }

// shapes reads the tables of an SQLite file, each after those that it refers to.
func shapes(ctx context.Context, db querier) ([]table, error) {
	names, err := texts(ctx, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
	if err != nil {
		return nil, err
	}
	var all []table
	for _, name := range names {
		if apart(name) {
			continue
		}
		t := table{name: name}
		if t.columns, err = texts(ctx, db, "SELECT name FROM pragma_table_info(?) ORDER BY name", name); err != nil {
			return nil, err
		}
		if t.key, err = texts(ctx, db, "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", name); err != nil {
			return nil, err
		}
		if t.parents, err = texts(ctx, db, `SELECT DISTINCT "table" FROM pragma_foreign_key_list(?)`, name); err != nil {
			return nil, err
		}
		if len(t.key) == 0 {
			return nil, fmt.Errorf("table %s has no primary key: %w", name, ErrDamaged)
		}
		all = append(all, t)
	}
	return parentsFirst(all)
}

// parentsFirst puts each table after those that its rows refer to.
func parentsFirst(all []table) ([]table, error) {
	var sorted []table
	done := map[string]bool{}
	for len(sorted) < len(all) {
		before := len(sorted)
		for _, t := range all {
			waits := slices.ContainsFunc(t.parents, func(p string) bool { return p != t.name && !done[p] })
			if !done[t.name] && !waits {
				sorted, done[t.name] = append(sorted, t), true
			}
		}
		if len(sorted) == before {
			return nil, fmt.Errorf("tables refer to each other in a circle: %w", ErrDamaged)
		}
	}
	return sorted, nil
}

// sameShapes refuses a server whose tables are not those of the file: a row
// could be left behind.
func sameShapes(ctx context.Context, db querier, all []table) error {
	found, err := texts(ctx, db, `SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = $1::text::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
		AND c.relname <> ALL (string_to_array($2::text, ','))`, postgresSchema, strings.Join(keptApart, ","))
	if err != nil {
		return err
	}
	var want []string
	for _, t := range all {
		for _, c := range t.columns {
			want = append(want, t.name+"."+c)
		}
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		return fmt.Errorf("its tables are not those of the file: %w", ErrDamaged)
	}
	return nil
}

// texts reads a column.
func texts(ctx context.Context, db querier, query string, args ...any) ([]string, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, mapped(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, mapped(err)
		}
		all = append(all, s)
	}
	return all, mapped(rows.Err())
}

// content reads all rows of a table in the order of its key.
func (t table) content(ctx context.Context, db querier) (*content, error) {
	rows, err := db.QueryContext(ctx, "SELECT "+strings.Join(t.columns, ", ")+" FROM "+t.name+" ORDER BY "+strings.Join(t.key, ", "))
	if err != nil {
		return nil, mapped(err)
	}
	return &content{Rows: rows, table: t.name, values: make([]any, len(t.columns))}, nil
}

// content is rows of values that are text, 64-bit numbers or nothing, in the
// form that COPY takes them.
type content struct {
	*sql.Rows
	table  string
	values []any
	count  int64
	bad    error // what Values found: a driver may have its own words for it
}

// Values is the row that Next came to.
func (c *content) Values() ([]any, error) {
	values, err := c.row()
	if err != nil {
		c.bad = err
	}
	return values, err
}

func (c *content) row() ([]any, error) {
	into := make([]any, len(c.values))
	for i := range c.values {
		into[i] = &c.values[i]
	}
	if err := c.Scan(into...); err != nil {
		return nil, mapped(err)
	}
	for _, v := range c.values {
		switch v.(type) {
		case nil, string, int64:
		default:
			return nil, fmt.Errorf("a column of %s holds %T: %w", c.table, v, ErrDamaged)
		}
	}
	c.count++
	return c.values, nil
}
