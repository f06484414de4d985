package ceremony_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"hwmfa/hw"
	"hwmfa/hw/card"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
)

// tap is a bench whose cards' exchanges a test sees and changes.
type tap struct {
	hw.Bench
	// do carries out one command, over transmit or not.
	do func(apdu []byte, transmit func() ([]byte, error)) ([]byte, error)
}

func (b tap) OpenCard(ctx context.Context, s hw.Sighting) (hw.Channel, error) {
	ch, err := b.Bench.OpenCard(ctx, s)
	if err != nil {
		return nil, err
	}
	return tapped{ch, b.do}, nil
}

type tapped struct {
	hw.Channel
	do func([]byte, func() ([]byte, error)) ([]byte, error)
}

func (c tapped) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	return c.do(apdu, func() ([]byte, error) { return c.Channel.Transmit(ctx, apdu) })
}

// What the commands of the write begin with.
var (
	selectPIV   = []byte{0x00, 0xa4, 0x04, 0x00, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08}
	metadata95  = []byte{0x00, 0xf7, 0x00, 0x95}
	metadata9B  = []byte{0x00, 0xf7, 0x00, 0x9b}
	managementA = []byte{0x00, 0x87, 0x0a, 0x9b}
	generate    = []byte{0x00, 0x47, 0x00, 0x95}
	attest95    = []byte{0x00, 0xf9, 0x95}
	sign95      = []byte{0x00, 0x87, 0x11, 0x95}
)

// otherPublicKey is an answer to GENERATE with a key of nobody's.
func otherPublicKey(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte{0x7f, 0x49, 67, 0x86, 65}, point...)
}

// TestPIVIdentityInTheMiddle breaks the enrollment at one command. Whatever
// happens, nothing is recorded that was not verified, and the error says what
// became of the slot.
func TestPIVIdentityInTheMiddle(t *testing.T) {
	type scene struct {
		w        *world
		key      *softkey.Key
		transmit func() ([]byte, error)
		cancel   context.CancelFunc
	}
	answer := func(b ...byte) func(scene) ([]byte, error) {
		return func(scene) ([]byte, error) { return b, nil }
	}
	unplug := func(s scene) ([]byte, error) {
		s.w.bench.Unplug(s.key)
		return s.transmit()
	}
	after := func(do func(scene) ([]byte, error)) func(scene) ([]byte, error) {
		return func(s scene) ([]byte, error) {
			if _, err := s.transmit(); err != nil {
				return nil, err
			}
			return do(s)
		}
	}
	cancelled := func(s scene) ([]byte, error) {
		s.cancel()
		return s.transmit()
	}
	for _, tt := range []struct {
		name    string
		at      []byte
		do      func(scene) ([]byte, error)
		want    error
		state   card.SlotState // "": no write was sent
		written bool           // what the card really holds
	}{
		{"metadata of one byte", metadata95, answer(0x01, 0x90, 0x00), hw.ErrMalformed, "", false},
		{"metadata unknown", metadata95, answer(0x6d, 0x00), hw.ErrUnsupported, "", false},
		{"metadata of the management key of one byte", metadata9B, answer(0x01, 0x90, 0x00), hw.ErrMalformed, "", false},
		{"unplugged at the management key", managementA, unplug, hw.ErrGone, "", false},
		{"interrupted at the management key", managementA, cancelled, context.Canceled, "", false},
		{"unplugged before the write", generate, unplug, hw.ErrGone, card.SlotUnknown, false},
		{"unplugged after the write, before it was answered", generate, after(unplug), hw.ErrGone, card.SlotUnknown, true},
		{"the write is refused", generate, answer(0x69, 0x82), hw.ErrRefused, card.SlotEmpty, false},
		{"the write is done, and said to be refused", generate, after(answer(0x6f, 0x00)), nil, card.SlotWritten, true},
		{"the write is answered with nonsense", generate, after(answer(0x7f, 0x90, 0x00)), hw.ErrMalformed, card.SlotWritten, true},
		{"unplugged at the attestation", attest95, unplug, hw.ErrGone, card.SlotWritten, true},
		{"the new key is not attested", attest95, answer(0x6a, 0x80), nil, card.SlotWritten, true},
		{"another public key is answered than was made", generate, after(answer(append(otherPublicKey(t), 0x90, 0x00)...)), ceremony.ErrAttestation, card.SlotWritten, true},
		{"the attestation of another slot", attest95, func(s scene) ([]byte, error) { return s.key.APDU([]byte{0x00, 0xf9, 0x94, 0x00, 0x00}), nil },
			ceremony.ErrAttestation, card.SlotWritten, true},
		{"a broken attestation", attest95, answer(0x30, 0x00, 0x90, 0x00), ceremony.ErrAttestation, card.SlotWritten, true},
		{"the new key does not sign", sign95, answer(0x69, 0x82), hw.ErrRefused, card.SlotWritten, true},
		{"the new key signs something else", sign95, answer(0x7c, 0x04, 0x82, 0x02, 0x30, 0x00, 0x90, 0x00), ceremony.ErrSlotKey, card.SlotWritten, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k := w.plug(softkey.Config{Serial: 9, Version: v574, Slots: []softkey.Slot{silently(0x94)}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := false
			bench := tap{&w.bench, func(apdu []byte, transmit func() ([]byte, error)) ([]byte, error) {
				if !done && bytes.HasPrefix(apdu, tt.at) {
					done = true
					return tt.do(scene{w, k, transmit, cancel})
				}
				return transmit()
			}}
			r := request()
			identity(nil)(&r)
			_, err := ceremony.Enroll(ctx, bench, w.store, r)
			if err == nil || !done || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			w.wantNothingRecorded()
			state := card.SlotState("")
			if failed, ok := errors.AsType[*card.SlotError](err); ok {
				state = failed.State
			}
			if says := strings.Contains(err.Error(), "no PIV slot was written"); state != tt.state || says != (tt.state == "") {
				t.Errorf("got %q: %v, want %q", state, err, tt.state)
			}
			k.Replug()
			if wrote := slices.Contains(slots(t, k), 0x95); wrote != tt.written {
				t.Errorf("slot 95 written: %v, want %v", wrote, tt.written)
			}
		})
	}
}

// TestPIVIdentityInterrupted: from the write on an interrupt waits, so that
// what was written is recorded.
func TestPIVIdentityInterrupted(t *testing.T) {
	w := newWorld(t)
	w.trust()
	w.plug(softkey.Config{Serial: 9, Version: v574})
	ctx, cancel := context.WithCancel(t.Context())
	bench := tap{&w.bench, func(apdu []byte, transmit func() ([]byte, error)) ([]byte, error) {
		if bytes.HasPrefix(apdu, generate) {
			cancel()
		}
		return transmit()
	}}
	r := request()
	identity(nil)(&r)
	got, err := ceremony.Enroll(ctx, bench, w.store, r)
	if err != nil || ctx.Err() == nil {
		t.Fatalf("got %v, interrupted: %v", err, ctx.Err())
	}
	w.storedSlot(got.Key.ID, 0x95)
}

// TestPIVIdentityChecksAgain: what was true when the write was planned must be
// so in the transaction that writes.
func TestPIVIdentityChecksAgain(t *testing.T) {
	serial := []byte{0x00, 0xf8}
	for _, tt := range []struct {
		name   string
		at     []byte
		nth    int    // which of the commands that begin so
		answer []byte // in place of the card's, nil: another reader answers the system from here on
	}{
		// Read when the key is chosen, planned for, looked at again, and written.
		{"the card tells another serial", serial, 4, []byte{0, 0, 0, 10, 0x90, 0x00}},
		{"the management key is of another kind", metadata9B, 2, []byte{1, 1, 0x0c, 2, 2, 0, 1, 5, 1, 1, 0x90, 0x00}},
		{"the management key wants a touch now", metadata9B, 2, []byte{1, 1, 0x0a, 2, 2, 0, 2, 5, 1, 1, 0x90, 0x00}},
		{"the slot is in use", metadata95, 3, []byte{3, 1, 2, 0x90, 0x00}},
		{"the reader belongs to another key", managementA, 2, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k := w.plug(softkey.Config{Serial: 9, Version: v574})
			count := 0
			moved := false
			bench := movable{tap{&w.bench, func(apdu []byte, transmit func() ([]byte, error)) ([]byte, error) {
				if bytes.HasPrefix(apdu, tt.at) {
					if count++; count == tt.nth && tt.answer != nil {
						return tt.answer, nil
					}
					moved = moved || count == tt.nth
				}
				return transmit()
			}}, &moved}
			r := request()
			identity(nil)(&r)
			_, err := ceremony.Enroll(t.Context(), bench, w.store, r)
			if !errors.Is(err, hw.ErrReplaced) && !errors.Is(err, card.ErrOccupied) || count != tt.nth || !strings.Contains(err.Error(), "no PIV slot was written") {
				t.Errorf("got %v after %d commands", err, count)
			}
			w.wantNothingRecorded()
			if all := slots(t, k); len(all) > 0 {
				t.Errorf("slots %x were written", all)
			}
		})
	}
}

