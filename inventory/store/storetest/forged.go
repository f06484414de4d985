package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
)

// verified is what all that can be verified comes to.
func verified(t *testing.T, s inventory.Store) (v inventory.Verified) {
	t.Helper()
	view(t, s, func(tx inventory.Tx) (err error) {
		v, err = inventory.Verify(tx)
		return err
	})
	return v
}

// expectSound wants nothing to be wrong.
func expectSound(t *testing.T, s inventory.Store) {
	t.Helper()
	v := verified(t, s)
	if err := errors.Join(v.Faults()...); err != nil {
		t.Errorf("something is wrong: %v", err)
	}
}

// forge writes an event that the chain holds, as somebody can who may write into
// the database by other means than this program.
func forge(a inventory.Act, kind, subject, payload string) func(tx inventory.Tx) error {
	return func(tx inventory.Tx) error {
		head, err := inventory.JournalHead(tx)
		if err != nil {
			return err
		}
		e := inventory.Event{
			Seq: head.Seq + 1, Time: a.At, Actor: a.Actor, Kind: kind, Subject: subject, Payload: payload, PrevHash: head.Hash,
		}
		e.Hash = e.Digest()
		return tx.AppendEvent(e)
	}
}

// testForgedWitness: an event that names a second person who never was one is
// found by what the journal has of that.
func testForgedWitness(t *testing.T, d Database) {
	two := d.pair(t)
	s := two.anna
	safe := takesTwo(t, s, "Berlin/safe")
	k, other := enroll(t, s, act(1), enrollment(1)), enroll(t, s, act(1), enrollment(2))
	ada := person(t, s, inventory.Person{Name: "Ada"})
	// What is genuine is sound: confirmed, several at once, withdrawn.
	two.moves(t, 2, inventory.Move{Verb: inventory.VerbCheckIn, KeyID: k.ID, PlaceID: safe.ID}, inventory.Move{Verb: inventory.VerbCheckIn, KeyID: other.ID, PlaceID: safe.ID})
	r := asked(t, s, act(3), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: k.ID, PersonID: ada.ID, Reason: "r"})
	expectSound(t, s)

	custody := func(to, reason, witness string) string {
		return fmt.Sprintf(`{"due":null,"from":"in_safe","holder":%q,"place":%q,"proved":null,"reason":%q,"seal":null,"shipment":null,"status":"checked_out","ticket":null,"witness":%s}`,
			to, safe.ID, reason, witness)
	}
	login := func(who string, request int64, by string) string {
		return fmt.Sprintf(`{"asked_by":%q,"key":null,"login":%q,"person":null,"proof":null,"request":%d}`, by, who, request)
	}
	const out, confirmed = "key.checked_out", inventory.KindRequestConfirmed
	carla, anna := by("carla", 4), act(4)
	type event struct {
		a                      inventory.Act
		kind, subject, payload string
	}
	for _, tt := range []struct {
		name, want string
		events     []event
	}{
		{"confirmed as it was asked for", "", []event{{carla, confirmed, r.ID, "{}"}, {carla, out, k.ID, custody(ada.ID, "r", login("carla", r.Event, "anna"))}}},
		{"never confirmed", "its witness confirmed no request then", []event{{carla, out, k.ID, custody(ada.ID, "r", login("carla", r.Event, "anna"))}}},
		{"confirmed by who asked", "confirms what the same login asked for", []event{{anna, confirmed, r.ID, "{}"}, {anna, out, k.ID, custody(ada.ID, "r", login("anna", r.Event, "anna"))}}},
		{"asked by nobody", "confirms a request that nobody made", []event{{carla, confirmed, "R-NONE", "{}"}, {carla, out, k.ID, custody(ada.ID, "r", login("carla", 1, "anna"))}}},
		{"confirmed earlier, for something else", "its witness confirmed no request then", []event{{carla, confirmed, r.ID, "{}"}, {by("carla", 5), out, k.ID, custody(ada.ID, "r", login("carla", r.Event, "anna"))}}},
		{"another key than was asked for", "not what was asked for in event", []event{{carla, confirmed, r.ID, "{}"}, {carla, out, other.ID, custody(ada.ID, "r", login("carla", r.Event, "anna"))}}},
		{"to another than was asked for", "not what was asked for in event", []event{{carla, confirmed, r.ID, "{}"}, {carla, out, k.ID, custody("U-NOBODY", "r", login("carla", r.Event, "anna"))}}},
		{"twice for one request", "not what was asked for in event", []event{
			{carla, confirmed, r.ID, "{}"}, {carla, out, k.ID, custody(ada.ID, "r", login("carla", r.Event, "anna"))}, {carla, out, k.ID, custody(ada.ID, "r", login("carla", r.Event, "anna"))},
		}},
		{"withdrawn", "confirms a request that nobody made", []event{
			{anna, inventory.KindRequestWithdrawn, r.ID, "{}"}, {carla, confirmed, r.ID, "{}"}, {carla, out, k.ID, custody(ada.ID, "r", login("carla", r.Event, "anna"))},
		}},
		{"a key that did not answer", "its witness is a key that did not answer then", []event{
			{carla, out, k.ID, custody(ada.ID, "r", fmt.Sprintf(`{"asked_by":null,"key":%q,"login":null,"person":%q,"proof":3,"request":null}`, other.ID, ada.ID))},
		}},
		{"nobody at all", "its witness is a key that did not answer then", []event{
			{carla, out, k.ID, custody(ada.ID, "r", `{"asked_by":null,"key":null,"login":null,"person":null,"proof":null,"request":null}`)},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := s.Update(t.Context(), func(tx inventory.Tx) error {
				for _, e := range tt.events {
					if err := forge(e.a, e.kind, e.subject, e.payload)(tx); err != nil {
						if d.As != nil && e.a.Actor != "anna" {
							return errUndone // the server lets nobody write in another's name
						}
						return err
					}
				}
				return judgeForged(t, tx, tt.want)
			})
			if !errors.Is(err, errUndone) {
				t.Error(err)
			}
		})
	}
}

