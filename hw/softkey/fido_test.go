package softkey

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"hwmfa/hw"
)

func TestGetInfo(t *testing.T) {
	k, _ := newKey(t, Config{})
	m := dial(t, k).mustCTAP(4, nil)
	want := map[int]any{
		1: []any{"U2F_V2", "FIDO_2_0", "FIDO_2_1"},
		2: []any{"credProtect", "hmac-secret"},
		3: yubiKey5NFC[:],
		4: map[any]any{
			"rk": true, "up": true, "plat": false, "clientPin": false, "pinUvAuthToken": true, "alwaysUv": false,
			"makeCredUvNotRqd": true, "authnrCfg": true, "setMinPINLength": true,
		},
		5: uint64(1280), 6: []any{uint64(2), uint64(1)}, 7: uint64(8), 8: uint64(128), 9: []any{"usb"},
		10: []any{
			map[any]any{"alg": int64(-7), "type": "public-key"},
			map[any]any{"alg": int64(-8), "type": "public-key"},
		},
		12: false, 13: uint64(4), 14: uint64(0x050403), 20: uint64(25),
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %v\nwant %v", m, want)
	}
}

func TestCTAP20(t *testing.T) {
	k, _ := newKey(t, Config{Version: hw.Version{Major: 5, Minor: 2, Patch: 4}, PIN: "1234"})
	p := dial(t, k)
	want := map[int]any{
		1: []any{"U2F_V2", "FIDO_2_0"},
		2: []any{"credProtect", "hmac-secret"},
		3: yubiKey5NFC[:],
		4: map[any]any{"rk": true, "up": true, "plat": false, "clientPin": true},
		5: uint64(1280), 6: []any{uint64(1)},
	}
	if m := p.mustCTAP(4, nil); !reflect.DeepEqual(m, want) {
		t.Errorf("got  %v\nwant %v", m, want)
	}
	if st, _ := p.ctap(1, creation()); status(st) != ctapPUATRequired {
		t.Errorf("a registration without the PIN gave %#02x", st)
	}
	if st, _ := p.ctap(6, map[int]any{1: 2, 2: 2}); status(st) != ctapInvalidParameter {
		t.Errorf("PIN protocol 2 gave %#02x", st)
	}
	if st, _, _ := p.token(1, "1234", 1, testRP); status(st) != ctapInvalidSubcommand {
		t.Errorf("a token with permissions gave %#02x", st)
	}
	if st, _ := p.ctap(ctapSelection, nil); status(st) != ctapInvalidCommand {
		t.Errorf("selection gave %#02x", st)
	}
	st, s, token := p.token(1, "1234", 0, "")
	if st != 0 {
		t.Fatalf("a token gave %#02x", st)
	}
	m := makeCredential(t, p, with(with(creation(), 8, s.sign(token, clientDataHash[:])), 9, 1))
	checkAssertion(t, p.mustCTAP(2, with(assertion(m.id), 5, map[string]bool{"up": false})), m.key)
}

// made is a new credential with all that came with it.
type made struct {
	authData
	raw  []byte
	stmt map[any]any
}

func makeCredential(t *testing.T, p *platform, params map[int]any) made {
	t.Helper()
	m := p.mustCTAP(1, params)
	if m[1] != "packed" {
		t.Fatalf("format %v", m[1])
	}
	raw := m[2].([]byte)
	return made{parseAuthData(t, raw), raw, m[3].(map[any]any)}
}

// webauthnObject is the attestation object as a browser hands it on.
func (m made) webauthnObject(t *testing.T) *protocol.AttestationObject {
	t.Helper()
	var o protocol.AttestationObject
	if err := webauthncbor.Unmarshal(encode(t, map[string]any{"fmt": "packed", "authData": m.raw, "attStmt": m.stmt}), &o); err != nil {
		t.Fatal(err)
	}
	if err := o.AuthData.Unmarshal(o.RawAuthData); err != nil {
		t.Fatal(err)
	}
	return &o
}

