package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

// giving answers with a PIN and keeps it, to see that it is zeroed.
func giving(pin string, kept *[]byte) ceremony.AskPIN {
	return func(context.Context, string, int) ([]byte, error) {
		*kept = []byte(pin)
		return *kept, nil
	}
}

func givingNew(pin string, kept *[]byte) ceremony.AskNewPIN {
	return func(_ context.Context, _ string, check func([]byte) error) ([]byte, error) {
		*kept = []byte(pin)
		return *kept, check(*kept)
	}
}

// fido asks a key itself what it is set to.
func fido(t *testing.T, k *softkey.Key) *ctap.Info {
	t.Helper()
	s := k.HID()
	defer s.Close()
	d, err := ctap.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	info, err := d.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestEnrollChangesTheKey(t *testing.T) {
	alwaysUV := softkey.Quirks{AlwaysUV: true}
	for _, tt := range []struct {
		name    string
		key     softkey.Config
		change  func(*ceremony.EnrollRequest)
		changes []ceremony.Change
	}{
		{"a first PIN", softkey.Config{Serial: 1}, func(r *ceremony.EnrollRequest) { r.SetPIN = true }, []ceremony.Change{"pin_set"}},
		{"a first PIN for a key of CTAP 2.0", softkey.Config{Serial: 1, Version: hw.Version{Major: 5, Minor: 2, Patch: 4}}, func(r *ceremony.EnrollRequest) { r.SetPIN = true }, []ceremony.Change{"pin_set"}},
		{"a first PIN for an always-UV key", softkey.Config{Serial: 1, Quirks: alwaysUV}, func(r *ceremony.EnrollRequest) { r.SetPIN = true }, []ceremony.Change{"pin_set"}},
		{"another PIN", softkey.Config{Serial: 1, PIN: "2580"}, func(r *ceremony.EnrollRequest) { r.ChangePIN = true }, []ceremony.Change{"pin_changed"}},
		{"another PIN of an always-UV key", softkey.Config{Serial: 1, PIN: "2580", Quirks: alwaysUV}, func(r *ceremony.EnrollRequest) { r.ChangePIN = true }, []ceremony.Change{"pin_changed"}},
		{"always-UV", softkey.Config{Serial: 1, PIN: "2580"}, func(r *ceremony.EnrollRequest) { r.Settings.AlwaysUV = true }, []ceremony.Change{"always_uv"}},
		{"always-UV where it is on", softkey.Config{Serial: 1, PIN: "2580", Quirks: alwaysUV}, func(r *ceremony.EnrollRequest) { r.Settings.AlwaysUV = true }, nil},
		{"a longer minimum without a PIN", softkey.Config{Serial: 1}, func(r *ceremony.EnrollRequest) { r.Settings.MinPINLength = 6 }, []ceremony.Change{"min_pin_length"}},
		{"the minimum that it has", softkey.Config{Serial: 1}, func(r *ceremony.EnrollRequest) { r.Settings.MinPINLength = 4 }, nil},
		{"a forced change", softkey.Config{Serial: 1, PIN: "2580"}, func(r *ceremony.EnrollRequest) { r.Settings.ForcePINChange = true }, []ceremony.Change{"force_pin_change"}},
		{"a minimum above the PIN, which has to be changed then", softkey.Config{Serial: 1, PIN: "2580"},
			func(r *ceremony.EnrollRequest) { r.Settings = ceremony.Settings{MinPINLength: 8, ForcePINChange: true} }, []ceremony.Change{"min_pin_length", "force_pin_change"}},
		{"everything", softkey.Config{Serial: 1}, func(r *ceremony.EnrollRequest) {
			r.SetPIN, r.Settings = true, ceremony.Settings{MinPINLength: 6, ForcePINChange: true, AlwaysUV: true}
		}, []ceremony.Change{"pin_set", "always_uv", "min_pin_length", "force_pin_change"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k := w.plug(tt.key)
			var old, fresh []byte
			var want ceremony.EnrollRequest
			got, err := w.enroll(func(r *ceremony.EnrollRequest) {
				r.PIN, r.NewPIN = giving("2580", &old), givingNew("correct horse", &fresh)
				tt.change(r)
				want = *r
			})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Changes, tt.changes) {
				t.Errorf("changed %v, want %v", got.Changes, tt.changes)
			}
			if (want.SetPIN || want.ChangePIN) && !got.FIDO.UserVerified {
				t.Error("the new PIN was not used for the credential")
			}
			for _, pin := range [][]byte{old, fresh} {
				if !bytes.Equal(pin, make([]byte, len(pin))) {
					t.Error("a PIN is still in memory")
				}
			}
			info := fido(t, k)
			if info.Options["clientPin"] != (tt.key.PIN != "" || want.SetPIN) || info.ForcePINChange != want.Settings.ForcePINChange ||
				info.MinPINLength != max(info.MinPINLength, want.Settings.MinPINLength) ||
				info.Options["alwaysUv"] != (want.Settings.AlwaysUV || tt.key.Quirks.AlwaysUV) {
				t.Errorf("the key is left with %+v", info)
			}
		})
	}
}

