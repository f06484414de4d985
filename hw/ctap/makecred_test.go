package ctap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// attested is authenticator data with a credential in it.
func attested(t testing.TB, rpID string, id []byte, key []byte) []byte {
	t.Helper()
	return authDataFor(rpID, 0x41, slices.Concat(make([]byte, 16), []byte{byte(len(id) >> 8), byte(len(id))}, id, key)...)
}

// statement is an attStmt whose bytes no encoder of ours would choose: keys out
// of order, a length longer than needed. As evidence it must come through.
var statement = []byte("\xa2\x63sig\x58\x02\x30\x00\x63alg\x26")

type credRequest struct {
	Hash       []byte           `cbor:"1,keyasint"`
	RP         map[string]any   `cbor:"2,keyasint"`
	User       map[string]any   `cbor:"3,keyasint"`
	Params     []map[string]any `cbor:"4,keyasint"`
	Exclude    []any            `cbor:"5,keyasint"`
	Extensions map[string]any   `cbor:"6,keyasint"`
	Options    map[string]bool  `cbor:"7,keyasint"`
	PINAuth    []byte           `cbor:"8,keyasint"`
	Protocol   int              `cbor:"9,keyasint"`
}

func request(pin string) hw.CredentialRequest {
	r := hw.CredentialRequest{
		RPID: "hwmfa.example", RPName: "hwmfa", UserID: []byte{1, 2, 3}, UserName: "key 7",
		ClientDataHash: bytes.Repeat([]byte{7}, 32),
	}
	if pin != "" {
		r.PIN = []byte(pin)
	}
	return r
}

func TestMakeCredential(t *testing.T) {
	s := newSigner(t)
	for _, tt := range []struct {
		name      string
		info      map[int]any
		tokenSize int
		pin       string
		protocol  int // that must be used, 0 for no PIN
		sub       []byte
	}{
		{"a key without a PIN", map[int]any{4: map[string]bool{"rk": true, "clientPin": false}}, 32, "", 0, nil},
		{"a key that knows no options", nil, 32, "", 0, nil},
		{"protocol 1 of CTAP 2.0, which names none", map[int]any{4: map[string]bool{"clientPin": true}}, 16, "1234", 1, []byte{5, 0}},
		{"protocol 1", map[int]any{4: map[string]bool{"clientPin": true}, 6: []int{1}}, 32, "1234", 1, []byte{5, 0}},
		{"protocol 2, as the key prefers", map[int]any{4: map[string]bool{"clientPin": true}, 6: []int{2, 1}}, 32, "1234", 2, []byte{5, 0}},
		{"protocol 1, as the key prefers", map[int]any{4: map[string]bool{"clientPin": true}, 6: []int{1, 2}}, 32, "1234", 1, []byte{5, 0}},
		{"a protocol of the future is passed over", map[int]any{4: map[string]bool{"clientPin": true}, 6: []int{3, 2}}, 32, "1234", 2, []byte{5, 0}},
		{"a token with permissions", map[int]any{4: map[string]bool{"clientPin": true, "pinUvAuthToken": true, "rk": true}, 6: []int{2, 1}}, 32, "pässwörd", 2, []byte{9, 1}},
		{"a token with permissions, protocol 1", map[int]any{4: map[string]bool{"clientPin": true, "pinUvAuthToken": true}, 6: []int{1}}, 32, "1234", 1, []byte{9, 1}},
		{"a PIN is used where it is not needed", map[int]any{4: map[string]bool{"clientPin": true, "makeCredUvNotRqd": true}, 6: []int{2}}, 32, "1234", 2, []byte{5, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			info := map[int]any{1: []string{"FIDO_2_0"}, 2: []string{"credProtect"}, 3: make([]byte, 16)}
			maps.Copy(info, tt.info)
			side := newPINSide(t, tt.pin, tt.tokenSize)
			var got credRequest
			authData := attested(t, "hwmfa.example", []byte("credential"), s.cose(t, -7))
			k := cborKey(t, func(cmd byte, params []byte) (byte, []byte) {
				switch cmd {
				case 1:
					if err := cbor.Unmarshal(params, &got); err != nil {
						t.Error(err)
					}
					return 0, mustEncode(t, map[int]any{1: "packed", 2: authData, 3: cbor.RawMessage(statement)})
				case 4:
					return 0, mustEncode(t, info)
				case 6:
					return side.answer(params)
				}
				return 1, nil
			})
			r := request(tt.pin)
			object, err := k.open().MakeCredential(context.Background(), r)
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Concat([]byte("\xa3\x63fmt\x66packed\x67attStmt"), statement, []byte("\x68authData\x58"), []byte{byte(len(authData))}, authData)
			if !bytes.Equal(object, want) {
				t.Errorf("got  %x\nwant %x", object, want)
			}
			if !bytes.Equal(got.Hash, r.ClientDataHash) || got.RP["id"] != "hwmfa.example" || got.RP["name"] != "hwmfa" ||
				got.User["name"] != "key 7" || !bytes.Equal(got.User["id"].([]byte), r.UserID) || got.Exclude != nil {
				t.Errorf("asked for %+v", got)
			}
			if len(got.Params) != 1 || fmt.Sprint(got.Params[0]["alg"]) != "-7" || got.Params[0]["type"] != "public-key" {
				t.Errorf("asked for algorithms %v, want ES256 alone", got.Params)
			}
			if fmt.Sprint(got.Extensions) != "map[credProtect:1]" {
				t.Errorf("asked for extensions %v", got.Extensions)
			}
			options, _ := info[4].(map[string]bool)
			_, rk := options["rk"]
			if asked, said := got.Options["rk"]; asked || said != rk || len(got.Options) > 1 {
				t.Errorf("asked with options %v of a key that has %v", got.Options, options)
			}
			if got.Protocol != tt.protocol || (tt.protocol == 0) != (got.PINAuth == nil) {
				t.Errorf("protocol %d with %x, want %d", got.Protocol, got.PINAuth, tt.protocol)
			}
			if tt.protocol != 0 && !side.proves(tt.protocol, got.PINAuth, r.ClientDataHash) {
				t.Error("the key would refuse this proof of the PIN")
			}
			if !bytes.Equal(side.permissions, tt.sub) || (len(tt.sub) > 0 && tt.sub[0] == 9 && side.rpID != "hwmfa.example") {
				t.Errorf("token by %v for %q, want %v", side.permissions, side.rpID, tt.sub)
			}
			if string(r.PIN) != tt.pin {
				t.Error("the PIN is the caller's to zero")
			}
		})
	}
	t.Run("extensions that the key does not name are not asked for", func(t *testing.T) {
		params := credentialParams(request(""), &Info{})
		if params[6] != nil || params[7] != nil {
			t.Errorf("got %v", params)
		}
	})
}

