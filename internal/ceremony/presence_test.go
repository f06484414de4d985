package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/softkey"
	"hwmfa/iamcheck"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

const account = "123456789012"

// enrolled plugs a key in and enrolls it.
func (w *world) enrolled(cfg softkey.Config) (*softkey.Key, inventory.Key) {
	w.t.Helper()
	k := w.plug(cfg)
	e, err := w.enroll(func(r *ceremony.EnrollRequest) {
		if cfg.Serial != 0 {
			r.Serial = fmt.Sprint(cfg.Serial)
		}
		r.PIN = func(context.Context, string, int) ([]byte, error) { return []byte(cfg.PIN), nil }
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return k, e.Key
}

func (w *world) verify(change func(*ceremony.PresenceRequest)) ([]ceremony.Presence, error) {
	w.t.Helper()
	r := ceremony.PresenceRequest{Actor: "tester", Now: time.Now}
	if change != nil {
		change(&r)
	}
	return ceremony.VerifyPresence(w.t.Context(), &w.bench, w.store, r)
}

func all(r *ceremony.PresenceRequest) { r.All = true }

// one is the result of verifying the one key that is plugged in.
func (w *world) one(change func(*ceremony.PresenceRequest)) ceremony.Presence {
	w.t.Helper()
	got, err := w.verify(change)
	if err != nil || len(got) != 1 {
		w.t.Fatalf("got %+v, %v; want one key", got, err)
	}
	return got[0]
}

// proofs are the key.proved events of the whole journal, which must be intact.
func (w *world) proofs() (payloads []string) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx inventory.Tx) error {
		if _, err := inventory.VerifyJournal(tx); err != nil {
			return err
		}
		return inventory.Journal(tx, 1, func(e inventory.Event) error {
			if e.Kind == inventory.KindKeyProved {
				payloads = append(payloads, e.Payload)
			}
			return nil
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return payloads
}

func (w *world) bind(k inventory.Key) {
	w.t.Helper()
	err := w.store.Update(w.t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.BindKey(tx, act(), inventory.Binding{AccountID: account, KeyID: k.ID, DeviceName: "root-1", How: inventory.HowWitnessed})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func refuses(s softkey.SilentRefusal) softkey.Quirks { return softkey.Quirks{Silent: s} }

func TestVerifyPresent(t *testing.T) {
	// No hex digits: the signatures it is looked for in are random.
	const pin = "quxy"
	for _, tt := range []struct {
		name    string
		key     softkey.Config
		method  inventory.Method
		touches int
		pins    int
	}{
		{"a key that answers silently", softkey.Config{Serial: 1}, inventory.MethodSilent, 0, 0},
		{"a key that answers silently although it has a PIN", softkey.Config{Serial: 1, PIN: pin}, inventory.MethodSilent, 0, 0},
		{"a key that wants a touch", softkey.Config{Serial: 1, Quirks: refuses(softkey.SilentUPRequired)}, inventory.MethodTouch, 1, 0},
		{"a key that denies and answers to a touch", softkey.Config{Serial: 1, Quirks: refuses(softkey.SilentDenied)}, inventory.MethodTouch, 1, 0},
		{"a key that wants a PIN", softkey.Config{Serial: 1, PIN: pin, Quirks: refuses(softkey.SilentPINRequired)}, inventory.MethodPIN, 0, 1},
		{"a key without a serial", softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true}}, inventory.MethodSilent, 0, 0},
		{"a key without a serial that wants a touch", softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true, Silent: softkey.SilentUPRequired}}, inventory.MethodTouch, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k, enrolled := w.enrolled(tt.key)
			if tt.touches == 0 {
				k.SetTouch(softkey.Never())
			}
			var touches, pins int
			var given []byte
			got := w.one(func(r *ceremony.PresenceRequest) {
				r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
					if s == ceremony.StepTouch {
						touches++
					}
				}
				r.PIN = func(_ context.Context, _ string, retries int) ([]byte, error) {
					if retries != 8 {
						t.Errorf("told of %d tries, want 8", retries)
					}
					pins++
					given = []byte(tt.key.PIN)
					return given, nil
				}
			})
			if got.Verdict != ceremony.Present || got.Key == nil || got.Key.ID != enrolled.ID || got.Proof == nil || got.Proof.Method != tt.method || got.Err != nil || got.Reason != "" {
				t.Fatalf("got %+v, want %s present by %s", got, enrolled.ID, tt.method)
			}
			if touches != tt.touches || pins != tt.pins {
				t.Errorf("asked for %d touches and %d PINs, want %d and %d", touches, pins, tt.touches, tt.pins)
			}
			if !bytes.Equal(given, make([]byte, len(given))) {
				t.Error("the PIN is still in memory")
			}
			if p := w.proofs(); len(p) != 1 || !strings.Contains(p[0], string(tt.method)) || strings.Contains(p[0], pin) {
				t.Errorf("journal has %v, want one proof by %s", p, tt.method)
			}
		})
	}
}

