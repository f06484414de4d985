package ceremony_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

// reset resets a key with a person who agrees, unplugs it and plugs it in again.
func (w *world) reset(ref string, k *softkey.Key, change func(*ceremony.ResetRequest)) (*ceremony.ResetDone, error) {
	w.t.Helper()
	r := ceremony.ResetRequest{
		Ref: ref, Actor: "tester", Now: time.Now, Wait: time.Minute,
		Confirm: func(context.Context, inventory.Key, []inventory.Binding) error { return nil },
		Tell: func(s ceremony.Step, _ ceremony.Seen) {
			switch s {
			case ceremony.StepUnplug:
				w.bench.Unplug(k)
			case ceremony.StepPlug:
				w.bench.Plug(k, hw.USB{})
			}
		},
	}
	if change != nil {
		change(&r)
	}
	return ceremony.ResetFIDO(w.t.Context(), &w.bench, w.store, r)
}

// bindAs binds a key to the account under a device name of its own.
func (w *world) bindAs(k inventory.Key, name string) {
	w.t.Helper()
	err := w.store.Update(w.t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.BindKey(tx, act(), inventory.Binding{AccountID: account, KeyID: k.ID, DeviceName: name, How: inventory.HowWitnessed})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// about lists the kinds of the events about a key.
func (w *world) about(id string) (kinds []string) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx inventory.Tx) error {
		events, err := tx.EventsAbout(id)
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return kinds
}

func (w *world) wasReset(id string) bool {
	w.t.Helper()
	for _, kind := range w.about(id) {
		if kind == inventory.KindKeyFIDOReset {
			return true
		}
	}
	return false
}

func TestReset(t *testing.T) {
	for _, tt := range []struct {
		name   string
		key    softkey.Config
		byID   bool
		proved bool
	}{
		{"a key with a PIN", softkey.Config{Serial: 7, PIN: "2580"}, false, true},
		{"a key that is always asked for its PIN", softkey.Config{Serial: 7, PIN: "2580", Quirks: softkey.Quirks{AlwaysUV: true}}, false, true},
		{"a key without a serial, by its ID", softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true}}, true, true},
		{"a strict key, by its serial", softkey.Config{Serial: 7, Quirks: softkey.Quirks{Silent: softkey.SilentUPRequired}}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k, recorded := w.enrolled(tt.key)
			w.plug(softkey.Config{Serial: 99}) // stays out of it
			ref := recorded.Serial
			if tt.byID {
				ref = recorded.ID
			}
			got, err := w.reset(ref, k, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Key.ID != recorded.ID || got.Proved != tt.proved || len(got.Ended) != 0 || !w.wasReset(recorded.ID) {
				t.Errorf("got %+v, events %v", got, w.about(recorded.ID))
			}
			if fido(t, k).Options["clientPin"] {
				t.Error("the PIN is still on it")
			}
			p := w.one(func(r *ceremony.PresenceRequest) { r.Ref = recorded.ID })
			if p.Verdict == ceremony.Present {
				t.Error("it proves itself with a credential that is gone")
			}
			w.keys() // the journal is whole
		})
	}
}

