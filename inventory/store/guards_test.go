package store

import (
	"errors"
	"strings"
	"testing"

	"hwmfa/inventory"
	"hwmfa/inventory/store/storetest"
)

// TestGuards: who takes the guards off the journal, or puts some of their own in,
// is found out even if nothing else was changed yet.
func TestGuards(t *testing.T) {
	for edit, want := range map[string]string{
		"SELECT 1":                      "",
		"CREATE INDEX mine ON keys(id)": "",
		"DROP TRIGGER events_no_update": "trigger events_no_update is gone",
		"DROP TRIGGER events_in_order; CREATE TRIGGER events_in_order BEFORE INSERT ON events WHEN 0 BEGIN SELECT 1; END": "trigger events_in_order is not as this program made it",
		"CREATE TRIGGER mine AFTER INSERT ON keys BEGIN DELETE FROM keys; END":                                            "trigger mine is not of this program",
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'events'":  "table events is not as this program made it",
	} {
		t.Run(edit, func(t *testing.T) {
			s, path := opened(t)
			storetest.Fill(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			rawExec(t, path, edit)
			s, err := OpenReadOnly(t.Context(), URL(path))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			expectGuards(t, s, want)
		})
	}
}

func expectGuards(t *testing.T, s inventory.Store, want string) {
	t.Helper()
	err := s.View(t.Context(), func(tx inventory.Tx) error {
		v, err := inventory.Verify(tx)
		if want == "" && v.Guards != nil || want != "" && (!errors.Is(v.Guards, ErrDamaged) || !strings.Contains(v.Guards.Error(), want)) {
			t.Errorf("guards: %v, want %q", v.Guards, want)
		}
		v.Guards = nil
		return errors.Join(append(v.Faults(), err)...)
	})
	if err != nil {
		t.Error(err)
	}
}

// TestGuards_server: the same, by the owner of the database.
func TestGuards_server(t *testing.T) {
	server := postgres.Get(t)
	for edit, want := range map[string]string{
		"SELECT 1": "",
		"DROP TRIGGER events_in_order ON hwmfa.events":                                                                  "trigger events_in_order is gone",
		"ALTER TABLE hwmfa.events DISABLE TRIGGER events_no_change":                                                     "trigger events_no_change is not as this program made it",
		"CREATE OR REPLACE FUNCTION hwmfa.journal_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'": "trigger attestations_no_change is not as this program made it",
		"CREATE TRIGGER mine BEFORE INSERT ON hwmfa.keys FOR EACH STATEMENT EXECUTE FUNCTION hwmfa.journal_refuse()":    "trigger mine is not of this program",
	} {
		t.Run(edit, func(t *testing.T) {
			database := server.Database(t)
			s, err := Open(t.Context(), database)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			server.SQL(t, name(database), edit)
			expectGuards(t, s, want)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
