package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
)

// move does something with a key in a transaction of its own.
func move(a inventory.Act, m inventory.Move) func(tx inventory.Tx) error {
	return func(tx inventory.Tx) error {
		_, err := inventory.MoveKey(tx, a, m, nil)
		return err
	}
}

// person saves somebody new.
func person(t *testing.T, s inventory.Store, p inventory.Person) inventory.Person {
	t.Helper()
	update(t, s, func(tx inventory.Tx) (err error) {
		p, err = inventory.SavePerson(tx, act(0), p)
		return err
	})
	return p
}

// place makes the place at path.
func place(t *testing.T, s inventory.Store, path string) (p inventory.Place) {
	t.Helper()
	update(t, s, func(tx inventory.Tx) (err error) {
		p, err = inventory.EnsurePlace(tx, act(0), path)
		return err
	})
	return p
}

func keyNow(t *testing.T, s inventory.Store, id string) (k inventory.Key) {
	t.Helper()
	view(t, s, func(tx inventory.Tx) (err error) {
		k, err = tx.KeyByID(id)
		return err
	})
	return k
}

func testLife(t *testing.T, d Database) {
	two := d.pair(t)
	s := two.anna
	ada := person(t, s, inventory.Person{Name: "Ada"})
	safe := place(t, s, "Berlin/safe 1")
	other := place(t, s, "Rome/safe 1")
	e := enrollment(1)
	e.Place = "Berlin/safe 1"
	k := enroll(t, s, act(1), e)
	step := func(n int, want inventory.Status, m inventory.Move) {
		t.Helper()
		m.KeyID = k.ID
		update(t, s, move(act(n), m))
		if got := keyNow(t, s, k.ID); got.Status != want {
			t.Fatalf("after %s: %s, want %s", m.Verb, got.Status, want)
		}
	}
	no := func(want error, m inventory.Move) {
		t.Helper()
		m.KeyID = k.ID
		refused(t, s, want, move(act(1), m))
	}
	no(inventory.ErrStatus, inventory.Move{Verb: inventory.VerbReceive})
	no(inventory.ErrStatus, inventory.Move{Verb: inventory.VerbFind})
	no(inventory.ErrStatus, inventory.Move{Verb: inventory.VerbDispose, Reason: "r"})
	no(inventory.ErrInvalid, inventory.Move{Verb: "eat"})
	no(inventory.ErrInvalid, inventory.Move{Verb: inventory.VerbLose})
	no(inventory.ErrInvalid, inventory.Move{Verb: inventory.VerbCheckIn})
	no(inventory.ErrNotFound, inventory.Move{Verb: inventory.VerbCheckIn, PlaceID: "P-00000000"})
	no(inventory.ErrNotFound, inventory.Move{Verb: inventory.VerbCheckOut, PersonID: "U-00000000", Reason: "r"})
	no(inventory.ErrInvalid, inventory.Move{Verb: inventory.VerbCheckOut, PersonID: ada.ID, Reason: "r", Until: noon.Add(-time.Hour)})
	no(inventory.ErrInvalid, inventory.Move{Verb: inventory.VerbCheckOut, PersonID: ada.ID, Reason: "two\nlines"})

	step(2, inventory.StatusInSafe, inventory.Move{Verb: inventory.VerbCheckIn, PlaceID: safe.ID})
	step(3, inventory.StatusCheckedOut, inventory.Move{
		Verb: inventory.VerbCheckOut, PersonID: ada.ID, Reason: "deploy", Ticket: "OPS-1", Until: noon.Add(48 * time.Hour),
	})
	got := keyNow(t, s, k.ID)
	if got.Holder != "Ada" || got.HolderID != ada.ID || got.Place != "Berlin/safe 1" || got.Due.IsZero() || !got.Since.Equal(act(3).At.UTC().Truncate(time.Microsecond)) {
		t.Errorf("checked out: %+v", got)
	}
	step(4, inventory.StatusInSafe, inventory.Move{Verb: inventory.VerbCheckIn, PlaceID: other.ID})
	if got := keyNow(t, s, k.ID); got.Holder != "" || !got.Due.IsZero() || got.Place != "Rome/safe 1" {
		t.Errorf("checked in: %+v", got)
	}
	step(5, inventory.StatusInUse, inventory.Move{Verb: inventory.VerbCheckOut, PersonID: ada.ID, Reason: "hers", Keep: true})
	step(6, inventory.StatusLost, inventory.Move{Verb: inventory.VerbLose, Reason: "taxi"})
	no(inventory.ErrStatus, inventory.Move{Verb: inventory.VerbCheckOut, PersonID: ada.ID, Reason: "r"})
	no(inventory.ErrStatus, inventory.Move{Verb: inventory.VerbCheckIn, PlaceID: safe.ID})
	step(7, inventory.StatusFound, inventory.Move{Verb: inventory.VerbFind, Reason: "taxi again"})
	refused(t, s, inventory.ErrNotProved, move(act(8), inventory.Move{Verb: inventory.VerbCheckIn, KeyID: k.ID, PlaceID: safe.ID}))
	update(t, s, prove(act(8), k.ID, answer(1)))
	step(9, inventory.StatusInSafe, inventory.Move{Verb: inventory.VerbCheckIn, PlaceID: safe.ID})
	step(10, inventory.StatusSealed, inventory.Move{Verb: inventory.VerbSeal, Seal: "A-1"})
	refused(t, s, inventory.ErrNeedsWitness, move(act(11), inventory.Move{Verb: inventory.VerbUnseal, KeyID: k.ID, Reason: "r"}))
	no(inventory.ErrStatus, inventory.Move{Verb: inventory.VerbCheckOut, PersonID: ada.ID, Reason: "r"})
	step(12, inventory.StatusRetired, inventory.Move{Verb: inventory.VerbRetire, Reason: "old"})
	no(inventory.ErrSealed, inventory.Move{Verb: inventory.VerbDispose, Reason: "shredder"})
	// To open its bag would not let it be found, or retired again.
	for _, m := range []inventory.Move{{Verb: inventory.VerbFind}, {Verb: inventory.VerbRetire, Reason: "old"}} {
		m.KeyID = k.ID
		refused(t, s, inventory.ErrStatus, func(tx inventory.Tx) error {
			_, err := inventory.MoveKey(tx, act(12), m, nil)
			if errors.Is(err, inventory.ErrSealed) {
				t.Errorf("%s: it is the bag's fault: %v", m.Verb, err)
			}
			return err
		})
	}
	two.moves(t, 12, inventory.Move{Verb: inventory.VerbUnseal, KeyID: k.ID, Reason: "r"})
	refused(t, s, inventory.ErrNeedsWitness, move(act(13), inventory.Move{Verb: inventory.VerbDispose, KeyID: k.ID, Reason: "shredder"}))
	for _, proved := range []bool{false, true} {
		update(t, s, func(tx inventory.Tx) error {
			_, err := inventory.ResetKey(tx, act(14), k.ID, proved)
			return err
		})
		if !proved {
			no(inventory.ErrNeedsWitness, inventory.Move{Verb: inventory.VerbDispose, Reason: "shredder"})
		}
	}
	step(15, inventory.StatusDisposed, inventory.Move{Verb: inventory.VerbDispose, Reason: "shredder"})
	no(inventory.ErrStatus, inventory.Move{Verb: inventory.VerbFind})
	no(inventory.ErrStatus, inventory.Move{Verb: inventory.VerbCheckIn, PlaceID: safe.ID})
	snapshot(t, s)
}

