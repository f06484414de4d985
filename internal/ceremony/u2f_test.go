package ceremony_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

// nameless is a U2F key that shows neither a serial nor a model.
var nameless = softkey.Config{Quirks: softkey.Quirks{U2FOnly: true, NoCard: true, NoDeviceInfo: true}}

func u2fWith(serial uint32, q softkey.Quirks) softkey.Config {
	q.U2FOnly = true
	return softkey.Config{Serial: serial, Quirks: q}
}

func TestEnrollU2F(t *testing.T) {
	for _, tt := range []struct {
		name    string
		key     softkey.Config
		trusted bool
		fido    hw.Status
		aaguid  hw.AAGUID // that its certificate names
		serial  string
	}{
		{"a key with neither serial nor model", nameless, true, hw.StatusVerified, hw.AAGUID{}, ""},
		{"a key with a serial and a card", u2fWith(1, softkey.Quirks{}), true, hw.StatusVerified, hw.AAGUID{}, "1"},
		{"a key whose certificate names a model", u2fWith(1, softkey.Quirks{CertificateAAGUID: hw.AAGUID{9}}), true, hw.StatusVerified, hw.AAGUID{9}, "1"},
		{"a key whose maker is not trusted", nameless, false, hw.StatusUntrusted, hw.AAGUID{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.trusted {
				w.trust()
			}
			tt.key.Touch = softkey.After(300 * time.Millisecond)
			w.plug(tt.key)
			touches := 0
			got, err := w.enroll(func(r *ceremony.EnrollRequest) {
				r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
					if s == ceremony.StepTouch {
						touches++
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			f := got.FIDO
			if f.Status != tt.fido || f.Format != "fido-u2f" || f.AAGUID != tt.aaguid || !f.UserPresent || f.UserVerified || got.Silent != inventory.SilentNo || touches != 1 {
				t.Errorf("got %+v, silent %s, after %d touches; want %s", f, got.Silent, touches, tt.fido)
			}
			if keys := w.keys(); len(keys) != 1 || keys[0].Serial != tt.serial || !keys[0].AAGUID.IsZero() {
				t.Errorf("recorded %+v", keys)
			}
			w.wantReverified(got.Key.ID, tt.fido)
		})
	}
}

// TestEnrollU2FRefuses: what U2F cannot do is refused before the touch, what it
// does wrong after it, and either way nothing is recorded.
func TestEnrollU2FRefuses(t *testing.T) {
	rules := func(e policy.Enrollment) func(*ceremony.EnrollRequest) {
		return func(r *ceremony.EnrollRequest) { r.Rules = e }
	}
	refuse := policy.Rule{Action: policy.Refuse}
	for _, tt := range []struct {
		name    string
		key     softkey.Config
		change  func(*ceremony.EnrollRequest)
		touches bool
		want    error
		words   string
	}{
		{"a first PIN", nameless, func(r *ceremony.EnrollRequest) { r.SetPIN = true }, false, hw.ErrUnsupported, "speaks U2F only: a PIN is not"},
		{"another PIN", nameless, func(r *ceremony.EnrollRequest) { r.ChangePIN = true }, false, hw.ErrUnsupported, "a PIN is not"},
		{"the use of a PIN", nameless, func(r *ceremony.EnrollRequest) { r.UsePIN = true }, false, hw.ErrUnsupported, "a PIN is not"},
		{"always-UV", nameless, func(r *ceremony.EnrollRequest) { r.Settings.AlwaysUV = true }, false, hw.ErrUnsupported, "changing settings is not"},
		{"a policy that wants a PIN", nameless, rules(policy.Enrollment{PIN: &refuse}), false, ceremony.ErrPolicy, "rule pin"},
		{"a policy of models, where nothing attests one", nameless, rules(policy.Enrollment{Models: &policy.Models{Action: policy.Refuse, AAGUIDs: []string{hw.AAGUID{9}.String()}}}),
			true, ceremony.ErrPolicy, "no trusted attestation says which model"},
		{"a forged signature", u2fWith(1, softkey.Quirks{CorruptAttestation: true}), nil, true, ceremony.ErrAttestation, "signature"},
		{"scrambled frames", u2fWith(0, softkey.Quirks{NoCard: true, NoDeviceInfo: true, ScrambleFrames: true}), nil, true, hw.ErrMalformed, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			w.plug(tt.key)
			touched := false
			_, err := w.enroll(func(r *ceremony.EnrollRequest) {
				r.Tell = func(s ceremony.Step, _ ceremony.Seen) { touched = touched || s == ceremony.StepTouch }
				if tt.change != nil {
					tt.change(r)
				}
			})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.words) || touched != tt.touches {
				t.Errorf("got %v, touched %v; want %v, %q", err, touched, tt.want, tt.words)
			}
			if errors.Is(err, ceremony.ErrPolicyPIN) {
				t.Error("the advice is to set a PIN, and it can have none")
			}
			w.wantNothingRecorded()
		})
	}
	t.Run("a policy that allows its model is satisfied by its certificate", func(t *testing.T) {
		w := newWorld(t)
		w.trust()
		w.plug(u2fWith(1, softkey.Quirks{CertificateAAGUID: hw.AAGUID{9}}))
		if _, err := w.enroll(rules(policy.Enrollment{Models: &policy.Models{Action: policy.Refuse, AAGUIDs: []string{hw.AAGUID{9}.String()}}})); err != nil {
			t.Error(err)
		}
	})
}

func TestEnrollU2FAgain(t *testing.T) {
	w := newWorld(t)
	k, first := w.enrolled(nameless)
	k.SetTouch(softkey.Never())
	if _, err := w.enroll(nil); !errors.Is(err, inventory.ErrExists) || !strings.Contains(err.Error(), first.ID) || k.TouchWanted() {
		t.Errorf("got %v, blinking %v; want that %s is this very key", err, k.TouchWanted(), first.ID)
	}
	w.bench.Unplug(k)
	w.enrolled(nameless)
	if n := len(w.keys()); n != 2 {
		t.Errorf("another key of that kind: %d keys, want 2", n)
	}
}

// changing is a bench on which another key answers at the same place, unseen by
// the system, from some moment on.
type changing struct {
	*softkey.Bench
	to *softkey.Key
}

func (b *changing) OpenFIDO(ctx context.Context, s hw.Sighting) (hw.Stream, error) {
	if b.to != nil {
		return b.to.HID(), nil
	}
	return b.Bench.OpenFIDO(ctx, s)
}

// TestEnrollU2FMismatch: by what the key's own INIT says when it is to make the
// credential, and not by what it said before. A key that speaks FIDO2 is never
// registered by U2F.
func TestEnrollU2FMismatch(t *testing.T) {
	for name, tt := range map[string]struct{ first, then softkey.Config }{
		"FIDO2 in place of U2F": {nameless, softkey.Config{Quirks: softkey.Quirks{NoCard: true, NoDeviceInfo: true}}},
		"U2F in place of FIDO2": {softkey.Config{Quirks: softkey.Quirks{NoCard: true, NoDeviceInfo: true}}, nameless},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.plug(tt.first)
			other := w.key(tt.then)
			other.SetTouch(softkey.Never())
			b := &changing{Bench: &w.bench}
			r := request()
			r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
				if s == ceremony.StepTouch {
					b.to = other
				}
			}
			if _, err := ceremony.Enroll(t.Context(), b, w.store, r); !errors.Is(err, hw.ErrUnsupported) || other.TouchWanted() {
				t.Errorf("got %v, blinking %v", err, other.TouchWanted())
			}
			w.wantNothingRecorded()
		})
	}
}

