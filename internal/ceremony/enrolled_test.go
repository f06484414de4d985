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
	"hwmfa/hw/attest"
	"hwmfa/hw/ctap"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

func changeRequest(k inventory.Key) ceremony.ChangeRequest {
	return ceremony.ChangeRequest{
		Ref: k.ID, Actor: "tester", Now: time.Now,
		Confirm: func(context.Context, inventory.Key, []inventory.Binding) error { return nil },
	}
}

// TestChangeKeyAsksForThePINOnce also where the key wants it to prove itself
// before it is changed, and leaves none in memory.
func TestChangeKeyAsksForThePINOnce(t *testing.T) {
	w := newWorld(t)
	w.trust()
	k, enrolled := w.enrolled(softkey.Config{Serial: 1, PIN: "2580", Quirks: refuses(softkey.SilentPINRequired)})
	var old, fresh []byte
	asked := 0
	r := changeRequest(enrolled)
	r.ChangePIN, r.Settings, r.NewPIN = true, ceremony.Settings{MinPINLength: 6}, givingNew("correct horse", &fresh)
	r.PIN = func(ctx context.Context, who string, retries int) ([]byte, error) {
		asked++
		return giving("2580", &old)(ctx, who, retries)
	}
	done, err := ceremony.ChangeKey(t.Context(), &w.bench, w.store, r)
	if err != nil {
		t.Fatal(err)
	}
	if want := []ceremony.Change{"pin_changed", "min_pin_length"}; !slices.Equal(done.Changes, want) || asked != 1 {
		t.Errorf("changed %v, asked %d times; want %v, once", done.Changes, asked, want)
	}
	for _, pin := range [][]byte{old, fresh} {
		if !bytes.Equal(pin, make([]byte, len(pin))) {
			t.Error("a PIN is still in memory")
		}
	}
	if info := fido(t, k); info.MinPINLength != 6 {
		t.Errorf("the key is left with %+v", info)
	}
	want := []string{`{"changes":["pin_changed","min_pin_length"],"min_pin_length":6}`}
	if got := w.journal(inventory.KindKeyChanged); !slices.Equal(got, want) || len(w.proofs()) != 1 {
		t.Errorf("journal has %v and %d proofs", got, len(w.proofs()))
	}
	done, err = ceremony.ChangeKey(t.Context(), &w.bench, w.store, ceremony.ChangeRequest{
		Ref: enrolled.ID, Actor: "tester", Now: time.Now, Settings: ceremony.Settings{MinPINLength: 6},
		PIN: giving("correct horse", &old), Confirm: r.Confirm,
	})
	if err != nil || len(done.Changes) != 0 || len(w.journal(inventory.KindKeyChanged)) != 1 {
		t.Errorf("what is so already: %+v, %v", done, err)
	}
}

// TestChangeKeyThatWantsItsPINChanged: such a key proves nothing with its PIN
// before the change, whether it says so when it is read or when it is asked.
func TestChangeKeyThatWantsItsPINChanged(t *testing.T) {
	force := func(t *testing.T, w *world) {
		sightings, err := w.bench.Sightings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		stream, err := w.bench.OpenFIDO(t.Context(), *hw.Merge(sightings)[0].FIDO)
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		d, err := ctap.Open(t.Context(), stream)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.SetMinPINLength(t.Context(), []byte("2580"), 0, true); err != nil {
			t.Fatal(err)
		}
	}
	for name, late := range map[string]bool{"says so": false, "refuses its PIN": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k, enrolled := w.enrolled(softkey.Config{Serial: 1, PIN: "2580", Quirks: refuses(softkey.SilentPINRequired)})
			if !late {
				force(t, w)
				got := w.one(func(r *ceremony.PresenceRequest) {
					r.PIN = func(context.Context, string, int) ([]byte, error) {
						t.Error("asked for a PIN that is good for nothing")
						return []byte("2580"), nil
					}
				})
				if got.Verdict != ceremony.Unproved || got.Reason != "pin_to_be_changed" {
					t.Errorf("verified as %+v", got)
				}
			}
			var old, fresh []byte
			asked := 0
			r := changeRequest(enrolled)
			r.ChangePIN, r.Settings, r.NewPIN = true, ceremony.Settings{MinPINLength: 6}, givingNew("correct horse", &fresh)
			r.PIN = func(ctx context.Context, who string, retries int) ([]byte, error) {
				if asked++; late && asked == 1 {
					force(t, w)
				}
				return giving("2580", &old)(ctx, who, retries)
			}
			done, err := ceremony.ChangeKey(t.Context(), &w.bench, w.store, r)
			if err != nil {
				t.Fatal(err)
			}
			if want := []ceremony.Change{"pin_changed", "min_pin_length"}; !slices.Equal(done.Changes, want) || asked != 1 {
				t.Errorf("changed %v, asked %d times; want %v, once", done.Changes, asked, want)
			}
			if info := fido(t, k); info.ForcePINChange || info.MinPINLength != 6 || len(w.proofs()) != 1 {
				t.Errorf("the key is left with %+v and %d proofs", info, len(w.proofs()))
			}
			for _, pin := range [][]byte{old, fresh} {
				if !bytes.Equal(pin, make([]byte, len(pin))) {
					t.Error("a PIN is still in memory")
				}
			}
		})
	}
	t.Run("another key of that serial is not recorded as changed", func(t *testing.T) {
		w := newWorld(t)
		cfg := softkey.Config{Serial: 1, PIN: "2580", Quirks: refuses(softkey.SilentPINRequired)}
		k, enrolled := w.enrolled(cfg)
		w.bench.Unplug(k)
		w.plug(cfg)
		force(t, w)
		var old, fresh []byte
		r := changeRequest(enrolled)
		r.ChangePIN, r.PIN, r.NewPIN = true, giving("2580", &old), givingNew("correct horse", &fresh)
		_, err := ceremony.ChangeKey(t.Context(), &w.bench, w.store, r)
		if !errors.Is(err, ceremony.ErrNotProved) || !strings.Contains(err.Error(), "on the key already, and not recorded: pin_changed") {
			t.Errorf("got %v", err)
		}
		if got := w.journal(inventory.KindKeyChanged); len(got) != 0 || len(w.proofs()) != 0 {
			t.Errorf("journal has %v", got)
		}
	})
}

