package ctap

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// signer is the secret of one credential.
type signer struct{ *ecdsa.PrivateKey }

func newSigner(t testing.TB) signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{k}
}

// cose writes the public key as a key would, with the given algorithm.
func (s signer) cose(t testing.TB, alg int) []byte {
	t.Helper()
	point, err := s.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return mustEncode(t, map[int]any{1: 2, 3: alg, -1: 1, -2: point[1:33], -3: point[33:]})
}

func authDataFor(rpID string, flags byte, rest ...byte) []byte {
	hash := sha256.Sum256([]byte(rpID))
	return slices.Concat(hash[:], []byte{flags, 0, 0, 0, 9}, rest)
}

func (s signer) sign(t testing.TB, authData, clientDataHash []byte) []byte {
	t.Helper()
	hash := sha256.Sum256(slices.Concat(authData, clientDataHash))
	sig, err := ecdsa.SignASN1(rand.Reader, s.PrivateKey, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// assertRequest is getAssertion as the key reads it.
type assertRequest struct {
	RPID    string          `cbor:"1,keyasint"`
	Hash    []byte          `cbor:"2,keyasint"`
	Allow   []descriptor    `cbor:"3,keyasint"`
	Options map[string]bool `cbor:"5,keyasint"`
	PINAuth []byte          `cbor:"8,keyasint"`
}

// holder is a key that holds one credential and names its limits.
func holder(t testing.TB, info map[int]any, held []byte, s signer, seen *[]int) *script {
	return cborKey(t, func(cmd byte, params []byte) (byte, []byte) {
		if cmd == 4 {
			return 0, mustEncode(t, info)
		}
		var r assertRequest
		if err := cbor.Unmarshal(params, &r); err != nil || cmd != 2 {
			t.Errorf("command %02x, %v", cmd, err)
			return 0x12, nil
		}
		up, said := r.Options["up"]
		if !said || up || len(r.Options) != 1 || r.PINAuth != nil {
			t.Errorf("asked with %+v, want up:false and no PIN", r)
		}
		if limit, ok := info[7].(int); ok && len(r.Allow) > limit {
			return 0x15, nil
		}
		if size, ok := info[5].(int); ok && 1+len(params) > size {
			return 0x39, nil
		}
		*seen = append(*seen, len(r.Allow))
		for _, d := range r.Allow {
			if d.Type != "public-key" {
				t.Errorf("credential of type %q", d.Type)
			}
			if bytes.Equal(d.ID, held) {
				ad := authDataFor(r.RPID, 0)
				answer := map[int]any{2: ad, 3: s.sign(t, ad, r.Hash)}
				if len(r.Allow) > 1 {
					answer[1] = d
				}
				return 0, mustEncode(t, answer)
			}
		}
		return 0x2E, nil
	})
}

func ids(n, size int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = bytes.Repeat([]byte{byte(i + 1)}, size)
	}
	return list
}

func TestSilentAssert(t *testing.T) {
	s := newSigner(t)
	hash := sha256.Sum256([]byte("challenge"))
	info := func(fields map[int]any) map[int]any {
		m := map[int]any{1: []string{"FIDO_2_0"}, 3: make([]byte, 16)}
		for k, v := range fields {
			m[k] = v
		}
		return m
	}
	for _, tt := range []struct {
		name  string
		info  map[int]any
		ids   [][]byte
		held  int // index into ids, -1 for none
		lists []int
	}{
		{"one credential, held", info(nil), ids(1, 64), 0, []int{1}},
		{"one credential, not held", info(nil), ids(1, 64), -1, []int{1}},
		{"a key that names no limit is asked one by one", info(nil), ids(3, 64), 2, []int{1, 1, 1}},
		{"lists are cut to the count", info(map[int]any{7: 8, 5: 7609}), ids(30, 64), 29, []int{8, 8, 8, 6}},
		{"the first list that answers is the last", info(map[int]any{7: 8, 5: 7609}), ids(30, 64), 3, []int{8}},
		{"lists are cut to the size of a message", info(map[int]any{7: 100, 5: 1024}), ids(25, 64), 24, []int{11, 11, 3}},
		{"1024 bytes where the key does not say", info(map[int]any{7: 100}), ids(25, 64), -1, []int{11, 11, 3}},
		{"a size beyond what CTAPHID carries is not believed", info(map[int]any{7: 500, 5: 1 << 30}), ids(100, 128), -1, []int{50, 50}},
		{"IDs that the key cannot have made are not asked", info(map[int]any{7: 8, 8: 64}), slices.Concat(ids(1, 200), ids(2, 64)), 2, []int{2}},
		{"nothing to ask is no credential", info(nil), nil, -1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var seen []int
			var held []byte
			if tt.held >= 0 {
				held = tt.ids[tt.held]
			}
			d := holder(t, tt.info, held, s, &seen).open()
			a, err := d.SilentAssert(context.Background(), SilentRequest{"example.com", hash[:], tt.ids})
			if !slices.Equal(seen, tt.lists) {
				t.Errorf("lists of %v, want %v", seen, tt.lists)
			}
			if held == nil {
				if !errors.Is(err, hw.ErrNoCredential) || a != nil {
					t.Errorf("got %v, %v", a, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a.CredentialID, held) || a.UserPresent {
				t.Errorf("got %x, user present %v", a.CredentialID, a.UserPresent)
			}
			if err := VerifyAssertion(s.cose(t, -7), hash[:], "example.com", a); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSilentAssertFails(t *testing.T) {
	s := newSigner(t)
	hash := make([]byte, 32)
	good := func() map[int]any {
		ad := authDataFor("example.com", 0)
		return map[int]any{1: descriptor{[]byte{1}, publicKey}, 2: ad, 3: s.sign(t, ad, hash)}
	}
	with := func(key int, v any) []byte {
		m := good()
		if v == nil {
			delete(m, key)
		} else {
			m[key] = v
		}
		return mustEncode(t, m)
	}
	for _, tt := range []struct {
		name   string
		status byte
		answer []byte
		is     error
	}{
		{"a key that wants a PIN", 0x36, nil, hw.ErrPINRequired},
		{"a key that wants a touch", 0x3B, nil, hw.ErrTouchRequired},
		{"a key that does not know up", 0x2B, nil, hw.ErrTouchRequired},
		{"a key that does not know up as false", 0x2C, nil, hw.ErrTouchRequired},
		{"a key that denies it", 0x27, nil, hw.ErrRefused},
		{"a key that does not allow it", 0x30, nil, hw.ErrRefused},
		{"an unknown credential in old words", 0x22, nil, hw.ErrNoCredential},
		{"an empty answer", 0, nil, hw.ErrMalformed},
		{"a credential that was not asked for", 0, with(1, descriptor{[]byte{9}, publicKey}), hw.ErrMalformed},
		{"no credential for a list of two", 0, with(1, nil), hw.ErrMalformed},
		{"a credential without an ID", 0, with(1, map[string]string{"type": "public-key"}), hw.ErrMalformed},
		{"no authenticator data", 0, with(2, nil), hw.ErrMalformed},
		{"authenticator data cut short", 0, with(2, authDataFor("example.com", 0)[:36]), hw.ErrMalformed},
		{"another relying party", 0, with(2, authDataFor("example.org", 0)), hw.ErrMalformed},
		{"no signature", 0, with(3, nil), hw.ErrMalformed},
		{"a signature of another type", 0, with(3, "signature"), hw.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := cborKey(t, func(cmd byte, _ []byte) (byte, []byte) {
				if cmd == 4 {
					return 0, mustEncode(t, map[int]any{1: []string{"FIDO_2_0"}, 3: make([]byte, 16), 7: 8})
				}
				return tt.status, tt.answer
			})
			a, err := k.open().SilentAssert(context.Background(), SilentRequest{"example.com", hash, [][]byte{{1}, {2}}})
			if !errors.Is(err, tt.is) || a != nil {
				t.Errorf("got %v, %v, want %v", a, err, tt.is)
			}
			if tt.is != hw.ErrNoCredential && errors.Is(err, hw.ErrNoCredential) {
				t.Errorf("%v reads as another key", err)
			}
		})
	}
	t.Run("what cannot be asked is not", func(t *testing.T) {
		k := holder(t, map[int]any{1: []string{"FIDO_2_0"}, 3: make([]byte, 16)}, nil, s, new([]int))
		d := k.open()
		for _, r := range []SilentRequest{
			{"", hash, ids(1, 9)},
			{"example.com", hash[:31], ids(1, 9)},
			{"example.com", hash, [][]byte{{}}},
			{"example.com", hash, ids(1, 2000)},
		} {
			if a, err := d.SilentAssert(context.Background(), r); err == nil || errors.Is(err, hw.ErrNoCredential) {
				t.Errorf("got %v, %v", a, err)
			}
		}
	})
}

func TestVerifyAssertion(t *testing.T) {
	s := newSigner(t)
	hash := sha256.Sum256([]byte("challenge"))
	key := s.cose(t, -7)
	for _, flags := range []byte{0x00, 0x01, 0x05} {
		ad := authDataFor("example.com", flags)
		good := Assertion{AuthData: ad, Signature: s.sign(t, ad, hash[:]), UserPresent: flags&1 != 0, UserVerified: flags&4 != 0}
		if err := VerifyAssertion(key, hash[:], "example.com", &good); err != nil {
			t.Fatalf("flags %02x: %v", flags, err)
		}
		// The relying party is looked at before the signature; every other bit
		// that is signed must break it.
		for i := 32; i < len(ad); i++ {
			bad := good
			bad.AuthData = slices.Clone(ad)
			bad.AuthData[i] ^= 2
			if err := VerifyAssertion(key, hash[:], "example.com", &bad); !errors.Is(err, ErrBadSignature) {
				t.Errorf("byte %d flipped: %v", i, err)
			}
		}
		for i := range hash {
			other := hash
			other[i] ^= 1
			if err := VerifyAssertion(key, other[:], "example.com", &good); !errors.Is(err, ErrBadSignature) {
				t.Errorf("hash byte %d flipped: %v", i, err)
			}
		}
		for i := range good.Signature {
			bad := good
			bad.Signature = slices.Clone(good.Signature)
			bad.Signature[i] ^= 1
			if err := VerifyAssertion(key, hash[:], "example.com", &bad); !errors.Is(err, ErrBadSignature) {
				t.Errorf("signature byte %d flipped: %v", i, err)
			}
		}
		lie := good
		lie.UserPresent = !lie.UserPresent
		verified := good
		verified.UserVerified = !verified.UserVerified
		for name, err := range map[string]error{
			"another key":            VerifyAssertion(newSigner(t).cose(t, -7), hash[:], "example.com", &good),
			"another relying party":  VerifyAssertion(key, hash[:], "example.org", &good),
			"presence not as signed": VerifyAssertion(key, hash[:], "example.com", &lie),
			"PIN not as signed":      VerifyAssertion(key, hash[:], "example.com", &verified),
			"another algorithm":      VerifyAssertion(s.cose(t, -8), hash[:], "example.com", &good),
			"no key":                 VerifyAssertion(nil, hash[:], "example.com", &good),
			"a point off the curve":  VerifyAssertion(mustEncode(t, map[int]any{1: 2, 3: -7, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)}), hash[:], "example.com", &good),
			"no authenticator data":  VerifyAssertion(key, hash[:], "example.com", &Assertion{Signature: good.Signature}),
		} {
			if err == nil {
				t.Errorf("flags %02x: %s verified", flags, name)
			}
		}
	}
}

func FuzzAssertion(f *testing.F) {
	ad := authDataFor("example.com", 0)
	f.Add(mustEncode(f, map[int]any{1: descriptor{[]byte{1}, publicKey}, 2: ad, 3: []byte{0x30, 0}}))
	f.Add(mustEncode(f, map[int]any{2: ad, 3: []byte{0x30, 0}}))
	f.Add([]byte{0xA1, 0x01, 0xA0})
	key := newSigner(f).cose(f, -7)
	f.Fuzz(func(t *testing.T, b []byte) {
		list := [][]byte{{1}}
		a, err := parseAssertion(b, "example.com", list)
		if err != nil {
			if !errors.Is(err, hw.ErrMalformed) {
				t.Fatalf("got %v", err)
			}
			return
		}
		if !bytes.Equal(a.CredentialID, list[0]) {
			t.Fatalf("believed credential %x", a.CredentialID)
		}
		if err := VerifyAssertion(key, make([]byte, 32), "example.com", a); err == nil {
			t.Fatal("verified what nobody signed")
		}
	})
}
