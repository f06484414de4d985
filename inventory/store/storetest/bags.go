package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
)

// moves carries several moves out at once.
func moves(a inventory.Act, all ...inventory.Move) func(tx inventory.Tx) error {
	return func(tx inventory.Tx) error {
		_, err := inventory.MoveKeys(tx, a, all, nil)
		return err
	}
}

func testBags(t *testing.T, d Database) {
	two := d.pair(t)
	s := two.anna
	safe, other := place(t, s, "Berlin/safe 1"), place(t, s, "Rome/safe 1")
	ada := person(t, s, inventory.Person{Name: "Ada"})
	var ids [5]string
	for i := range ids {
		e := enrollment(i)
		e.Place = "Berlin/safe 1"
		if i == 4 {
			e.Place = "Rome/safe 1"
		}
		ids[i] = enroll(t, s, act(1), e).ID
	}
	seal := func(number string, keys ...string) (all []inventory.Move) {
		for _, id := range keys {
			all = append(all, inventory.Move{Verb: inventory.VerbSeal, KeyID: id, Seal: number})
		}
		return all
	}
	for _, tt := range []struct {
		name  string
		want  error
		moves []inventory.Move
	}{
		{"no number", inventory.ErrInvalid, seal("", ids[0])},
		{"a word", inventory.ErrInvalid, seal("open", ids[0])},
		{"a control character", inventory.ErrInvalid, seal("A-1\x1b[2J", ids[0])},
		{"keys of two places", inventory.ErrStatus, seal("A-1", ids[0], ids[4])},
		{"a key twice", inventory.ErrStatus, seal("A-1", ids[0], ids[0])},
		{"a key that is not there", inventory.ErrNotFound, seal("A-1", ids[0], "K-00000000")},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, s, tt.want, moves(act(2), tt.moves...)) })
	}
	// One act, as an import makes it.
	update(t, s, func(tx inventory.Tx) error {
		return errors.Join(moves(act(2), seal(" a-0 01 ", ids[0])...)(tx), moves(act(2), seal("A-001", ids[1])...)(tx))
	})
	if k := keyNow(t, s, ids[1]); k.Seal != "A-001" || k.Status != inventory.StatusSealed {
		t.Errorf("sealed: %+v", k)
	}
	refused(t, s, inventory.ErrExists, moves(act(3), seal("A-001", ids[2])...))
	refused(t, s, inventory.ErrExists, moves(act(3), seal("a-001", ids[2])...))
	refused(t, s, inventory.ErrSealed, moves(act(3), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: ids[0], PersonID: ada.ID, Reason: "r"}))

	// A bag goes as a whole.
	to := func(id string) inventory.Move {
		return inventory.Move{Verb: inventory.VerbMove, KeyID: id, PlaceID: other.ID}
	}
	refused(t, s, inventory.ErrStatus, moves(act(4), to(ids[0])))
	update(t, s, moves(act(4), to(ids[0]), to(ids[1])))
	update(t, s, moves(act(5), inventory.Move{Verb: inventory.VerbMove, KeyID: ids[0], PlaceID: safe.ID}, inventory.Move{Verb: inventory.VerbMove, KeyID: ids[1], PlaceID: safe.ID}))

	opening := func(number string, verb inventory.Verb) (all []inventory.Move) {
		view(t, s, func(tx inventory.Tx) (err error) {
			all, err = inventory.BagKeys(tx, number, verb, "audit", "")
			return err
		})
		return all
	}
	all := opening("a-001", inventory.VerbUnseal)
	refused(t, s, inventory.ErrNeedsWitness, moves(act(6), all...))
	refused(t, two.carla, inventory.ErrStatus, confirm(by("carla", 6), asked(t, s, act(6), all[0]).ID))
	two.moves(t, 6, all...)
	for _, id := range ids[:2] {
		if k := keyNow(t, s, id); k.Seal != "" || k.Status != inventory.StatusInSafe || k.Reason != "audit" {
			t.Errorf("opened: %+v", k)
		}
	}
	view(t, s, func(tx inventory.Tx) error {
		bag, err := inventory.FindBag(tx, "A-001")
		if bag.State != inventory.BagOpened || bag.Reason != "audit" || bag.EndedBy != "carla" || bag.SealedBy != "anna" {
			t.Errorf("opened: %+v", bag)
		}
		return err
	})
	refused(t, s, inventory.ErrExists, moves(act(7), seal("A-001", ids[0])...))

	// One that is found open is an alarm: nothing in it is believed unproved.
	update(t, s, moves(act(8), seal("A-002", ids[0], ids[1])...))
	update(t, s, moves(act(9), inventory.Move{Verb: inventory.VerbLose, KeyID: ids[1], Reason: "gone from its bag"}))
	update(t, s, moves(act(10), opening("A-002", inventory.VerbBreak)...))
	if k := keyNow(t, s, ids[0]); k.Status != inventory.StatusFound || k.Seal != "" {
		t.Errorf("found broken: %+v", k)
	}
	if k := keyNow(t, s, ids[1]); k.Status != inventory.StatusLost || k.Seal != "" {
		t.Errorf("lost from a broken bag: %+v", k)
	}
	back := inventory.Move{Verb: inventory.VerbCheckIn, KeyID: ids[0], PlaceID: safe.ID}
	refused(t, s, inventory.ErrNotProved, moves(act(11), back))
	update(t, s, prove(act(12), ids[0], answer(0)))
	update(t, s, moves(act(12), back, seal("A-003", ids[0])[0]))

	// Lost with its bag and found in it: the bag is opened first.
	update(t, s, moves(act(13), inventory.Move{Verb: inventory.VerbLose, KeyID: ids[0], Reason: "moving house"}))
	update(t, s, moves(act(14), inventory.Move{Verb: inventory.VerbFind, KeyID: ids[0]}))
	refused(t, s, inventory.ErrStatus, moves(act(16), back))
	two.moves(t, 16, opening("A-003", inventory.VerbUnseal)...)
	update(t, s, prove(act(17), ids[0], answer(0)))
	update(t, s, moves(act(17), back))

	refused(t, s, inventory.ErrStatus, func(tx inventory.Tx) error {
		_, err := inventory.BagKeys(tx, "A-003", inventory.VerbUnseal, "again", "")
		return err
	})
	refused(t, s, inventory.ErrNotFound, func(tx inventory.Tx) error {
		_, err := inventory.BagKeys(tx, "A-999", inventory.VerbUnseal, "r", "")
		return err
	})
	// A declared key in a bag is not enrolled through the plastic.
	var k inventory.Key
	update(t, s, func(tx inventory.Tx) (err error) {
		k, err = inventory.DeclareKey(tx, act(18), inventory.Declaration{Serial: "20000009", Place: "Berlin/safe 1"})
		return err
	})
	update(t, s, moves(act(19), seal("A-004", k.ID)...))
	refused(t, s, inventory.ErrSealed, func(tx inventory.Tx) error {
		_, err := inventory.EnrollKey(tx, act(20), enrollment(9))
		return err
	})
}

