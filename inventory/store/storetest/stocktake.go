package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hwmfa/inventory"
)

// startStocktake opens a stocktake that must be accepted.
func startStocktake(t *testing.T, s inventory.Store, n int, r inventory.StartRequest) (st inventory.Stocktake) {
	t.Helper()
	update(t, s, func(tx inventory.Tx) (err error) {
		st, err = inventory.StartStocktake(tx, act(n), r)
		return err
	})
	return st
}

// countAt counts keys at a place, as somebody.
func countAt(who string, n int, st inventory.Stocktake, p inventory.Place, how inventory.Basis, keys ...inventory.Key) func(inventory.Tx) error {
	return func(tx inventory.Tx) error {
		var counts []inventory.Count
		for _, k := range keys {
			counts = append(counts, inventory.Count{PlaceID: p.ID, How: how, KeyID: k.ID})
		}
		a := act(n)
		a.Actor = who
		return inventory.RecordCounts(tx, a, st.ID, counts)
	}
}

func reportNow(t *testing.T, s inventory.Store, id string, n int) (st inventory.Stocktake, r inventory.Report) {
	t.Helper()
	view(t, s, func(tx inventory.Tx) (err error) {
		if st, err = inventory.FindStocktake(tx, id); err == nil {
			r, err = inventory.StocktakeReport(tx, st, act(n).At)
		}
		return err
	})
	return st, r
}

// kinds lists the differences of a report: "missing K-…".
func kinds(r inventory.Report) (all []string) {
	for _, d := range r.Differences {
		all = append(all, string(d.Kind)+" "+d.Subject())
	}
	return all
}

// putAway enrolls the n-th key into a place.
func putAway(t *testing.T, s inventory.Store, n int, path string) inventory.Key {
	t.Helper()
	e := enrollment(n)
	e.Place = path
	return enroll(t, s, act(n), e)
}

func testStocktake(t *testing.T, d Database) {
	s := d.store(t)
	ada := person(t, s, inventory.Person{Name: "Ada"})
	berlin, rome := place(t, s, "Berlin/safe 1"), place(t, s, "Rome")
	var keys []inventory.Key
	for i := range 6 {
		keys = append(keys, putAway(t, s, i, "Berlin/safe 1"))
	}
	foreign := putAway(t, s, 6, "Rome")
	gone := putAway(t, s, 7, "Berlin/safe 1")
	update(t, s, move(act(10), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: gone.ID, PersonID: ada.ID, Reason: "r"}))
	st := startStocktake(t, s, 11, inventory.StartRequest{Places: []string{"berlin"}})
	if st.Population != 6 || len(st.Places) != 1 || st.Places[0].Path != "Berlin" {
		t.Errorf("started %+v", st)
	}
	// 0 and 1 are there, 2 is checked out before anybody counts it, 3 is missing,
	// 4 lies in Rome by the inventory's own word since, 5 is counted by two people.
	update(t, s, countAt("anna", 12, st, berlin, inventory.BasisProved, keys[0]))
	update(t, s, countAt("anna", 12, st, berlin, inventory.BasisClaimed, keys[0], keys[1], keys[5], foreign))
	update(t, s, move(act(13), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: keys[2].ID, PersonID: ada.ID, Reason: "r"}))
	update(t, s, move(act(13), inventory.Move{Verb: inventory.VerbMove, KeyID: keys[4].ID, PlaceID: rome.ID}))
	update(t, d.as(t, "ben"), countAt("ben", 14, st, berlin, inventory.BasisClaimed, keys[5]))
	update(t, s, func(tx inventory.Tx) error {
		return inventory.RecordCounts(tx, act(14), st.ID, []inventory.Count{{PlaceID: berlin.ID, How: inventory.BasisClaimed, Code: "nobody's"}})
	})
	_, r := reportNow(t, s, st.ID, 15)
	want := []string{"missing " + keys[3].ID, "misplaced " + foreign.ID, "unexpected nobody's"}
	if got := kinds(r); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if r.Expected != 4 || r.Present != 3 || r.Proved != 1 || r.Claimed != 3 || r.Repeated != 2 || len(r.Counters) != 2 {
		t.Errorf("got %+v", r)
	}
	var absent []string
	for _, a := range r.Absences {
		absent = append(absent, a.Why+" "+a.KeyID)
	}
	slices.Sort(absent)
	rightly := []string{"checked_out " + gone.ID, "checked_out " + keys[2].ID, "moved " + keys[4].ID}
	slices.Sort(rightly)
	if !slices.Equal(absent, rightly) {
		t.Errorf("absent %v, want %v", absent, rightly)
	}

	closing := func(r inventory.CloseRequest) func(inventory.Tx) error {
		return func(tx inventory.Tx) error {
			open, err := inventory.OpenStocktake(tx, "")
			if err == nil {
				_, _, err = inventory.CloseStocktake(tx, act(16), open, r)
			}
			return err
		}
	}
	refused(t, s, inventory.ErrDifferences, closing(inventory.CloseRequest{}))
	refused(t, s, inventory.ErrDifferences, closing(inventory.CloseRequest{Accept: map[string]string{keys[3].ID: "gone"}}))
	refused(t, s, inventory.ErrNotFound, closing(inventory.CloseRequest{Accept: map[string]string{keys[0].ID: "gone"}, KeepOpen: true}))
	refused(t, s, inventory.ErrInvalid, closing(inventory.CloseRequest{Accept: map[string]string{keys[3].ID: ""}, KeepOpen: true}))
	update(t, s, closing(inventory.CloseRequest{Accept: map[string]string{keys[3].ID: "fell down"}, All: "moved by Eve"}))
	if k := keyNow(t, s, keys[3].ID); k.Status != inventory.StatusLost {
		t.Errorf("missing and accepted: %s", k.Status)
	}
	if k := keyNow(t, s, foreign.ID); k.Place != "Berlin/safe 1" {
		t.Errorf("misplaced and accepted: at %s", k.Place)
	}

	closed, before := reportNow(t, s, st.ID, 17)
	if closed.Closing == nil || !slices.Equal(kinds(before), want) {
		t.Errorf("closed %+v with %v", closed.Closing, kinds(before))
	}
	for _, d := range before.Differences {
		if d.Resolution == nil || *d.Resolution != inventory.ResolutionAccepted || d.Reason == nil {
			t.Errorf("%s is %v", d.Kind, d.Resolution)
		}
	}
	// What happens later changes nothing in the report.
	update(t, s, move(act(18), inventory.Move{Verb: inventory.VerbFind, KeyID: keys[3].ID}))
	if _, after := reportNow(t, s, st.ID, 99); !reflect.DeepEqual(before, after) {
		t.Errorf("the report was\n%+v and is\n%+v", before, after)
	}
	refused(t, s, inventory.ErrStatus, countAt("anna", 19, st, berlin, inventory.BasisClaimed, keys[0]))
	refused(t, s, inventory.ErrInvalid, closing(inventory.CloseRequest{})) // none is open
	refused(t, s, inventory.ErrStatus, func(tx inventory.Tx) error {
		_, err := inventory.OpenStocktake(tx, st.ID)
		return err
	})
	snapshot(t, s)
}

