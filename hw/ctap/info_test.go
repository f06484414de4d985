package ctap

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"hwmfa/hw"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// specInfo is the example of the specification (CTAP 2.0 §5.4).
const specInfo = "a6" +
	"01 82 665532465f5632 684649444f5f325f30" +
	"02 82 6375766d 6b686d61632d736563726574" +
	"03 50 f8a011f38c0a4d15800617111f9edc7d" +
	"04 a4 62726bf5 627570f5 64706c6174f4 69636c69656e7450696ef4" +
	"05 1904b0" +
	"06 81 01"

// minimalInfo says only what a key must say.
var minimalInfo = []byte("\xa2\x01\x81\x68FIDO_2_0\x03\x50................")

func mustEncode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fullInfo has every field, as a map that tests may spoil.
func fullInfo() map[int]any {
	return map[int]any{
		0x01: []string{"FIDO_2_1", "FIDO_2_0", "U2F_V2"},
		0x02: []string{"credProtect", "hmac-secret"},
		0x03: []byte("0123456789abcdef"),
		0x04: map[string]bool{"rk": true, "clientPin": true, "alwaysUv": false},
		0x05: 1200,
		0x06: []int{2, 1},
		0x07: 8,
		0x08: 128,
		0x09: []string{"usb", "nfc"},
		0x0A: []any{map[string]any{"alg": -7, "type": "public-key"}, map[string]any{"alg": -257, "type": "public-key"}},
		0x0B: 1024,
		0x0C: true,
		0x0D: 6,
		0x0E: 0x050704,
		0x0F: 32,
		0x10: 1,
		0x11: 3,
		0x12: 2,
		0x13: map[string]any{"FIDO": 2, "FIPS-CMVP-3": 1},
		0x14: 0,
		0x15: []any{1, uint64(1) << 63},
		0x16: []string{"packed", "none"},
		0x17: 4,
		0x18: true,
		0x19: []byte{1, 2},
		0x1A: []string{"usb"},
		0x1B: true,
		0x1C: []byte("https://example.com/pin"),
		0x1D: 63,
	}
}

func number(n int) *int { return &n }

func TestParseInfo(t *testing.T) {
	full := fullInfo()
	full[0x7F] = "of the future"
	full[-1] = []any{1, nil, map[string]any{"a": 1.5}}
	for _, tt := range []struct {
		name string
		in   []byte
		want Info
	}{
		{"the example of the specification", unhex(t, specInfo), Info{
			Versions:     []string{"U2F_V2", "FIDO_2_0"},
			Extensions:   []string{"uvm", "hmac-secret"},
			AAGUID:       hw.AAGUID(unhex(t, "f8a011f38c0a4d15800617111f9edc7d")),
			Options:      map[string]bool{"rk": true, "up": true, "plat": false, "clientPin": false},
			MaxMsgSize:   1200,
			PINProtocols: []int{1},
		}},
		{"the least a key may say", minimalInfo, Info{
			Versions: []string{"FIDO_2_0"}, AAGUID: hw.AAGUID([]byte("................")), MaxMsgSize: 1024,
		}},
		{"every field, and some of the future", mustEncode(t, full), Info{
			Versions:                         []string{"FIDO_2_1", "FIDO_2_0", "U2F_V2"},
			Extensions:                       []string{"credProtect", "hmac-secret"},
			AAGUID:                           hw.AAGUID([]byte("0123456789abcdef")),
			Options:                          map[string]bool{"rk": true, "clientPin": true, "alwaysUv": false},
			MaxMsgSize:                       1200,
			PINProtocols:                     []int{2, 1},
			MaxCredentialCountInList:         8,
			MaxCredentialIDLength:            128,
			Transports:                       []string{"usb", "nfc"},
			Algorithms:                       []Algorithm{{"public-key", -7}, {"public-key", -257}},
			MaxSerializedLargeBlobArray:      1024,
			ForcePINChange:                   true,
			MinPINLength:                     6,
			FirmwareVersion:                  0x050704,
			MaxCredBlobLength:                32,
			MaxRPIDsForSetMinPINLength:       1,
			PreferredPlatformUVAttempts:      3,
			UVModality:                       2,
			Certifications:                   map[string]uint64{"FIDO": 2, "FIPS-CMVP-3": 1},
			RemainingDiscoverableCredentials: number(0),
			VendorPrototypeConfigCommands:    []uint64{1, 1 << 63},
			AttestationFormats:               []string{"packed", "none"},
			UVCountSinceLastPINEntry:         number(4),
			LongTouchForReset:                true,
			EncIdentifier:                    []byte{1, 2},
			TransportsForReset:               []string{"usb"},
			PINComplexityPolicy:              true,
			PINComplexityPolicyURL:           "https://example.com/pin",
			MaxPINLength:                     63,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := cborKey(t, func(cmd byte, params []byte) (byte, []byte) {
				if cmd != 4 || len(params) != 0 {
					t.Errorf("asked %02x %x", cmd, params)
				}
				return 0, tt.in
			})
			got, err := k.open().Info(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", *got, tt.want)
			}
		})
	}
}