// TestVerifyTellsApart is every way in which a key is not the one it was.
func TestVerifyTellsApart(t *testing.T) {
	slots := []softkey.Slot{{Slot: 0x9a}}
	reset := func(_ *world, k *softkey.Key) { k.ResetFIDO() }
	swap := func(cfg softkey.Config) func(*world, *softkey.Key) {
		return func(w *world, k *softkey.Key) {
			w.bench.Unplug(k)
			w.plug(cfg)
		}
	}
	for _, tt := range []struct {
		name    string
		key     softkey.Config
		trusted bool
		do      func(*world, *softkey.Key)
		verdict ceremony.Verdict
		reason  string
		piv     attest.Likeness
	}{
		{"a FIDO reset with PIV intact", softkey.Config{Serial: 1, Slots: slots}, true, reset, ceremony.FIDOReset, "no_credential", attest.LikenessIntact},
		{"a reset key without PIV keys", softkey.Config{Serial: 1}, true, reset, ceremony.ResetOrOther, "no_credential", attest.LikenessUnknown},
		{"a reset key without a card", softkey.Config{Serial: 1, Quirks: softkey.Quirks{NoCard: true}}, true, reset, ceremony.ResetOrOther, "no_credential", ""},
		{"a reset key whose maker is not trusted", softkey.Config{Serial: 1, Slots: slots}, false, reset, ceremony.ResetOrOther, "no_credential", attest.LikenessChanged},
		{"a reset key that wanted a touch", softkey.Config{Serial: 1, Slots: slots, Quirks: refuses(softkey.SilentUPRequired)}, true, reset, ceremony.FIDOReset, "no_credential", attest.LikenessIntact},
		{"a reset key without a serial", softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true}}, true, reset, ceremony.NotEnrolled, "not_enrolled", ""},
		{"a swapped key with the same serial", softkey.Config{Serial: 1, Slots: slots}, true, swap(softkey.Config{Serial: 1, Slots: slots}), ceremony.ResetOrOther, "no_credential", attest.LikenessChanged},
		{"one with other slots", softkey.Config{Serial: 1, Slots: slots}, true, swap(softkey.Config{Serial: 1}), ceremony.ResetOrOther, "no_credential", attest.LikenessChanged},
		{"one with its PIV switched off", softkey.Config{Serial: 1, Slots: slots}, true, swap(softkey.Config{Serial: 1, Quirks: softkey.Quirks{NoPIV: true}}), ceremony.ResetOrOther, "no_credential", attest.LikenessUnknown},
		{"one of another firmware", softkey.Config{Serial: 1, Slots: slots}, true, swap(softkey.Config{Serial: 1, Version: v574}), ceremony.OtherKey, "firmware_differs", ""},
		{"one of another model", softkey.Config{Serial: 1, Slots: slots}, true, swap(softkey.Config{Serial: 1, AAGUID: hw.AAGUID{9}}), ceremony.OtherKey, "model_differs", ""},
		{"one of another form", softkey.Config{Serial: 1, Slots: slots}, true, swap(softkey.Config{Serial: 1, FormFactor: hw.FormNano}), ceremony.OtherKey, "form_factor_differs", ""},
		{"one of another batch", softkey.Config{Serial: 1, Slots: slots}, true, func(w *world, k *softkey.Key) {
			w.bench.Unplug(k)
			other := newWorld(w.t)
			w.ca = other.ca
			w.trust()
			w.plug(softkey.Config{Serial: 1, Slots: slots})
		}, ceremony.OtherKey, "piv_attester_differs", attest.LikenessForeign},
		{"a key of another serial", softkey.Config{Serial: 1}, true, swap(softkey.Config{Serial: 2}), ceremony.NotEnrolled, "not_enrolled", ""},
		{"a U2F key", softkey.Config{Serial: 1}, true, swap(softkey.Config{Quirks: softkey.Quirks{U2FOnly: true, NoCard: true, NoDeviceInfo: true}}), ceremony.NotEnrolled, "not_enrolled", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.trusted {
				w.trust()
			}
			k, enrolled := w.enrolled(tt.key)
			w.bind(enrolled)
			tt.do(w, k)
			got := w.one(nil)
			if got.Verdict != tt.verdict || got.Reason != tt.reason || got.PIV != tt.piv || got.Err != nil {
				t.Errorf("got %s, %s (%s), PIV %q, %v; want %s, %s, %q", got.Verdict, got.Reason, got.Detail, got.PIV, got.Err, tt.verdict, tt.reason, tt.piv)
			}
			if known := tt.verdict != ceremony.NotEnrolled; known != (len(got.Bindings) == 1) {
				t.Errorf("bindings %+v, want them: %v", got.Bindings, known)
			}
			if p := w.proofs(); len(p) != 0 {
				t.Errorf("journal has the proofs %v", p)
			}
		})
	}
}