// TestEnrollRefusesToChange holds every refusal to the rule that it comes before
// anything is changed or recorded.
func TestEnrollRefusesToChange(t *testing.T) {
	var old, fresh []byte
	never := func(t *testing.T) func(*ceremony.EnrollRequest) {
		return func(r *ceremony.EnrollRequest) {
			r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
				if s == ceremony.StepTouch {
					t.Error("asked for a touch")
				}
			}
		}
	}
	for _, tt := range []struct {
		name   string
		key    softkey.Config
		change func(*ceremony.EnrollRequest)
		want   error
		words  string
	}{
		{"a first PIN where there is one", softkey.Config{PIN: "2580"}, func(r *ceremony.EnrollRequest) { r.SetPIN = true }, hw.ErrPINSet, ""},
		{"no PIN to change", softkey.Config{}, func(r *ceremony.EnrollRequest) { r.ChangePIN = true }, hw.ErrPINNotSet, ""},
		{"the wrong old PIN", softkey.Config{PIN: "0852"}, func(r *ceremony.EnrollRequest) { r.ChangePIN = true }, &hw.PINError{Retries: 7}, "7 tries left"},
		{"a PIN too short", softkey.Config{}, func(r *ceremony.EnrollRequest) { r.SetPIN, r.NewPIN = true, givingNew("123", &fresh) }, hw.ErrPINPolicy, "3 characters, want at least 4"},
		{"a PIN below the minimum that is to come", softkey.Config{}, func(r *ceremony.EnrollRequest) {
			r.SetPIN, r.NewPIN, r.Settings.MinPINLength = true, givingNew("12345", &fresh), 6
		}, hw.ErrPINPolicy, "want at least 6"},
		{"nobody to ask for a new PIN", softkey.Config{}, func(r *ceremony.EnrollRequest) { r.SetPIN, r.NewPIN = true, nil }, hw.ErrPINRequired, ""},
		{"a minimum above the PIN that stays", softkey.Config{PIN: "2580"}, func(r *ceremony.EnrollRequest) { r.Settings.MinPINLength = 6 }, hw.ErrPINChange, "4 characters"},
		{"a forced change of no PIN", softkey.Config{}, func(r *ceremony.EnrollRequest) { r.Settings.ForcePINChange = true }, hw.ErrPINNotSet, ""},
		{"always-UV without a PIN", softkey.Config{}, func(r *ceremony.EnrollRequest) { r.Settings.AlwaysUV = true }, hw.ErrPINNotSet, "useless"},
		{"settings of a key that has none", softkey.Config{Version: hw.Version{Major: 5, Minor: 2, Patch: 4}, PIN: "2580"}, func(r *ceremony.EnrollRequest) { r.Settings.AlwaysUV = true }, hw.ErrUnsupported, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			tt.key.Serial = 1
			k := w.plug(tt.key)
			before := fido(t, k)
			_, err := w.enroll(func(r *ceremony.EnrollRequest) {
				never(t)(r)
				r.PIN, r.NewPIN = giving("2580", &old), givingNew("correct horse", &fresh)
				tt.change(r)
			})
			var wrong, want *hw.PINError
			if errors.As(tt.want, &want) {
				if !errors.As(err, &wrong) || *wrong != *want {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			} else if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err == nil || !strings.Contains(err.Error(), tt.words) || strings.Contains(err.Error(), "on the key already") {
				t.Errorf("got %v, want it to say %q and of no change", err, tt.words)
			}
			for _, pin := range [][]byte{old, fresh} {
				if !bytes.Equal(pin, make([]byte, len(pin))) {
					t.Error("a PIN is still in memory")
				}
			}
			after := fido(t, k)
			if fmt.Sprint(after.Options) != fmt.Sprint(before.Options) || after.ForcePINChange || after.MinPINLength != before.MinPINLength {
				t.Errorf("the key is left with %+v", after)
			}
			w.wantNothingRecorded()
		})
	}
}

