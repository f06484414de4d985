package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
	"hwmfa/inventory/store/storetest"
)

// TestTamperedAnywhere: whichever column of whichever table is changed past the
// journal, and whichever table is emptied, verification says so, and says no
// less than that.
func TestTamperedAnywhere(t *testing.T) {
	s, path := opened(t)
	storetest.Fill(t, s)
	err := s.Update(t.Context(), func(tx inventory.Tx) error {
		act := inventory.Act{Actor: "anna", At: time.Unix(1.9e9, 0)}
		_, err1 := inventory.AddAnchor(tx, act, "lab", []byte("-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n"))
		_, err2 := inventory.ListDelivery(tx, act, inventory.Manifest{Order: "PO-1", SHA256: inventory.Hash{1}, Lines: []inventory.ManifestLine{
			{Serial: "77", Product: "Bio"}, {Product: "Security Key NFC", Quantity: 3},
		}})
		_, err3 := inventory.SetMetadata(tx, act, 7, time.Unix(2e9, 0), "a.b.c")
		credentials, err4 := tx.ListCredentials("")
		_, err5 := inventory.ProveKey(tx, act, credentials[0].KeyID, inventory.Answer{
			CredentialID: credentials[0].ID, Challenge: bytes.Repeat([]byte{1}, 32), AuthData: []byte{1}, Signature: []byte{1}, Method: inventory.MethodSilent,
		})
		return errors.Join(err1, err2, err3, err4, err5)
	})
	if err != nil {
		t.Fatal(err)
	}
	tables, err := shapes(t.Context(), s.(*sqliteStore).write)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tampered := func(t *testing.T, sql string) (v inventory.Verified) {
		t.Helper()
		copied := filepath.Join(t.TempDir(), "inventory.db")
		if err := os.WriteFile(copied, good, 0o600); err != nil {
			t.Fatal(err)
		}
		rawExec(t, copied, "PRAGMA foreign_keys = 0", "PRAGMA synchronous = 0", "DROP TRIGGER attestations_no_update", "DROP TRIGGER attestations_no_delete", sql)
		s, err := OpenReadOnly(t.Context(), URL(copied))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		err = s.View(t.Context(), func(tx inventory.Tx) (err error) {
			v, err = inventory.Verify(tx)
			return err
		})
		if err != nil {
			t.Errorf("the rest was not verified: %v", err)
		}
		return v
	}
	if v := tampered(t, "SELECT 1"); v.Journal != nil || v.Records != nil || v.State != nil || v.Proofs != nil {
		t.Fatalf("nothing was tampered with: %+v", v)
	}
	for _, table := range tables {
		if table.name == "events" {
			continue // TestTampering
		}
		edits := []string{"DELETE FROM " + table.name}
		for _, c := range table.columns {
			if table.name == "order_lines" && c == "line" {
				continue // it only puts the lines in order
			}
			// Another of its kind, where there is one: a time stays a time.
			edits = append(edits, fmt.Sprintf(`UPDATE OR REPLACE %s SET %s = CASE WHEN typeof(%[2]s) = 'integer' THEN %[2]s + 1
				WHEN %[2]s IS NULL THEN 'x' WHEN %[2]s LIKE '20__-__-__T%%' THEN '2001' || substr(%[2]s, 5) ELSE %[2]s || 'x' END`, table.name, c))
		}
		for _, sql := range edits {
			t.Run(strings.Join(strings.Fields(sql)[:min(6, len(strings.Fields(sql)))], " "), func(t *testing.T) {
				v := tampered(t, sql)
				err := errors.Join(v.Journal, v.Records, v.State, v.Proofs)
				if !errors.Is(err, inventory.ErrDamaged) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}
