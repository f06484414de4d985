package ctap_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
	"hwmfa/hw/softkey"
)

// TestAssert asks software keys of each kind for proof in every way.
func TestAssert(t *testing.T) {
	refuses := func(s softkey.SilentRefusal) softkey.Quirks { return softkey.Quirks{Silent: s} }
	old := hw.Version{Major: 5, Minor: 2, Patch: 4}
	for _, tt := range []struct {
		name   string
		key    softkey.Config
		touch  bool
		pin    string
		others int // foreign credentials asked about before its own
		is     error
		up, uv bool
	}{
		{name: "nothing more than silence"},
		{name: "with a touch", touch: true, up: true},
		{name: "with a touch, among many", touch: true, others: 20, up: true},
		{name: "with a PIN", key: softkey.Config{PIN: "2580"}, pin: "2580", uv: true},
		{name: "with a PIN, among many", key: softkey.Config{PIN: "2580"}, pin: "2580", others: 20, uv: true},
		{name: "with both", key: softkey.Config{PIN: "2580"}, pin: "2580", touch: true, up: true, uv: true},
		{name: "with both, on old firmware", key: softkey.Config{PIN: "2580", Version: old}, pin: "2580", touch: true, up: true, uv: true},
		{name: "a key that wants a touch", key: softkey.Config{Quirks: refuses(softkey.SilentUPRequired)}, touch: true, up: true},
		{name: "a key that wants a touch, not given", key: softkey.Config{Quirks: refuses(softkey.SilentUPRequired)}, is: hw.ErrTouchRequired},
		{name: "a key that wants a touch beside the PIN", key: softkey.Config{PIN: "2580", Quirks: refuses(softkey.SilentUPRequired)}, pin: "2580", is: hw.ErrTouchRequired},
		{name: "a key that wants a PIN", key: softkey.Config{PIN: "2580", Quirks: refuses(softkey.SilentPINRequired)}, pin: "2580", uv: true},
		{name: "a key that wants a PIN, not given", key: softkey.Config{PIN: "2580", Quirks: refuses(softkey.SilentPINRequired)}, is: hw.ErrPINRequired},
		{name: "a key that always wants a PIN, touched without", key: softkey.Config{PIN: "2580", Quirks: softkey.Quirks{AlwaysUV: true}}, touch: true, is: hw.ErrPINRequired},
		{name: "a key that denies it", key: softkey.Config{Quirks: refuses(softkey.SilentDenied)}, is: hw.ErrRefused},
		{name: "a PIN for a key without one", pin: "2580", is: hw.ErrPINNotSet},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := plug(t, tt.key)
			d := open(t, k)
			object, err := d.MakeCredential(t.Context(), request(tt.key.PIN))
			if err != nil {
				t.Fatal(err)
			}
			id, key := credential(t, object)
			challenge := sha256.Sum256([]byte("challenge"))
			r := ctap.AssertRequest{
				SilentRequest: ctap.SilentRequest{RPID: rpID, ClientDataHash: challenge[:], CredentialIDs: append(foreign(tt.others, len(id)), id)},
				Touch:         tt.touch,
			}
			if tt.pin != "" {
				r.PIN = []byte(tt.pin)
			}
			a, err := d.Assert(t.Context(), r)
			if tt.is != nil {
				if !errors.Is(err, tt.is) || a != nil {
					t.Errorf("got %v, %v; want %v", a, err, tt.is)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a.CredentialID, id) || a.UserPresent != tt.up || a.UserVerified != tt.uv {
				t.Errorf("user present %v, verified %v; want %v, %v", a.UserPresent, a.UserVerified, tt.up, tt.uv)
			}
			if err := ctap.VerifyAssertion(key, challenge[:], rpID, a); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAssertFails holds what ends an assertion that a person takes part in.
func TestAssertFails(t *testing.T) {
	ask := func(ctx context.Context, d *ctap.Device, touch bool, pin []byte) error {
		_, err := d.Assert(ctx, ctap.AssertRequest{
			SilentRequest: ctap.SilentRequest{RPID: rpID, ClientDataHash: make([]byte, 32), CredentialIDs: [][]byte{{1}}}, Touch: touch, PIN: pin,
		})
		return err
	}
	t.Run("a wrong PIN costs one try and tells how many are left", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{PIN: "2580"}))
		var wrong *hw.PINError
		if err := ask(t.Context(), d, false, []byte("0852")); !errors.As(err, &wrong) || wrong.Retries != 7 {
			t.Errorf("got %v, want 7 tries left", err)
		}
	})
	t.Run("a key with none of them says so whatever it was given", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{PIN: "2580"}))
		for _, pin := range [][]byte{nil, []byte("2580")} {
			if err := ask(t.Context(), d, true, pin); !errors.Is(err, hw.ErrNoCredential) {
				t.Errorf("got %v, want %v", err, hw.ErrNoCredential)
			}
		}
	})
	for _, tt := range []struct {
		name   string
		cancel bool
		waits  time.Duration
		want   error
	}{
		{"no touch", false, 100 * time.Millisecond, hw.ErrTouchTimeout},
		{"cancelled during the touch", true, 10 * time.Second, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := plug(t, softkey.Config{TouchTimeout: tt.waits})
			d := open(t, k)
			object, err := d.MakeCredential(t.Context(), request(""))
			if err != nil {
				t.Fatal(err)
			}
			id, _ := credential(t, object)
			k.SetTouch(softkey.Never())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tt.cancel {
				d.OnTouch = cancel
			}
			r := ctap.SilentRequest{RPID: rpID, ClientDataHash: make([]byte, 32), CredentialIDs: [][]byte{id}}
			if _, err := d.Assert(ctx, ctap.AssertRequest{SilentRequest: r, Touch: true}); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if _, err := d.SilentAssert(t.Context(), r); err != nil {
				t.Errorf("afterwards the key does not answer: %v", err)
			}
		})
	}
}