func TestEnrollAKeyThatWantsItsPINChanged(t *testing.T) {
	w, fresh := newWorld(t), newWorld(t)
	k := w.plug(softkey.Config{Serial: 1, PIN: "2580", Quirks: softkey.Quirks{AlwaysUV: true}})
	var kept []byte
	if _, err := w.enroll(func(r *ceremony.EnrollRequest) {
		r.PIN, r.Settings.ForcePINChange = giving("2580", &kept), true
	}); err != nil {
		t.Fatal(err)
	}
	fresh.bench.Plug(k, hw.USB{})
	_, err := fresh.enroll(func(r *ceremony.EnrollRequest) {
		r.PIN = func(context.Context, string, int) ([]byte, error) {
			t.Error("asked for a PIN that is good for nothing")
			return []byte("2580"), nil
		}
	})
	if !errors.Is(err, hw.ErrPINChange) {
		t.Errorf("got %v", err)
	}
	fresh.wantNothingRecorded()
	if _, err := fresh.enroll(func(r *ceremony.EnrollRequest) {
		r.PIN, r.NewPIN, r.ChangePIN = giving("2580", &kept), givingNew("0852", &kept), true
	}); err != nil {
		t.Errorf("with another PIN: %v", err)
	}
}

// TestEnrollFailsAfterAChange: what is on the key already is said.
func TestEnrollFailsAfterAChange(t *testing.T) {
	w := newWorld(t)
	w.trust()
	k := w.plug(softkey.Config{Serial: 1, Touch: softkey.Never()})
	var kept []byte
	_, err := w.enroll(func(r *ceremony.EnrollRequest) {
		r.SetPIN, r.NewPIN = true, givingNew("2580", &kept)
		r.Tell = func(s ceremony.Step, _ ceremony.Seen) {
			if s == ceremony.StepTouch {
				w.bench.Unplug(k)
			}
		}
	})
	if !errors.Is(err, hw.ErrGone) || !strings.Contains(err.Error(), "on the key already: pin_set") {
		t.Errorf("got %v", err)
	}
	w.wantNothingRecorded()
}

// TestEnrollSwappedWhileAPINIsTyped: the PIN must not reach the other key.
func TestEnrollSwappedWhileAPINIsTyped(t *testing.T) {
	for _, change := range []bool{false, true} {
		w := newWorld(t)
		cfg := softkey.Config{Serial: 1}
		if change {
			cfg.PIN = "2580"
		}
		k := w.plug(cfg)
		other := w.key(cfg)
		var kept []byte
		_, err := w.enroll(func(r *ceremony.EnrollRequest) {
			r.SetPIN, r.ChangePIN, r.PIN = !change, change, giving("2580", &kept)
			r.NewPIN = func(context.Context, string, func([]byte) error) ([]byte, error) {
				w.bench.Unplug(k)
				w.bench.Plug(other, hw.USB{})
				return []byte("correct horse"), nil
			}
		})
		if !errors.Is(err, hw.ErrReplaced) {
			t.Errorf("got %v", err)
		}
		if info := fido(t, other); info.Options["clientPin"] != change {
			t.Error("the other key was given a PIN")
		}
		w.wantNothingRecorded()
	}
}