func testStocktakeRefusals(t *testing.T, d Database) {
	s := d.store(t)
	berlin, rome := place(t, s, "Berlin"), place(t, s, "Rome")
	k := putAway(t, s, 1, "Berlin")
	start := func(r inventory.StartRequest) func(inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, err := inventory.StartStocktake(tx, act(2), r)
			return err
		}
	}
	refused(t, s, inventory.ErrInvalid, start(inventory.StartRequest{}))
	refused(t, s, inventory.ErrNotFound, start(inventory.StartRequest{Places: []string{"Oslo"}}))
	for _, r := range []inventory.StartRequest{{Sample: 2, Seed: "s"}, {Sample: -1, Seed: "s"}, {Sample: 1}, {Sample: 1, Seed: "a\nb"}} {
		r.Places = []string{"Berlin"}
		refused(t, s, inventory.ErrInvalid, start(r))
	}
	st := startStocktake(t, s, 3, inventory.StartRequest{Places: []string{"Berlin", "berlin"}})
	refused(t, s, inventory.ErrInvalid, countAt("anna", 4, st, rome, inventory.BasisClaimed, k))
	refused(t, s, inventory.ErrNotFound, countAt("anna", 4, st, inventory.Place{ID: "P-00000000"}, inventory.BasisClaimed, k))
	refused(t, s, inventory.ErrInvalid, countAt("anna", 4, st, berlin, "guessed", k))
	refused(t, s, inventory.ErrInvalid, countAt("anna", 4, st, berlin, inventory.BasisClaimed, inventory.Key{ID: "k"}))
	refused(t, s, inventory.ErrInvalid, countAt("anna", 4, st, berlin, inventory.BasisClaimed, inventory.Key{}))
	refused(t, s, inventory.ErrNotFound, countAt("anna", 4, inventory.Stocktake{ID: "ST-00000000"}, berlin, inventory.BasisClaimed, k))
	other := startStocktake(t, s, 5, inventory.StartRequest{Places: []string{"Rome"}, Blind: true})
	for _, ref := range []string{"", "ST-00000000", "\x1b"} {
		if err := s.View(t.Context(), func(tx inventory.Tx) error {
			_, err := inventory.OpenStocktake(tx, ref)
			return err
		}); err == nil {
			t.Errorf("two are open, and %q is one of them", ref)
		}
	}
	blind := func(r inventory.CloseRequest) func(inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, _, err := inventory.CloseStocktake(tx, act(6), other, r)
			return err
		}
	}
	refused(t, s, inventory.ErrDifferences, blind(inventory.CloseRequest{})) // whether there are any is not to be learnt
	refused(t, s, inventory.ErrInvalid, blind(inventory.CloseRequest{Accept: map[string]string{k.ID: "r"}, KeepOpen: true}))
	update(t, s, blind(inventory.CloseRequest{KeepOpen: true}))
	view(t, s, func(tx inventory.Tx) error {
		all, err := inventory.Stocktakes(tx)
		if len(all) != 2 || all[0].ID != st.ID || all[1].Closing == nil {
			t.Errorf("got %+v", all)
		}
		return err
	})
}