// TestVerifyNeverTakesARefusal: whatever refuses is neither proved nor called
// another key.
func TestVerifyNeverTakesARefusal(t *testing.T) {
	pin := func(pin string) func(*ceremony.PresenceRequest) {
		return func(r *ceremony.PresenceRequest) {
			r.PIN = func(context.Context, string, int) ([]byte, error) { return []byte(pin), nil }
		}
	}
	noTouch := func(r *ceremony.PresenceRequest) { r.NoTouch = true }
	locked := softkey.Config{Serial: 1, PIN: "2580", Quirks: refuses(softkey.SilentPINRequired)}
	impatient := func(q softkey.Quirks) softkey.Config {
		return softkey.Config{Serial: 1, TouchTimeout: 50 * time.Millisecond, Quirks: q}
	}
	still := func(_ *world, k *softkey.Key) { k.SetTouch(softkey.Never()) }
	unchanged := func(*world, *softkey.Key) {}
	for _, tt := range []struct {
		name    string
		key     softkey.Config
		do      func(*world, *softkey.Key)
		change  func(*ceremony.PresenceRequest)
		verdict ceremony.Verdict
		reason  string
		err     error
	}{
		{"no touch", impatient(refuses(softkey.SilentUPRequired)), still, nil, ceremony.Unproved, "touch_not_given", hw.ErrTouchTimeout},
		{"no touch is to be asked for", impatient(refuses(softkey.SilentUPRequired)), still, noTouch, ceremony.Skipped, "touch_required", nil},
		{"no touch, and the key denies", impatient(refuses(softkey.SilentDenied)), still, noTouch, ceremony.SilentRefused, "refused", nil},
		{"no PIN is to be asked for", locked, unchanged, noTouch, ceremony.Skipped, "pin_required", nil},
		{"a wrong PIN", locked, unchanged, pin("0852"), ceremony.Unproved, "wrong_pin", &hw.PINError{Retries: 7}},
		{"nobody to ask for the PIN", locked, unchanged, nil, ceremony.Unproved, "pin_required", hw.ErrPINRequired},
		{"a person who gives none", locked, unchanged, func(r *ceremony.PresenceRequest) {
			r.PIN = func(context.Context, string, int) ([]byte, error) { return nil, context.Canceled }
		}, ceremony.Unproved, "pin_not_given", context.Canceled},
		{"a key that wants a PIN and has none any more", locked, func(_ *world, k *softkey.Key) { k.ResetFIDO() }, pin("2580"), ceremony.Unproved, "pin_required", hw.ErrPINRequired},
		{"paths that disagree", softkey.Config{Serial: 1}, func(w *world, k *softkey.Key) {
			w.bench.Unplug(k)
			w.plug(softkey.Config{Serial: 1, Quirks: softkey.Quirks{CardSerial: 2}})
		}, nil, ceremony.Unproved, "serials_disagree", hw.ErrSerialsDisagree},
		{"no permission", softkey.Config{Serial: 1}, func(w *world, _ *softkey.Key) { w.bench.Deny("/dev/hidraw0", hw.ErrPermission) }, nil, ceremony.Unproved, "no_permission", hw.ErrPermission},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			k, enrolled := w.enrolled(tt.key)
			tt.do(w, k)
			got := w.one(tt.change)
			if got.Verdict != tt.verdict || got.Reason != tt.reason {
				t.Errorf("got %s, %s (%s); want %s, %s", got.Verdict, got.Reason, got.Detail, tt.verdict, tt.reason)
			}
			var wrong, want *hw.PINError
			if errors.As(tt.err, &want) {
				if !errors.As(got.Err, &wrong) || *wrong != *want {
					t.Errorf("got %v, want %v", got.Err, tt.err)
				}
			} else if !errors.Is(got.Err, tt.err) {
				t.Errorf("got %v, want %v", got.Err, tt.err)
			}
			if got.Key != nil && got.Key.ID != enrolled.ID {
				t.Errorf("held against %s", got.Key.ID)
			}
			if p := w.proofs(); len(p) != 0 {
				t.Errorf("journal has the proofs %v", p)
			}
		})
	}
}

