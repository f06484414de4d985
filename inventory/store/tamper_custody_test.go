package store

import (
	"errors"
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
		"DELETE FROM exceptions":                                          "is gone",
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