// testStocktakeAccept: what can be done about a difference is, and what all of
// them are accepted for and cannot be says why.
func testStocktakeAccept(t *testing.T, d Database) {
	s := d.store(t)
	ada := person(t, s, inventory.Person{Name: "Ada"})
	berlin, full, two := place(t, s, "Berlin"), place(t, s, "Full"), place(t, s, "Two")
	update(t, s, func(tx inventory.Tx) error {
		_, err1 := inventory.ChangePlace(tx, act(0), full.ID, 1, false)
		_, err2 := inventory.ChangePlace(tx, act(0), two.ID, 0, true)
		return errors.Join(err1, err2)
	})
	out, lost, reset := putAway(t, s, 1, "Berlin"), putAway(t, s, 2, "Berlin"), putAway(t, s, 3, "Berlin")
	swapped, bagged, bagged2 := putAway(t, s, 4, "Berlin"), putAway(t, s, 5, "Rome"), putAway(t, s, 6, "Rome")
	toFull, toTwo := putAway(t, s, 7, "Rome"), putAway(t, s, 8, "Rome")
	putAway(t, s, 9, "Full")
	update(t, s, move(act(10), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: out.ID, PersonID: ada.ID, Reason: "r"}))
	update(t, s, move(act(10), inventory.Move{Verb: inventory.VerbLose, KeyID: lost.ID, Reason: "r"}))
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.MoveKeys(tx, act(11), []inventory.Move{
			{Verb: inventory.VerbSeal, KeyID: bagged.ID, Seal: "A-1"}, {Verb: inventory.VerbSeal, KeyID: bagged2.ID, Seal: "A-1"},
		}, nil)
		return err
	})
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.BindKey(tx, act(12), inventory.Binding{AccountID: "123456789012", KeyID: reset.ID, DeviceName: "root-1", How: inventory.HowNamed})
		return err
	})
	st := startStocktake(t, s, 13, inventory.StartRequest{Places: []string{"Berlin", "Full", "Two"}})

	// A bag's number stands for the keys in it.
	update(t, s, func(tx inventory.Tx) error {
		c, err := inventory.NewCounting(tx, "", "Berlin")
		if err != nil {
			return err
		}
		counts, fault, err := c.Code("seal: a-1")
		if err != nil || fault != "" || len(counts) != 2 || counts[0].Seal != "A-1" || counts[0].How != inventory.BasisSealed {
			t.Errorf("the bag counts %+v, %s, %v", counts, fault, err)
		}
		return inventory.RecordCounts(tx, act(14), st.ID, counts)
	})
	update(t, s, countAt("anna", 14, st, berlin, inventory.BasisClaimed, out, lost))
	update(t, s, countAt("anna", 14, st, berlin, inventory.BasisFIDOReset, reset))
	update(t, s, countAt("anna", 14, st, berlin, inventory.BasisOtherKey, swapped))
	update(t, s, countAt("anna", 14, st, full, inventory.BasisClaimed, toFull))
	update(t, s, countAt("anna", 14, st, two, inventory.BasisClaimed, toTwo))

	closing := func(r inventory.CloseRequest) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, _, err := inventory.CloseStocktake(tx, act(15), st, r)
			return err
		}
	}
	refused(t, s, inventory.ErrNeedsWitness, closing(inventory.CloseRequest{Accept: map[string]string{toTwo.ID: "r"}, KeepOpen: true}))
	var cannot *inventory.UnacceptedError
	if err := s.Update(t.Context(), closing(inventory.CloseRequest{All: "as found"})); !errors.As(err, &cannot) || len(cannot.Why) != 1 {
		t.Fatalf("got %v, %+v", err, cannot)
	}
	if why := cannot.Why[toTwo.ID]; !strings.Contains(why, "second person") {
		t.Errorf("%q", why)
	}
	update(t, s, closing(inventory.CloseRequest{All: "as found", Leave: cannot.Why}))
	for _, tt := range []struct {
		key    inventory.Key
		status inventory.Status
		place  string
	}{
		{out, inventory.StatusInSafe, "Berlin"},
		{lost, inventory.StatusFound, "Berlin"},
		{reset, inventory.StatusEnrolled, "Berlin"},
		{swapped, inventory.StatusLost, "Berlin"},
		{bagged, inventory.StatusSealed, "Berlin"},
		{bagged2, inventory.StatusSealed, "Berlin"},
		{toFull, inventory.StatusEnrolled, "Full"},
		{toTwo, inventory.StatusEnrolled, "Rome"},
	} {
		if k := keyNow(t, s, tt.key.ID); k.Status != tt.status || k.Place != tt.place {
			t.Errorf("%s is %s at %s, want %s at %s", k.Serial, k.Status, k.Place, tt.status, tt.place)
		}
	}
	view(t, s, func(tx inventory.Tx) error {
		bindings, err := inventory.Bindings(tx)
		if len(bindings) != 0 {
			t.Errorf("a reset key keeps %v", bindings)
		}
		return err
	})
	_, r := reportNow(t, s, st.ID, 16)
	for _, d := range r.Differences {
		want := inventory.ResolutionAccepted
		if d.Subject() == toTwo.ID {
			want = inventory.ResolutionOpen
		}
		if *d.Resolution != want {
			t.Errorf("%s %s is %s", d.Kind, d.Subject(), *d.Resolution)
		}
	}
	snapshot(t, s)
}