func TestVerifyAmongHundreds(t *testing.T) {
	w := newWorld(t)
	cfg := softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true}}
	k, enrolled := w.enrolled(cfg)
	err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
		for i := range 300 {
			id := bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 31)
			_, err := inventory.EnrollKey(tx, act(), inventory.Enrollment{
				AAGUID:     enrolled.AAGUID,
				Credential: &inventory.NewCredential{RPID: ceremony.RPID, ID: id, PublicKey: []byte{1}, Silent: inventory.Silent([]string{"yes", "no"}[i%2])},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	k.SetTouch(softkey.Never())
	if got := w.one(nil); got.Verdict != ceremony.Present || got.Key.ID != enrolled.ID || k.TouchWanted() {
		t.Errorf("got %s %+v, blinking %v; want %s found without a blink", got.Verdict, got.Key, k.TouchWanted(), enrolled.ID)
	}
	if got := w.one(func(r *ceremony.PresenceRequest) { r.Ref = enrolled.ID }); got.Verdict != ceremony.Present {
		t.Errorf("asked for by its ID: %+v", got)
	}
	w.bench.Unplug(k)
	w.plug(cfg)
	if got := w.one(nil); got.Verdict != ceremony.NotEnrolled || got.Err != nil {
		t.Errorf("another key of that model: %+v", got)
	}
}

func TestVerifyAll(t *testing.T) {
	w := newWorld(t)
	w.trust()
	one, first := w.enrolled(softkey.Config{Serial: 1})
	_, second := w.enrolled(softkey.Config{Serial: 2, Quirks: refuses(softkey.SilentUPRequired)})
	w.plug(softkey.Config{Serial: 1}) // shows the serial of the first beside it
	w.plug(softkey.Config{Serial: 4})
	one.SetTouch(softkey.Never())
	got, err := w.verify(all)
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []ceremony.Verdict
	for _, p := range got {
		verdicts = append(verdicts, p.Verdict)
	}
	want := []ceremony.Verdict{ceremony.Present, ceremony.Present, ceremony.OtherKey, ceremony.NotEnrolled}
	if !slices.Equal(verdicts, want) {
		t.Fatalf("got %v, want %v", verdicts, want)
	}
	if got[0].Key.ID != first.ID || got[1].Key.ID != second.ID || got[2].Reason != "proved_elsewhere" || len(w.proofs()) != 2 {
		t.Errorf("got %+v", got)
	}
	if _, err := w.verify(nil); !errors.Is(err, ceremony.ErrSeveralKeys) {
		t.Errorf("none named: %v, want %v", err, ceremony.ErrSeveralKeys)
	}
	if got := w.one(func(r *ceremony.PresenceRequest) { r.Serial = "2" }); got.Key.ID != second.ID {
		t.Errorf("asked for serial 2, got %+v", got)
	}
	if got := w.one(func(r *ceremony.PresenceRequest) { r.Ref = first.ID }); got.Verdict != ceremony.Present {
		t.Errorf("asked for %s, got %+v", first.ID, got)
	}
	for _, change := range []func(*ceremony.PresenceRequest){
		func(r *ceremony.PresenceRequest) { r.Serial = "9" },
		func(r *ceremony.PresenceRequest) { w.bench.Unplug(one); r.Serial = "5" },
	} {
		if _, err := w.verify(change); !errors.Is(err, hw.ErrNoDevice) {
			t.Errorf("got %v, want %v", err, hw.ErrNoDevice)
		}
	}
	if _, err := w.verify(func(r *ceremony.PresenceRequest) { r.Ref = "nobody" }); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("got %v, want %v", err, inventory.ErrNotFound)
	}
}

