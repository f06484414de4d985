package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// world is a bench with software keys and an inventory that trusts them.
type world struct {
	t     *testing.T
	ca    *softkey.CA
	bench softkey.Bench
	store inventory.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ca, err := softkey.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	empty, err := emptyInventory()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "inventory.db")
	if err := os.WriteFile(file, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), "sqlite://"+file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &world{t: t, ca: ca, store: s}
}

// emptyInventory is the file of a new inventory. Making one runs every
// migration, which takes most of a test's time under the race detector.
var emptyInventory = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "hwmfa-ceremony-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "inventory.db")
	s, err := store.Open(context.Background(), "sqlite://"+file)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

func act() inventory.Act { return inventory.Act{Actor: "tester", At: time.Now()} }

func (w *world) trust() {
	w.t.Helper()
	roots := append(w.ca.FIDORootPEM(), w.ca.PIVRootPEM()...)
	err := w.store.Update(w.t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.AddAnchor(tx, act(), "test roots", roots)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) key(cfg softkey.Config) *softkey.Key {
	w.t.Helper()
	k, err := softkey.New(w.ca, cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

func (w *world) plug(cfg softkey.Config) *softkey.Key {
	w.t.Helper()
	k := w.key(cfg)
	w.bench.Plug(k, hw.USB{})
	return k
}

func request() ceremony.EnrollRequest {
	return ceremony.EnrollRequest{Place: "Berlin/safe 1", Actor: "tester", Now: time.Now}
}

func (w *world) enroll(change func(*ceremony.EnrollRequest)) (*ceremony.Enrolled, error) {
	w.t.Helper()
	r := request()
	if change != nil {
		change(&r)
	}
	return ceremony.Enroll(w.t.Context(), &w.bench, w.store, r)
}

// keys are those in the inventory; the journal must be whole whatever happened.
func (w *world) keys() []inventory.Key {
	w.t.Helper()
	var keys []inventory.Key
	err := w.store.View(w.t.Context(), func(tx inventory.Tx) (err error) {
		if _, err := inventory.VerifyJournal(tx); err != nil {
			return err
		}
		keys, err = inventory.Keys(tx, inventory.KeyFilter{})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return keys
}

func (w *world) wantNothingRecorded() {
	w.t.Helper()
	if keys := w.keys(); len(keys) != 0 {
		w.t.Errorf("recorded %v, want nothing", keys)
	}
	err := w.store.View(w.t.Context(), func(tx inventory.Tx) error {
		places, err := inventory.Places(tx)
		if len(places) != 0 {
			w.t.Errorf("made the places %v, want none", places)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

var v574 = hw.Version{Major: 5, Minor: 7, Patch: 4}

func TestEnroll(t *testing.T) {
	for _, tt := range []struct {
		name       string
		key        softkey.Config
		fido       hw.Status
		piv        hw.Status
		silent     inventory.Silent
		wantSerial string
	}{
		{"a key with PIV keys of its own", softkey.Config{Serial: 123456, Version: v574, Slots: []softkey.Slot{{Slot: 0x9a}, {Slot: 0x83}}},
			hw.StatusVerified, hw.StatusVerified, inventory.SilentYes, "123456"},
		{"a key with empty slots", softkey.Config{Serial: 7, Version: v574}, hw.StatusVerified, hw.StatusAbsent, inventory.SilentYes, "7"},
		{"an imported PIV key attests nothing", softkey.Config{Serial: 8, Version: v574, Slots: []softkey.Slot{{Slot: 0x9a, Imported: true}}},
			hw.StatusVerified, hw.StatusAbsent, inventory.SilentYes, "8"},
		{"the same below firmware 5.3", softkey.Config{Serial: 9, Version: hw.Version{Major: 5, Minor: 2, Patch: 4}, Slots: []softkey.Slot{{Slot: 0x9a, Imported: true}, {Slot: 0x9c}}},
			hw.StatusVerified, hw.StatusVerified, inventory.SilentYes, "9"},
		{"a key without a serial and without a card", softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true}},
			hw.StatusVerified, hw.StatusAbsent, inventory.SilentYes, ""},
		{"a key whose PIV is switched off", softkey.Config{Serial: 10, Quirks: softkey.Quirks{NoPIV: true}},
			hw.StatusVerified, hw.StatusAbsent, inventory.SilentYes, "10"},
		{"a strict key that wants a touch", softkey.Config{Serial: 11, Quirks: softkey.Quirks{Silent: softkey.SilentUPRequired}},
			hw.StatusVerified, hw.StatusAbsent, inventory.SilentNo, "11"},
		{"a strict key that wants a PIN", softkey.Config{Serial: 12, Quirks: softkey.Quirks{Silent: softkey.SilentPINRequired}},
			hw.StatusVerified, hw.StatusAbsent, inventory.SilentNeedsPIN, "12"},
		{"a self-attested key is no hardware evidence", softkey.Config{Serial: 13, Quirks: softkey.Quirks{SelfAttestation: true}},
			hw.StatusRefused, hw.StatusAbsent, inventory.SilentYes, "13"},
		{"a key that is busy for a moment", softkey.Config{Serial: 14, Quirks: softkey.Quirks{GetInfoBusy: 1}},
			hw.StatusVerified, hw.StatusAbsent, inventory.SilentYes, "14"},
		{"a key that verifies its person itself", softkey.Config{Serial: 15, Quirks: softkey.Quirks{OwnUV: true}},
			hw.StatusVerified, hw.StatusAbsent, inventory.SilentYes, "15"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			tt.key.Touch = softkey.After(20 * time.Millisecond)
			w.plug(tt.key)
			got, err := w.enroll(func(r *ceremony.EnrollRequest) { r.Tag = "YK-1" })
			if err != nil {
				t.Fatal(err)
			}
			keys := w.keys()
			if len(keys) != 1 || keys[0].ID != got.Key.ID || keys[0].Tag != "YK-1" || keys[0].Place != "Berlin/safe 1" {
				t.Fatalf("recorded %+v", keys)
			}
			k := keys[0]
			if k.Serial != tt.wantSerial || k.Attestation.FIDO != tt.fido || k.Attestation.PIV != tt.piv || got.Silent != tt.silent {
				t.Errorf("got serial %q, FIDO %s (%s %s), PIV %s %+v, silent %s; want %q, %s, %s, %s", k.Serial, k.Attestation.FIDO, got.FIDO.Reason, got.FIDO.Detail,
					k.Attestation.PIV, got.PIV, got.Silent, tt.wantSerial, tt.fido, tt.piv, tt.silent)
			}
			w.wantReverified(k.ID, tt.fido)
		})
	}
}

// wantReverified judges the stored evidence again, with nothing plugged in.
func (w *world) wantReverified(ref string, fido hw.Status) {
	w.t.Helper()
	v, err := ceremony.Verifier(w.t.Context(), w.store, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	_, again, err := ceremony.Reverify(w.t.Context(), w.store, v, ref)
	if err != nil || len(again) != 1 || again[0].FIDO == nil || again[0].FIDO.Status != fido {
		w.t.Errorf("verified again: %+v, %v; want FIDO %s", again, err, fido)
	}
}

func TestEnrollWithoutTrustIsUntrusted(t *testing.T) {
	w := newWorld(t)
	w.plug(softkey.Config{Serial: 21, Slots: []softkey.Slot{{Slot: 0x9c}}})
	got, err := w.enroll(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.FIDO.Status != hw.StatusUntrusted || got.FIDO.Reason == "" || len(got.PIV) != 1 || got.PIV[0].Status != hw.StatusUntrusted {
		t.Errorf("got %+v and %+v, want both untrusted with a reason", got.FIDO, got.PIV)
	}
	if got.FIDO.UserVerified {
		t.Error("the statement says the user was verified, and the key has no PIN")
	}
	w.trust()
	w.wantReverified(got.Key.ID, hw.StatusVerified)
}

// TestEnrollRefuses holds every refusal to the rule that nothing is recorded.
func TestEnrollRefuses(t *testing.T) {
	pin := func(pin string) ceremony.AskPIN {
		return func(context.Context, string, int) ([]byte, error) { return []byte(pin), nil }
	}
	for _, tt := range []struct {
		name   string
		keys   []softkey.Config
		change func(*ceremony.EnrollRequest)
		want   error
		words  string
	}{
		{"no key", nil, nil, hw.ErrNoDevice, ""},
		{"another serial", []softkey.Config{{Serial: 1}}, func(r *ceremony.EnrollRequest) { r.Serial = "2" }, hw.ErrNoDevice, "serial 2"},
		{"two keys and none named", []softkey.Config{{Serial: 1}, {Serial: 2}}, nil, ceremony.ErrSeveralKeys, "key 1, key 2"},
		{"no touch", []softkey.Config{{Serial: 1, Touch: softkey.Never(), TouchTimeout: 50 * time.Millisecond}}, nil, hw.ErrTouchTimeout, "key 1"},
		{"a PIN is wanted and nobody can be asked", []softkey.Config{{Serial: 1, PIN: "2580", Quirks: softkey.Quirks{AlwaysUV: true}}}, nil, hw.ErrPINRequired, ""},
		{"a key that always wants a PIN and has none", []softkey.Config{{Serial: 1, Quirks: softkey.Quirks{AlwaysUV: true}}}, nil, hw.ErrPINRequired, "none is set"},
		{"wrong PIN", []softkey.Config{{Serial: 1, PIN: "2580", Quirks: softkey.Quirks{AlwaysUV: true}}},
			func(r *ceremony.EnrollRequest) { r.PIN = pin("0852") }, &hw.PINError{Retries: 7}, "7 tries left"},
		{"wrong PIN where the key would do without, and the person insists", []softkey.Config{{Serial: 1, PIN: "2580"}},
			func(r *ceremony.EnrollRequest) { r.PIN, r.UsePIN = pin("0852"), true }, &hw.PINError{Retries: 7}, "7 tries left"},
		{"a PIN for a key that has none", []softkey.Config{{Serial: 1}},
			func(r *ceremony.EnrollRequest) { r.PIN, r.UsePIN = pin("0852"), true }, hw.ErrPINNotSet, ""},
		{"serial paths that disagree", []softkey.Config{{Serial: 1, Quirks: softkey.Quirks{CardSerial: 2}}}, nil, hw.ErrSerialsDisagree, "says 2"},
		{"the same, asked for by name", []softkey.Config{{Serial: 1, Quirks: softkey.Quirks{CardSerial: 2}}},
			func(r *ceremony.EnrollRequest) { r.Serial = "2" }, hw.ErrSerialsDisagree, ""},
		{"a forged attestation signature", []softkey.Config{{Serial: 1, Quirks: softkey.Quirks{CorruptAttestation: true}}}, nil, ceremony.ErrAttestation, "signature"},
		{"a certificate for another model", []softkey.Config{{Serial: 1, Quirks: softkey.Quirks{CertificateAAGUID: hw.AAGUID{1, 2, 3}}}}, nil, ceremony.ErrAttestation, "aaguid"},
		{"an empty credential ID", []softkey.Config{{Serial: 1, Quirks: softkey.Quirks{EmptyCredentialID: true}}}, nil, nil, ""},
		{"frames out of order", []softkey.Config{{Serial: 1, Quirks: softkey.Quirks{ScrambleFrames: true}}}, nil, hw.ErrMalformed, ""},
		{"a key that stays busy", []softkey.Config{{Serial: 1, Quirks: softkey.Quirks{GetInfoBusy: 1000}}}, nil, hw.ErrBusy, ""},
		{"a key that speaks neither FIDO2 nor U2F", []softkey.Config{{Serial: 1, Quirks: softkey.Quirks{U2FOnly: true, NoU2F: true}}}, nil, hw.ErrUnsupported, "U2F"},
		{"a bad place", []softkey.Config{{Serial: 1, Touch: softkey.Never()}}, func(r *ceremony.EnrollRequest) { r.Place = "a/b/c/d" }, inventory.ErrInvalid, "place"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			for _, cfg := range tt.keys {
				w.plug(cfg)
			}
			_, err := w.enroll(tt.change)
			var wrong, want *hw.PINError
			switch {
			case err == nil:
				t.Fatal("enrolled")
			case errors.As(tt.want, &want):
				if !errors.As(err, &wrong) || *wrong != *want {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			case tt.want != nil && !errors.Is(err, tt.want):
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.words) {
				t.Errorf("got %q, want it to say %q", err, tt.words)
			}
			w.wantNothingRecorded()
		})
	}
}

func TestEnrollAsksForThePIN(t *testing.T) {
	w := newWorld(t)
	w.trust()
	w.plug(softkey.Config{Serial: 31, PIN: "2580", Quirks: softkey.Quirks{AlwaysUV: true}})
	var given []byte
	var told int
	got, err := w.enroll(func(r *ceremony.EnrollRequest) {
		r.PIN = func(_ context.Context, who string, retries int) ([]byte, error) {
			if who != "key 31" {
				t.Errorf("asked for the PIN of %q", who)
			}
			told = retries
			given = []byte("2580")
			return given, nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if told != 8 || !got.FIDO.UserVerified {
		t.Errorf("told of %d tries, user verified %v; want 8 and true", told, got.FIDO.UserVerified)
	}
	if !bytes.Equal(given, make([]byte, 4)) {
		t.Error("the PIN is still in memory")
	}
}

func TestEnrollRefusesBeforeTheTouch(t *testing.T) {
	t.Run("a serial that is enrolled already", func(t *testing.T) {
		w := newWorld(t)
		k := w.plug(softkey.Config{Serial: 41})
		if _, err := w.enroll(nil); err != nil {
			t.Fatal(err)
		}
		k.SetTouch(softkey.Never())
		touched := false
		_, err := w.enroll(func(r *ceremony.EnrollRequest) {
			r.Tell = func(s ceremony.Step, _ ceremony.Seen) { touched = touched || s == ceremony.StepTouch }
		})
		if !errors.Is(err, inventory.ErrExists) || touched {
			t.Errorf("got %v, touch asked: %v", err, touched)
		}
	})
	t.Run("a key without a serial that is enrolled already", func(t *testing.T) {
		w := newWorld(t)
		w.plug(softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true}})
		first, err := w.enroll(nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.enroll(nil)
		if !errors.Is(err, inventory.ErrExists) || !strings.Contains(err.Error(), first.Key.ID) {
			t.Errorf("got %v, want that %s is this very key", err, first.Key.ID)
		}
	})
	t.Run("another key of the same model without a serial is a new one", func(t *testing.T) {
		w := newWorld(t)
		one := w.plug(softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true}})
		if _, err := w.enroll(nil); err != nil {
			t.Fatal(err)
		}
		w.bench.Unplug(one)
		w.plug(softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true}})
		if _, err := w.enroll(nil); err != nil || len(w.keys()) != 2 {
			t.Errorf("got %v and %d keys, want 2", err, len(w.keys()))
		}
	})
}

// TestEnrollDuringTheTouch changes the world while the key waits for a touch.
func TestEnrollDuringTheTouch(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(w *world, k *softkey.Key)
		want []error
	}{
		{"unplugged", func(w *world, k *softkey.Key) { w.bench.Unplug(k) }, []error{hw.ErrGone}},
		{"swapped for another key at the same node", func(w *world, k *softkey.Key) {
			w.bench.Unplug(k)
			w.plug(softkey.Config{Serial: 52})
		}, []error{hw.ErrGone, hw.ErrReplaced}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k := w.plug(softkey.Config{Serial: 51, Touch: softkey.Never()})
			_, err := w.enroll(func(r *ceremony.EnrollRequest) {
				r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
					if s == ceremony.StepTouch {
						go func() {
							for !k.TouchWanted() {
								time.Sleep(time.Millisecond)
							}
							tt.do(w, k)
						}()
					}
				}
			})
			matched := false
			for _, want := range tt.want {
				matched = matched || errors.Is(err, want)
			}
			if !matched {
				t.Errorf("got %v, want one of %v", err, tt.want)
			}
			w.wantNothingRecorded()
		})
	}
}

// TestEnrollSwappedAfterTheTouch replaces the key once its credential is made:
// the one in its place must not get the record.
func TestEnrollSwappedAfterTheTouch(t *testing.T) {
	w := newWorld(t)
	w.trust()
	k := w.plug(softkey.Config{Serial: 61})
	_, err := w.enroll(func(r *ceremony.EnrollRequest) {
		r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
			if s == ceremony.StepCheck {
				w.bench.Unplug(k)
				w.plug(softkey.Config{Serial: 61})
			}
		}
	})
	if !errors.Is(err, hw.ErrReplaced) && !errors.Is(err, hw.ErrGone) {
		t.Errorf("got %v, want that another key is in its place", err)
	}
	w.wantNothingRecorded()
}

func TestEnrollCancelled(t *testing.T) {
	w := newWorld(t)
	w.trust()
	k := w.plug(softkey.Config{Serial: 71, Touch: softkey.Never()})
	ctx, cancel := context.WithCancel(t.Context())
	r := request()
	r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
		if s == ceremony.StepTouch {
			go func() {
				for !k.TouchWanted() {
					time.Sleep(time.Millisecond)
				}
				cancel()
			}()
		}
	}
	if _, err := ceremony.Enroll(ctx, &w.bench, w.store, r); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want it cancelled", err)
	}
	w.wantNothingRecorded()
	k.SetTouch(softkey.Now())
	if _, err := w.enroll(nil); err != nil {
		t.Errorf("the key is not usable after the cancel: %v", err)
	}
}