func testStocktakeSample(t *testing.T, d Database) {
	s := d.store(t)
	var ids []string
	for i := range 20 {
		ids = append(ids, putAway(t, s, i, fmt.Sprintf("Berlin/safe %d", i%3)).ID)
	}
	st := startStocktake(t, s, 30, inventory.StartRequest{Places: []string{"Berlin"}, Sample: 5, Seed: "2026-03"})
	if want := inventory.DrawSample(ids, 5, "2026-03"); !slices.Equal(st.Sample.Keys, want) || st.SHA256 != inventory.PopulationHash(ids) || st.Population != 20 {
		t.Errorf("drew %v of %d, want %v", st.Sample.Keys, st.Population, want)
	}
	again, r := reportNow(t, s, st.ID, 31)
	if !reflect.DeepEqual(again, st) {
		t.Errorf("read back %+v, was %+v", again, st)
	}
	if r.Expected != 5 || r.Number(inventory.DiffMissing) != 5 {
		t.Errorf("of the sample alone: %+v", r)
	}
}

// testCounters: many count one place at once, and nothing is lost.
func testCounters(t *testing.T, d Database) {
	s := d.store(t)
	var keys []inventory.Key
	for i := range 12 {
		keys = append(keys, putAway(t, s, i, "Berlin"))
	}
	berlin := place(t, s, "Berlin")
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.ChangePlace(tx, act(13), berlin.ID, 0, true)
		return err
	})
	st := startStocktake(t, s, 20, inventory.StartRequest{Places: []string{"Berlin"}})
	update(t, s, countAt("anna", 21, st, berlin, inventory.BasisClaimed, keys[:3]...))
	if _, r := reportNow(t, s, st.ID, 22); r.Number(inventory.DiffOneCounter) != 1 {
		t.Errorf("counted by one: %v", kinds(r))
	}
	errs := make(chan error)
	people := map[string]inventory.Store{"anna": s, "ben": d.as(t, "ben")}
	for i, k := range keys {
		for who, s := range people {
			go func() { errs <- s.Update(t.Context(), countAt(who, 23+i, st, berlin, inventory.BasisClaimed, k)) }()
		}
	}
	for range 2 * len(keys) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	_, r := reportNow(t, s, st.ID, 50)
	want := []inventory.Counter{{By: "anna", Place: "Berlin", Counted: 15}, {By: "ben", Place: "Berlin", Counted: 12}}
	if r.Present != 12 || len(r.Differences) != 0 || !slices.Equal(r.Counters, want) {
		t.Errorf("got %+v", r)
	}
}