func TestMakeCredentialWrongPIN(t *testing.T) {
	options := func(o map[string]bool) map[int]any {
		return map[int]any{1: []string{"FIDO_2_0"}, 3: make([]byte, 16), 4: o, 6: []int{2}}
	}
	key := func(side *pinSide, info map[int]any, pinAnswer func(params []byte) (byte, []byte)) *script {
		return cborKey(t, func(cmd byte, params []byte) (byte, []byte) {
			switch cmd {
			case 4:
				return 0, mustEncode(t, info)
			case 6:
				if pinAnswer != nil {
					return pinAnswer(params)
				}
				return side.answer(params)
			}
			t.Errorf("command %02x after a PIN that was not good", cmd)
			return 0x27, nil
		})
	}
	ctx := context.Background()
	t.Run("the retries that are left are told, down to the last", func(t *testing.T) {
		side := newPINSide(t, "1234", 32)
		side.retries = 3
		d := key(side, options(map[string]bool{"clientPin": true}), nil).open()
		for _, want := range []int{2, 1} {
			_, err := d.MakeCredential(ctx, request("4321"))
			var pin *hw.PINError
			if !errors.As(err, &pin) || pin.Retries != want {
				t.Errorf("got %v, want %d left", err, want)
			}
			if n, err := d.PINRetries(ctx); n != want || err != nil {
				t.Errorf("asked: %d, %v, want %d", n, err, want)
			}
		}
		if _, err := d.MakeCredential(ctx, request("4321")); !errors.Is(err, hw.ErrPINBlocked) {
			t.Errorf("got %v, want %v", err, hw.ErrPINBlocked)
		}
	})
	t.Run("a key that counts to zero and says invalid is blocked", func(t *testing.T) {
		side := newPINSide(t, "1234", 32)
		d := key(side, options(map[string]bool{"clientPin": true}), func(params []byte) (byte, []byte) {
			status, b := side.answer(params)
			if status == 0x31 {
				side.retries = 0
			}
			return status, b
		}).open()
		_, err := d.MakeCredential(ctx, request("4321"))
		var pin *hw.PINError
		if !errors.Is(err, hw.ErrPINBlocked) || !errors.As(err, &pin) || pin.Retries != 0 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a key that will not say how many are left", func(t *testing.T) {
		side := newPINSide(t, "1234", 32)
		wrong := false
		d := key(side, options(map[string]bool{"clientPin": true}), func(params []byte) (byte, []byte) {
			if wrong {
				return 0x7F, nil
			}
			status, b := side.answer(params)
			wrong = status == 0x31
			return status, b
		}).open()
		var pin *hw.PINError
		if _, err := d.MakeCredential(ctx, request("4321")); !errors.As(err, &pin) || pin.Retries != -1 {
			t.Errorf("got %v", err)
		}
	})
	for _, tt := range []struct {
		name string
		info map[int]any
		pin  string
		is   error
	}{
		{"a key without a PIN is sent none", options(map[string]bool{"clientPin": false}), "1234", hw.ErrPINNotSet},
		{"a key that cannot have one is sent none", options(map[string]bool{"rk": true}), "1234", hw.ErrUnsupported},
		{"a key with protocols of the future is sent none", map[int]any{1: []string{"FIDO_2_0"}, 3: make([]byte, 16), 4: map[string]bool{"clientPin": true}, 6: []int{3}}, "1234", hw.ErrUnsupported},
		{"a PIN longer than any is not sent", options(map[string]bool{"clientPin": true}), string(make([]byte, 64)), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := key(nil, tt.info, func([]byte) (byte, []byte) {
				t.Error("clientPIN was asked")
				return 0x01, nil
			}).open()
			_, err := d.MakeCredential(ctx, request(tt.pin))
			if err == nil || (tt.is != nil && !errors.Is(err, tt.is)) {
				t.Errorf("got %v, want %v", err, tt.is)
			}
		})
	}
	for status, want := range map[byte]error{0x32: hw.ErrPINBlocked, 0x34: hw.ErrPINAuthBlocked, 0x35: hw.ErrPINNotSet, 0x37: hw.ErrRefused, 0x40: hw.ErrRefused} {
		t.Run(fmt.Sprintf("status %02x to the PIN is %v", status, want), func(t *testing.T) {
			side := newPINSide(t, "1234", 32)
			d := key(side, options(map[string]bool{"clientPin": true}), func(params []byte) (byte, []byte) {
				if params[4] == 2 { // {1: 2, 2: getKeyAgreement}
					return side.answer(params)
				}
				return status, nil
			}).open()
			if _, err := d.MakeCredential(ctx, request("1234")); !errors.Is(err, want) {
				t.Errorf("got %v", err)
			}
		})
	}
	for name, answer := range map[string]map[int]any{
		"no key":                {},
		"a key of another kind": {1: map[int]any{1: 1, 3: -25, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)}},
		"a point off the curve": {1: map[int]any{1: 2, 3: -25, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)}},
		"half a point":          {1: map[int]any{1: 2, 3: -25, -1: 1, -2: make([]byte, 32)}},
		"a short coordinate":    {1: map[int]any{1: 2, 3: -25, -1: 1, -2: make([]byte, 31), -3: make([]byte, 32)}},
	} {
		t.Run("key agreement with "+name+" gets no PIN", func(t *testing.T) {
			calls := 0
			d := key(nil, options(map[string]bool{"clientPin": true}), func([]byte) (byte, []byte) {
				calls++
				return 0, mustEncode(t, answer)
			}).open()
			if _, err := d.MakeCredential(ctx, request("1234")); !errors.Is(err, hw.ErrMalformed) || calls != 1 {
				t.Errorf("got %v after %d calls", err, calls)
			}
		})
	}
}