// TestSettingsOfAKeyThatStoppedAnswering: a key that does not say that it is
// none of those enrolled may be one of them.
func TestSettingsOfAKeyThatStoppedAnswering(t *testing.T) {
	key := softkey.Config{PIN: "2580", Quirks: softkey.Quirks{NoDeviceInfo: true, NoCard: true, Silent: softkey.SilentPINRequired}}
	for name, was := range map[string]inventory.Enrollment{
		"it answered silently when it was enrolled":       {Credential: &inventory.NewCredential{Silent: inventory.SilentYes}},
		"its serial could be read when it was enrolled":   {Credential: &inventory.NewCredential{Silent: inventory.SilentNeedsPIN}, Serial: "1"},
		"it has no serial, and refused when it was asked": {Credential: &inventory.NewCredential{Silent: inventory.SilentNeedsPIN}},
	} {
		t.Run(name, func(t *testing.T) {
			first, w := newWorld(t), newWorld(t)
			k, recorded := first.enrolled(key)
			err := first.store.View(t.Context(), func(tx inventory.Tx) error {
				all, err := inventory.Credentials(tx)
				was.Credential.RPID, was.Credential.ID, was.Credential.PublicKey = ceremony.RPID, all[0].ID, all[0].PublicKey
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			was.AAGUID = recorded.AAGUID
			err = w.store.Update(t.Context(), func(tx inventory.Tx) (err error) {
				recorded, err = inventory.EnrollKey(tx, act(), was)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			w.bind(recorded)
			w.bench.Plug(k, hw.USB{})
			before := fido(t, k)
			var kept []byte
			_, err = w.enroll(func(r *ceremony.EnrollRequest) {
				r.Settings, r.PIN, r.WithoutSerial = ceremony.Settings{ForcePINChange: true}, giving("2580", &kept), true
			})
			if !errors.Is(err, inventory.ErrOnlyKey) {
				t.Errorf("got %v", err)
			}
			if after := fido(t, k); !reflect.DeepEqual(after, before) {
				t.Errorf("the key was changed to %+v", after)
			}
		})
	}
}

// TestSettingsWantASpareKey: what can end registrations is refused for a key
// that an account depends on, whichever of two ways it is known by.
func TestSettingsWantASpareKey(t *testing.T) {
	for name, cfg := range map[string]softkey.Config{
		"by its serial": {Serial: 1, PIN: "2580"},
		"by its model, because it does not prove itself": {PIN: "2580", SecurityKey: true, Quirks: softkey.Quirks{NoCard: true, Silent: softkey.SilentUPRequired}},
	} {
		for _, settings := range []ceremony.Settings{{AlwaysUV: true}, {ForcePINChange: true}, {MinPINLength: 6}} {
			t.Run(fmt.Sprintf("%s, %+v", name, settings), func(t *testing.T) {
				w := newWorld(t)
				w.trust()
				k, recorded := w.enrolled(cfg)
				w.bind(recorded)
				before := fido(t, k)
				_, err := w.enroll(func(r *ceremony.EnrollRequest) { r.Settings = settings })
				if !errors.Is(err, inventory.ErrOnlyKey) || !strings.Contains(err.Error(), account) {
					t.Errorf("got %v", err)
				}
				if after := fido(t, k); !reflect.DeepEqual(after, before) {
					t.Errorf("the key was changed to %+v", after)
				}
			})
		}
	}
}