// TestVerifyInTheMiddle changes the world while the key waits for a touch.
func TestVerifyInTheMiddle(t *testing.T) {
	strict := softkey.Config{Serial: 1, Quirks: refuses(softkey.SilentUPRequired)}
	run := func(t *testing.T, do func(*world, *softkey.Key, context.CancelFunc)) (ceremony.Presence, error) {
		w := newWorld(t)
		k, _ := w.enrolled(strict)
		k.SetTouch(softkey.Never())
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan struct{})
		got, err := ceremony.VerifyPresence(ctx, &w.bench, w.store, ceremony.PresenceRequest{
			Actor: "tester", Now: time.Now, Tell: func(s ceremony.Step, _ ceremony.Seen) {
				if s == ceremony.StepTouch {
					go func() {
						defer close(done)
						for !k.TouchWanted() {
							time.Sleep(time.Millisecond)
						}
						do(w, k, cancel)
					}()
				}
			},
		})
		<-done
		if p := w.proofs(); len(p) != 0 {
			t.Errorf("journal has the proofs %v", p)
		}
		if err != nil {
			return ceremony.Presence{}, err
		}
		return got[0], nil
	}
	t.Run("unplugged", func(t *testing.T) {
		got, err := run(t, func(w *world, k *softkey.Key, _ context.CancelFunc) { w.bench.Unplug(k) })
		if err != nil || got.Verdict != ceremony.Gone || got.Reason != "unplugged" || !errors.Is(got.Err, hw.ErrGone) {
			t.Errorf("got %+v, %v; want it gone", got, err)
		}
	})
	t.Run("swapped", func(t *testing.T) {
		got, err := run(t, func(w *world, k *softkey.Key, _ context.CancelFunc) {
			w.bench.Unplug(k)
			w.plug(strict)
		})
		if err != nil || got.Verdict != ceremony.Gone {
			t.Errorf("got %+v, %v; want it gone", got, err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		got, err := run(t, func(_ *world, _ *softkey.Key, cancel context.CancelFunc) { cancel() })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %+v, %v; want it cancelled", got, err)
		}
	})
}