func TestParseInfoRefusesWrongTypes(t *testing.T) {
	names := map[int]string{
		0x01: "versions", 0x02: "extensions", 0x03: "aaguid", 0x04: "options", 0x05: "maxMsgSize", 0x06: "pinUvAuthProtocols",
		0x07: "maxCredentialCountInList", 0x08: "maxCredentialIdLength", 0x09: "transports", 0x0A: "algorithms",
		0x0B: "maxSerializedLargeBlobArray", 0x0C: "forcePINChange", 0x0D: "minPINLength", 0x0E: "firmwareVersion",
		0x0F: "maxCredBlobLength", 0x10: "maxRPIDsForSetMinPINLength", 0x11: "preferredPlatformUvAttempts", 0x12: "uvModality",
		0x13: "certifications", 0x14: "remainingDiscoverableCredentials", 0x15: "vendorPrototypeConfigCommands",
		0x16: "attestationFormats", 0x17: "uvCountSinceLastPinEntry", 0x18: "longTouchForReset", 0x19: "encIdentifier",
		0x1A: "transportsForReset", 0x1B: "pinComplexityPolicy", 0x1C: "pinComplexityPolicyURL", 0x1D: "maxPINLength",
	}
	wrong := []any{
		nil, 1.5, -1, "text", []any{nil}, []any{[]any{}}, map[string]any{"a": nil}, map[int]any{1: 1}, []byte("too short for an aaguid"),
	}
	if len(names) != len(fullInfo()) {
		t.Fatalf("%d names for %d fields", len(names), len(fullInfo()))
	}
	for key, name := range names {
		t.Run(name+" of another type is malformed and named", func(t *testing.T) {
			for _, v := range wrong {
				if _, ok := v.([]byte); ok && (key == 0x19 || key == 0x1C) {
					continue // any bytes will do
				}
				m := fullInfo()
				m[key] = v
				_, err := parseInfo(mustEncode(t, m))
				if !errors.Is(err, hw.ErrMalformed) || !strings.Contains(err.Error(), name) {
					t.Errorf("%#v: got %v", v, err)
				}
			}
		})
	}
}