func testCheckOut(t *testing.T, d Database) {
	s := d.store(t)
	ada, ben := person(t, s, inventory.Person{Name: "Ada"}), person(t, s, inventory.Person{Name: "Ben"})
	k := enroll(t, s, act(1), enrollment(1))
	update(t, s, move(act(2), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: k.ID, PersonID: ada.ID, Reason: "r"}))
	err := refused(t, s, inventory.ErrStatus, move(act(3), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: k.ID, PersonID: ben.ID, Reason: "r"}))
	if want := "with Ada"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v does not say %q", err, want)
	}
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.MarkLeft(tx, act(4), ben.ID)
		return err
	})
	other := enroll(t, s, act(5), enrollment(2))
	refused(t, s, inventory.ErrStatus, move(act(6), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: other.ID, PersonID: ben.ID, Reason: "r"}))
}

func testTwoPeople(t *testing.T, d Database) {
	two := d.pair(t)
	s := two.anna
	ada := person(t, s, inventory.Person{Name: "Ada"})
	slot, drawer := place(t, s, "Berlin/safe 1/slot 2"), place(t, s, "Berlin/drawer")
	safe := place(t, s, "Berlin/safe 1")
	k := enroll(t, s, act(1), enrollment(1))
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.ChangePlace(tx, act(1), safe.ID, 0, true)
		return err
	})
	in := inventory.Move{Verb: inventory.VerbCheckIn, KeyID: k.ID, PlaceID: slot.ID}
	refused(t, s, inventory.ErrNeedsWitness, move(act(2), in))
	login, request := "ben", int64(3)
	refused(t, s, inventory.ErrNeedsWitness, func(tx inventory.Tx) error {
		_, err := inventory.MoveKey(tx, act(2), in, &inventory.Witness{Login: &login, Request: &request})
		return err
	})
	two.moves(t, 2, in)
	refused(t, s, inventory.ErrNeedsWitness, move(act(3), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: k.ID, PersonID: ada.ID, Reason: "r"}))
	refused(t, s, inventory.ErrNeedsWitness, move(act(3), inventory.Move{Verb: inventory.VerbMove, KeyID: k.ID, PlaceID: drawer.ID}))
	two.moves(t, 4, inventory.Move{Verb: inventory.VerbCheckOut, KeyID: k.ID, PersonID: ada.ID, Reason: "r"})
	// Out of the safe, it goes into a drawer by one hand, and back by two.
	update(t, s, move(act(5), inventory.Move{Verb: inventory.VerbCheckIn, KeyID: k.ID, PlaceID: drawer.ID}))
	ship := inventory.Move{Verb: inventory.VerbShip, KeyID: k.ID, PlaceID: slot.ID, Carrier: "DHL", Tracking: "1", Until: noon.Add(48 * time.Hour)}
	update(t, s, move(act(6), ship))
	refused(t, s, inventory.ErrNeedsWitness, move(act(7), inventory.Move{Verb: inventory.VerbArrive, KeyID: k.ID}))
	update(t, s, move(act(8), inventory.Move{Verb: inventory.VerbArrive, KeyID: k.ID, PlaceID: drawer.ID}))
	two.moves(t, 9, inventory.Move{Verb: inventory.VerbMove, KeyID: k.ID, PlaceID: slot.ID})
	ship.PlaceID = drawer.ID
	refused(t, s, inventory.ErrNeedsWitness, move(act(10), ship))
	update(t, s, move(act(10), inventory.Move{Verb: inventory.VerbLose, KeyID: k.ID, Reason: "the safe was empty"}))
}