func TestVerifyU2F(t *testing.T) {
	noTouch := func(r *ceremony.PresenceRequest) { r.NoTouch = true }
	slots := u2fWith(1, softkey.Quirks{})
	slots.Slots = []softkey.Slot{{Slot: 0x9a}}
	reset := func(_ *world, k *softkey.Key) { k.ResetFIDO() }
	swap := func(cfg softkey.Config) func(*world, *softkey.Key) {
		return func(w *world, k *softkey.Key) {
			w.bench.Unplug(k)
			w.plug(cfg)
		}
	}
	still := func(_ *world, k *softkey.Key) { k.SetTouch(softkey.Never()) }
	for _, tt := range []struct {
		name    string
		key     softkey.Config
		do      func(*world, *softkey.Key)
		change  func(*ceremony.PresenceRequest)
		verdict ceremony.Verdict
		reason  string
		known   bool // which enrolled key is meant
		piv     attest.Likeness
	}{
		{"touched", u2fWith(1, softkey.Quirks{}), nil, nil, ceremony.Present, "", true, ""},
		{"touched, without a serial", nameless, nil, nil, ceremony.Present, "", true, ""},
		{"not to be touched", u2fWith(1, softkey.Quirks{}), still, noTouch, ceremony.Skipped, "touch_required", true, ""},
		{"not to be touched, without a serial", nameless, still, noTouch, ceremony.Skipped, "touch_required", true, ""},
		{"reset", u2fWith(1, softkey.Quirks{}), reset, nil, ceremony.ResetOrOther, "no_credential", true, attest.LikenessUnknown},
		{"reset, and not to be touched", u2fWith(1, softkey.Quirks{}), reset, noTouch, ceremony.ResetOrOther, "no_credential", true, attest.LikenessUnknown},
		{"reset, with its PIV keys", slots, reset, nil, ceremony.FIDOReset, "no_credential", true, attest.LikenessIntact},
		{"reset, without a serial", nameless, reset, nil, ceremony.NotEnrolled, "not_enrolled", false, ""},
		{"swapped for one with the same serial", u2fWith(1, softkey.Quirks{}), swap(u2fWith(1, softkey.Quirks{})), nil, ceremony.ResetOrOther, "no_credential", true, attest.LikenessUnknown},
		{"swapped for one of another firmware", u2fWith(1, softkey.Quirks{}), swap(softkey.Config{Serial: 1, Version: v574, Quirks: softkey.Quirks{U2FOnly: true}}), nil, ceremony.OtherKey, "firmware_differs", true, ""},
		{"swapped for one without a serial", nameless, swap(nameless), nil, ceremony.NotEnrolled, "not_enrolled", false, ""},
		{"swapped for one that speaks FIDO2", u2fWith(1, softkey.Quirks{}), swap(softkey.Config{Serial: 1}), noTouch, ceremony.Skipped, "touch_required", true, ""},
		{"a FIDO2 key that speaks U2F only now may still be the one", softkey.Config{Serial: 1}, swap(u2fWith(1, softkey.Quirks{})), nil, ceremony.Unproved, "no_fido2", true, ""},
		{"the same of another firmware cannot", softkey.Config{Serial: 1}, swap(softkey.Config{Serial: 1, Version: v574, Quirks: softkey.Quirks{U2FOnly: true}}), nil, ceremony.OtherKey, "firmware_differs", true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k, enrolled := w.enrolled(tt.key)
			if tt.do != nil {
				tt.do(w, k)
			}
			touches := 0
			got := w.one(func(r *ceremony.PresenceRequest) {
				r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
					if s == ceremony.StepTouch {
						touches++
					}
				}
				if tt.change != nil {
					tt.change(r)
				}
			})
			if got.Verdict != tt.verdict || got.Reason != tt.reason || got.PIV != tt.piv {
				t.Errorf("got %s, %s (%s), PIV %q, %v; want %s, %s, %q", got.Verdict, got.Reason, got.Detail, got.PIV, got.Err, tt.verdict, tt.reason, tt.piv)
			}
			if known := got.Key != nil && got.Key.ID == enrolled.ID; known != tt.known {
				t.Errorf("held against %+v, want %s: %v", got.Key, enrolled.ID, tt.known)
			}
			present := tt.verdict == ceremony.Present
			if proofs := w.proofs(); present != (len(proofs) == 1) || present != (touches == 1) || k.TouchWanted() {
				t.Errorf("proofs %v after %d touches, blinking %v", proofs, touches, k.TouchWanted())
			}
			if present && (got.Proof == nil || got.Proof.Method != inventory.MethodTouch) {
				t.Errorf("proof %+v, want one by a touch", got.Proof)
			}
		})
	}
}