func TestResetOfABoundKey(t *testing.T) {
	w := newWorld(t)
	w.trust()
	k, first := w.enrolled(softkey.Config{Serial: 1})
	_, second := w.enrolled(softkey.Config{Serial: 2})
	refused := func(why string) {
		t.Helper()
		_, err := w.reset("1", k, func(r *ceremony.ResetRequest) {
			r.Confirm = func(context.Context, inventory.Key, []inventory.Binding) error {
				t.Errorf("%s: asked for a yes", why)
				return nil
			}
		})
		if !errors.Is(err, inventory.ErrOnlyKey) || !strings.Contains(err.Error(), account) {
			t.Errorf("%s: got %v", why, err)
		}
	}
	w.bindAs(first, "root-1")
	refused("the only key")
	w.verify(all)
	w.bindAs(second, "root-2")
	refused("a second one that was proved before it was bound")
	if _, err := w.verify(all); err != nil {
		t.Fatal(err)
	}
	move := func(m inventory.Move) {
		t.Helper()
		m.KeyID, m.Reason = second.ID, "a test"
		err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
			p, err := inventory.EnsurePlace(tx, act(), "Berlin")
			if err != nil {
				return err
			}
			m.PlaceID = p.ID
			_, err = inventory.MoveKey(tx, act(), m, nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	move(inventory.Move{Verb: inventory.VerbLose})
	refused("a second one that is lost")
	move(inventory.Move{Verb: inventory.VerbFind})
	refused("a second one that was found and not asked since")
	if _, err := w.verify(all); err != nil {
		t.Fatal(err)
	}
	move(inventory.Move{Verb: inventory.VerbCheckIn})
	told := 0
	got, err := w.reset("1", k, func(r *ceremony.ResetRequest) {
		r.Confirm = func(_ context.Context, key inventory.Key, bound []inventory.Binding) error {
			told = len(bound)
			if key.ID != first.ID || told != 1 || bound[0].AccountID != account || bound[0].DeviceName != "root-1" {
				t.Errorf("confirming %v and %v", key, bound)
			}
			return nil
		}
	})
	if err != nil || told != 1 || len(got.Ended) != 1 || got.Ended[0].DeviceName != "root-1" {
		t.Fatalf("got %+v, %v", got, err)
	}
	err = w.store.View(t.Context(), func(tx inventory.Tx) error {
		left, err := tx.ListBindings(account, "")
		if len(left) != 1 || left[0].KeyID != second.ID {
			t.Errorf("bindings left: %v", left)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestResetRefuses holds every refusal to the rule that the key keeps what it
// has and nothing is recorded.
func TestResetRefuses(t *testing.T) {
	no := errors.New("no")
	var pulling sync.WaitGroup
	unplug := func(then func(w *world, k *softkey.Key)) func(w *world, k *softkey.Key, r *ceremony.ResetRequest) {
		return func(w *world, k *softkey.Key, r *ceremony.ResetRequest) {
			r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
				switch s {
				case ceremony.StepUnplug:
					w.bench.Unplug(k)
				case ceremony.StepPlug:
					then(w, k)
				}
			}
		}
	}
	for _, tt := range []struct {
		name   string
		key    softkey.Config
		change func(w *world, k *softkey.Key, r *ceremony.ResetRequest)
		want   error
	}{
		{"not plugged in", softkey.Config{}, func(w *world, k *softkey.Key, _ *ceremony.ResetRequest) { w.bench.Unplug(k) }, hw.ErrNoDevice},
		{"not in the inventory", softkey.Config{}, func(_ *world, _ *softkey.Key, r *ceremony.ResetRequest) { r.Ref = "8" }, inventory.ErrNotFound},
		{"another key with its serial", softkey.Config{}, func(w *world, k *softkey.Key, _ *ceremony.ResetRequest) {
			w.bench.Unplug(k)
			w.plug(softkey.Config{Serial: 7})
		}, ceremony.ErrNotProved},
		{"the person does not agree", softkey.Config{}, func(_ *world, _ *softkey.Key, r *ceremony.ResetRequest) {
			r.Confirm = func(context.Context, inventory.Key, []inventory.Binding) error { return no }
		}, no},
		{"never unplugged", softkey.Config{}, func(_ *world, _ *softkey.Key, r *ceremony.ResetRequest) {
			r.Tell, r.Wait = nil, 250*time.Millisecond
		}, hw.ErrGone},
		{"not plugged in again", softkey.Config{}, func(w *world, k *softkey.Key, r *ceremony.ResetRequest) {
			unplug(func(*world, *softkey.Key) {})(w, k, r)
			r.Wait = 250 * time.Millisecond
		}, hw.ErrGone},
		{"another key plugged in instead", softkey.Config{}, unplug(func(w *world, _ *softkey.Key) { w.plug(softkey.Config{Serial: 8}) }), hw.ErrReplaced},
		{"another key with its serial plugged in instead", softkey.Config{}, unplug(func(w *world, _ *softkey.Key) { w.plug(softkey.Config{Serial: 7}) }), hw.ErrReplaced},
		{"the window missed", softkey.Config{ResetWindow: time.Nanosecond}, func(*world, *softkey.Key, *ceremony.ResetRequest) {}, hw.ErrResetWindow},
		{"no touch", softkey.Config{TouchTimeout: 50 * time.Millisecond}, func(_ *world, k *softkey.Key, _ *ceremony.ResetRequest) { k.SetTouch(softkey.Never()) }, hw.ErrTouchTimeout},
		{"unplugged while it waits for the touch", softkey.Config{}, func(w *world, k *softkey.Key, r *ceremony.ResetRequest) {
			k.SetTouch(softkey.Never())
			tell := r.Tell
			r.Tell = func(s ceremony.Step, who ceremony.Seen) {
				tell(s, who)
				if s == ceremony.StepTouch {
					pulling.Go(func() {
						for !k.TouchWanted() {
							time.Sleep(time.Millisecond)
						}
						w.bench.Unplug(k)
					})
				}
			}
		}, hw.ErrGone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			tt.key.Serial = 7
			k, recorded := w.enrolled(tt.key)
			_, err := w.reset("7", k, func(r *ceremony.ResetRequest) { tt.change(w, k, r) })
			pulling.Wait()
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if w.wasReset(recorded.ID) {
				t.Error("a reset is recorded")
			}
			w.bench = softkey.Bench{}
			w.bench.Plug(k, hw.USB{})
			if p := w.one(nil); p.Verdict != ceremony.Present {
				t.Errorf("the key is %s afterwards: %s", p.Verdict, p.Detail)
			}
		})
	}
}

// TestResetOfTwoKeysAtOnce: the spare key of each is the other, and goes while
// the first is unplugged.
func TestResetOfTwoKeysAtOnce(t *testing.T) {
	w := newWorld(t)
	w.trust()
	one, first := w.enrolled(softkey.Config{Serial: 1})
	_, second := w.enrolled(softkey.Config{Serial: 2})
	w.bindAs(first, "root-1")
	w.bindAs(second, "root-2")
	if _, err := w.verify(all); err != nil {
		t.Fatal(err)
	}
	_, err := w.reset("1", one, func(r *ceremony.ResetRequest) {
		tell := r.Tell
		r.Tell = func(s ceremony.Step, who ceremony.Seen) {
			tell(s, who)
			if s != ceremony.StepUnplug {
				return
			}
			err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
				_, err := inventory.ResetKey(tx, act(), second.ID, true)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	if !errors.Is(err, inventory.ErrOnlyKey) || w.wasReset(first.ID) {
		t.Errorf("got %v, want the last key of the account refused", err)
	}
}

func TestResetCancelled(t *testing.T) {
	for _, at := range []ceremony.Step{ceremony.StepUnplug, ceremony.StepPlug} {
		w := newWorld(t)
		w.trust()
		k, recorded := w.enrolled(softkey.Config{Serial: 7})
		ctx, cancel := context.WithCancel(t.Context())
		_, err := ceremony.ResetFIDO(ctx, &w.bench, w.store, ceremony.ResetRequest{
			Ref: "7", Actor: "tester", Now: time.Now,
			Confirm: func(context.Context, inventory.Key, []inventory.Binding) error { return nil },
			Tell: func(s ceremony.Step, _ ceremony.Seen) {
				switch s {
				case at:
					cancel()
				case ceremony.StepUnplug:
					w.bench.Unplug(k)
				}
			},
		})
		cancel()
		if !errors.Is(err, context.Canceled) || w.wasReset(recorded.ID) {
			t.Errorf("at %s: got %v", at, err)
		}
	}
}

// TestEnrolledAgain: a key that was reset stays the key it was, once; one that
// was not stays enrolled as it is.
func TestEnrolledAgain(t *testing.T) {
	w := newWorld(t)
	w.trust()
	k, first := w.enrolled(softkey.Config{Serial: 7})
	if _, err := w.reset("7", k, nil); err != nil {
		t.Fatal(err)
	}
	again, err := w.enroll(func(r *ceremony.EnrollRequest) { r.Place = "Lisbon" })
	if err != nil || again.Key.ID != first.ID || again.Key.Place != "Lisbon" {
		t.Fatalf("got %+v, %v", again, err)
	}
	if p := w.one(nil); p.Verdict != ceremony.Present || len(w.keys()) != 1 {
		t.Errorf("it is %s, of %d keys", p.Verdict, len(w.keys()))
	}
	if _, err := w.enroll(nil); !errors.Is(err, inventory.ErrExists) {
		t.Errorf("a third time: %v", err)
	}
	if _, err := w.reset(first.ID, k, nil); err != nil {
		t.Fatal(err)
	}
	w.bench = softkey.Bench{}
	w.plug(softkey.Config{Serial: 7, AAGUID: hw.AAGUID{1}})
	if _, err := w.enroll(nil); !errors.Is(err, inventory.ErrExists) {
		t.Errorf("another model with its serial: %v", err)
	}
}

// lossy is a bench that loses the answer to a reset.
type lossy struct{ *softkey.Bench }

type lossyStream struct {
	hw.Stream
	lose bool
}

func (b lossy) OpenFIDO(ctx context.Context, s hw.Sighting) (hw.Stream, error) {
	stream, err := b.Bench.OpenFIDO(ctx, s)
	return &lossyStream{Stream: stream}, err
}

func (s *lossyStream) Write(ctx context.Context, report []byte) error {
	const cbor, authenticatorReset = 0x90, 0x07
	s.lose = report[4] == cbor && report[7] == authenticatorReset
	return s.Stream.Write(ctx, report)
}

var errLost = errors.New("lost on the line")

func (s *lossyStream) Read(ctx context.Context) ([]byte, error) {
	report, err := s.Stream.Read(ctx)
	if err == nil && s.lose && report[4] == 0x90 {
		return nil, errLost
	}
	return report, err
}

// TestResetThatWasALie: a key that was recorded as reset and kept its credential
// is not the one that was enrolled as that key since.
func TestResetThatWasALie(t *testing.T) {
	w := newWorld(t)
	w.trust()
	liar, first := w.enrolled(softkey.Config{Serial: 7})
	err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.ResetKey(tx, act(), first.ID, false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.bench.Unplug(liar)
	genuine, again := w.enrolled(softkey.Config{Serial: 7})
	if again.ID != first.ID {
		t.Fatalf("enrolled as %s, want %s", again.ID, first.ID)
	}
	w.bench.Unplug(genuine)
	w.bench.Plug(liar, hw.USB{})
	if p := w.one(nil); p.Verdict != ceremony.ResetOrOther || len(w.proofs()) != 0 {
		t.Errorf("the liar is %s (%s), with %d proofs", p.Verdict, p.Detail, len(w.proofs()))
	}
	w.bench.Unplug(liar)
	w.bench.Plug(genuine, hw.USB{})
	if p := w.one(nil); p.Verdict != ceremony.Present {
		t.Errorf("the genuine one is %s (%s)", p.Verdict, p.Detail)
	}
}

func TestResetWhoseAnswerIsLost(t *testing.T) {
	for _, happened := range []bool{true, false} {
		w := newWorld(t)
		w.trust()
		k, recorded := w.enrolled(softkey.Config{Serial: 7, TouchTimeout: 100 * time.Millisecond})
		_, err := ceremony.ResetFIDO(t.Context(), lossy{&w.bench}, w.store, ceremony.ResetRequest{
			Ref: recorded.Serial, Actor: "tester", Now: time.Now, Wait: time.Minute,
			Confirm: func(context.Context, inventory.Key, []inventory.Binding) error { return nil },
			Tell: func(s ceremony.Step, _ ceremony.Seen) {
				switch s {
				case ceremony.StepUnplug:
					w.bench.Unplug(k)
				case ceremony.StepPlug:
					w.bench.Plug(k, hw.USB{})
				case ceremony.StepTouch:
					if !happened {
						k.SetTouch(softkey.Never())
					}
				}
			},
		})
		if (err == nil) != happened || w.wasReset(recorded.ID) != happened {
			t.Errorf("happened %v: got %v, events %v", happened, err, w.about(recorded.ID))
		}
	}
}
