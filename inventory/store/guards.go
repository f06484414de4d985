package store

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hwmfa/inventory"
)

func (t *tx) Guards() error {
	if t.dialect.own == sqliteDialect.own {
		return t.sqliteGuards()
	}
	return t.postgresGuards()
}

// sqliteGuards holds the schema of the file against that of an empty inventory:
// triggers keep the journal, and constraints the form of its rows.
func (t *tx) sqliteGuards() error {
	pristine, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	defer pristine.Close()
	pristine.SetMaxOpenConns(1) // each connection would have a memory of its own
	if err := sqliteDialect.migrate(t.ctx, pristine); err != nil {
		return err
	}
	want, err := t.schemaOf(pristine)
	if err != nil {
		return err
	}
	have, err := t.schemaOf(t.sql)
	if err != nil {
		return err
	}
	return compareGuards(want, have)
}

// schemaOf is what the schema says of each table, index, trigger and view.
func (t *tx) schemaOf(db querier) (map[string]string, error) {
	rows, err := db.QueryContext(t.ctx, "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
	if err != nil {
		return nil, mapped(err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, mapped(err)
		}
		all[name] = text
	}
	return all, mapped(rows.Err())
}

// postgresGuards looks for the triggers that settle.sql makes, with its text.
func (t *tx) postgresGuards() error {
	want := map[string]string{}
	for _, g := range []string{"events_no_change", "events_in_order", "attestations_no_change"} {
		want["trigger "+g] = "on"
	}
	rows, err := t.sql.QueryContext(t.ctx, `SELECT g.tgname, g.tgenabled, p.prosrc FROM pg_trigger g
		JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_proc p ON p.oid = g.tgfoid
		WHERE c.relnamespace = $1::text::regnamespace AND NOT g.tgisinternal`, postgresSchema)
	if err != nil {
		return mapped(err)
	}
	defer rows.Close()
	have := map[string]string{}
	for rows.Next() {
		var name, enabled, source string
		if err := rows.Scan(&name, &enabled, &source); err != nil {
			return mapped(err)
		}
		state := "on"
		if enabled != "O" && enabled != "A" || !strings.Contains(postgresSettle, source) {
			state = "changed"
		}
		have["trigger "+name] = state
	}
	if err := rows.Err(); err != nil {
		return mapped(err)
	}
	return compareGuards(want, have)
}

// compareGuards names what differs. What is only there may be an index that
// somebody made; a trigger or a view can change what is read and written.
func compareGuards(want, have map[string]string) error {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		switch text, there := have[name]; {
		case !there:
			wrong = append(wrong, name+" is gone")
		case text != want[name]:
			wrong = append(wrong, name+" is not as this program made it")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, known := want[name]; !known && (strings.HasPrefix(name, "trigger ") || strings.HasPrefix(name, "view ")) {
			wrong = append(wrong, name+" is not of this program")
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("the guards of the database: %s: %w", strings.Join(wrong, ", "), inventory.ErrDamaged)
}
