package ceremony_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"hwmfa/hw/attest"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
)

// TestVerifyBySilentPIV: a PIV key that signs silently says which key this is,
// and never more than that.
func TestVerifyBySilentPIV(t *testing.T) {
	slot := []softkey.Slot{silently(0x95)}
	strict := refuses(softkey.SilentUPRequired)
	noTouch := func(r *ceremony.PresenceRequest) { r.NoTouch = true }
	for _, tt := range []struct {
		name    string
		key     softkey.Config
		then    func(w *world, k *softkey.Key)
		ask     func(*ceremony.PresenceRequest)
		verdict ceremony.Verdict
		piv     attest.Likeness
	}{
		{"after a FIDO reset", softkey.Config{Serial: 1, Version: v574, Slots: slot},
			func(_ *world, k *softkey.Key) { k.ResetFIDO() }, nil, ceremony.FIDOReset, ceremony.LikenessProved},
		{"without such a PIV key the attestation has to do", softkey.Config{Serial: 1, Version: v574, Slots: []softkey.Slot{{Slot: 0x95}}},
			func(_ *world, k *softkey.Key) { k.ResetFIDO() }, nil, ceremony.FIDOReset, attest.LikenessIntact},
		{"a key that is not to be asked for a touch", softkey.Config{Serial: 1, Version: v574, Slots: slot, Quirks: strict},
			nil, noTouch, ceremony.Skipped, ceremony.LikenessProved},
		{"another key in its place that is not to be asked either", softkey.Config{Serial: 1, Version: v574, Slots: slot, Quirks: strict},
			func(w *world, k *softkey.Key) {
				w.bench.Unplug(k)
				w.plug(softkey.Config{Serial: 1, Version: v574, Slots: slot, Quirks: strict})
			}, noTouch, ceremony.Skipped, attest.LikenessChanged},
		{"one with an empty slot", softkey.Config{Serial: 1, Version: v574, Slots: slot, Quirks: strict},
			func(w *world, k *softkey.Key) {
				w.bench.Unplug(k)
				w.plug(softkey.Config{Serial: 1, Version: v574, Quirks: strict})
			}, noTouch, ceremony.Skipped, attest.LikenessChanged},
		{"no PIV key to ask", softkey.Config{Serial: 1, Version: v574, Quirks: strict}, nil, noTouch, ceremony.Skipped, ""},
		{"a key that proves itself over FIDO is not asked twice", softkey.Config{Serial: 1, Version: v574, Slots: slot}, nil, nil, ceremony.Present, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k, _ := w.enrolled(tt.key)
			if tt.then != nil {
				tt.then(w, k)
			}
			got := w.one(tt.ask)
			if got.Verdict != tt.verdict || got.PIV != tt.piv {
				t.Errorf("got %s (%s), PIV %q; want %s, %q", got.Verdict, got.Detail, got.PIV, tt.verdict, tt.piv)
			}
			if proofs := w.proofs(); (len(proofs) > 0) != (tt.verdict == ceremony.Present) {
				t.Errorf("the journal has the proofs %v", proofs)
			}
		})
	}
}

// TestVerifyReplayedAttestation: another key that plays the enrolled key's
// attestation back does not hold the private key.
func TestVerifyReplayedAttestation(t *testing.T) {
	w := newWorld(t)
	w.trust()
	cfg := softkey.Config{Serial: 1, Version: v574, Slots: []softkey.Slot{silently(0x95)}}
	k, _ := w.enrolled(cfg)
	replayed := attested(t, k, 0x95)
	w.bench.Unplug(k)
	w.plug(cfg)
	bench := tap{&w.bench, func(apdu []byte, transmit func() ([]byte, error)) ([]byte, error) {
		if bytes.HasPrefix(apdu, attest95) {
			return append(bytes.Clone(replayed.Certificate), 0x90, 0x00), nil
		}
		return transmit()
	}}
	got, err := ceremony.VerifyPresence(t.Context(), bench, w.store, ceremony.PresenceRequest{Actor: "tester", Now: time.Now})
	if err != nil || len(got) != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if p := got[0]; p.Verdict != ceremony.OtherKey || p.Reason != "piv_key_differs" || !strings.Contains(p.Detail, "signs with another") {
		t.Errorf("got %s, %s: %s", p.Verdict, p.Reason, p.Detail)
	}
}