// TestOneKeyAfterTheOther: a key that was proved only before it was changed is
// no spare for the next.
func TestOneKeyAfterTheOther(t *testing.T) {
	w := newWorld(t)
	w.trust()
	_, one := w.enrolled(softkey.Config{Serial: 1, PIN: "2580"})
	_, two := w.enrolled(softkey.Config{Serial: 2, PIN: "2580"})
	w.bindAs(one, "root-1")
	w.bindAs(two, "root-2")
	if got, err := w.verify(all); err != nil || len(got) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}
	var kept []byte
	set := func(k inventory.Key) error {
		r := changeRequest(k)
		r.Settings, r.PIN = ceremony.Settings{AlwaysUV: true}, giving("2580", &kept)
		_, err := ceremony.ChangeKey(t.Context(), &w.bench, w.store, r)
		return err
	}
	if err := set(one); err != nil {
		t.Fatal(err)
	}
	if err := set(two); !errors.Is(err, inventory.ErrOnlyKey) {
		t.Errorf("the second one at once: %v, want it refused", err)
	}
	if _, err := w.verify(func(r *ceremony.PresenceRequest) { r.Ref = one.ID }); err != nil {
		t.Fatal(err)
	}
	if err := set(two); err != nil {
		t.Errorf("once the first has proved itself again: %v", err)
	}
}

// TestChangeKeyRefuses: nothing is changed on a key that is not proved to be the
// one that was named, or that must not be changed.
func TestChangeKeyRefuses(t *testing.T) {
	cfg := softkey.Config{Serial: 1}
	settings := func(r *ceremony.ChangeRequest) { r.Settings.MinPINLength = 6 }
	set := func(r *ceremony.ChangeRequest) {
		r.SetPIN = true
		r.NewPIN = func(context.Context, string, func([]byte) error) ([]byte, error) { return []byte("correct horse"), nil }
	}
	no := errors.New("no")
	for _, tt := range []struct {
		name   string
		key    softkey.Config
		do     func(*world, *softkey.Key, inventory.Key) *softkey.Key
		change func(*ceremony.ChangeRequest)
		want   error
	}{
		{"another key with the same serial", cfg, func(w *world, k *softkey.Key, _ inventory.Key) *softkey.Key {
			w.bench.Unplug(k)
			return w.plug(cfg)
		}, set, ceremony.ErrNotProved},
		{"a key that was reset", cfg, func(_ *world, k *softkey.Key, _ inventory.Key) *softkey.Key {
			k.ResetFIDO()
			return k
		}, set, ceremony.ErrNotProved},
		{"no key", cfg, func(w *world, k *softkey.Key, _ inventory.Key) *softkey.Key {
			w.bench.Unplug(k)
			return k
		}, set, hw.ErrNoDevice},
		{"the only key of an account", cfg, func(w *world, k *softkey.Key, enrolled inventory.Key) *softkey.Key {
			w.bind(enrolled)
			return k
		}, settings, inventory.ErrOnlyKey},
		{"a person who does not agree", cfg, nil, func(r *ceremony.ChangeRequest) {
			settings(r)
			r.Confirm = func(context.Context, inventory.Key, []inventory.Binding) error { return no }
		}, no},
		{"a key without settings", softkey.Config{Serial: 1, Version: hw.Version{Major: 5, Minor: 2, Patch: 4}}, nil, settings, hw.ErrUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k, enrolled := w.enrolled(tt.key)
			if tt.do != nil {
				k = tt.do(w, k, enrolled)
			}
			r := changeRequest(enrolled)
			tt.change(&r)
			if _, err := ceremony.ChangeKey(t.Context(), &w.bench, w.store, r); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if errors.Is(tt.want, hw.ErrNoDevice) { // there is nobody to ask
				return
			}
			if info := fido(t, k); info.Options["clientPin"] || info.MinPINLength > 4 {
				t.Errorf("the key was changed to %+v", info)
			}
			if got := w.journal(inventory.KindKeyChanged); len(got) != 0 {
				t.Errorf("journal has %v", got)
			}
		})
	}
}

