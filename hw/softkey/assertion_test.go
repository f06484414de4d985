package softkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// checkAssertion verifies the signature with the credential's public key.
func checkAssertion(t *testing.T, m map[int]any, cose []byte) authData {
	t.Helper()
	var key map[int]any
	if err := cbor.Unmarshal(cose, &key); err != nil {
		t.Fatal(err)
	}
	raw := m[2].([]byte)
	message := append(bytes.Clone(raw), clientDataHash[:]...)
	sig := m[3].([]byte)
	ok := false
	switch key[3] {
	case int64(-7):
		pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, key[-2].([]byte)...), key[-3].([]byte)...))
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256(message)
		ok = ecdsa.VerifyASN1(pub, digest[:], sig)
	case int64(-8):
		ok = ed25519.Verify(key[-2].([]byte), message, sig)
	}
	if !ok {
		t.Errorf("signature does not verify with %v", key)
	}
	a := parseAuthData(t, raw)
	if want := sha256.Sum256([]byte(testRP)); !bytes.Equal(a.rpHash, want[:]) {
		t.Errorf("relying party hash %x", a.rpHash)
	}
	return a
}

func TestGetAssertion(t *testing.T) {
	for _, alg := range []int{-7, -8} {
		t.Run(fmt.Sprintf("algorithm %d signs", alg), func(t *testing.T) {
			k, _ := newKey(t, Config{})
			p := dial(t, k)
			m := makeCredential(t, p, with(creation(), 4, []any{map[string]any{"alg": alg, "type": "public-key"}}))
			if err := m.verify(t); err != nil {
				t.Error(err)
			}
			a := p.mustCTAP(2, assertion([]byte("of another key"), m.id))
			got := checkAssertion(t, a, m.key)
			if got.flags != 0x01 || got.count <= m.count {
				t.Errorf("flags %02x, count %d after %d", got.flags, got.count, m.count)
			}
			if !bytes.Equal(a[1].(map[any]any)["id"].([]byte), m.id) {
				t.Errorf("credential %v", a[1])
			}
		})
	}
	t.Run("an untouched key proves itself silently", func(t *testing.T) {
		k, _ := newKey(t, Config{})
		p := dial(t, k)
		m := makeCredential(t, p, creation())
		k.SetTouch(Never())
		a := p.mustCTAP(2, with(assertion(m.id), 5, map[string]bool{"up": false}))
		if got := checkAssertion(t, a, m.key); got.flags != 0 {
			t.Errorf("flags %02x", got.flags)
		}
	})
	t.Run("an ID with a flipped bit, of another party or cut is unknown", func(t *testing.T) {
		k, _ := newKey(t, Config{})
		p := dial(t, k)
		m := makeCredential(t, p, creation())
		flipped := bytes.Clone(m.id)
		flipped[20] ^= 1
		for _, params := range []map[int]any{
			assertion(flipped), assertion(m.id[:30]), assertion([]byte{}), with(assertion(m.id), 1, "example.com"), assertion(),
		} {
			if st, _ := p.ctap(2, params); status(st) != ctapNoCredentials {
				t.Errorf("%v gave %#02x", params, st)
			}
		}
	})
	t.Run("options that cannot be are refused", func(t *testing.T) {
		k, _ := newKey(t, Config{})
		p := dial(t, k)
		for option, want := range map[string]status{"uv": ctapInvalidOption, "rk": ctapUnsupportedOption} {
			if st, _ := p.ctap(2, with(assertion(), 5, map[string]bool{option: true})); status(st) != want {
				t.Errorf("%s gave %#02x", option, st)
			}
		}
	})
	t.Run("credentials outlive a replug", func(t *testing.T) {
		k, _ := newKey(t, Config{})
		m := makeCredential(t, dial(t, k), creation())
		k.Replug()
		checkAssertion(t, dial(t, k).mustCTAP(2, assertion(m.id)), m.key)
	})
}

