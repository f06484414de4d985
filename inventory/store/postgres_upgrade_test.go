package store

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"hwmfa/inventory"
	"hwmfa/inventory/store/pgtest"
	"hwmfa/inventory/store/storetest"
)

// TestUpgrade_server: a database whose triggers a migration of its own had made,
// before settling made them, is taken over with what is in it.
func TestUpgrade_server(t *testing.T) {
	server := postgres.Get(t)
	triggers, err := os.ReadFile("testdata/postgres_00002.sql")
	if err != nil {
		t.Fatal(err)
	}
	// As its owner: what another one owns could not be made anew.
	const before = `SET SESSION AUTHORIZATION %s; SET search_path = hwmfa;
		DROP FUNCTION journal_append, journal_refuse CASCADE;
		%s
		INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, true);`
	for of, then := range map[string]string{
		"of this schema": "",
		"of the schema before": fmt.Sprintf(`DROP TABLE audit_runs; DELETE FROM goose_db_version WHERE version_id = %d;
			COMMENT ON SCHEMA hwmfa IS '%s %d'`, schemaVersion, postgresMark, schemaVersion-1),
	} {
		t.Run(of, func(t *testing.T) {
			database := server.Database(t)
			s, err := Open(t.Context(), database)
			if err != nil {
				t.Fatal(err)
			}
			if then == "" {
				storetest.Fill(t, s)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			server.SQL(t, name(database), fmt.Sprintf(before, pgtest.Owner, triggers)+then)
			if s, err = Open(t.Context(), database); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if then != "" {
				storetest.Fill(t, s)
			}
			expectGuards(t, s, "")
			err = s.Update(t.Context(), func(tx inventory.Tx) error {
				return tx.AppendEvent(inventory.Event{Seq: 1, Kind: "x", Payload: "{}"})
			})
			if err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("an event out of order: %v", err)
			}
		})
	}
}