func testCapacity(t *testing.T, d Database) {
	s := d.store(t)
	safe := place(t, s, "Berlin/safe 1")
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.ChangePlace(tx, act(0), safe.ID, 2, false)
		return err
	})
	for i := range 3 {
		e := enrollment(i)
		e.Place = ""
		k := enroll(t, s, act(i), e)
		in := move(act(i), inventory.Move{Verb: inventory.VerbCheckIn, KeyID: k.ID, PlaceID: safe.ID})
		if i == 2 {
			refused(t, s, inventory.ErrFull, in)
			continue
		}
		update(t, s, in)
	}
}

func testDeclare(t *testing.T, d Database) {
	s := d.store(t)
	declare := func(n int, dec inventory.Declaration) (k inventory.Key) {
		t.Helper()
		update(t, s, func(tx inventory.Tx) (err error) {
			k, err = inventory.DeclareKey(tx, act(n), dec)
			return err
		})
		return k
	}
	drawer := declare(1, inventory.Declaration{Serial: "20000001", Place: "Berlin/drawer"})
	if drawer.Status != inventory.StatusDeclared || drawer.Attested() {
		t.Errorf("declared: %+v", drawer)
	}
	parcel := declare(2, inventory.Declaration{Serial: "20000002", Order: "PO-1", Expected: true, Product: "YubiKey 5C NFC"})
	update(t, s, move(act(3), inventory.Move{Verb: inventory.VerbReceive, KeyID: parcel.ID}))
	token := declare(3, inventory.Declaration{Serial: "TOK1", Type: inventory.TypeToken, Product: "Token2 C301", BatteryEnd: noon, Place: "Berlin/drawer"})
	if token.Status != inventory.StatusInSafe || token.BatteryEnd.Hour() != 0 {
		t.Errorf("token: %+v", token)
	}
	refused(t, s, inventory.ErrExists, func(tx inventory.Tx) error {
		_, err := inventory.DeclareKey(tx, act(4), inventory.Declaration{Serial: " 0020000001 "})
		return err
	})
	for i, before := range []inventory.Key{drawer, parcel} {
		e := enrollment(i + 1)
		e.Tag, e.Place = "", ""
		k := enroll(t, s, act(5), e)
		if k.ID != before.ID || k.Status != inventory.StatusEnrolled || k.Order != before.Order || !k.AddedAt.Equal(before.AddedAt) || !k.Attested() {
			t.Errorf("enrolled %+v, declared as %+v", k, before)
		}
	}
	refused(t, s, inventory.ErrExists, func(tx inventory.Tx) error {
		e := enrollment(3)
		e.Serial, e.PIV = "TOK1", nil
		_, err := inventory.EnrollKey(tx, act(6), e)
		return err
	})
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.TagKey(tx, act(7), token.ID, "T-1")
		return err
	})
	refused(t, s, inventory.ErrExists, func(tx inventory.Tx) error {
		_, err := inventory.TagKey(tx, act(7), drawer.ID, "t-1")
		return err
	})
	snapshot(t, s)
}

