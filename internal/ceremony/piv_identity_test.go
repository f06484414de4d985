package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/card"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
)

var (
	v524 = hw.Version{Major: 5, Minor: 2, Patch: 4}
	v543 = hw.Version{Major: 5, Minor: 4, Patch: 3}
	aes  = bytes.Repeat([]byte{0xA5}, 32)
)

// identity asks for a PIV identity and agrees to it.
func identity(change func(*ceremony.PIVIdentity)) func(*ceremony.EnrollRequest) {
	return func(r *ceremony.EnrollRequest) {
		r.PIVIdentity = &ceremony.PIVIdentity{
			DefaultKey: true,
			Confirm:    func(context.Context, ceremony.PIVWrite) error { return nil },
		}
		if change != nil {
			change(r.PIVIdentity)
		}
	}
}

func managementKey(key []byte) func(*ceremony.PIVIdentity) {
	return func(p *ceremony.PIVIdentity) {
		p.DefaultKey = false
		p.Key = func(context.Context, string, string, int) ([]byte, error) { return bytes.Clone(key), nil }
	}
}

// slots are those that hold a key, read over a handle of the test's own.
func slots(t *testing.T, k *softkey.Key) []byte {
	t.Helper()
	ch := k.Card()
	defer ch.Close()
	evidence, err := card.ReadPIVEvidence(t.Context(), ch)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, s := range evidence.Slots {
		all = append(all, s.Slot)
	}
	return all
}

func filled(from, to byte, imported bool) []softkey.Slot {
	var all []softkey.Slot
	for s := from; s <= to; s++ {
		all = append(all, softkey.Slot{Slot: s, Imported: imported})
	}
	return all
}

func TestPIVIdentity(t *testing.T) {
	for _, tt := range []struct {
		name   string
		key    softkey.Config
		change func(*ceremony.PIVIdentity)
		want   byte
		kind   string
		touch  bool
	}{
		{"3DES from the factory", softkey.Config{Version: v543}, nil, 0x95, "3DES", false},
		{"AES-192 from the factory", softkey.Config{Version: v574}, nil, 0x95, "AES-192", false},
		{"AES-256 of its owner", softkey.Config{Version: v574, ManagementKey: aes, ManagementAlgorithm: byte(card.AES256)}, managementKey(aes), 0x95, "AES-256", false},
		{"AES-128 of its owner", softkey.Config{Version: v543, ManagementKey: aes[:16], ManagementAlgorithm: byte(card.AES128)}, managementKey(aes[:16]), 0x95, "AES-128", false},
		{"a management key that wants a touch", softkey.Config{Version: v574, ManagementTouch: true, Touch: softkey.After(20 * time.Millisecond)}, nil, 0x95, "AES-192", true},
		{"slots in use are passed over", softkey.Config{Version: v574, Slots: append(filled(0x94, 0x95, false), softkey.Slot{Slot: 0x93, Imported: true})}, nil, 0x92, "AES-192", false},
		{"the last one that is left", softkey.Config{Version: v543, Slots: filled(0x83, 0x95, true)}, nil, 0x82, "3DES", false},
		{"the slot that was asked for", softkey.Config{Version: v543}, func(p *ceremony.PIVIdentity) { p.Slot = 0x8a }, 0x8a, "3DES", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			tt.key.Serial = 123456
			k := w.plug(tt.key)
			before := slots(t, k)
			var agreed ceremony.PIVWrite
			touched := false
			got, err := w.enroll(func(r *ceremony.EnrollRequest) {
				identity(tt.change)(r)
				r.PIVIdentity.Confirm = func(_ context.Context, p ceremony.PIVWrite) error {
					agreed = p
					if now := slots(t, k); !bytes.Equal(now, before) {
						t.Errorf("slots %x before anybody agreed, %x at first", now, before)
					}
					return nil
				}
				r.Tell = func(s ceremony.Step, _ ceremony.Seen) { touched = touched || s == ceremony.StepManagementTouch }
			})
			if err != nil {
				t.Fatal(err)
			}
			if agreed.Serial != "123456" || agreed.Slot != tt.want || agreed.Kind != tt.kind || agreed.Touch != tt.touch || !strings.Contains(agreed.Empty, "6A88") {
				t.Errorf("agreed to %+v", agreed)
			}
			if touched != tt.touch {
				t.Errorf("asked for a touch of the management key: %v, want %v", touched, tt.touch)
			}
			if now := slots(t, k); len(now) != len(before)+1 || !slices.Contains(now, tt.want) {
				t.Errorf("slots %x, before %x, want %02x more", now, before, tt.want)
			}
			made := got.PIV[len(got.PIV)-1]
			if made.Slot != tt.want || made.Status != hw.StatusVerified || made.Serial != "123456" || made.PINPolicy != "never" || made.Touch != "never" {
				t.Errorf("proved %+v", made)
			}
			// The card is put to the test again with what was recorded.
			stored := w.storedSlot(got.Key.ID, tt.want)
			s := w.seen("123456")
			if err := ceremony.ProvePIV(t.Context(), &w.bench, &s, stored); err != nil {
				t.Errorf("prove: %v", err)
			}
			w.wantReverified(got.Key.ID, hw.StatusVerified)
		})
	}
}

