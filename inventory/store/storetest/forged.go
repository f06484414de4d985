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
				v, err := inventory.Verify(tx)
				if err != nil {
					return err
				}
				if tt.want == "" && v.Witness != nil || tt.want != "" && (!errors.Is(v.Witness, inventory.ErrDamaged) || !strings.Contains(v.Witness.Error(), tt.want)) {
					t.Errorf("got %v, want %q", v.Witness, tt.want)
				}
				return errUndone
			})
			if !errors.Is(err, errUndone) {
				t.Error(err)
			}
		})
	}
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