// TestProofReachesTheAudit follows a proof to what the audit is told.
func TestProofReachesTheAudit(t *testing.T) {
	w := newWorld(t)
	w.trust()
	_, k := w.enrolled(softkey.Config{Serial: 1})
	w.one(nil)
	w.bind(k)
	since := func() bool {
		bound := w.bound(newMetadataService(t).signer)
		return bound.ProvedSince && bound.Attested
	}
	if since() {
		t.Error("a proof from before the binding counts as one since")
	}
	w.one(nil)
	if !since() {
		t.Error("the proof is not told")
	}
}

// TestTrustTakenBackReachesTheAudit: what vouched for a key at its enrollment
// may not do so today.
func TestTrustTakenBackReachesTheAudit(t *testing.T) {
	for _, tt := range []struct {
		name   string
		revoke func(*world, *metadataService, inventory.Key)
	}{
		{"the anchor is removed", func(w *world, service *metadataService, _ inventory.Key) {
			err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
				planned, err := ceremony.PlanTrustRemoval(tx, service.signer, "test roots", time.Now())
				if err != nil {
					return err
				}
				return ceremony.RemoveTrust(tx, act(), service.signer, "test roots", planned)
			})
			if err != nil {
				t.Fatal(err)
			}
		}},
		{"the model is revoked", func(w *world, service *metadataService, k inventory.Key) {
			if _, err := w.updateTrust(service.signer, service.blob(1, k.AAGUID, "REVOKED")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, service := newWorld(t), newMetadataService(t)
			w.trust()
			_, k := w.enrolled(softkey.Config{Serial: 1, Slots: []softkey.Slot{{Slot: 0x9a}}})
			w.bind(k)
			if b := w.bound(service.signer); !b.Attested || b.Distrusted {
				t.Errorf("before: %+v", b)
			}
			tt.revoke(w, service, k)
			if b := w.bound(service.signer); b.Attested || !b.Distrusted {
				t.Errorf("after: %+v, want it distrusted", b)
			}
		})
	}
}

// bound is the only binding, as the audit is told of it.
func (w *world) bound(signer attest.MetadataSigner) iamcheck.BoundKey {
	w.t.Helper()
	m := w.matching(signer)
	if len(m.Bound) != 1 {
		w.t.Fatalf("got the bindings %+v, want one", m.Bound)
	}
	return m.Bound[0]
}