// testForgedAlone: what one person alone wrote past the rules of a place that
// takes two is found by the rules that the journal has.
func testForgedAlone(t *testing.T, d Database) {
	two := d.pair(t)
	s := two.anna
	safe, drawer := takesTwo(t, s, "Berlin/safe"), place(t, s, "Berlin/drawer")
	slot, site := place(t, s, "Berlin/safe/slot"), place(t, s, "Berlin")
	ada := person(t, s, inventory.Person{Name: "Ada"})
	k, out, bagged, lost := enroll(t, s, act(1), enrollment(1)), enroll(t, s, act(1), enrollment(2)), enroll(t, s, act(1), enrollment(3)), enroll(t, s, act(1), enrollment(4))
	in := func(id string) inventory.Move {
		return inventory.Move{Verb: inventory.VerbCheckIn, KeyID: id, PlaceID: slot.ID}
	}
	two.moves(t, 2, in(k.ID), in(bagged.ID), in(lost.ID))
	two.moves(t, 3, inventory.Move{Verb: inventory.VerbSeal, KeyID: bagged.ID, Seal: "B-1"})
	update(t, s, move(act(4), inventory.Move{Verb: inventory.VerbLose, KeyID: lost.ID, Reason: "r"}))
	update(t, s, move(act(5), inventory.Move{Verb: inventory.VerbFind, KeyID: lost.ID}))
	r := asked(t, s, act(6), in(out.ID))
	// A vault copy that two put there, and one that lies elsewhere.
	var ask inventory.Request
	update(t, s, func(tx inventory.Tx) (err error) {
		vault := inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "copy", PlaceID: slot.ID, Openers: []string{ada.ID}}
		ask, err = inventory.AskArtifact(tx, act(6), vault)
		return err
	})
	update(t, two.carla, confirm(by("carla", 6), ask.ID))
	var inside, beside inventory.Artifact
	update(t, s, func(tx inventory.Tx) error {
		all, err := inventory.Artifacts(tx)
		if err != nil {
			return err
		}
		inside = all[0]
		beside, err = inventory.SaveArtifact(tx, act(6), inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "spare", PlaceID: drawer.ID})
		return err
	})
	thing := func(label, place string, openers string) string {
		return fmt.Sprintf(`{"accounts":[],"key":null,"kind":"vault_copy","label":%q,"openers":%s,"place":%q,"reason":null,"replica_of":null,"seal":null}`, label, openers, place)
	}
	some, none := fmt.Sprintf("[%q]", ada.ID), "[]"
	expectSound(t, s)

	is := func(from, status, holder, place, tail string) string {
		q := func(s string) string {
			if s == "" {
				return "null"
			}
			return fmt.Sprintf("%q", s)
		}
		return fmt.Sprintf(`{"due":null,"from":%q,"holder":%s,"place":%s,"proved":null,"reason":"r","seal":null,"shipment":null,"status":%q,"ticket":null,"witness":null%s`,
			from, q(holder), q(place), status, tail)
	}
	const alone, nothing, unread = "one person alone moved it", "nothing leads there", "cannot be read"
	const changed = "one person alone changed what lies"
	for _, tt := range []struct{ name, want, kind, subject, payload string }{
		{"handed out of it", alone, "key.checked_out", k.ID, is("in_safe", "checked_out", ada.ID, slot.ID, "}")},
		{"with a space at the end", alone, "key.checked_out", k.ID, is("in_safe", "checked_out", ada.ID, slot.ID, " }")},
		{"moved out of it", alone, "key.moved", k.ID, is("in_safe", "in_safe", "", drawer.ID, "}")},
		{"put into it", alone, "key.checked_in", out.ID, is("enrolled", "in_safe", "", slot.ID, "}")},
		{"put into it by an escaped name", alone, "key.checked_in", out.ID, strings.Replace(is("enrolled", "in_safe", "", slot.ID, "}"), `"P`, `"\u0050`, 1)},
		{"put elsewhere", "", "key.checked_in", out.ID, is("enrolled", "in_safe", "", drawer.ID, "}")},
		{"put away after it was lost there", alone, "key.checked_in", lost.ID, is("found", "in_safe", "", drawer.ID, "}")},
		{"reported lost", "", "key.lost", k.ID, is("in_safe", "lost", "", slot.ID, "}")},
		{"reported lost, and with somebody", nothing, "key.lost", k.ID, is("in_safe", "in_use", ada.ID, slot.ID, "}")},
		{"reported lost elsewhere", nothing, "key.lost", k.ID, is("in_safe", "lost", "", drawer.ID, "}")},
		{"found though it was not lost", nothing, "key.found", k.ID, is("lost", "found", "", drawer.ID, "}")},
		{"what nobody can read", unread, "key.moved", k.ID, `{"place":7,"witness":null}`},
		{"its bag opened", "one person alone opened a sealed bag", "key.unsealed", bagged.ID, is("sealed", "in_safe", "", slot.ID, "}")},
		{"its bag found broken", "", "key.seal_broken", bagged.ID, is("sealed", "found", "", slot.ID, "}")},
		{"disposed of before it was retired", nothing, "key.disposed", out.ID, is("enrolled", "disposed", "", "", "}")},
		{"enrolled into it", "one person alone put it", inventory.KindKeyEnrolled, out.ID, fmt.Sprintf(`{"place":%q}`, slot.ID)},
		{"declared into it", "one person alone put it", inventory.KindKeyDeclared, "K-NEW", fmt.Sprintf(`{"place":%q,"status":"declared","type":"security_key"}`, slot.ID)},
		{"its rule ended", "one person alone ended", inventory.KindPlaceChanged, safe.ID, `{"capacity":0,"two_people":false}`},
		{"its capacity changed", "", inventory.KindPlaceChanged, safe.ID, `{"capacity":9,"two_people":true}`},
		{"somebody let into it", "one person alone let", inventory.KindPlaceGranted, slot.ID, fmt.Sprintf(`{"person":%q}`, ada.ID)},
		{"somebody let into the site", "one person alone let", inventory.KindPlaceGranted, site.ID, fmt.Sprintf(`{"person":%q}`, ada.ID)},
		{"somebody let into another place", "", inventory.KindPlaceGranted, drawer.ID, fmt.Sprintf(`{"person":%q}`, ada.ID)},
		{"an artifact taken out of it", changed, inventory.KindArtifactMoved, inside.ID, thing("copy", drawer.ID, some)},
		{"an artifact put into it", changed, inventory.KindArtifactMoved, beside.ID, thing("spare", safe.ID, none)},
		{"a new artifact put into it", changed, inventory.KindArtifactAdded, "A-NEW", thing("new", slot.ID, none)},
		{"an artifact there renamed", changed, inventory.KindArtifactChanged, inside.ID, thing("other", slot.ID, some)},
		{"an artifact there retired", changed, inventory.KindArtifactRetired, inside.ID, thing("copy", slot.ID, some)},
		{"somebody let open an artifact there", changed, inventory.KindArtifactChanged, inside.ID, thing("copy", slot.ID, fmt.Sprintf(`[%q,"U-X"]`, ada.ID))},
		{"nobody let open an artifact there", "", inventory.KindArtifactChanged, inside.ID, thing("copy", slot.ID, none)},
		{"an artifact elsewhere renamed", "", inventory.KindArtifactChanged, beside.ID, thing("other", drawer.ID, none)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := s.Update(t.Context(), func(tx inventory.Tx) error {
				if err := forge(act(7), tt.kind, tt.subject, tt.payload)(tx); err != nil {
					return err
				}
				return judgeForged(t, tx, tt.want)
			})
			if !errors.Is(err, errUndone) {
				t.Error(err)
			}
		})
	}

	t.Run("what two people asked for, done a second time", func(t *testing.T) {
		var again inventory.Request
		update(t, s, func(tx inventory.Tx) (err error) {
			inside.PlaceID = drawer.ID
			again, err = inventory.AskArtifact(tx, act(7), inside)
			return err
		})
		err := two.carla.Update(t.Context(), func(tx inventory.Tx) error {
			if err := confirm(by("carla", 7), again.ID)(tx); err != nil {
				return err
			}
			back := thing("copy", slot.ID, some)
			for _, payload := range []string{back, thing("copy", drawer.ID, some)} {
				if err := forge(by("carla", 7), inventory.KindArtifactMoved, inside.ID, payload)(tx); err != nil {
					return err
				}
			}
			v, err := inventory.Verify(tx)
			if err == nil && (v.Witness == nil || strings.Count(v.Witness.Error(), changed) != 2) {
				t.Errorf("got %v", v.Witness)
			}
			return errors.Join(err, errUndone)
		})
		if !errors.Is(err, errUndone) {
			t.Error(err)
		}
	})

	// What two people did is sound, and so is what one did before and after the rule.
	update(t, two.carla, confirm(by("carla", 7), r.ID))
	two.moves(t, 8, inventory.Move{Verb: inventory.VerbUnseal, KeyID: bagged.ID, Reason: "r"})
	update(t, s, prove(act(9), lost.ID, touched(4)))
	two.moves(t, 10, inventory.Move{Verb: inventory.VerbCheckIn, KeyID: lost.ID, PlaceID: drawer.ID})
	update(t, s, move(act(11), inventory.Move{Verb: inventory.VerbLose, KeyID: lost.ID, Reason: "r"}))
	var lift, let inventory.Request
	update(t, s, func(tx inventory.Tx) (err error) {
		if let, err = inventory.AskAccess(tx, act(12), inventory.AccessChange{PlaceID: slot.ID, PersonID: ada.ID}); err != nil {
			return err
		}
		lift, err = inventory.AskPlaceChange(tx, act(12), inventory.PlaceChange{PlaceID: safe.ID})
		return err
	})
	update(t, two.carla, confirm(by("carla", 13), let.ID))
	update(t, two.carla, confirm(by("carla", 14), lift.ID))
	update(t, s, move(act(15), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: k.ID, PersonID: ada.ID, Reason: "r"}))
	expectSound(t, s)
}