// TestVerifyU2FSeveral has keys that nothing tells apart but their credentials:
// each is touched once, and the one that is named is the only one touched.
func TestVerifyU2FSeveral(t *testing.T) {
	w := newWorld(t)
	var keys []*softkey.Key
	var enrolled []inventory.Key
	for range 3 {
		k, e := w.enrolled(nameless)
		keys, enrolled = append(keys, k), append(enrolled, e)
		w.bench.Unplug(k)
	}
	for _, k := range keys {
		w.bench.Plug(k, hw.USB{})
	}
	w.plug(nameless)
	touches := 0
	count := func(r *ceremony.PresenceRequest) {
		r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
			if s == ceremony.StepTouch {
				touches++
			}
		}
	}
	got, err := w.verify(func(r *ceremony.PresenceRequest) { count(r); r.All = true })
	if err != nil || len(got) != 4 || touches != 3 {
		t.Fatalf("got %+v, %v after %d touches", got, err, touches)
	}
	for i, p := range got[:3] {
		if p.Verdict != ceremony.Present || p.Key.ID != enrolled[i].ID {
			t.Errorf("key %d: got %s, %+v, want %s", i, p.Verdict, p.Key, enrolled[i].ID)
		}
	}
	if got[3].Verdict != ceremony.NotEnrolled {
		t.Errorf("the fourth key: got %+v", got[3])
	}
	touches = 0
	for _, k := range []int{0, 2} {
		keys[k].SetTouch(softkey.Never())
	}
	one := w.one(func(r *ceremony.PresenceRequest) { count(r); r.Ref = enrolled[1].ID })
	if one.Verdict != ceremony.Present || one.Key.ID != enrolled[1].ID || touches != 1 || keys[0].TouchWanted() || keys[2].TouchWanted() {
		t.Errorf("got %+v after %d touches", one, touches)
	}
}