// storedSlot is the evidence of one slot as the inventory holds it, verified
// again.
func (w *world) storedSlot(ref string, slot byte) hw.PIVSlot {
	w.t.Helper()
	v, err := ceremony.Verifier(w.t.Context(), w.store, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	_, all, err := ceremony.Reverify(w.t.Context(), w.store, v, ref)
	if err != nil || len(all) != 1 {
		w.t.Fatalf("evidence %+v, %v", all, err)
	}
	for i, s := range all[0].Stored.Evidence.PIV.Slots {
		if s.Slot == slot {
			if st := all[0].PIV[i]; st.Slot != slot || st.Status != hw.StatusVerified {
				w.t.Errorf("verified again: %+v", st)
			}
			return s
		}
	}
	w.t.Fatalf("no evidence of slot %02x", slot)
	return hw.PIVSlot{}
}

func (w *world) seen(serial string) ceremony.Seen {
	w.t.Helper()
	all, err := ceremony.Detect(w.t.Context(), &w.bench, ceremony.Quick)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range all {
		if s.Serial == serial {
			return s
		}
	}
	w.t.Fatalf("no key %s among %d", serial, len(all))
	return ceremony.Seen{}
}

// TestPIVIdentityRefused holds every refusal to two rules: the card is as it
// was, and nothing is recorded.
func TestPIVIdentityRefused(t *testing.T) {
	declined := errors.New("no, thanks")
	for _, tt := range []struct {
		name     string
		key      softkey.Config
		distrust bool
		change   func(*ceremony.PIVIdentity)
		want     error
		words    string
	}{
		{"firmware 5.2.4", softkey.Config{Version: v524}, false, nil, hw.ErrUnsupported, "5.2.4"},
		{"an imported key on 5.2.4, which looks like an empty slot", softkey.Config{Version: v524, Slots: filled(0x95, 0x95, true)}, false,
			func(p *ceremony.PIVIdentity) { p.Slot = 0x95 }, hw.ErrUnsupported, "imported key"},
		{"a slot with an imported key", softkey.Config{Version: v543, Slots: filled(0x95, 0x95, true)}, false,
			func(p *ceremony.PIVIdentity) { p.Slot = 0x95 }, card.ErrOccupied, "slot 95"},
		{"a slot with a generated key", softkey.Config{Version: v543, Slots: filled(0x95, 0x95, false)}, false,
			func(p *ceremony.PIVIdentity) { p.Slot = 0x95 }, card.ErrOccupied, "slot 95"},
		{"all slots full", softkey.Config{Version: v574, Slots: filled(0x82, 0x95, true)}, false, nil, card.ErrOccupied, "82 to 95"},
		{"a slot that is not retired", softkey.Config{Version: v574}, false,
			func(p *ceremony.PIVIdentity) { p.Slot = 0x9a }, hw.ErrUnsupported, "slot 9a"},
		{"PIV switched off", softkey.Config{Quirks: softkey.Quirks{NoPIV: true}}, false, nil, hw.ErrUnsupported, "switched off"},
		{"no card", softkey.Config{Quirks: softkey.Quirks{NoCard: true}}, false, nil, hw.ErrUnsupported, "no card"},
		{"an attestation that nobody trusts", softkey.Config{Version: v574}, true, nil, ceremony.ErrUntrusted, "no_anchor"},
		{"the person declines", softkey.Config{Version: v574}, false,
			func(p *ceremony.PIVIdentity) {
				p.Confirm = func(context.Context, ceremony.PIVWrite) error { return declined }
			}, declined, "slot 95"},
		{"the default key, which the card no longer has", softkey.Config{Version: v574, ManagementKey: aes[:24]}, false, nil, hw.ErrManagementKey, "not the default"},
		{"a changed management key (6982)", softkey.Config{Version: v574, ManagementKey: aes[:24]}, false,
			managementKey(bytes.Repeat([]byte{1}, 24)), hw.ErrManagementKey, "6982"},
		{"a key of another length than the card's kind", softkey.Config{Version: v574, ManagementKey: aes, ManagementAlgorithm: byte(card.AES256)}, false,
			managementKey(aes[:24]), hw.ErrManagementKey, "AES-256"},
		{"a management key that is not touched", softkey.Config{Version: v574, ManagementTouch: true, TouchTimeout: 50 * time.Millisecond}, false,
			nil, hw.ErrManagementKey, "no touch in time"},
		{"nobody to ask for the key", softkey.Config{Version: v574}, false,
			func(p *ceremony.PIVIdentity) {
				p.DefaultKey = false
				p.Key = func(context.Context, string, string, int) ([]byte, error) { return nil, declined }
			}, declined, "management key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if !tt.distrust {
				w.trust()
			}
			tt.key.Serial = 7
			k := w.plug(tt.key)
			_, err := w.enroll(func(r *ceremony.EnrollRequest) {
				identity(tt.change)(r)
				// The FIDO touch is given, that of the management key is not.
				r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
					if s == ceremony.StepManagementTouch {
						k.SetTouch(softkey.Never())
					}
				}
			})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("got %v, want %v with %q", err, tt.want, tt.words)
			}
			if _, wrote := errors.AsType[*card.SlotError](err); wrote {
				t.Errorf("got %v, and nothing was sent that writes", err)
			}
			w.wantNothingRecorded()
			if tt.key.Quirks.NoPIV || tt.key.Quirks.NoCard {
				return
			}
			for _, s := range slots(t, k) {
				if !slices.ContainsFunc(tt.key.Slots, func(was softkey.Slot) bool { return was.Slot == s && !was.Imported }) {
					t.Errorf("slot %02x was written", s)
				}
			}
		})
	}
}