// testBackdated: an event that is dated before the one before it is told, unless
// two clocks can differ by that much.
func testBackdated(t *testing.T, d Database) {
	s := d.store(t)
	at := func(minutes int) {
		update(t, s, func(tx inventory.Tx) error {
			return inventory.SaveAccount(tx, act(minutes), inventory.Account{ID: fmt.Sprintf("%012d", 1000+minutes)})
		})
	}
	dated := func(minutes int) time.Time { return act(minutes).At.UTC().Truncate(time.Microsecond) }
	skew := int(inventory.ClockSkew / time.Minute)
	at(60)
	at(60 - skew)
	if v := verified(t, s); len(v.Backdated) != 0 {
		t.Errorf("within what clocks differ by: %+v", v.Backdated)
	}
	at(61)
	at(60 - skew - 1)
	at(62)
	v := verified(t, s)
	want := inventory.Backdated{Seq: 4, Actor: "anna", At: dated(60 - skew - 1), Before: dated(61), By: "anna"}
	if len(v.Backdated) != 1 || v.Backdated[0] != want {
		t.Errorf("got %+v, want %+v", v.Backdated, want)
	}
	expectSound(t, s)
}

// judgeForged holds what verification says of witnesses against what it is to
// say, "" nothing, and has the events undone.
func judgeForged(t *testing.T, tx inventory.Tx, want string) error {
	t.Helper()
	v, err := inventory.Verify(tx)
	if err != nil {
		return err
	}
	if want == "" && v.Witness != nil || want != "" && (!errors.Is(v.Witness, inventory.ErrDamaged) || !strings.Contains(v.Witness.Error(), want)) {
		t.Errorf("got %v, want %q", v.Witness, want)
	}
	return errUndone
}