func testPeople(t *testing.T, d Database) {
	s := d.store(t)
	ada := person(t, s, inventory.Person{Name: "Ada", Email: "ada@example.org", Login: "ada"})
	other := person(t, s, inventory.Person{Name: "Ada", Email: "other@example.org"})
	for name, p := range map[string]inventory.Person{
		"an e-mail address that is taken": {Name: "x", Email: "ADA@example.org"},
		"a login that is taken":           {Name: "x", Login: "ada"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, s, inventory.ErrExists, func(tx inventory.Tx) error {
				_, err := inventory.SavePerson(tx, act(1), p)
				return err
			})
		})
	}
	for _, p := range []inventory.Person{{}, {Name: "a\x1b"}, {Name: "x", Email: "nobody"}} {
		refused(t, s, inventory.ErrInvalid, func(tx inventory.Tx) error {
			_, err := inventory.SavePerson(tx, act(1), p)
			return err
		})
	}
	view(t, s, func(tx inventory.Tx) error {
		for ref, want := range map[string]string{"ADA@example.org": ada.ID, ada.ID: ada.ID, "other@example.org": other.ID} {
			if p, err := inventory.FindPerson(tx, ref); err != nil || p.ID != want {
				t.Errorf("%q finds %v, %v", ref, p, err)
			}
		}
		if _, err := inventory.FindPerson(tx, "Ada"); !errors.Is(err, inventory.ErrAmbiguous) {
			t.Errorf("two people of one name: %v", err)
		}
		_, err := inventory.FindPerson(tx, "Eve")
		if !errors.Is(err, inventory.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		return nil
	})
	other.Name = "Ada the second"
	update(t, s, func(tx inventory.Tx) error {
		_, err1 := inventory.SavePerson(tx, act(2), other)
		_, err2 := inventory.MarkLeft(tx, act(3), other.ID)
		return errors.Join(err1, err2)
	})
	refused(t, s, inventory.ErrStatus, func(tx inventory.Tx) error {
		_, err := inventory.MarkLeft(tx, act(4), other.ID)
		return err
	})
	head := fmt.Sprint(snapshot(t, s))
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.SavePerson(tx, act(5), ada)
		return err
	})
	if snapshot(t, s) != head {
		t.Error("saving what is there already is an event")
	}
}