func TestParseInfoRefuses(t *testing.T) {
	spoil := func(key int, v any) []byte {
		m := fullInfo()
		if v == nil {
			delete(m, key)
		} else {
			m[key] = v
		}
		return mustEncode(t, m)
	}
	for _, tt := range []struct {
		name string
		in   []byte
	}{
		{"nothing", nil},
		{"a map cut short", unhex(t, specInfo)[:40]},
		{"bytes behind the map", append(unhex(t, specInfo), 0)},
		{"a list", unhex(t, "8101")},
		{"null", unhex(t, "f6")},
		{"text for a key", unhex(t, "a1 6161 01")},
		{"one field twice", unhex(t, "a3 01 81 61 61 01 81 61 62 03 50 00000000000000000000000000000000")},
		{"one option twice", unhex(t, "a3 01 81 61 61 03 50 00000000000000000000000000000000 04 a2 6161 f5 6161 f4")},
		{"one certification twice", unhex(t, "a3 01 81 61 61 03 50 00000000000000000000000000000000 13 a2 6161 01 6161 02")},
		{"a list without an end", unhex(t, "a2 01 9f 61 61 ff 03 50 00000000000000000000000000000000")},
		{"a tagged number", unhex(t, "a3 01 81 61 61 03 50 00000000000000000000000000000000 05 c1 01")},
		{"a tag in a field of the future", unhex(t, "a3 01 81 61 61 03 50 00000000000000000000000000000000 18 7f c1 01")},
		{"text that is no UTF-8", unhex(t, "a2 01 81 61 ff 03 50 00000000000000000000000000000000")},
		{"a list announced with two billion elements", unhex(t, "a1 01 9a 7fffffff")},
		{"a map announced with two billion pairs", unhex(t, "ba 7fffffff")},
		{"no versions", spoil(1, nil)},
		{"no aaguid", spoil(3, nil)},
		{"an aaguid of 15 bytes", spoil(3, make([]byte, 15))},
		{"an aaguid of 17 bytes", spoil(3, make([]byte, 17))},
		{"a size that no int holds", spoil(5, uint64(1)<<40)},
		{"an algorithm without a name", spoil(0x0A, []any{map[string]any{"type": "public-key"}})},
		{"an algorithm out of range", spoil(0x0A, []any{map[string]any{"alg": 1 << 40, "type": "public-key"}})},
		{"more elements than any key has", spoil(0x15, make([]int, maxElements+1))},
		{"unknown fields nested beyond the bound", func() []byte {
			var v any = 1
			for range maxNesting {
				v = []any{v}
			}
			return spoil(0x7F, v)
		}()},
	} {
		t.Run(tt.name+" is malformed", func(t *testing.T) {
			if got, err := parseInfo(tt.in); !errors.Is(err, hw.ErrMalformed) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestNeedsPIN(t *testing.T) {
	for _, tt := range []struct {
		options map[string]bool
		want    bool
	}{
		{nil, false},
		{map[string]bool{"clientPin": false}, false},
		{map[string]bool{"clientPin": true}, true},
		{map[string]bool{"clientPin": true, "makeCredUvNotRqd": true}, false},
		{map[string]bool{"uv": true}, false},
		{map[string]bool{"uv": true, "clientPin": false, "alwaysUv": true}, false},
		{map[string]bool{"uv": true, "clientPin": true}, true},
		{map[string]bool{"uv": false, "clientPin": false, "alwaysUv": true}, true},
		{map[string]bool{"clientPin": true, "makeCredUvNotRqd": true, "alwaysUv": true}, true},
		{map[string]bool{"clientPin": false, "alwaysUv": true}, true},
		{map[string]bool{"clientPin": true, "alwaysUv": false}, true},
	} {
		t.Run(fmt.Sprintf("options %v", tt.options), func(t *testing.T) {
			if got := (&Info{Options: tt.options}).NeedsPIN(); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// fieldsOf writes an Info as a key would, leaving out what it did not say.
func fieldsOf(i *Info) map[int]any {
	m := map[int]any{0x01: i.Versions, 0x03: i.AAGUID[:], 0x05: i.MaxMsgSize}
	algorithms := make([]map[string]any, len(i.Algorithms))
	for n, a := range i.Algorithms {
		algorithms[n] = map[string]any{"alg": a.Alg, "type": a.Type}
	}
	if i.Algorithms != nil {
		m[0x0A] = algorithms
	}
	for key, v := range map[int]any{
		0x02: i.Extensions, 0x04: i.Options, 0x06: i.PINProtocols, 0x07: i.MaxCredentialCountInList, 0x08: i.MaxCredentialIDLength,
		0x09: i.Transports, 0x0B: i.MaxSerializedLargeBlobArray, 0x0C: i.ForcePINChange, 0x0D: i.MinPINLength, 0x0E: i.FirmwareVersion,
		0x0F: i.MaxCredBlobLength, 0x10: i.MaxRPIDsForSetMinPINLength, 0x11: i.PreferredPlatformUVAttempts, 0x12: i.UVModality,
		0x13: i.Certifications, 0x14: i.RemainingDiscoverableCredentials, 0x15: i.VendorPrototypeConfigCommands, 0x16: i.AttestationFormats,
		0x17: i.UVCountSinceLastPINEntry, 0x18: i.LongTouchForReset, 0x19: i.EncIdentifier, 0x1A: i.TransportsForReset,
		0x1B: i.PINComplexityPolicy, 0x1C: []byte(i.PINComplexityPolicyURL), 0x1D: i.MaxPINLength,
	} {
		if rv := reflect.ValueOf(v); rv.IsZero() || (rv.Kind() == reflect.Slice && rv.IsNil()) || (key == 0x1C && rv.Len() == 0) {
			continue
		}
		m[key] = v
	}
	return m
}

func FuzzInfo(f *testing.F) {
	f.Add(unhex(f, specInfo))
	f.Add(minimalInfo)
	f.Add(mustEncode(f, fullInfo()))
	f.Add(unhex(f, "a2 01 9f 61 61 ff 03 50 00000000000000000000000000000000"))
	f.Add(unhex(f, "ba 7fffffff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := parseInfo(b)
		if err != nil {
			if !errors.Is(err, hw.ErrMalformed) {
				t.Fatalf("got %v", err)
			}
			return
		}
		again, err := parseInfo(mustEncode(t, fieldsOf(info)))
		if err != nil {
			t.Fatalf("%+v does not parse again: %v", info, err)
		}
		if !reflect.DeepEqual(info, again) {
			t.Fatalf("got %+v, then %+v", info, again)
		}
	})
}