func testShipments(t *testing.T, d Database) {
	s := d.store(t)
	safe, remote := place(t, s, "Berlin/safe 1"), place(t, s, "Rome/safe 1")
	var ids [3]string
	for i := range ids {
		e := enrollment(i)
		e.Place = "Berlin/safe 1"
		ids[i] = enroll(t, s, act(1), e).ID
	}
	ship := func(id string) inventory.Move {
		return inventory.Move{Verb: inventory.VerbShip, KeyID: id, PlaceID: remote.ID, Carrier: "DHL", Tracking: "JD01", Until: noon.Add(3 * time.Hour)}
	}
	for name, edit := range map[string]func(*inventory.Move){
		"no carrier":         func(m *inventory.Move) { m.Carrier = "" },
		"no tracking number": func(m *inventory.Move) { m.Tracking = "" },
		"no date":            func(m *inventory.Move) { m.Until = time.Time{} },
		"a date in the past": func(m *inventory.Move) { m.Until = noon.Add(-time.Hour) },
		"a date far off":     func(m *inventory.Move) { m.Until = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"a strange carrier":  func(m *inventory.Move) { m.Carrier = "D\x1bHL" },
	} {
		t.Run(name, func(t *testing.T) {
			m := ship(ids[0])
			edit(&m)
			refused(t, s, inventory.ErrInvalid, moves(act(2), m))
		})
	}
	here := ship(ids[0])
	here.PlaceID = safe.ID
	refused(t, s, inventory.ErrStatus, moves(act(2), here))
	update(t, s, moves(act(2), ship(ids[0]), ship(ids[1])))
	one, two := keyNow(t, s, ids[0]), keyNow(t, s, ids[1])
	if one.Status != inventory.StatusInTransit || one.Place != "Rome/safe 1" || one.Shipment == "" || one.Shipment != two.Shipment || one.Due.IsZero() {
		t.Errorf("shipped: %+v and %+v", one, two)
	}
	parcel := func() (p inventory.Parcel) {
		view(t, s, func(tx inventory.Tx) (err error) {
			p, err = inventory.FindParcel(tx, "jd01")
			return err
		})
		return p
	}
	if p := parcel(); p.ID != one.Shipment || len(p.Keys) != 2 || p.Place != "Rome/safe 1" || p.Overdue(noon) || !p.Overdue(noon.Add(4*time.Hour)) {
		t.Errorf("parcel: %+v", p)
	}
	refused(t, s, inventory.ErrStatus, moves(act(3), ship(ids[0])))
	refused(t, s, inventory.ErrStatus, moves(act(3), inventory.Move{Verb: inventory.VerbArrive, KeyID: ids[2]}))
	// What is missing stays on its way.
	update(t, s, moves(act(90), inventory.Move{Verb: inventory.VerbArrive, KeyID: ids[0]}))
	if k := keyNow(t, s, ids[0]); k.Status != inventory.StatusInSafe || k.Place != "Rome/safe 1" || k.Shipment != "" || !k.Due.IsZero() {
		t.Errorf("arrived: %+v", k)
	}
	view(t, s, func(tx inventory.Tx) error {
		late, err := inventory.Keys(tx, inventory.KeyFilter{DueBefore: noon.Add(4 * time.Hour)})
		if len(late) != 1 || late[0].ID != ids[1] {
			t.Errorf("overdue: %+v", late)
		}
		return err
	})
	update(t, s, moves(act(91), inventory.Move{Verb: inventory.VerbLose, KeyID: ids[1], Reason: "the parcel is gone"}))
	if p := parcel(); len(p.Keys) != 0 || p.Overdue(noon.Add(4*time.Hour)) {
		t.Errorf("an empty parcel: %+v", p)
	}
	view(t, s, func(tx inventory.Tx) error {
		open, err := inventory.Parcels(tx, false)
		if len(open) != 0 {
			t.Errorf("open: %+v", open)
		}
		return err
	})
	// A sealed bag travels sealed.
	update(t, s, moves(act(92), inventory.Move{Verb: inventory.VerbSeal, KeyID: ids[2], Seal: "B-1"}, ship(ids[2])))
	update(t, s, moves(act(93), inventory.Move{Verb: inventory.VerbArrive, KeyID: ids[2]}))
	if k := keyNow(t, s, ids[2]); k.Status != inventory.StatusSealed || k.Seal != "B-1" {
		t.Errorf("arrived sealed: %+v", k)
	}
}

func testCapacityAbove(t *testing.T, d Database) {
	s := d.store(t)
	safe := place(t, s, "Berlin/safe 1")
	slots := []inventory.Place{place(t, s, "Berlin/safe 1/a"), place(t, s, "Berlin/safe 1/b")}
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.ChangePlace(tx, act(0), safe.ID, 2, false)
		return err
	})
	var last inventory.Key
	for i := range 3 {
		e := enrollment(i)
		e.Place = ""
		last = enroll(t, s, act(1), e)
		in := moves(act(2), inventory.Move{Verb: inventory.VerbCheckIn, KeyID: last.ID, PlaceID: slots[i%2].ID})
		if i < 2 {
			update(t, s, in)
			continue
		}
		if err := refused(t, s, inventory.ErrFull, in); err == nil || !strings.Contains(err.Error(), "Berlin/safe 1 holds 2 of 2") {
			t.Errorf("full: %v", err)
		}
	}
	view(t, s, func(tx inventory.Tx) error {
		k, err := inventory.FindKey(tx, "YK-000")
		last = k
		return err
	})
	// Within a full safe keys still go from slot to slot.
	update(t, s, moves(act(3), inventory.Move{Verb: inventory.VerbMove, KeyID: last.ID, PlaceID: slots[1].ID}))
}
