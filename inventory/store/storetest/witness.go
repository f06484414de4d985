package storetest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"hwmfa/inventory"
)

// by is the act of another login in the n-th minute.
func by(actor string, n int) inventory.Act {
	a := act(n)
	a.Actor = actor
	return a
}

// asked records a request for moves.
func asked(t *testing.T, s inventory.Store, a inventory.Act, moves ...inventory.Move) (r inventory.Request) {
	t.Helper()
	update(t, s, func(tx inventory.Tx) (err error) {
		r, err = inventory.AskWitness(tx, a, moves)
		return err
	})
	return r
}

// confirm carries a request out as its second person.
func confirm(a inventory.Act, id string) func(tx inventory.Tx) error {
	return func(tx inventory.Tx) error {
		_, _, err := inventory.ConfirmRequest(tx, a, id)
		return err
	}
}

// pair is anna and carla on one inventory.
type pair struct{ anna, carla inventory.Store }

func (d Database) pair(t *testing.T) pair { return pair{d.store(t), d.as(t, "carla")} }

// moves makes moves that anna asks for and carla confirms.
func (p pair) moves(t *testing.T, n int, moves ...inventory.Move) {
	t.Helper()
	update(t, p.carla, confirm(by("carla", n), asked(t, p.anna, act(n), moves...).ID))
}

