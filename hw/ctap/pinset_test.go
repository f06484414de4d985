package ctap

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// pinKey is a script with a PIN side, whose getInfo follows it.
func pinKey(t testing.TB, side *pinSide, more map[int]any, config func(params []byte) byte) *script {
	return cborKey(t, func(cmd byte, params []byte) (byte, []byte) {
		switch cmd {
		case 4:
			info := map[int]any{1: []string{"FIDO_2_0"}, 3: make([]byte, 16), 4: map[string]bool{"clientPin": side.pin != ""}}
			for k, v := range more {
				info[k] = v
			}
			return 0, mustEncode(t, info)
		case 6:
			return side.answer(params)
		case 7, 13:
			return config(append([]byte{cmd}, params...)), nil
		}
		return 1, nil
	})
}

func TestSetAndChangePIN(t *testing.T) {
	for _, protocols := range [][]int{nil, {1}, {2}, {2, 1}} {
		t.Run(fmt.Sprintf("protocols %v", protocols), func(t *testing.T) {
			more := map[int]any{}
			if protocols != nil {
				more[6] = protocols
			}
			side := newPINSide(t, "", 32)
			d := pinKey(t, side, more, nil).open()
			first, second := []byte("pässwörd"), bytes.Repeat([]byte("9"), 63)
			if err := d.SetPIN(t.Context(), first); err != nil || side.pin != "pässwörd" {
				t.Fatalf("got %v, the key has %q", err, side.pin)
			}
			if err := d.SetPIN(t.Context(), first); !errors.Is(err, hw.ErrPINSet) {
				t.Errorf("a second first one: %v", err)
			}
			var wrong *hw.PINError
			if err := d.ChangePIN(t.Context(), []byte("password"), second); !errors.As(err, &wrong) || wrong.Retries != 7 || side.pin != "pässwörd" {
				t.Errorf("a wrong old one: %v, the key has %q", err, side.pin)
			}
			if err := d.ChangePIN(t.Context(), first, second); err != nil || side.pin != string(second) {
				t.Errorf("got %v, the key has %q", err, side.pin)
			}
			if string(first) != "pässwörd" || len(bytes.Trim(second, "9")) != 0 {
				t.Error("the PINs are the caller's to zero")
			}
		})
	}
	t.Run("the last wrong one blocks", func(t *testing.T) {
		side := newPINSide(t, "1234", 32)
		side.retries = 1
		if err := pinKey(t, side, nil, nil).open().ChangePIN(t.Context(), []byte("4321"), []byte("5678")); !errors.Is(err, hw.ErrPINBlocked) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a new one that will not do costs no try", func(t *testing.T) {
		side := newPINSide(t, "1234", 32)
		k := pinKey(t, side, map[int]any{13: 6}, nil)
		if err := k.open().ChangePIN(t.Context(), []byte("4321"), []byte("12345")); !errors.Is(err, hw.ErrPINPolicy) || side.retries != 8 {
			t.Errorf("got %v, %d tries left", err, side.retries)
		}
	})
	t.Run("one that the key does not take for reasons of its own", func(t *testing.T) {
		side := newPINSide(t, "", 32)
		d := cborKey(t, func(cmd byte, params []byte) (byte, []byte) {
			switch {
			case cmd == 4:
				return 0, mustEncode(t, map[int]any{1: []string{"FIDO_2_0"}, 3: make([]byte, 16), 4: map[string]bool{"clientPin": false}})
			case bytes.Contains(params[:5], []byte{2, 3}): // {2: setPIN}
				return 0x37, nil
			}
			return side.answer(params)
		}).open()
		if err := d.SetPIN(t.Context(), []byte("1234")); !errors.Is(err, hw.ErrPINPolicy) {
			t.Errorf("got %v", err)
		}
	})
	for name, change := range map[string]func(*Device) error{
		"no PIN to change":        func(d *Device) error { return d.ChangePIN(t.Context(), []byte("1234"), []byte("5678")) },
		"no old PIN to change by": func(d *Device) error { return d.ChangePIN(t.Context(), nil, []byte("5678")) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := change(pinKey(t, newPINSide(t, "", 32), nil, nil).open()); err == nil {
				t.Error("changed")
			}
		})
	}
	t.Run("a key that cannot have one", func(t *testing.T) {
		d := pinKey(t, newPINSide(t, "", 32), map[int]any{4: map[string]bool{"rk": true}}, nil).open()
		if err := d.SetPIN(t.Context(), []byte("1234")); !errors.Is(err, hw.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCheckPIN(t *testing.T) {
	for _, tt := range []struct {
		name string
		info Info
		pin  string
		good bool
	}{
		{"four characters", Info{}, "1234", true},
		{"three", Info{}, "123", false},
		{"four characters of two bytes", Info{}, "äöüß", true},
		{"three of four bytes", Info{}, "🔑🔑🔑", false},
		{"63 bytes", Info{}, strings.Repeat("x", 63), true},
		{"64 bytes", Info{}, strings.Repeat("x", 64), false},
		{"shorter than the key wants", Info{MinPINLength: 8}, "1234567", false},
		{"as long as the key wants", Info{MinPINLength: 8}, "12345678", true},
		{"a key that would take less than the specification", Info{MinPINLength: 1}, "123", false},
		{"longer than the key takes", Info{MaxPINLength: 6}, "1234567", false},
		{"a NUL, which the padding would swallow", Info{}, "12345\x00", false},
		{"no UTF-8", Info{}, "1234\xff", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.info.CheckPIN([]byte(tt.pin))
			if (err == nil) != tt.good || err != nil && !errors.Is(err, hw.ErrPINPolicy) {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), tt.pin) {
				t.Errorf("the PIN is in %q", err)
			}
		})
	}
}

type configRequest struct {
	Sub      byte            `cbor:"1,keyasint"`
	Params   cbor.RawMessage `cbor:"2,keyasint"`
	Protocol int             `cbor:"3,keyasint"`
	Auth     []byte          `cbor:"4,keyasint"`
}

func TestConfig(t *testing.T) {
	able := map[string]bool{"authnrCfg": true, "alwaysUv": false, "setMinPINLength": true, "clientPin": true, "pinUvAuthToken": true}
	for _, tt := range []struct {
		name   string
		do     func(d *Device, pin []byte) error
		sub    byte
		params string // CBOR, "" for none
	}{
		{"always-UV", func(d *Device, pin []byte) error { return d.ToggleAlwaysUV(t.Context(), pin) }, 2, ""},
		{"a minimum", func(d *Device, pin []byte) error { return d.SetMinPINLength(t.Context(), pin, 8, false) }, 3, "\xa1\x01\x08"},
		{"a forced change", func(d *Device, pin []byte) error { return d.SetMinPINLength(t.Context(), pin, 0, true) }, 3, "\xa1\x03\xf5"},
		{"both", func(d *Device, pin []byte) error { return d.SetMinPINLength(t.Context(), pin, 8, true) }, 3, "\xa2\x01\x08\x03\xf5"},
	} {
		for _, protocol := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s by protocol %d", tt.name, protocol), func(t *testing.T) {
				side := newPINSide(t, "1234", 32)
				var got configRequest
				d := pinKey(t, side, map[int]any{4: able, 6: []int{protocol}}, func(params []byte) byte {
					if err := cbor.Unmarshal(params[1:], &got); err != nil {
						t.Error(err)
					}
					return 0
				}).open()
				if err := tt.do(d, []byte("1234")); err != nil {
					t.Fatal(err)
				}
				message := slices.Concat(bytes.Repeat([]byte{0xff}, 32), []byte{0x0d, tt.sub}, []byte(tt.params))
				if got.Sub != tt.sub || string(got.Params) != tt.params || got.Protocol != protocol || !side.proves(protocol, got.Auth, message) {
					t.Errorf("got %+v", got)
				}
				if !bytes.Equal(side.permissions, []byte{9, 0x20}) || side.rpID != "" {
					t.Errorf("a token by %v for %q", side.permissions, side.rpID)
				}
			})
		}
		t.Run(tt.name+" of a key without the setting", func(t *testing.T) {
			d := pinKey(t, newPINSide(t, "1234", 32), nil, nil).open()
			if err := tt.do(d, []byte("1234")); !errors.Is(err, hw.ErrUnsupported) {
				t.Errorf("got %v", err)
			}
		})
		t.Run(tt.name+" of a key without a PIN", func(t *testing.T) {
			asked := false
			d := pinKey(t, newPINSide(t, "", 32), map[int]any{4: map[string]bool{"authnrCfg": true, "alwaysUv": false, "setMinPINLength": true, "clientPin": false}}, func(params []byte) byte {
				var r configRequest
				asked = cbor.Unmarshal(params[1:], &r) == nil && r.Auth == nil
				return 0
			}).open()
			if err := tt.do(d, []byte("1234")); !errors.Is(err, hw.ErrPINNotSet) || asked {
				t.Errorf("with a PIN: %v", err)
			}
			if err := tt.do(d, nil); err != nil || !asked {
				t.Errorf("without: %v", err)
			}
		})
	}
}

func TestReset(t *testing.T) {
	for status, want := range map[byte]error{0x00: nil, 0x30: hw.ErrResetWindow, 0x27: hw.ErrRefused, 0x2F: hw.ErrTouchTimeout} {
		t.Run(fmt.Sprintf("status %02x", status), func(t *testing.T) {
			var sent []byte
			d := pinKey(t, newPINSide(t, "", 32), nil, func(params []byte) byte { sent = params; return status }).open()
			if err := d.Reset(t.Context()); !errors.Is(err, want) || !bytes.Equal(sent, []byte{7}) {
				t.Errorf("got %v after %x", err, sent)
			}
		})
	}
}