// verify lets go-webauthn judge the statement.
func (m made) verify(t *testing.T) error {
	t.Helper()
	params := []protocol.CredentialParameter{{Type: "public-key", Algorithm: -7}, {Type: "public-key", Algorithm: -8}}
	return m.webauthnObject(t).Verify(testRP, clientDataHash[:], false, true, nil, params, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
}

func (m made) leaf(t *testing.T) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(m.stmt["x5c"].([]any)[0].([]byte))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMakeCredential(t *testing.T) {
	k, ca := newKey(t, Config{Version: hw.Version{Major: 5, Minor: 7, Patch: 4}})
	p := dial(t, k)
	m := makeCredential(t, p, with(creation(), 6, map[string]any{"credProtect": 1}))
	t.Run("an independent verifier accepts the statement", func(t *testing.T) {
		if err := m.verify(t); err != nil {
			t.Error(err)
		}
	})
	t.Run("authenticator data say what happened", func(t *testing.T) {
		if m.flags != 0xc1 || !bytes.Equal(m.aaguid, yubiKey5NFC[:]) || m.ext["credProtect"] != uint64(1) {
			t.Errorf("flags %02x, AAGUID %x, extensions %v", m.flags, m.aaguid, m.ext)
		}
	})
	t.Run("the certificate follows the profile of the packed format", func(t *testing.T) {
		c := m.leaf(t)
		s := c.Subject
		if s.OrganizationalUnit[0] != "Authenticator Attestation" || len(s.Country[0]) != 2 || s.Organization[0] == "" || s.CommonName == "" {
			t.Errorf("subject %v", s)
		}
		if !c.BasicConstraintsValid || c.IsCA || c.Version != 3 {
			t.Errorf("constraints %v, CA %v, version %d", c.BasicConstraintsValid, c.IsCA, c.Version)
		}
		want := map[string]string{
			"1.3.6.1.4.1.45724.1.1.4": "0410" + fmt.Sprintf("%x", yubiKey5NFC[:]),
			"1.3.6.1.4.1.41482.13.1":  "0403050704",
			"1.3.6.1.4.1.45724.2.1.1": "03020520",
		}
		for _, e := range c.Extensions {
			if v, ok := want[e.Id.String()]; ok {
				if got := fmt.Sprintf("%x", e.Value); got != v || e.Critical {
					t.Errorf("extension %v is %s (critical %v), want %s", e.Id, got, e.Critical, v)
				}
				delete(want, e.Id.String())
			}
		}
		if len(want) != 0 {
			t.Errorf("extensions missing: %v", want)
		}
	})
	t.Run("the certificate chains to the run's FIDO root only", func(t *testing.T) {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(ca.FIDORootPEM())
		if _, err := m.leaf(t).Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
			t.Error(err)
		}
		other, err := NewCA()
		if err != nil {
			t.Fatal(err)
		}
		roots = x509.NewCertPool()
		for _, r := range append(other.Roots(), ca.Roots()[1]) {
			roots.AddCert(r)
		}
		var unknown x509.UnknownAuthorityError
		if _, err := m.leaf(t).Verify(x509.VerifyOptions{Roots: roots}); !errors.As(err, &unknown) {
			t.Errorf("foreign roots: got %v", err)
		}
	})
	t.Run("the ID is refused for exclusion after a touch", func(t *testing.T) {
		st, _ := p.ctap(1, with(creation(), 5, allow([]byte("another"), m.id)))
		if status(st) != ctapCredentialExcluded {
			t.Errorf("got %#02x", st)
		}
	})
	t.Run("keys of one batch share the certificate, not the credentials", func(t *testing.T) {
		twin, err := New(ca, k.Config())
		if err != nil {
			t.Fatal(err)
		}
		q := dial(t, twin)
		if other := makeCredential(t, q, creation()); !other.leaf(t).Equal(m.leaf(t)) {
			t.Error("the twin has another certificate")
		}
		if st, _ := q.ctap(2, assertion(m.id)); status(st) != ctapNoCredentials {
			t.Errorf("the twin answered %#02x for the other's credential", st)
		}
	})
}

func TestMakeCredentialRefusals(t *testing.T) {
	k, _ := newKey(t, Config{})
	p := dial(t, k)
	long := make([][]byte, 9)
	for i := range long {
		long[i] = []byte{byte(i)}
	}
	for _, tt := range []struct {
		name   string
		params map[int]any
		want   status
	}{
		{"no client data hash", with(creation(), 1, nil), ctapMissingParameter},
		{"a short client data hash", with(creation(), 1, []byte{1}), ctapInvalidLength},
		{"a relying party that is a number", with(creation(), 2, 5), ctapUnexpectedType},
		{"an algorithm nobody knows", with(creation(), 4, []any{map[string]any{"alg": -257, "type": "public-key"}}), ctapUnsupportedAlgorithm},
		{"without user presence", with(creation(), 7, map[string]bool{"up": false}), ctapInvalidOption},
		{"with built-in verification", with(creation(), 7, map[string]bool{"uv": true}), ctapInvalidOption},
		{"a PIN parameter without a protocol", with(creation(), 8, make([]byte, 16)), ctapMissingParameter},
		{"a PIN protocol nobody knows", with(with(creation(), 8, make([]byte, 16)), 9, 3), ctapInvalidParameter},
		{"an empty PIN parameter on a key without PIN", with(creation(), 8, []byte{}), ctapPINNotSet},
		{"a signature without a token", with(with(creation(), 8, make([]byte, 32)), 9, 2), ctapPINAuthInvalid},
		{"credProtect 4", with(creation(), 6, map[string]any{"credProtect": 4}), ctapInvalidOption},
		{"enterprise attestation", with(creation(), 10, 1), ctapInvalidParameter},
		{"nine IDs to exclude", with(creation(), 5, allow(long...)), ctapLimitExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if st, _ := p.ctap(1, tt.params); status(st) != tt.want {
				t.Errorf("got %#02x, want %#02x", st, byte(tt.want))
			}
		})
	}
	for _, tt := range []struct {
		name string
		msg  []byte
		want status
	}{
		{"an unknown command", []byte{0x44}, ctapInvalidCommand},
		{"an empty message", nil, ctapInvalidLength},
		{"half a map", []byte{1, 0xa4, 1}, ctapInvalidCBOR},
		{"a map with a key twice", []byte{2, 0xa2, 1, 0x61, 'a', 1, 0x61, 'b'}, ctapInvalidCBOR},
		{"bytes behind the map", append([]byte{2}, append(encode(t, assertion()), 0)...), ctapInvalidCBOR},
		{"more than maxMsgSize", make([]byte, 1281), ctapRequestTooLarge},
		{"the next of no assertions", []byte{8}, ctapNotAllowed},
		{"an unknown PIN subcommand", append([]byte{6}, encode(t, map[int]int{1: 2, 2: 0x55})...), ctapInvalidSubcommand},
		{"an unknown config subcommand", append([]byte{13}, encode(t, map[int]int{1: 9})...), ctapInvalidSubcommand},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if cmd, got := p.call(cmdCBOR, tt.msg); cmd != cmdCBOR || len(got) != 1 || status(got[0]) != tt.want {
				t.Errorf("got %02x %x, want %#02x", cmd, got, byte(tt.want))
			}
		})
	}
}
