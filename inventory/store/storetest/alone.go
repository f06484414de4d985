package storetest

import (
	"errors"
	"testing"

	"hwmfa/inventory"
)

// takesTwo makes a place of that path take two people.
func takesTwo(t *testing.T, s inventory.Store, path string) inventory.Place {
	t.Helper()
	p := place(t, s, path)
	update(t, s, func(tx inventory.Tx) (err error) {
		p, err = inventory.ChangePlace(tx, act(0), p.ID, 0, true)
		return err
	})
	return p
}

// testAlone: one person finds no way round into a place that takes two, nor out
// of it, by what one may write down alone.
func testAlone(t *testing.T, d Database) {
	two := d.pair(t)
	s := two.anna
	safe, drawer := takesTwo(t, s, "Berlin/safe"), place(t, s, "Berlin/drawer")
	in := func(n int) inventory.Key {
		k := enroll(t, s, act(1), enrollment(n))
		two.moves(t, 1, inventory.Move{Verb: inventory.VerbCheckIn, KeyID: k.ID, PlaceID: safe.ID})
		return k
	}
	put := func(k inventory.Key, p inventory.Place) inventory.Move {
		return inventory.Move{Verb: inventory.VerbCheckIn, KeyID: k.ID, PlaceID: p.ID}
	}
	do := func(n int, m inventory.Move, k inventory.Key) {
		t.Helper()
		m.KeyID, m.Reason = k.ID, "r"
		update(t, s, move(act(n), m))
	}

	t.Run("lost and found elsewhere", func(t *testing.T) {
		k := in(1)
		do(2, inventory.Move{Verb: inventory.VerbLose}, k)
		do(3, inventory.Move{Verb: inventory.VerbFind, PlaceID: drawer.ID}, k)
		update(t, s, prove(act(4), k.ID, answer(1)))
		refused(t, s, inventory.ErrNeedsWitness, move(act(5), put(k, drawer)))
		two.moves(t, 5, put(k, drawer))
		// What happens to it there is between it and the drawer.
		do(6, inventory.Move{Verb: inventory.VerbLose}, k)
		do(7, inventory.Move{Verb: inventory.VerbFind}, k)
		update(t, s, prove(act(8), k.ID, answer(1)))
		update(t, s, move(act(9), put(k, drawer)))
	})
	t.Run("lost by who had it, and found in the safe", func(t *testing.T) {
		ada := person(t, s, inventory.Person{Name: "Ada"})
		k := in(2)
		two.moves(t, 2, inventory.Move{Verb: inventory.VerbCheckOut, KeyID: k.ID, PersonID: ada.ID, Reason: "r"})
		do(3, inventory.Move{Verb: inventory.VerbLose}, k)
		do(4, inventory.Move{Verb: inventory.VerbFind, PlaceID: safe.ID}, k)
		update(t, s, prove(act(5), k.ID, answer(2)))
		refused(t, s, inventory.ErrNeedsWitness, move(act(6), put(k, drawer)))
		two.moves(t, 6, put(k, drawer))
	})
	t.Run("in a bag that is found broken", func(t *testing.T) {
		k := in(3)
		two.moves(t, 2, inventory.Move{Verb: inventory.VerbSeal, KeyID: k.ID, Seal: "A-1"})
		do(3, inventory.Move{Verb: inventory.VerbBreak}, k)
		update(t, s, prove(act(4), k.ID, answer(3)))
		refused(t, s, inventory.ErrNeedsWitness, move(act(5), put(k, drawer)))
		two.moves(t, 5, put(k, drawer))
	})
	t.Run("enrolled elsewhere", func(t *testing.T) {
		var k inventory.Key
		update(t, s, func(tx inventory.Tx) (err error) {
			k, err = inventory.DeclareKey(tx, act(1), inventory.Declaration{Serial: "20000004"})
			return err
		})
		two.moves(t, 1, inventory.Move{Verb: inventory.VerbMove, KeyID: k.ID, PlaceID: safe.ID})
		e := enrollment(4)
		e.Place = drawer.Path
		refused(t, s, inventory.ErrNeedsWitness, func(tx inventory.Tx) error { return inventory.CheckEnrollment(tx, e) })
		refused(t, s, inventory.ErrNeedsWitness, func(tx inventory.Tx) error {
			_, err := inventory.EnrollKey(tx, act(2), e)
			return err
		})
		e.Place = " berlin/SAFE "
		if got := enroll(t, s, act(2), e); got.ID != k.ID || got.PlaceID != safe.ID {
			t.Errorf("enrolled where it lies: %+v", got)
		}
	})
	t.Run("enrolled into it", func(t *testing.T) {
		update(t, s, func(tx inventory.Tx) error {
			_, err := inventory.DeclareKey(tx, act(1), inventory.Declaration{Serial: "20000005", Place: drawer.Path})
			return err
		})
		e := enrollment(5)
		for _, path := range []string{safe.Path, safe.Path + "/new slot"} {
			e.Place = path
			refused(t, s, inventory.ErrNeedsWitness, func(tx inventory.Tx) error {
				_, err := inventory.EnrollKey(tx, act(2), e)
				return err
			})
		}
	})
	t.Run("new, and there at once", func(t *testing.T) {
		order := inventory.Manifest{Order: "PO-2", SHA256: inventory.Hash{1}, Lines: []inventory.ManifestLine{{Serial: "20000008"}}}
		update(t, s, func(tx inventory.Tx) error {
			_, err := inventory.ListDelivery(tx, act(1), order)
			return err
		})
		for name, into := range map[string]func(tx inventory.Tx, path string) error{
			"enrolled": func(tx inventory.Tx, path string) error {
				e := enrollment(7)
				e.Place = path
				_, err := inventory.EnrollKey(tx, act(2), e)
				return err
			},
			"declared": func(tx inventory.Tx, path string) error {
				_, err := inventory.DeclareKey(tx, act(2), inventory.Declaration{Serial: "20000007", Place: path})
				return err
			},
			"expected": func(tx inventory.Tx, path string) error {
				_, err := inventory.DeclareKey(tx, act(2), inventory.Declaration{Serial: "20000007", Place: path, Expected: true})
				return err
			},
			"received": func(tx inventory.Tx, path string) error {
				_, err := inventory.ReceiveDelivery(tx, act(2), "PO-2", path, []inventory.Arrival{{Code: "20000008"}}, nil)
				return err
			},
		} {
			if err := refused(t, s, inventory.ErrNeedsWitness, func(tx inventory.Tx) error { return into(tx, " berlin / SAFE ") }); err == nil {
				t.Errorf("%s: it went in", name)
			}
			undone(t, s, func(tx inventory.Tx) error { return into(tx, drawer.Path) })
		}
	})
	t.Run("an artifact", func(t *testing.T) { artifactAlone(t, two, safe, drawer) })
	t.Run("who may open it", func(t *testing.T) { accessAlone(t, two, safe, drawer) })
	t.Run("enrolled into a full place", func(t *testing.T) {
		full := place(t, s, "Rome/full")
		update(t, s, func(tx inventory.Tx) error {
			_, err := inventory.ChangePlace(tx, act(0), full.ID, 1, false)
			return err
		})
		e := enrollment(6)
		e.Place = full.Path
		enroll(t, s, act(1), e)
		e = enrollment(7)
		for _, path := range []string{full.Path, full.Path + "/new slot"} {
			e.Place = path
			refused(t, s, inventory.ErrFull, func(tx inventory.Tx) error { return inventory.CheckEnrollment(tx, e) })
			refused(t, s, inventory.ErrFull, func(tx inventory.Tx) error {
				_, err := inventory.EnrollKey(tx, act(2), e)
				return err
			})
		}
	})
	snapshot(t, s)
}