func TestMakeCredentialFails(t *testing.T) {
	s := newSigner(t)
	good := attested(t, "hwmfa.example", []byte("credential"), s.cose(t, -7))
	object := func(format, authData, stmt any) []byte {
		return mustEncode(t, map[int]any{1: format, 2: authData, 3: stmt})
	}
	empty := map[string]any{}
	for _, tt := range []struct {
		name   string
		status byte
		answer []byte
		is     error
	}{
		{"a key that wants a PIN", 0x36, nil, hw.ErrPINRequired},
		{"a touch that does not come", 0x2F, nil, hw.ErrTouchTimeout},
		{"a touch that does not come, in the words of 2.1", 0x3A, nil, hw.ErrTouchTimeout},
		{"a refusal", 0x27, nil, hw.ErrRefused},
		{"a key without ES256", 0x26, nil, hw.ErrUnsupported},
		{"an answer without a format", 0, mustEncode(t, map[int]any{2: good, 3: empty}), hw.ErrMalformed},
		{"a format of another type", 0, object(1, good, empty), hw.ErrMalformed},
		{"a statement that is a list", 0, object("packed", good, []any{}), hw.ErrMalformed},
		{"a statement that says a thing twice", 0, object("packed", good, cbor.RawMessage("\xa2\x61a\x01\x61a\x02")), hw.ErrMalformed},
		{"authenticator data cut short", 0, object("packed", good[:36], empty), hw.ErrMalformed},
		{"another relying party", 0, object("packed", attested(t, "other.example", []byte("c"), s.cose(t, -7)), empty), hw.ErrMalformed},
		{"no credential in it", 0, object("packed", authDataFor("hwmfa.example", 1), empty), hw.ErrMalformed},
		{"the flag but no credential", 0, object("packed", authDataFor("hwmfa.example", 0x41), empty), hw.ErrMalformed},
		{"an empty credential ID", 0, object("packed", attested(t, "hwmfa.example", nil, s.cose(t, -7)), empty), hw.ErrMalformed},
		{"a credential ID beyond the end", 0, object("packed", good[:60], empty), hw.ErrMalformed},
		{"a credential ID longer than any", 0, object("packed", attested(t, "hwmfa.example", make([]byte, 1024), s.cose(t, -7)), empty), hw.ErrMalformed},
		{"a public key cut short", 0, object("packed", good[:len(good)-1], empty), hw.ErrMalformed},
		{"a public key off the curve", 0, object("packed", attested(t, "hwmfa.example", []byte("c"),
			mustEncode(t, map[int]any{1: 2, 3: -7, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)})), empty), hw.ErrMalformed},
		{"a key of another algorithm", 0, object("packed", attested(t, "hwmfa.example", []byte("c"), s.cose(t, -8)), empty), hw.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := cborKey(t, func(cmd byte, _ []byte) (byte, []byte) {
				if cmd == 4 {
					return 0, minimalInfo
				}
				return tt.status, tt.answer
			})
			got, err := k.open().MakeCredential(context.Background(), request(""))
			if !errors.Is(err, tt.is) || got != nil {
				t.Errorf("got %x, %v, want %v", got, err, tt.is)
			}
		})
	}
	t.Run("what cannot be asked is not", func(t *testing.T) {
		k := newScript(t, nil)
		d := k.open()
		for name, spoil := range map[string]func(*hw.CredentialRequest){
			"no relying party":   func(r *hw.CredentialRequest) { r.RPID = "" },
			"a short hash":       func(r *hw.CredentialRequest) { r.ClientDataHash = r.ClientDataHash[:31] },
			"no user":            func(r *hw.CredentialRequest) { r.UserID = nil },
			"a user of 65 bytes": func(r *hw.CredentialRequest) { r.UserID = make([]byte, 65) },
		} {
			r := request("")
			spoil(&r)
			if _, err := d.MakeCredential(context.Background(), r); err == nil || len(k.asked) != 1 {
				t.Errorf("%s: %v after %x", name, err, k.asked)
			}
		}
	})
}

func FuzzAttestationObject(f *testing.F) {
	good := attested(f, "hwmfa.example", []byte("credential"), newSigner(f).cose(f, -7))
	f.Add(mustEncode(f, map[int]any{1: "packed", 2: good, 3: cbor.RawMessage(statement)}))
	f.Add(mustEncode(f, map[int]any{1: "none", 2: good[:60], 3: map[string]any{}}))
	f.Add(mustEncode(f, map[int]any{1: "packed", 2: append(slices.Clone(good), 0xA0), 3: map[string]any{}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		object, err := attestationObject(b, "hwmfa.example")
		if err != nil {
			if !errors.Is(err, hw.ErrMalformed) {
				t.Fatalf("got %v", err)
			}
			return
		}
		var a attestation
		if err := decMode.Unmarshal(object, &a); err != nil {
			t.Fatal(err)
		}
		again, err := attestationObject(mustEncode(t, map[int]any{1: a.Format, 2: a.AuthData, 3: a.Statement}), "hwmfa.example")
		if err != nil || !bytes.Equal(again, object) {
			t.Fatalf("got %x, then %x, %v", object, again, err)
		}
	})
}