func TestResidentCredentials(t *testing.T) {
	k, _ := newKey(t, Config{})
	p := dial(t, k)
	var all []made
	for _, user := range []byte{1, 2, 3, 2} {
		c := with(creation(), 7, map[string]bool{"rk": true})
		c[3] = map[string]any{"id": []byte{user}, "name": "name"}
		all = append(all, makeCredential(t, p, c))
	}
	a := p.mustCTAP(2, assertion())
	if a[5] != uint64(3) {
		t.Fatalf("%v credentials, want 3", a[5])
	}
	for i, want := range []made{all[3], all[2], all[0]} {
		if i > 0 {
			a = p.mustCTAP(8, nil)
		}
		checkAssertion(t, a, want.key)
		if user := a[4].(map[any]any); len(user) != 1 {
			t.Errorf("an unverified user is told %v", user)
		}
	}
	if st, _ := p.ctap(8, nil); status(st) != ctapNotAllowed {
		t.Errorf("a fourth gave %#02x", st)
	}
	if m := p.mustCTAP(4, nil); m[20] != uint64(22) {
		t.Errorf("%v places left", m[20])
	}
}

func TestCredProtect(t *testing.T) {
	k, _ := newKey(t, Config{PIN: "1234"})
	p := dial(t, k)
	verify := func(m map[int]any, permission int) map[int]any {
		st, s, token := p.token(2, "1234", permission, testRP)
		if st != 0 {
			t.Fatalf("token: %#02x", st)
		}
		if permission == 1 {
			return with(with(m, 8, s.sign(token, clientDataHash[:])), 9, 2)
		}
		return with(with(m, 6, s.sign(token, clientDataHash[:])), 7, 2)
	}
	for level, want := range map[int]struct{ listed, alone status }{
		1: {ctapOK, ctapOK}, 2: {ctapOK, ctapNoCredentials}, 3: {ctapNoCredentials, ctapNoCredentials},
	} {
		t.Run(fmt.Sprintf("level %d", level), func(t *testing.T) {
			rp := fmt.Sprintf("level%d.example", level)
			c := with(with(creation(), 6, map[string]any{"credProtect": level}), 7, map[string]bool{"rk": true})
			c[2] = map[string]any{"id": rp}
			st, s, token := p.token(2, "1234", 1, rp)
			if st != 0 {
				t.Fatalf("token: %#02x", st)
			}
			m := makeCredential(t, p, with(with(c, 8, s.sign(token, clientDataHash[:])), 9, 2))
			if m.flags&flagUV == 0 {
				t.Errorf("flags %02x", m.flags)
			}
			if st, _ := p.ctap(2, with(assertion(m.id), 1, rp)); status(st) != want.listed {
				t.Errorf("listed: %#02x", st)
			}
			if st, _ := p.ctap(2, with(assertion(), 1, rp)); status(st) != want.alone {
				t.Errorf("not listed: %#02x", st)
			}
		})
	}
	t.Run("level 3 opens to a verified user", func(t *testing.T) {
		m := makeCredential(t, p, verify(with(creation(), 6, map[string]any{"credProtect": 3}), 1))
		got := checkAssertion(t, p.mustCTAP(2, verify(assertion(m.id), 2)), m.key)
		if got.flags != flagUP|flagUV {
			t.Errorf("flags %02x", got.flags)
		}
	})
}

func TestReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := newKey(t, Config{PIN: "1234"})
		p := dial(t, k)
		m := makeCredential(t, p, creation())
		time.Sleep(11 * time.Second)
		if st, _ := p.ctap(7, nil); status(st) != ctapNotAllowed {
			t.Errorf("a late reset gave %#02x", st)
		}
		p.mustCTAP(2, assertion(m.id))
		k.Replug()
		p = dial(t, k)
		p.mustCTAP(7, nil)
		if st, _ := p.ctap(2, assertion(m.id)); status(st) != ctapNoCredentials {
			t.Errorf("after the reset the credential gave %#02x", st)
		}
		if i := p.mustCTAP(4, nil); i[4].(map[any]any)["clientPin"] != false {
			t.Error("the PIN outlived the reset")
		}
	})
}