// testLoginsOfOne: a login that was taken off a person, or given to another,
// makes nobody a second person.
func testLoginsOfOne(t *testing.T, d Database) {
	s := d.store(t)
	save := func(n int, p inventory.Person, login string) inventory.Person {
		t.Helper()
		p.Login = login
		update(t, s, func(tx inventory.Tx) (err error) {
			p, err = inventory.SavePerson(tx, act(n), p)
			return err
		})
		return p
	}
	ada := person(t, s, inventory.Person{Name: "Ada", Login: "anna"})
	carl := person(t, s, inventory.Person{Name: "Carl", Login: "carl"})
	gus := person(t, s, inventory.Person{Name: "Gus", Login: "gus"})
	person(t, s, inventory.Person{Name: "Ben", Login: "ben"})
	safe := takesTwo(t, s, "Berlin/safe")
	k, adas := enroll(t, s, act(1), enrollment(1)), enroll(t, s, act(1), enrollment(2))
	handed := inventory.Move{Verb: inventory.VerbCheckOut, KeyID: adas.ID, PersonID: ada.ID, Reason: "hers", Keep: true}
	bens := d.as(t, "ben")
	update(t, bens, move(by("ben", 1), handed))
	in := inventory.Move{Verb: inventory.VerbCheckIn, KeyID: k.ID, PlaceID: safe.ID}
	r := asked(t, s, act(2), in)

	t.Run("another login of who asked", func(t *testing.T) {
		if d.As != nil {
			t.Skip("the database itself lets nobody write in another's name")
		}
		ada = save(3, ada, "ada-admin")
		refused(t, s, inventory.ErrWitness, confirm(by("ada-admin", 4), r.ID))
		ada = save(5, ada, "")
		refused(t, s, inventory.ErrWitness, confirm(by("ada-admin", 6), r.ID))
		ada = save(7, ada, "anna")
	})
	t.Run("the login of who left", func(t *testing.T) {
		if d.As != nil {
			t.Skip("the database itself lets nobody write in another's name")
		}
		update(t, s, func(tx inventory.Tx) (err error) {
			gus, err = inventory.MarkLeft(tx, act(8), gus.ID)
			return err
		})
		gus = save(9, gus, "")
		refused(t, s, inventory.ErrWitness, confirm(by("gus", 10), r.ID))
	})
	t.Run("a key of who gave the login to another", func(t *testing.T) {
		ada, carl = save(11, ada, ""), save(11, carl, "anna")
		refused(t, s, inventory.ErrWitness, func(tx inventory.Tx) error {
			p, err := inventory.ProveKey(tx, act(12), adas.ID, touched(2))
			if err != nil {
				t.Fatal(err)
			}
			_, err = inventory.KeyWitness(tx, act(12), p)
			return err
		})
		carl = save(13, carl, "carl")
		ada = save(13, ada, "anna")
	})
	t.Run("who asked has left", func(t *testing.T) {
		update(t, s, func(tx inventory.Tx) error {
			_, err := inventory.MarkLeft(tx, act(14), ada.ID)
			return err
		})
		refused(t, bens, inventory.ErrOver, confirm(by("ben", 15), r.ID))
	})
}