// matching is what the audit is told.
func (w *world) matching(signer attest.MetadataSigner) (m ceremony.Matching) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx inventory.Tx) error {
		v, err := ceremony.VerifierOf(tx, signer, time.Now())
		if err != nil {
			return err
		}
		m, err = ceremony.Match(tx, v)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// TestVerifyBadSignature: a key that claims an identity credential and signs
// with another secret is another key.
func TestVerifyBadSignature(t *testing.T) {
	w := newWorld(t)
	one, k := w.enrolled(softkey.Config{Serial: 1})
	w.bench.Unplug(one)
	_, other := w.enrolled(softkey.Config{Serial: 2})
	var credentials []inventory.Credential
	err := w.store.View(t.Context(), func(tx inventory.Tx) (err error) {
		credentials, err = inventory.Credentials(tx)
		return err
	})
	if err != nil || len(credentials) != 2 {
		t.Fatalf("got %d credentials, %v", len(credentials), err)
	}
	// The same inventory, with the two public keys exchanged.
	forged := newWorld(t)
	err = forged.store.Update(t.Context(), func(tx inventory.Tx) error {
		for i, old := range []inventory.Key{k, other} {
			_, err := inventory.EnrollKey(tx, act(), inventory.Enrollment{
				Serial: old.Serial, USBVendor: old.USBVendor, Firmware: old.Firmware, AAGUID: old.AAGUID,
				Credential: &inventory.NewCredential{RPID: ceremony.RPID, ID: credentials[i].ID, PublicKey: credentials[1-i].PublicKey},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	forged.bench.Plug(one, hw.USB{})
	if got := forged.one(nil); got.Verdict != ceremony.OtherKey || got.Reason != "bad_signature" || got.Key == nil || got.Key.Serial != "1" {
		t.Errorf("got %+v, want another key", got)
	}
	if p := forged.proofs(); len(p) != 0 {
		t.Errorf("journal has the proofs %v", p)
	}
}

// TestVerifyPresence_endsAProof: what a key proved goes for nothing once its
// identity credential is found gone.
func TestVerifyPresence_endsAProof(t *testing.T) {
	w := newWorld(t)
	w.trust()
	k, enrolled := w.enrolled(softkey.Config{Serial: 1})
	if got := w.one(nil); got.Verdict != ceremony.Present {
		t.Fatalf("got %s", got.Verdict)
	}
	proofs := func() (all []inventory.Proof) {
		t.Helper()
		err := w.store.View(t.Context(), func(tx inventory.Tx) (err error) {
			all, err = inventory.Proofs(tx)
			return errors.Join(err, inventory.VerifyProofs(tx))
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if len(proofs()) != 1 {
		t.Fatal("the key proved nothing")
	}
	k.ResetFIDO()
	if got := w.one(nil); got.Verdict != ceremony.ResetOrOther {
		t.Errorf("got %s", got.Verdict)
	}
	if all := proofs(); len(all) != 0 {
		t.Errorf("%s is still proved: %+v", enrolled.ID, all)
	}
}

// TestAResetKeyReachesTheAudit: a key without its identity credential is bound
// still, and the audit is told of it until it is proved or reset on record.
func TestAResetKeyReachesTheAudit(t *testing.T) {
	w := newWorld(t)
	w.trust()
	soft, k := w.enrolled(softkey.Config{Serial: 1, Slots: []softkey.Slot{{Slot: 0x9a}}})
	w.bind(k)
	w.one(nil)
	signer := newMetadataService(t).signer
	if b := w.bound(signer); b.Reset || b.Since.IsZero() {
		t.Errorf("before: %+v", b)
	}
	soft.ResetFIDO()
	w.one(nil)
	if b := w.bound(signer); !b.Reset || b.ProvedSince {
		t.Errorf("after: %+v, want it reset", b)
	}
	err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.ResetKey(tx, act(), k.ID, true)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	m := w.matching(signer)
	if len(m.Bound) != 0 || len(m.Keys) != 1 || len(m.Keys[0].Former) != 1 || !m.Keys[0].Former[0].Reset || m.Keys[0].Serial != "1" {
		t.Errorf("after the reset is on record: %+v", m)
	}
}

// TestTheModelReachesTheAudit: what metadata tells of an attested model is what
// AWS's certifications are held against.
func TestTheModelReachesTheAudit(t *testing.T) {
	w, service := newWorld(t), newMetadataService(t)
	_, k := w.enrolled(softkey.Config{Serial: 1})
	w.bind(k)
	if _, err := w.updateTrust(service.signer, service.blob(1, k.AAGUID, "FIDO_CERTIFIED_L2")); err != nil {
		t.Fatal(err)
	}
	if b := w.bound(service.signer); b.Model != nil {
		t.Errorf("a model that nothing trusted attests: %+v", b.Model)
	}
	w.trust()
	b := w.bound(service.signer)
	if b.Model == nil || b.Model.Name != "Test Model" || len(b.Model.Levels) != 1 || b.Model.Levels[0].Level != 2 || b.Model.FIPS {
		t.Errorf("got %+v", b.Model)
	}
}
