package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"hwmfa/hw"
	"hwmfa/hw/card"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
)

// silently is a slot whose key asks for nothing.
func silently(slot byte) softkey.Slot { return softkey.Slot{Slot: slot, PIN: 1, Touch: 1} }

// attested reads the attestation of one slot from the key itself.
func attested(t *testing.T, k *softkey.Key, slot byte) hw.PIVSlot {
	t.Helper()
	ch := k.Card()
	defer ch.Close()
	evidence, err := card.ReadPIVEvidence(t.Context(), ch)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range evidence.Slots {
		if s.Slot == slot {
			return s
		}
	}
	t.Fatalf("slot %02x holds no attested key", slot)
	return hw.PIVSlot{}
}

func TestProvePIV(t *testing.T) {
	key := softkey.Config{Serial: 5, Version: v574, Slots: []softkey.Slot{silently(0x95), silently(0x9e), {Slot: 0x94}, {Slot: 0x93, PIN: 1, Touch: 2},
		{Slot: 0x92, PIN: 1, Touch: 1, Algorithm: softkey.ECCP384}}, Touch: softkey.Never()}
	for _, tt := range []struct {
		name  string
		slot  byte
		other *softkey.Config // in its place when the proof is asked for
		want  error
	}{
		{"the key itself", 0x95, nil, nil},
		{"a slot that is not retired", 0x9e, nil, nil},
		{"a slot that wants a PIN is not asked", 0x94, nil, hw.ErrUnsupported},
		{"a slot that wants a touch is not asked", 0x93, nil, hw.ErrUnsupported},
		{"a slot on another curve is not asked", 0x92, nil, hw.ErrUnsupported},
		{"the same serial, PIV empty", 0x95, &softkey.Config{Serial: 5, Version: v574}, hw.ErrNoCredential},
		{"the same serial, another key in the slot", 0x95, &softkey.Config{Serial: 5, Version: v574, Slots: []softkey.Slot{silently(0x95)}}, ceremony.ErrSlotKey},
		{"the same serial, a key there that wants a PIN", 0x95, &softkey.Config{Serial: 5, Version: v574, Slots: []softkey.Slot{{Slot: 0x95}}}, hw.ErrRefused},
		{"PIV switched off", 0x95, &softkey.Config{Serial: 5, Quirks: softkey.Quirks{NoPIV: true}}, hw.ErrUnsupported},
		{"no card", 0x95, &softkey.Config{Serial: 5, Quirks: softkey.Quirks{NoCard: true}}, hw.ErrUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			k := w.plug(key)
			stored := attested(t, k, tt.slot)
			if tt.other != nil {
				w.bench.Unplug(k)
				w.plug(*tt.other)
			}
			s := w.seen("5")
			if err := ceremony.ProvePIV(t.Context(), &w.bench, &s, stored); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if k.TouchWanted() {
				t.Error("it blinks")
			}
		})
	}
}

// TestProvePIV_elsewhere changes the key after it was read: a proof is asked of
// that key or of none.
func TestProvePIV_elsewhere(t *testing.T) {
	w := newWorld(t)
	k := w.plug(softkey.Config{Serial: 5, Version: v574, Slots: []softkey.Slot{silently(0x95)}})
	stored, s := attested(t, k, 0x95), w.seen("5")
	t.Run("a certificate that is none", func(t *testing.T) {
		for _, bad := range []hw.PIVSlot{{Slot: 0x95}, {Slot: 0x95, Certificate: []byte("certificate")}, {Slot: 0x94, Certificate: stored.Certificate}} {
			if err := ceremony.ProvePIV(t.Context(), &w.bench, &s, bad); err == nil {
				t.Errorf("proved by %+v", bad)
			}
		}
	})
	t.Run("an answer from before does not do again", func(t *testing.T) {
		var first []byte
		bench := tap{&w.bench, func(apdu []byte, transmit func() ([]byte, error)) ([]byte, error) {
			if !bytes.HasPrefix(apdu, sign95) {
				return transmit()
			}
			if first != nil {
				return first, nil
			}
			var err error
			first, err = transmit()
			return bytes.Clone(first), err
		}}
		if err := ceremony.ProvePIV(t.Context(), bench, &s, stored); err != nil {
			t.Fatal(err)
		}
		if err := ceremony.ProvePIV(t.Context(), bench, &s, stored); !errors.Is(err, ceremony.ErrSlotKey) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("unplugged while it signs", func(t *testing.T) {
		bench := tap{&w.bench, func(apdu []byte, transmit func() ([]byte, error)) ([]byte, error) {
			if bytes.HasPrefix(apdu, sign95) {
				w.bench.Unplug(k)
			}
			return transmit()
		}}
		if err := ceremony.ProvePIV(t.Context(), bench, &s, stored); !errors.Is(err, hw.ErrGone) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another key in its place", func(t *testing.T) {
		w.plug(softkey.Config{Serial: 6, Version: v574, Slots: []softkey.Slot{silently(0x95)}})
		if err := ceremony.ProvePIV(t.Context(), &w.bench, &s, stored); !errors.Is(err, hw.ErrReplaced) && !errors.Is(err, hw.ErrGone) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := ceremony.ProvePIV(ctx, &w.bench, &s, stored); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
