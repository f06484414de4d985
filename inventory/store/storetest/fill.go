package storetest

import (
	"errors"
	"testing"

	"hwmfa/inventory"
)

// Fill writes keys, places, a person, an account and a binding.
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
		_, err3 := inventory.SavePerson(tx, act(5), inventory.Person{Name: "Bea", Email: "bea@example.com"})
		_, err4 := inventory.BindKey(tx, act(6), inventory.Binding{AccountID: "123456789012", KeyID: k.ID, DeviceName: "yk", How: inventory.HowNamed})
		return errors.Join(err1, err2, err3, err4)
	})
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
