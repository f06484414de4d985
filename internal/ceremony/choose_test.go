package ceremony_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
)

// withCard is a bench with one more card, in a reader of its own.
type withCard struct {
	*softkey.Bench
	card hw.Sighting
}

func (b withCard) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	all, err := b.Bench.Sightings(ctx)
	return append(all, b.card), err
}

func (b withCard) Check(ctx context.Context, s hw.Sighting) error {
	if s.Node == b.card.Node {
		return nil
	}
	return b.Bench.Check(ctx, s)
}

func (b withCard) OpenCard(ctx context.Context, s hw.Sighting) (hw.Channel, error) {
	if s.Node == b.card.Node {
		return badge{}, nil
	}
	return b.Bench.OpenCard(ctx, s)
}

// badge is a card that knows none of our applications.
type badge struct{}

func (badge) Transmit(context.Context, []byte) ([]byte, error) { return []byte{0x6a, 0x82}, nil }
func (badge) Close() error                                     { return nil }

var cards = []struct {
	name string
	card hw.Sighting
}{
	{"a badge in a plain reader", hw.Sighting{Interface: hw.InterfaceCard, Node: "ACS ACR122U 00 00", USB: &hw.USB{Vendor: 0x072f, Product: 0x2200, Bus: 3, Address: 9}}},
	{"a badge in a reader without a place", hw.Sighting{Interface: hw.InterfaceCard, Node: "Badge reader 01 00"}},
	{"a card that another program holds", hw.Sighting{Interface: hw.InterfaceCard, Node: "Yubico YubiKey 02 00", Err: hw.ErrBusy}},
}

func TestACardIsNoSecondKey(t *testing.T) {
	for _, tt := range cards {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			w.plug(softkey.Config{Serial: 12345678})
			bench := withCard{&w.bench, tt.card}
			done, err := ceremony.Enroll(t.Context(), bench, w.store, request())
			if err != nil || done.Key.Serial != "12345678" {
				t.Fatalf("enroll: got %+v, %v", done, err)
			}
			for _, all := range []bool{false, true} {
				found, err := ceremony.VerifyPresence(t.Context(), bench, w.store, ceremony.PresenceRequest{All: all, Actor: "tester", Now: time.Now})
				if err != nil || len(found) != 1 || found[0].Verdict != ceremony.Present {
					t.Errorf("verify, all %v: got %+v, %v", all, found, err)
				}
			}
		})
	}
}

// hasty has its key pulled out by the first who opens it.
type hasty struct {
	*softkey.Bench
	key *softkey.Key
}

func (b hasty) OpenFIDO(ctx context.Context, s hw.Sighting) (hw.Stream, error) {
	stream, err := b.Bench.OpenFIDO(ctx, s)
	b.Unplug(b.key)
	return stream, err
}

func TestAKeyPulledOutBeforeItTellsItsSerial(t *testing.T) {
	for _, serial := range []string{"", "12345678"} {
		w := newWorld(t)
		key := w.plug(softkey.Config{Serial: 12345678})
		r := request()
		r.Serial = serial
		if _, err := ceremony.Enroll(t.Context(), hasty{&w.bench, key}, w.store, r); !errors.Is(err, hw.ErrGone) {
			t.Errorf("asked for %q: got %v, want %v", serial, err, hw.ErrGone)
		}
		w.wantNothingRecorded()
	}
}

func TestACardAloneIsNoKey(t *testing.T) {
	for _, tt := range cards {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			_, err := ceremony.Enroll(t.Context(), withCard{&w.bench, tt.card}, w.store, request())
			if !errors.Is(err, hw.ErrNoDevice) {
				t.Errorf("got %v, want %v", err, hw.ErrNoDevice)
			}
			w.wantNothingRecorded()
		})
	}
}

// apart shows the card side of the key as a reader without a place on the bus,
// as drivers do that cannot tell it.
type apart struct{ *softkey.Bench }

func (b apart) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	all, err := b.Bench.Sightings(ctx)
	for i, s := range all {
		if s.Interface == hw.InterfaceCard {
			all[i].USB = nil
		}
	}
	return all, err
}

func (b apart) Check(ctx context.Context, s hw.Sighting) error {
	if s.Interface == hw.InterfaceCard {
		return nil
	}
	return b.Bench.Check(ctx, s)
}

func TestOneKeySeenAsTwo(t *testing.T) {
	for _, serial := range []string{"", "12345678", "0012345678"} {
		t.Run(fmt.Sprintf("%q", serial), func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			w.plug(softkey.Config{Serial: 12345678})
			r := request()
			r.Serial = serial
			done, err := ceremony.Enroll(t.Context(), apart{&w.bench}, w.store, r)
			if err != nil || done.Key.Serial != "12345678" {
				t.Fatalf("got %+v, %v", done, err)
			}
		})
	}
}

func TestNoSerialIsNotEverySerial(t *testing.T) {
	w := newWorld(t)
	w.plug(softkey.Config{Quirks: softkey.Quirks{NoCard: true}})
	_, err := w.enroll(func(r *ceremony.EnrollRequest) { r.Serial = "000" })
	if !errors.Is(err, hw.ErrNoDevice) {
		t.Errorf("got %v, want %v", err, hw.ErrNoDevice)
	}
}

func TestAKeyWithoutFIDOSaysWhatToDo(t *testing.T) {
	w := newWorld(t)
	w.plug(softkey.Config{Serial: 1, Quirks: softkey.Quirks{NoFIDO: true}})
	_, err := w.enroll(nil)
	if !errors.Is(err, hw.ErrUnsupported) || !strings.Contains(err.Error(), "no FIDO interface over USB") {
		t.Errorf("got %v", err)
	}
}

// heldLater is a bench whose card another program takes once it was read.
type heldLater struct {
	*softkey.Bench
	opened int
}

func (b *heldLater) OpenCard(ctx context.Context, s hw.Sighting) (hw.Channel, error) {
	if b.opened++; b.opened > 1 {
		return nil, hw.ErrBusy
	}
	return b.Bench.OpenCard(ctx, s)
}

func TestABusyCardIsNotAnotherKey(t *testing.T) {
	w := newWorld(t)
	w.plug(softkey.Config{Serial: 12345678, Quirks: softkey.Quirks{NoDeviceInfo: true}})
	_, err := ceremony.Enroll(t.Context(), &heldLater{Bench: &w.bench}, w.store, request())
	if !errors.Is(err, hw.ErrBusy) || errors.Is(err, hw.ErrReplaced) {
		t.Errorf("got %v, want %v", err, hw.ErrBusy)
	}
	w.wantNothingRecorded()
}
