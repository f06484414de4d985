package storetest

import (
	"errors"
	"testing"

	"hwmfa/inventory"
)

// Fill writes keys, places, people, an account with a binding and an
// exception, artifacts, a bag that was broken and one that is intact, a parcel,
// a request, and a run of the audit.
func Fill(t *testing.T, s inventory.Store) {
	t.Helper()
	for n := range 3 {
		enroll(t, s, act(n), enrollment(n))
	}
	k := enroll(t, s, act(3), sparse(1))
	update(t, s, func(tx inventory.Tx) error {
		// A place below another has a row that refers to one of its own table.
		_, err1 := inventory.EnsurePlace(tx, act(4), "Zürich/Safe 1/Slot A")
		err2 := inventory.SaveAccount(tx, act(5), inventory.Account{ID: "123456789012", Name: "prod"})
		bea, err3 := inventory.SavePerson(tx, act(5), inventory.Person{Name: "Bea", Email: "bea@example.com"})
		_, err4 := inventory.BindKey(tx, act(6), inventory.Binding{AccountID: "123456789012", KeyID: k.ID, DeviceName: "yk", How: inventory.HowNamed})
		return errors.Join(err1, err2, err3, err4, fillCustody(tx, bea), fillMoves(tx))
	})
	recordAudit(t, s, 12, auditRun(12))
}

// fillCustody writes what is kept beside keys.
func fillCustody(tx inventory.Tx, bea inventory.Person) error {
	safe, err1 := inventory.FindPlace(tx, "Zürich/Safe 1")
	cleo, err2 := inventory.SavePerson(tx, act(7), inventory.Person{Name: "Cleo"})
	_, err3 := inventory.GrantAccess(tx, act(7), safe.ID, bea.ID)
	vault := inventory.Artifact{
		Kind: inventory.ArtifactVaultCopy, Label: "vault", PlaceID: safe.ID, Accounts: []string{"123456789012"}, Openers: []string{bea.ID},
	}
	first, err4 := inventory.SaveArtifact(tx, act(8), vault)
	vault.ReplicaOf = first.ID
	_, err5 := inventory.SaveArtifact(tx, act(8), vault)
	_, err6 := inventory.AddException(tx, act(9), inventory.Exception{
		AccountID: "123456789012", OwnerID: bea.ID, ApproverID: cleo.ID, Reason: "r", Control: "c", Expires: noon.AddDate(0, 1, 0),
	}, 366)
	return errors.Join(err1, err2, err3, err4, err5, err6)
}

// fillMoves moves the first three keys, which lie in one safe.
func fillMoves(tx inventory.Tx) error {
	keys, err := inventory.Keys(tx, inventory.KeyFilter{Place: "Zürich/Safe 1"})
	if err != nil {
		return err
	}
	site, err := inventory.FindPlace(tx, "Zürich")
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range []inventory.Move{
		{Verb: inventory.VerbSeal, KeyID: keys[0].ID, Seal: "B-1"},
		{Verb: inventory.VerbBreak, KeyID: keys[0].ID, Reason: "cut open"},
		{Verb: inventory.VerbSeal, KeyID: keys[1].ID, Seal: "B-2"},
		{Verb: inventory.VerbShip, KeyID: keys[2].ID, PlaceID: site.ID, Carrier: "DHL", Tracking: "1", Until: noon.AddDate(0, 1, 0)},
	} {
		_, err := inventory.MoveKey(tx, act(10), m, nil)
		errs = append(errs, err)
	}
	_, err = inventory.AskWitness(tx, act(11), []inventory.Move{{Verb: inventory.VerbUnseal, KeyID: keys[1].ID, Reason: "r"}})
	// What comes after a move and is none leaves the key where it is.
	_, errTag := inventory.TagKey(tx, act(12), keys[2].ID, "YK-M")
	return errors.Join(append(errs, err, errTag)...)
}

// Snapshot is everything that an inventory shows, as one text; its journal
// verifies and its rows are what the journal says.
func Snapshot(t *testing.T, s inventory.Store) string {
	t.Helper()
	view(t, s, func(tx inventory.Tx) error {
		_, err := inventory.VerifyJournal(tx)
		return errors.Join(err, inventory.VerifyRecords(tx))
	})
	return snapshot(t, s)
}

// Events opens an inventory and counts the events of its journal, which has to
// verify.
func Events(t *testing.T, open Opener, url string) int64 {
	t.Helper()
	var head inventory.Head
	view(t, Database{URL: url, Open: open}.store(t), func(tx inventory.Tx) (err error) {
		head, err = inventory.VerifyJournal(tx)
		return errors.Join(err, inventory.VerifyState(tx))
	})
	return head.Seq
}