// TestU2FDuringTheTouch changes the world while a key is polled for its touch.
func TestU2FDuringTheTouch(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*world, *softkey.Key, context.CancelFunc)
		want error
	}{
		{"unplugged", func(w *world, k *softkey.Key, _ context.CancelFunc) { w.bench.Unplug(k) }, hw.ErrGone},
		{"cancelled", func(_ *world, _ *softkey.Key, cancel context.CancelFunc) { cancel() }, context.Canceled},
	} {
		during := func(w *world, k *softkey.Key, cancel context.CancelFunc) func(ceremony.Step, ceremony.Seen) {
			return func(s ceremony.Step, _ ceremony.Seen) {
				if s != ceremony.StepTouch {
					return
				}
				go func() {
					for !k.TouchWanted() {
						time.Sleep(time.Millisecond)
					}
					tt.do(w, k, cancel)
				}()
			}
		}
		t.Run("enrollment "+tt.name, func(t *testing.T) {
			w := newWorld(t)
			k := w.plug(nameless)
			k.SetTouch(softkey.Never())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := request()
			r.Tell = during(w, k, cancel)
			if _, err := ceremony.Enroll(ctx, &w.bench, w.store, r); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			w.wantNothingRecorded()
		})
		t.Run("proof "+tt.name, func(t *testing.T) {
			w := newWorld(t)
			k, _ := w.enrolled(nameless)
			k.SetTouch(softkey.Never())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			got, err := ceremony.VerifyPresence(ctx, &w.bench, w.store, ceremony.PresenceRequest{
				Actor: "tester", Now: time.Now, Tell: during(w, k, cancel),
			})
			if err == nil && got[0].Verdict == ceremony.Gone {
				err = got[0].Err
			}
			if !errors.Is(err, tt.want) || len(w.proofs()) != 0 {
				t.Errorf("got %+v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestResetFIDO_u2f(t *testing.T) {
	w := newWorld(t)
	w.enrolled(u2fWith(1, softkey.Quirks{}))
	_, err := ceremony.ResetFIDO(t.Context(), &w.bench, w.store, ceremony.ResetRequest{
		Ref: "1", Actor: "tester", Now: time.Now,
		Confirm: func(context.Context, inventory.Key, []inventory.Binding) error {
			t.Error("a person was asked to agree to what cannot be done")
			return nil
		},
	})
	if !errors.Is(err, hw.ErrUnsupported) || !strings.Contains(err.Error(), "U2F only") {
		t.Errorf("got %v", err)
	}
}