func testRequests(t *testing.T, d Database) {
	s, bens := d.store(t), d.as(t, "ben")
	ada := person(t, s, inventory.Person{Name: "Ada", Login: "anna"})
	gone := person(t, s, inventory.Person{Name: "Gus", Login: "gus"})
	person(t, s, inventory.Person{Name: "Ben", Login: "ben"})
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.MarkLeft(tx, act(1), gone.ID)
		return err
	})
	safe := place(t, s, "Berlin/safe 1")
	e := enrollment(1)
	e.Place = safe.Path
	k := enroll(t, s, act(1), e)
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.ChangePlace(tx, act(1), safe.ID, 0, true)
		return err
	})
	out := inventory.Move{
		Verb: inventory.VerbCheckOut, KeyID: k.ID, PersonID: ada.ID, Reason: "deploy", Ticket: "T-1", Until: noon.Add(100 * time.Hour),
	}
	refused(t, s, inventory.ErrNeedsWitness, move(act(2), out))
	refused(t, s, inventory.ErrInvalid, func(tx inventory.Tx) error {
		_, err := inventory.AskWitness(tx, act(2), nil)
		return err
	})
	r := asked(t, s, act(2), out)
	view(t, s, func(tx inventory.Tx) error {
		open, err := inventory.Requests(tx)
		if len(open) != 1 || open[0] != r {
			t.Errorf("open requests %+v, want %+v", open, r)
		}
		asked, err2 := r.Asked()
		moves := asked.Moves
		out := out
		out.Until = out.Until.UTC().Truncate(time.Microsecond)
		if err2 != nil || !slices.Equal(moves, []inventory.Move{out}) {
			t.Errorf("asked for %+v, %v; want %+v", moves, err2, out)
		}
		return err
	})
	day := int(inventory.RequestLife / time.Minute)
	for _, tt := range []struct {
		name string
		want error
		who  inventory.Act
		id   string
	}{
		{"who asked", inventory.ErrWitness, act(3), r.ID},
		{"who asked, as root", inventory.ErrWitness, by("anna as root", 3), r.ID},
		{"who asked, in capitals", inventory.ErrWitness, by("ANNA", 3), r.ID},
		{"somebody who left", inventory.ErrWitness, by("gus", 3), r.ID},
		{"a day later", inventory.ErrOver, by("ben", 2+day), r.ID},
		{"before it was asked for", inventory.ErrOver, by("ben", 1), r.ID},
		{"a request that is not there", inventory.ErrNotFound, by("ben", 3), "R-00000000"},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, s, tt.want, confirm(tt.who, tt.id)) })
	}
	update(t, bens, confirm(by("ben", 1+day), r.ID))
	if got := keyNow(t, s, k.ID); got.Status != inventory.StatusCheckedOut || got.Holder != "Ada" || got.Reason != "deploy" || got.Ticket != "T-1" {
		t.Errorf("confirmed: %+v", got)
	}
	refused(t, s, inventory.ErrNotFound, confirm(by("ben", 3), r.ID))
	view(t, s, func(tx inventory.Tx) error {
		h, err := inventory.History(tx, k.ID)
		last := h[len(h)-1]
		if w := last.Witness; w == nil || *w.Login != "ben" || *w.AskedBy != "anna" || *w.Request != r.Event || last.Actor != "ben" {
			t.Errorf("history ends with %+v", last)
		}
		return err
	})

	// One person does not make it a safe for one.
	lift := inventory.PlaceChange{PlaceID: safe.ID, Capacity: 5}
	refused(t, s, inventory.ErrNeedsWitness, func(tx inventory.Tx) error {
		_, err := inventory.ChangePlace(tx, act(3), safe.ID, lift.Capacity, lift.TwoPeople)
		return err
	})
	var toLift inventory.Request
	update(t, s, func(tx inventory.Tx) (err error) {
		toLift, err = inventory.AskPlaceChange(tx, act(3), lift)
		return err
	})
	refused(t, s, inventory.ErrWitness, confirm(act(4), toLift.ID))
	update(t, bens, confirm(by("ben", 4), toLift.ID))
	view(t, s, func(tx inventory.Tx) error {
		p, err := inventory.FindPlace(tx, safe.Path)
		if p.TwoPeople || p.Capacity != 5 {
			t.Errorf("lifted: %+v", p)
		}
		return err
	})
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.ChangePlace(tx, act(5), safe.ID, 0, true)
		return err
	})

	in := inventory.Move{Verb: inventory.VerbCheckIn, KeyID: k.ID, PlaceID: safe.ID}
	late := asked(t, s, act(2000), in)
	update(t, s, move(act(2001), inventory.Move{Verb: inventory.VerbLose, KeyID: k.ID, Reason: "taxi"}))
	refused(t, s, inventory.ErrOver, confirm(by("ben", 2002), late.ID))
	update(t, bens, func(tx inventory.Tx) error {
		_, err := inventory.WithdrawRequest(tx, by("ben", 2003), late.ID)
		return err
	})
	refused(t, s, inventory.ErrNotFound, func(tx inventory.Tx) error {
		_, err := inventory.WithdrawRequest(tx, by("ben", 2003), late.ID)
		return err
	})
	// The rules run again: an impossible move is not made by two either.
	asked := asked(t, s, act(2004), in)
	refused(t, bens, inventory.ErrStatus, confirm(by("ben", 2005), asked.ID))
}

// touched is a key's answer with the credential of the n-th enrollment, with a
// touch.
func touched(n int) inventory.Answer {
	a := answer(n)
	a.AuthData = append(bytes.Repeat([]byte{0xad}, 32), 0x01, 0, 0, 0, 9)
	a.Method = inventory.MethodTouch
	return a
}