// errUndone takes back what only had to be possible.
var errUndone = errors.New("undone")

// undone does what must be allowed, and leaves no trace of it.
func undone(t *testing.T, s inventory.Store, fn func(tx inventory.Tx) error) {
	t.Helper()
	refused(t, s, errUndone, func(tx inventory.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errUndone
	})
}

// artifactAlone: an artifact goes into and out of the safe, and is changed and
// retired there, by two; and not after it was changed in between.
func artifactAlone(t *testing.T, two pair, safe, drawer inventory.Place) {
	s := two.anna
	save := func(a inventory.Artifact) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error { _, err := inventory.SaveArtifact(tx, act(2), a); return err }
	}
	retire := func(id string) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error { _, err := inventory.RetireArtifact(tx, act(2), id, "r"); return err }
	}
	byTwo := func(ask func(tx inventory.Tx) (inventory.Request, error)) {
		t.Helper()
		var r inventory.Request
		update(t, s, func(tx inventory.Tx) (err error) { r, err = ask(tx); return err })
		update(t, two.carla, confirm(by("carla", 2), r.ID))
	}
	find := func() (a inventory.Artifact) {
		t.Helper()
		view(t, s, func(tx inventory.Tx) (err error) { a, err = inventory.FindArtifact(tx, "vault"); return err })
		return a
	}
	vault := inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "vault", PlaceID: safe.ID}
	refused(t, s, inventory.ErrNeedsWitness, save(vault))
	byTwo(func(tx inventory.Tx) (inventory.Request, error) { return inventory.AskArtifact(tx, act(2), vault) })
	if vault = find(); vault.PlaceID != safe.ID {
		t.Fatalf("added at %q", vault.Place)
	}
	out, sealed := vault, vault
	out.PlaceID, sealed.Seal = drawer.ID, "S-1"
	refused(t, s, inventory.ErrNeedsWitness, save(out))
	refused(t, s, inventory.ErrNeedsWitness, save(sealed))
	refused(t, s, inventory.ErrNeedsWitness, retire(vault.ID))
	var stale inventory.Request
	update(t, s, func(tx inventory.Tx) (err error) {
		stale, err = inventory.AskArtifactRetired(tx, act(2), vault.ID, "r")
		return err
	})
	byTwo(func(tx inventory.Tx) (inventory.Request, error) { return inventory.AskArtifact(tx, act(2), out) })
	refused(t, two.carla, inventory.ErrOver, confirm(by("carla", 2), stale.ID))
	if vault = find(); vault.PlaceID != drawer.ID {
		t.Fatalf("moved to %q", vault.Place)
	}
	vault.PlaceID = safe.ID
	refused(t, s, inventory.ErrNeedsWitness, save(vault))
	undone(t, s, retire(vault.ID))
}

// accessAlone: who may open the safe, by itself or by what it is in, is said by
// two, and ended by one.
func accessAlone(t *testing.T, two pair, safe, drawer inventory.Place) {
	s := two.anna
	who := person(t, s, inventory.Person{Name: "Opener"})
	site, slot := place(t, s, "Berlin"), place(t, s, "Berlin/safe/slot")
	grant := func(p inventory.Place) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error { _, err := inventory.GrantAccess(tx, act(2), p.ID, who.ID); return err }
	}
	for _, p := range []inventory.Place{site, safe, slot} {
		refused(t, s, inventory.ErrNeedsWitness, grant(p))
	}
	undone(t, s, grant(drawer))
	var r inventory.Request
	update(t, s, func(tx inventory.Tx) (err error) {
		r, err = inventory.AskAccess(tx, act(2), inventory.AccessChange{PlaceID: safe.ID, PersonID: who.ID})
		return err
	})
	refused(t, s, inventory.ErrWitness, confirm(act(2), r.ID))
	update(t, two.carla, confirm(by("carla", 2), r.ID))
	undone(t, s, func(tx inventory.Tx) error {
		_, err := inventory.RevokeAccess(tx, act(3), safe.ID, who.ID)
		return err
	})
}