// movable is a bench whose readers come to belong to another key.
type movable struct {
	tap
	moved *bool
}

func (b movable) Check(ctx context.Context, s hw.Sighting) error {
	if *b.moved {
		return hw.ErrReplaced
	}
	return b.tap.Check(ctx, s)
}

// TestPIVIdentityOnAnotherKey swaps the key between the plan and the write.
func TestPIVIdentityOnAnotherKey(t *testing.T) {
	for _, tt := range []struct {
		name  string
		other softkey.Config
	}{
		{"another serial", softkey.Config{Serial: 10, Version: v574}},
		{"the same serial, other firmware", softkey.Config{Serial: 9, Version: v543}},
		{"the same in every word", softkey.Config{Serial: 9, Version: v574}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k, other := w.plug(softkey.Config{Serial: 9, Version: v574}), w.key(tt.other)
			opened := 0
			bench := tap{&w.bench, func(apdu []byte, transmit func() ([]byte, error)) ([]byte, error) {
				if bytes.HasPrefix(apdu, selectPIV) {
					opened++
				}
				return transmit()
			}}
			r := request()
			identity(nil)(&r)
			r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
				if s == ceremony.StepTouch {
					w.bench.Unplug(k)
					w.bench.Plug(other, hw.USB{})
				}
			}
			_, err := ceremony.Enroll(t.Context(), bench, w.store, r)
			if !errors.Is(err, hw.ErrReplaced) && !errors.Is(err, hw.ErrGone) {
				t.Errorf("got %v", err)
			}
			if opened == 0 {
				t.Error("the card was never looked at")
			}
			w.wantNothingRecorded()
			if all := slots(t, other); len(all) > 0 {
				t.Errorf("slots %x of another key were written", all)
			}
		})
	}
}