func testKeyWitness(t *testing.T, d Database) {
	s := d.store(t)
	ada := person(t, s, inventory.Person{Name: "Ada", Login: "anna"})
	ben := person(t, s, inventory.Person{Name: "Ben"})
	safe := place(t, s, "Berlin/safe 1")
	k, bens, adas, nobodys := enroll(t, s, act(1), enrollment(1)), enroll(t, s, act(1), enrollment(2)), enroll(t, s, act(1), enrollment(3)), enroll(t, s, act(1), enrollment(4))
	theirs := func(id string, who inventory.Person) inventory.Move {
		return inventory.Move{Verb: inventory.VerbCheckOut, KeyID: id, PersonID: who.ID, Reason: "theirs", Keep: true}
	}
	update(t, s, move(act(1), theirs(adas.ID, ada)))
	bensOwn := d.as(t, "ben")
	update(t, bensOwn, move(by("ben", 1), theirs(bens.ID, ben)))
	// Anna alone says of the one that it is Ben's; of the other Ben says so too.
	said, agreed := enroll(t, s, act(1), enrollment(5)), enroll(t, s, act(1), enrollment(6))
	update(t, s, move(act(1), theirs(said.ID, ben)))
	update(t, bensOwn, confirm(by("ben", 1), asked(t, s, act(1), theirs(agreed.ID, ben)).ID))
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.ChangePlace(tx, act(1), safe.ID, 0, true)
		return err
	})
	in := func(a inventory.Act, moved, keyID string, with inventory.Answer) func(inventory.Tx) error {
		return func(tx inventory.Tx) error {
			p, err := inventory.ProveKey(tx, a, keyID, with)
			if err != nil {
				return err
			}
			w, err := inventory.KeyWitness(tx, a, p)
			if err != nil {
				return err
			}
			_, err = inventory.MoveKey(tx, a, inventory.Move{Verb: inventory.VerbCheckIn, KeyID: moved, PlaceID: safe.ID}, w)
			return err
		}
	}
	silent := touched(2)
	silent.AuthData[32] = 0
	for _, tt := range []struct {
		name  string
		want  error
		who   inventory.Act
		moved string
		key   string
		with  inventory.Answer
	}{
		{"the actor's own key", inventory.ErrWitness, act(2), k.ID, adas.ID, touched(3)},
		{"the actor's own key, as root", inventory.ErrWitness, by("anna as root", 2), k.ID, adas.ID, touched(3)},
		{"a key that nobody has", inventory.ErrWitness, act(2), k.ID, nobodys.ID, touched(4)},
		{"a key that the actor alone says is another's", inventory.ErrWitness, act(2), k.ID, said.ID, touched(5)},
		{"the key that is moved", inventory.ErrWitness, act(2), bens.ID, bens.ID, touched(2)},
		{"an answer without a touch", inventory.ErrWitness, act(2), k.ID, bens.ID, silent},
		{"an actor who is nobody", inventory.ErrWitness, by("shared", 2), k.ID, bens.ID, touched(2)},
		{"the answer of another key", inventory.ErrInvalid, act(2), k.ID, bens.ID, touched(3)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d.As != nil && tt.who.Actor != "anna" {
				t.Skip("the database itself lets nobody write in another's name")
			}
			refused(t, s, tt.want, in(tt.who, tt.moved, tt.key, tt.with))
		})
	}
	old := keyNow(t, s, bens.ID)
	update(t, s, prove(act(2), old.ID, touched(2)))
	refused(t, s, inventory.ErrWitness, func(tx inventory.Tx) error {
		proofs, err := inventory.Proofs(tx)
		if err != nil || len(proofs) != 1 {
			t.Fatalf("proofs %+v, %v", proofs, err)
		}
		_, err = inventory.KeyWitness(tx, act(3), proofs[0])
		return err
	})
	update(t, s, in(act(3), k.ID, bens.ID, touched(2)))
	update(t, s, in(act(3), nobodys.ID, agreed.ID, touched(6)))
	view(t, s, func(tx inventory.Tx) error {
		h, err := inventory.History(tx, k.ID)
		last := h[len(h)-1]
		if w := last.Witness; w == nil || *w.Key != bens.ID || *w.Person != ben.ID || w.Proof == nil || w.Login != nil || last.WitnessName != "Ben" {
			t.Errorf("history ends with %+v", last)
		}
		return err
	})
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.MarkLeft(tx, act(4), ben.ID)
		return err
	})
	refused(t, s, inventory.ErrWitness, in(act(5), said.ID, bens.ID, touched(2)))
	expectSound(t, s)
}
