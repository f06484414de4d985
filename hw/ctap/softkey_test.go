package ctap_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
	"hwmfa/hw/softkey"
)

const rpID = "hwmfa.example"

func plug(t *testing.T, cfg softkey.Config) *softkey.Key {
	t.Helper()
	ca, err := softkey.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	k, err := softkey.New(ca, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t *testing.T, k *softkey.Key) *ctap.Device {
	t.Helper()
	s := k.HID()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	d, err := ctap.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func request(pin string) hw.CredentialRequest {
	hash := sha256.Sum256([]byte("enrol"))
	r := hw.CredentialRequest{RPID: rpID, RPName: "hwmfa", UserID: []byte{1}, UserName: "key", ClientDataHash: hash[:]}
	if pin != "" {
		r.PIN = []byte(pin)
	}
	return r
}

// credential reads ID and public key out of an attestation object.
func credential(t *testing.T, object []byte) (id, key []byte) {
	t.Helper()
	var a struct {
		Format   string `cbor:"fmt"`
		AuthData []byte `cbor:"authData"`
	}
	if err := cbor.Unmarshal(object, &a); err != nil {
		t.Fatal(err)
	}
	if a.Format != "packed" || len(a.AuthData) < 55 {
		t.Fatalf("format %q, %d bytes of authenticator data", a.Format, len(a.AuthData))
	}
	n := int(binary.BigEndian.Uint16(a.AuthData[53:]))
	var raw cbor.RawMessage
	if _, err := cbor.UnmarshalFirst(a.AuthData[55+n:], &raw); err != nil {
		t.Fatal(err)
	}
	return a.AuthData[55 : 55+n], raw
}

func TestSoftKey(t *testing.T) {
	t.Run("what a key is, by every question", func(t *testing.T) {
		version := hw.Version{Major: 5, Minor: 7, Patch: 4}
		d := open(t, plug(t, softkey.Config{Serial: 12345678, Version: version, PartNumber: "5060408461"}))
		if c := d.Capabilities(); !c.CBOR || d.Version() != version {
			t.Errorf("got %+v, %v", c, d.Version())
		}
		info, err := d.Info(t.Context())
		if err != nil || info.AAGUID.IsZero() || !slices.Contains(info.Versions, "FIDO_2_0") || info.NeedsPIN() {
			t.Errorf("got %+v, %v", info, err)
		}
		device, err := d.DeviceInfo(t.Context())
		if err != nil || device.Serial != "12345678" || device.Version != version || device.PartNumber != "5060408461" {
			t.Errorf("got %+v, %v", device, err)
		}
		if err := d.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if v, err := d.U2FVersion(t.Context()); v != "U2F_V2" || err != nil {
			t.Errorf("got %q, %v", v, err)
		}
	})
	t.Run("a credential, and the silent proof that it is on this key", func(t *testing.T) {
		k := plug(t, softkey.Config{Touch: softkey.Never()})
		d := open(t, k)
		touches := 0
		d.OnTouch = func() { touches++; k.Touch() }
		object, err := d.MakeCredential(t.Context(), request(""))
		if err != nil || touches != 1 {
			t.Fatalf("got %v, asked for %d touches", err, touches)
		}
		id, key := credential(t, object)
		k.SetTouch(softkey.Never())
		challenge := sha256.Sum256([]byte("challenge"))
		ids := append(foreign(20, len(id)), id)
		a, err := d.SilentAssert(t.Context(), ctap.SilentRequest{RPID: rpID, ClientDataHash: challenge[:], CredentialIDs: ids})
		if err != nil || !bytes.Equal(a.CredentialID, id) || a.UserPresent {
			t.Fatalf("got %+v, %v", a, err)
		}
		if err := ctap.VerifyAssertion(key, challenge[:], rpID, a); err != nil {
			t.Error(err)
		}
		other := open(t, plug(t, softkey.Config{}))
		if a, err := other.SilentAssert(t.Context(), ctap.SilentRequest{RPID: rpID, ClientDataHash: challenge[:], CredentialIDs: ids}); !errors.Is(err, hw.ErrNoCredential) {
			t.Errorf("another key: %+v, %v", a, err)
		}
	})
	for _, tt := range []struct {
		name  string
		quirk softkey.SilentRefusal
		want  error
	}{
		{"strict firmware that wants a PIN", softkey.SilentPINRequired, hw.ErrPINRequired},
		{"strict firmware that wants a touch", softkey.SilentUPRequired, hw.ErrTouchRequired},
		{"strict firmware that denies", softkey.SilentDenied, hw.ErrRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := open(t, plug(t, softkey.Config{Quirks: softkey.Quirks{Silent: tt.quirk}}))
			object, err := d.MakeCredential(t.Context(), request(""))
			if err != nil {
				t.Fatal(err)
			}
			id, _ := credential(t, object)
			_, err = d.SilentAssert(t.Context(), ctap.SilentRequest{RPID: rpID, ClientDataHash: make([]byte, 32), CredentialIDs: [][]byte{id}})
			if !errors.Is(err, tt.want) || errors.Is(err, hw.ErrNoCredential) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func foreign(n, size int) [][]byte {
	ids := make([][]byte, n)
	for i := range ids {
		ids[i] = bytes.Repeat([]byte{byte(i + 1)}, size)
	}
	return ids
}

func TestSoftKeyPIN(t *testing.T) {
	for _, version := range []hw.Version{{Major: 5, Minor: 1, Patch: 2}, {Major: 5, Minor: 4, Patch: 3}, {Major: 5, Minor: 7, Patch: 4}} {
		t.Run("firmware "+version.String()+" takes the right PIN and counts wrong ones", func(t *testing.T) {
			d := open(t, plug(t, softkey.Config{Version: version, PIN: "correct horse"}))
			if _, err := d.MakeCredential(t.Context(), request("correct horse")); err != nil {
				t.Error(err)
			}
			before, err := d.PINRetries(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var pin *hw.PINError
			if _, err := d.MakeCredential(t.Context(), request("wrong horse")); !errors.As(err, &pin) || pin.Retries != before-1 {
				t.Errorf("got %v, want one less than %d", err, before)
			}
			if _, err := d.MakeCredential(t.Context(), request("correct horse")); err != nil {
				t.Errorf("the right one afterwards: %v", err)
			}
			if n, err := d.PINRetries(t.Context()); n != before || err != nil {
				t.Errorf("got %d, %v, want %d again", n, err, before)
			}
		})
	}
	t.Run("three wrong PINs block until a replug", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{PIN: "123456"}))
		var err error
		for range 3 {
			_, err = d.MakeCredential(t.Context(), request("654321"))
		}
		if !errors.Is(err, hw.ErrPINAuthBlocked) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a key that verifies its person itself is asked to, and not for a PIN", func(t *testing.T) {
		for name, version := range map[string]hw.Version{"CTAP 2.0": {Major: 5, Minor: 2}, "CTAP 2.1": {Major: 5, Minor: 7, Patch: 4}} {
			d := open(t, plug(t, softkey.Config{Version: version, Quirks: softkey.Quirks{OwnUV: true}}))
			object, err := d.MakeCredential(t.Context(), request(""))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			id, key := credential(t, object)
			challenge := sha256.Sum256([]byte("challenge"))
			a, err := d.SilentAssert(t.Context(), ctap.SilentRequest{RPID: rpID, ClientDataHash: challenge[:], CredentialIDs: [][]byte{id}})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := ctap.VerifyAssertion(key, challenge[:], rpID, a); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("an always-UV key without a PIN given wants one, and stays silent with none", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{PIN: "123456", Quirks: softkey.Quirks{AlwaysUV: true}}))
		info, err := d.Info(t.Context())
		if err != nil || !info.NeedsPIN() {
			t.Errorf("got %+v, %v", info, err)
		}
		if _, err := d.MakeCredential(t.Context(), request("")); !errors.Is(err, hw.ErrPINRequired) {
			t.Errorf("got %v", err)
		}
		object, err := d.MakeCredential(t.Context(), request("123456"))
		if err != nil {
			t.Fatal(err)
		}
		id, _ := credential(t, object)
		if a, err := d.SilentAssert(t.Context(), ctap.SilentRequest{RPID: rpID, ClientDataHash: make([]byte, 32), CredentialIDs: [][]byte{id}}); err != nil || a.UserPresent {
			t.Errorf("got %+v, %v", a, err)
		}
	})
	t.Run("a key without a PIN is sent none", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{}))
		if _, err := d.MakeCredential(t.Context(), request("123456")); !errors.Is(err, hw.ErrPINNotSet) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSoftKeyMisbehaves(t *testing.T) {
	t.Run("nobody touches: the key is told, and takes the next command", func(t *testing.T) {
		k := plug(t, softkey.Config{Touch: softkey.Never()})
		d := open(t, k)
		ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer stop()
		if _, err := d.MakeCredential(ctx, request("")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if k.TouchWanted() {
			t.Error("the key still blinks")
		}
		if _, err := d.Info(t.Context()); err != nil {
			t.Errorf("the next command: %v", err)
		}
	})
	t.Run("the key gives up waiting for a touch", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{Touch: softkey.Never(), TouchTimeout: 200 * time.Millisecond}))
		if _, err := d.MakeCredential(t.Context(), request("")); !errors.Is(err, hw.ErrTouchTimeout) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("unplugged while it waits", func(t *testing.T) {
		k := plug(t, softkey.Config{Touch: softkey.Never()})
		d := open(t, k)
		d.OnTouch = k.Unplug
		if _, err := d.MakeCredential(t.Context(), request("")); !errors.Is(err, hw.ErrGone) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("busy for a while", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{Quirks: softkey.Quirks{GetInfoBusy: 2}}))
		if _, err := d.Info(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("busy for good is busy and nothing else", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{Quirks: softkey.Quirks{GetInfoBusy: 1000}}))
		if _, err := d.Info(t.Context()); !errors.Is(err, hw.ErrBusy) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("frames in the wrong order", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{Quirks: softkey.Quirks{ScrambleFrames: true}}))
		if _, err := d.Info(t.Context()); !errors.Is(err, hw.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a credential ID of no bytes", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{Quirks: softkey.Quirks{EmptyCredentialID: true}}))
		if _, err := d.MakeCredential(t.Context(), request("")); !errors.Is(err, hw.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a key from before FIDO2", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{Quirks: softkey.Quirks{U2FOnly: true}}))
		if _, err := d.Info(t.Context()); !errors.Is(err, hw.ErrUnsupported) || d.Capabilities().CBOR {
			t.Errorf("got %v, %+v", err, d.Capabilities())
		}
	})
	t.Run("a key that knows no device info", func(t *testing.T) {
		d := open(t, plug(t, softkey.Config{Quirks: softkey.Quirks{NoDeviceInfo: true}}))
		if _, err := d.DeviceInfo(t.Context()); !errors.Is(err, hw.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("two programs at once on one interface", func(t *testing.T) {
		k := plug(t, softkey.Config{Serial: 7})
		var work sync.WaitGroup
		for range 2 {
			d := open(t, k)
			work.Go(func() {
				for range 20 {
					if err := d.Ping(t.Context()); err != nil {
						t.Errorf("ping: %v", err)
					}
					if i, err := d.DeviceInfo(t.Context()); err != nil || i.Serial != "7" {
						t.Errorf("got %+v, %v", i, err)
					}
				}
			})
		}
		work.Wait()
	})
}