// TestChangeKeyInterrupted: what was changed is written down all the same.
func TestChangeKeyInterrupted(t *testing.T) {
	w := newWorld(t)
	w.trust()
	_, enrolled := w.enrolled(softkey.Config{Serial: 1})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	bench := hidTap{&w.bench, func(report []byte) {
		if isClientPIN(report, 0x03) {
			cancel()
		}
	}}
	var fresh []byte
	r := changeRequest(enrolled)
	r.SetPIN, r.NewPIN, r.Settings.AlwaysUV = true, givingNew("correct horse", &fresh), true
	_, err := ceremony.ChangeKey(ctx, bench, w.store, r)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "(changed on the key and recorded: pin_set)") {
		t.Errorf("got %v", err)
	}
	if got := w.journal(inventory.KindKeyChanged); len(got) != 1 || !strings.Contains(got[0], "pin_set") || strings.Contains(got[0], "always_uv") {
		t.Errorf("journal has %v, want the PIN alone", got)
	}
}

func identityRequest(k inventory.Key, p *ceremony.PIVIdentity) ceremony.IdentityRequest {
	return ceremony.IdentityRequest{Ref: k.ID, Actor: "tester", Now: time.Now, Identity: *p}
}

func TestGivePIVIdentity(t *testing.T) {
	agree := func() *ceremony.PIVIdentity {
		return &ceremony.PIVIdentity{DefaultKey: true, Confirm: func(context.Context, ceremony.PIVWrite) error { return nil }}
	}
	w := newWorld(t)
	w.trust()
	k, enrolled := w.enrolled(softkey.Config{Serial: 1, Slots: []softkey.Slot{{Slot: 0x9a}}})
	given, err := ceremony.GivePIVIdentity(t.Context(), &w.bench, w.store, identityRequest(enrolled, agree()))
	if err != nil {
		t.Fatal(err)
	}
	if given.Slot != 0x95 || len(given.PIV) != 2 || given.Key.Attestation.PIV != hw.StatusVerified || given.Key.Attestation.FIDO != hw.StatusVerified {
		t.Errorf("got %+v", given)
	}
	if got := w.journal(inventory.KindKeyPIVIdentity); len(got) != 1 || len(w.proofs()) != 1 {
		t.Errorf("journal has %v and %d proofs", got, len(w.proofs()))
	}
	if _, err := ceremony.GivePIVIdentity(t.Context(), &w.bench, w.store, identityRequest(enrolled, agree())); !errors.Is(err, inventory.ErrExists) {
		t.Errorf("a second one: %v", err)
	}
	k.ResetFIDO()
	if got := w.one(nil); got.Verdict != ceremony.FIDOReset || got.PIV != ceremony.LikenessProved {
		t.Errorf("after a FIDO reset: %s, PIV %s", got.Verdict, got.PIV)
	}
	if _, err := ceremony.GivePIVIdentity(t.Context(), &w.bench, w.store, identityRequest(enrolled, agree())); !errors.Is(err, ceremony.ErrNotProved) {
		t.Errorf("after a FIDO reset: %v", err)
	}

	// One whose attestation reaches no anchor, and a person who says no.
	untrusted := newWorld(t)
	_, other := untrusted.enrolled(softkey.Config{Serial: 2})
	if _, err := ceremony.GivePIVIdentity(t.Context(), &untrusted.bench, untrusted.store, identityRequest(other, agree())); !errors.Is(err, ceremony.ErrUntrusted) {
		t.Errorf("untrusted: %v", err)
	}
	no := errors.New("no")
	refused := agree()
	refused.Confirm = func(context.Context, ceremony.PIVWrite) error { return no }
	w2 := newWorld(t)
	w2.trust()
	_, third := w2.enrolled(softkey.Config{Serial: 3})
	if _, err := ceremony.GivePIVIdentity(t.Context(), &w2.bench, w2.store, identityRequest(third, refused)); !errors.Is(err, no) {
		t.Errorf("refused: %v", err)
	}
	if got := w2.one(nil); got.PIV == attest.LikenessChanged || len(w2.journal(inventory.KindKeyPIVIdentity)) != 0 {
		t.Errorf("something was written: %+v", got)
	}
}
