package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"hwmfa/inventory"
	"hwmfa/inventory/store/storetest"
)

// TestTamperedCustody: who changes past the journal what is kept beside keys is
// found out.
func TestTamperedCustody(t *testing.T) {
	for edit, want := range map[string]string{
		"SELECT 1":                              "",
		"DELETE FROM place_access":              "the access of U-",
		"UPDATE place_access SET actor = 'eve'": "the access of U-",
		"INSERT INTO place_access SELECT place_id, (SELECT id FROM people WHERE name = 'Cleo'), at, actor FROM place_access": "is not of the journal",
		"UPDATE artifacts SET seal = 'S-9'":                               "artifact A-",
		"UPDATE artifacts SET retired_at = '2026-03-01T00:00:00.000000Z'": "artifact A-",
		"DELETE FROM artifact_openers":                                    "artifact A-",
		"DELETE FROM artifact_accounts":                                   "artifact A-",
		"UPDATE exceptions SET expires = '2999-01-01T00:00:00.000000Z'":   "the exception of account",
		"UPDATE exceptions SET approver_id = owner_id":                    "the exception of account",
		"DELETE FROM bags WHERE number = 'B-1'":                           "bag B-1 is gone",
		"UPDATE bags SET state = 'intact'":                                "bag B-1",
		"UPDATE bags SET sealed_by = 'eve'":                               "bag B-1",
		"INSERT INTO bags (number, state, sealed_at, sealed_by) SELECT 'B-3', 'intact', sealed_at, sealed_by FROM bags LIMIT 1": "bag B-3 is not of the journal",
		"UPDATE shipments SET due = '2999-01-01T00:00:00.000000Z'":                                                              "shipment S-",
		"UPDATE shipments SET sent_by = 'eve'":                                                                                  "shipment S-",
		"UPDATE requests SET asked_by = 'eve'":                                                                                  "request R-",
		"UPDATE requests SET event = 1":                                                                                         "request R-",
		"UPDATE requests SET at = '2999-01-01T00:00:00.000000Z'":                                                                "request R-",
		"UPDATE requests SET moves = replace(moves, 'unseal', 'lose')":                                                          "request R-",
		"DELETE FROM requests":                                                                                                  "is gone",
		"UPDATE keys SET reason = 'none'":                                                                                       "key K-",
		"UPDATE keys SET ticket = 'none'":                                                                                       "key K-",
		"UPDATE keys SET seal = 'B-9' WHERE seal IS NOT NULL":                                                                   "key K-",
		"DELETE FROM audit_runs":                                                                                                "audit run AR-",
		"UPDATE audit_runs SET actor = 'eve'":                                                                                   "audit run AR-",
		"UPDATE audit_runs SET at = '2999-01-01T00:00:00.000000Z'":                                                              "audit run AR-",
		"UPDATE audit_runs SET event = 1":                                                                                       "audit run AR-",
		"UPDATE audit_runs SET scope = ''":                                                                                      "its scope is not that of its row",
		"UPDATE audit_runs SET head = replace(head, '\"fail\":0', '\"fail\":1')":                                                "audit run AR-",
		"UPDATE audit_runs SET head = replace(head, '\"fail\":0', '\"fail\": 0')":                                               "not in the form it is written in",
		"INSERT INTO audit_runs SELECT 'AR-9', event + 1, at, actor, scope, head FROM audit_runs":                               "audit run AR-9 is not of the journal",
		"DELETE FROM exceptions":                                                                                                "is gone",
	} {
		t.Run(edit, func(t *testing.T) {
			s, path := opened(t)
			storetest.Fill(t, s)
			rawExec(t, path, edit)
			err := s.View(t.Context(), inventory.VerifyState)
			if want == "" && err != nil || want != "" && (!errors.Is(err, inventory.ErrDamaged) || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// TestSeparatorInKey: a field that looks like two spoils neither the list of keys
// nor what is said of the others.
func TestSeparatorInKey(t *testing.T) {
	s, path := opened(t)
	storetest.Fill(t, s)
	list := func() (keys []inventory.Key) {
		t.Helper()
		err := s.View(t.Context(), func(tx inventory.Tx) (err error) {
			keys, err = tx.ListKeys(inventory.KeyFilter{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	want := list()
	last := &want[len(want)-1]
	last.Product = "a\x1fb"
	rawExec(t, path, "UPDATE keys SET product = 'a' || char(31) || 'b' WHERE id = '"+last.ID+"'")
	if got := list(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	err := s.View(t.Context(), inventory.VerifyState)
	if err == nil || err.Error() != "key "+last.ID+" is not what the journal recorded: inventory is damaged" {
		t.Errorf("got %v", err)
	}
}
