package ctap_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
	"hwmfa/hw/softkey"
)

func TestSoftKeySetsAndChangesItsPIN(t *testing.T) {
	for _, version := range []hw.Version{{Major: 5, Minor: 1, Patch: 2}, {Major: 5, Minor: 4, Patch: 3}, {Major: 5, Minor: 7, Patch: 4}} {
		t.Run("firmware "+version.String(), func(t *testing.T) {
			d := open(t, plug(t, softkey.Config{Version: version}))
			if err := d.SetPIN(t.Context(), []byte("123")); !errors.Is(err, hw.ErrPINPolicy) {
				t.Errorf("too short: %v", err)
			}
			if err := d.SetPIN(t.Context(), []byte("correct horse")); err != nil {
				t.Fatal(err)
			}
			if err := d.SetPIN(t.Context(), []byte("correct horse")); !errors.Is(err, hw.ErrPINSet) {
				t.Errorf("set again: %v", err)
			}
			var wrong *hw.PINError
			if err := d.ChangePIN(t.Context(), []byte("wrong horse"), []byte("battery")); !errors.As(err, &wrong) || wrong.Retries != 7 {
				t.Errorf("a wrong old one: %v", err)
			}
			if err := d.ChangePIN(t.Context(), []byte("correct horse"), []byte("battery")); err != nil {
				t.Fatal(err)
			}
			if _, err := d.MakeCredential(t.Context(), request("battery")); err != nil {
				t.Errorf("the new one: %v", err)
			}
		})
	}
}

func TestSoftKeySettings(t *testing.T) {
	d := open(t, plug(t, softkey.Config{PIN: "1234"}))
	info := func() *ctap.Info {
		t.Helper()
		i, err := d.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	var wrong *hw.PINError
	if err := d.ToggleAlwaysUV(t.Context(), []byte("4321")); !errors.As(err, &wrong) || info().Options["alwaysUv"] {
		t.Errorf("with a wrong PIN: %v", err)
	}
	if err := d.ToggleAlwaysUV(t.Context(), nil); !errors.Is(err, hw.ErrPINRequired) {
		t.Errorf("with none: %v", err)
	}
	if err := d.ToggleAlwaysUV(t.Context(), []byte("1234")); err != nil || !info().Options["alwaysUv"] {
		t.Errorf("always-UV: %v", err)
	}
	if err := d.SetMinPINLength(t.Context(), []byte("1234"), 6, true); err != nil {
		t.Fatal(err)
	}
	if i := info(); i.MinPINLength != 6 || !i.ForcePINChange {
		t.Errorf("got %+v", i)
	}
	if _, err := d.MakeCredential(t.Context(), request("1234")); !errors.Is(err, hw.ErrPINChange) {
		t.Errorf("a PIN that has to be changed: %v", err)
	}
	if err := d.ChangePIN(t.Context(), []byte("1234"), []byte("123456")); err != nil || info().ForcePINChange {
		t.Errorf("changed: %v", err)
	}
	old := open(t, plug(t, softkey.Config{Version: hw.Version{Major: 5, Minor: 2, Patch: 4}, PIN: "1234"}))
	if err := old.SetMinPINLength(t.Context(), []byte("1234"), 6, false); !errors.Is(err, hw.ErrUnsupported) {
		t.Errorf("CTAP 2.0: %v", err)
	}
}

func TestSoftKeyReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := plug(t, softkey.Config{PIN: "1234", ResetWindow: 200 * time.Millisecond})
		d := open(t, k)
		object, err := d.MakeCredential(t.Context(), request("1234"))
		if err != nil {
			t.Fatal(err)
		}
		id, _ := credential(t, object)
		time.Sleep(250 * time.Millisecond)
		if err := d.Reset(t.Context()); !errors.Is(err, hw.ErrResetWindow) {
			t.Errorf("too late: %v", err)
		}
		k.Replug()
		d = open(t, k)
		if err := d.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = d.SilentAssert(t.Context(), ctap.SilentRequest{RPID: rpID, ClientDataHash: make([]byte, 32), CredentialIDs: [][]byte{id}})
		if !errors.Is(err, hw.ErrNoCredential) {
			t.Errorf("the credential afterwards: %v", err)
		}
		if info, err := d.Info(t.Context()); err != nil || info.Options["clientPin"] {
			t.Errorf("the PIN afterwards: %v", err)
		}
	})
}
