package softkey

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hwmfa/hw"
)

func sequenceOf(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	if len(body) < 0x80 {
		return append([]byte{tag, byte(len(body))}, body...)
	}
	return append([]byte{tag, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
}

func TestPIVKeys(t *testing.T) {
	k, ca := newKey(t, Config{Serial: 28299003, Version: hw.Version{Major: 5, Minor: 7, Patch: 4}})
	r := insert(t, k)
	r.selectPIV()
	r.admin(algAES192)
	verifyPIN := func() { r.must(0x20, 0, 0x80, []byte("123456\xff\xff")) }
	sign := func(slot byte, alg Algorithm, input []byte) ([]byte, statusWord) {
		got, sw := r.send(0x87, byte(alg), slot, sequenceOf(0x7c, []byte{0x82, 0}, sequenceOf(0x81, input)))
		if sw != swOK {
			return nil, sw
		}
		_, inner, _, ok := nextTLV(got)
		_, sig, _, ok2 := nextTLV(inner)
		if !ok || !ok2 {
			t.Fatalf("answer %x", got)
		}
		return sig, sw
	}
	digest := sha256.Sum256([]byte("message"))
	for slot, curve := range map[byte]elliptic.Curve{0x9a: elliptic.P256(), 0x82: elliptic.P384()} {
		t.Run(fmt.Sprintf("slot %02x generates, attests and signs with %s", slot, curve.Params().Name), func(t *testing.T) {
			alg := ECCP256
			if curve == elliptic.P384() {
				alg = ECCP384
			}
			got := r.must(0x47, 0, slot, sequenceOf(0xac, []byte{0x80, 1, byte(alg)}))
			n := 1 + 2*(curve.Params().BitSize/8)
			if !bytes.Equal(got[:5], []byte{0x7f, 0x49, byte(n + 2), 0x86, byte(n)}) {
				t.Fatalf("public key %x", got)
			}
			pub, err := ecdsa.ParseUncompressedPublicKey(curve, got[5:])
			if err != nil {
				t.Fatal(err)
			}
			leaf := attestation(t, r, ca, slot)
			if !pub.Equal(leaf.PublicKey) {
				t.Error("the certificate is for another key")
			}
			r.must(0x20, 0xff, 0x80, nil)
			if _, sw := sign(slot, alg, digest[:]); sw != swSecurity {
				t.Errorf("without the PIN: %04x", uint16(sw))
			}
			verifyPIN()
			for range 2 {
				if sig, sw := sign(slot, alg, digest[:]); sw != swOK || !ecdsa.VerifyASN1(pub, digest[:], sig) {
					t.Errorf("signature %x, %04x", sig, uint16(sw))
				}
			}
			if got := r.must(0xf7, 0, slot, nil); !bytes.HasPrefix(got, []byte{1, 1, byte(alg), 2, 2, 2, 1, 3, 1, 1, 4}) {
				t.Errorf("metadata %x", got)
			}
			peer, err := pub.ECDH()
			if err != nil {
				t.Fatal(err)
			}
			ours, err := peer.Curve().(ecdh.Curve).GenerateKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			want, err := ours.ECDH(peer)
			if err != nil {
				t.Fatal(err)
			}
			secret := r.must(0x87, byte(alg), slot, sequenceOf(0x7c, []byte{0x82, 0}, sequenceOf(0x85, ours.PublicKey().Bytes())))
			if !bytes.HasSuffix(secret, want) {
				t.Errorf("shared secret %x, want %x", secret, want)
			}
		})
	}
	t.Run("RSA-2048 generates, attests and signs", func(t *testing.T) {
		r.must(0x47, 0, 0x9e, sequenceOf(0xac, []byte{0x80, 1, byte(RSA2048)}))
		pub := attestation(t, r, ca, 0x9e).PublicKey.(*rsa.PublicKey)
		block := append(append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 252)...), 0)
		block = append(block, 7)
		sig, sw := sign(0x9e, RSA2048, block)
		if sw != swOK {
			t.Fatalf("%04x", uint16(sw))
		}
		m := new(big.Int).Exp(new(big.Int).SetBytes(sig), big.NewInt(int64(pub.E)), pub.N)
		if !bytes.Equal(m.FillBytes(make([]byte, 256)), block) {
			t.Error("the signature does not open to the block")
		}
	})
	t.Run("slot 9c wants the PIN every time", func(t *testing.T) {
		r.must(0x47, 0, 0x9c, sequenceOf(0xac, []byte{0x80, 1, byte(ECCP256)}))
		verifyPIN()
		if _, sw := sign(0x9c, ECCP256, digest[:]); sw != swOK {
			t.Errorf("%04x", uint16(sw))
		}
		if _, sw := sign(0x9c, ECCP256, digest[:]); sw != swSecurity {
			t.Errorf("a second time: %04x", uint16(sw))
		}
	})
	t.Run("an imported key signs and is not attested", func(t *testing.T) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		scalar, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		r.must(0xfe, byte(ECCP256), 0x83, append(sequenceOf(0x06, scalar), 0xaa, 1, 1, 0xab, 1, 1))
		if sig, sw := sign(0x83, ECCP256, digest[:]); sw != swOK || !ecdsa.VerifyASN1(&key.PublicKey, digest[:], sig) {
			t.Errorf("%04x", uint16(sw))
		}
		if _, sw := r.send(0xf9, 0x83, 0, nil); sw != swWrongData {
			t.Errorf("attestation gave %04x", uint16(sw))
		}
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		r.must(0xfe, byte(RSA2048), 0x84, bytes.Join([][]byte{
			sequenceOf(0x01, rsaKey.Primes[0].Bytes()), sequenceOf(0x02, rsaKey.Primes[1].Bytes()),
		}, nil))
		if got := r.must(0xf7, 0, 0x84, nil); !bytes.Contains(got, rsaKey.N.Bytes()) {
			t.Errorf("metadata %x", got)
		}
	})
	t.Run("a key moves to an empty slot and can be deleted", func(t *testing.T) {
		r.must(0xf6, 0x95, 0x83, nil)
		if _, sw := r.send(0xf7, 0, 0x83, nil); sw != swNoReference {
			t.Errorf("the old slot gave %04x", uint16(sw))
		}
		if _, sw := r.send(0xf6, 0x9a, 0x95, nil); sw != swParameters {
			t.Errorf("onto another key: %04x", uint16(sw))
		}
		r.must(0xf6, 0xff, 0x95, nil)
		if _, sw := r.send(0xf7, 0, 0x95, nil); sw != swNoReference {
			t.Errorf("the deleted key gave %04x", uint16(sw))
		}
	})
	t.Run("the attestation key cannot be used, only seen", func(t *testing.T) {
		if _, sw := sign(0xf9, ECCP256, digest[:]); sw != swWrongData {
			t.Errorf("it signed: %04x", uint16(sw))
		}
		r.must(0xf7, 0, 0xf9, nil)
	})
}

// f9 reads the card's attestation certificate.
func f9(t *testing.T, r *reader) *x509.Certificate {
	t.Helper()
	object, sw := r.send(0xcb, 0x3f, 0xff, []byte{0x5c, 3, 0x5f, 0xff, 1})
	if sw != swOK {
		t.Fatalf("f9 gave %04x", uint16(sw))
	}
	_, body, rest, ok := nextTLV(object)
	tag, der, tail, ok2 := nextTLV(body)
	if !ok || !ok2 || len(rest) != 0 || tag != 0x70 || !bytes.Equal(tail, []byte{0x71, 1, 0, 0xfe, 0}) {
		t.Fatalf("f9 object %x", object)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// attestation reads a slot's certificate and checks chain and names.
func attestation(t *testing.T, r *reader, ca *CA, slot byte) *x509.Certificate {
	t.Helper()
	leaf, err := x509.ParseCertificate(r.must(0xf9, slot, 0, nil))
	if err != nil {
		t.Fatal(err)
	}
	issuer := f9(t, r)
	if issuer.Subject.CommonName != "Yubico PIV Attestation" || leaf.Subject.CommonName != fmt.Sprintf("YubiKey PIV Attestation %02x", slot) {
		t.Errorf("names %q, %q", issuer.Subject, leaf.Subject)
	}
	roots, middle := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PIVRootPEM())
	middle.AddCert(issuer)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: middle, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Error(err)
	}
	return leaf
}

func extensions(c *x509.Certificate) map[string]string {
	m := map[string]string{}
	for _, e := range c.Extensions {
		if id := e.Id.String(); strings.HasPrefix(id, "1.3.6.1.4.1.41482.") {
			m[strings.TrimPrefix(id, "1.3.6.1.4.1.41482.")] = hex.EncodeToString(e.Value)
		}
	}
	return m
}

func TestPIVAttestation(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
		want map[string]string
	}{
		{"5.4.3", Config{Serial: 1000, Slots: []Slot{{Slot: 0x9a, PIN: 3, Touch: 2}}},
			map[string]string{"3.3": "050403", "3.7": "0204000003e8", "3.8": "0302", "3.9": "01"}},
		{"5.7.4 FIPS, C", Config{Serial: 28299003, Version: hw.Version{Major: 5, Minor: 7, Patch: 4}, FIPS: true, FormFactor: hw.FormKeychainC, Slots: []Slot{{Slot: 0x9a}}},
			map[string]string{"3.3": "050704", "3.7": "020401afcefb", "3.8": "0201", "3.9": "83"}},
		{"4.3.7 has no serial", Config{Serial: 1000, Version: hw.Version{Major: 4, Minor: 3, Patch: 7}, Slots: []Slot{{Slot: 0x9a}}},
			map[string]string{"3.3": "040307", "3.8": "0201"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, _ := newKey(t, tt.cfg)
			r := insert(t, k)
			r.selectPIV()
			leaf, err := x509.ParseCertificate(r.must(0xf9, 0x9a, 0, nil))
			if err != nil {
				t.Fatal(err)
			}
			if got := extensions(leaf); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
			if got := extensions(f9(t, r))["3.3"]; got != tt.want["3.3"] {
				t.Errorf("f9 firmware %s", got)
			}
			if err := f9(t, r).CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("before 5.3 an imported key looks like an empty slot", func(t *testing.T) {
		k, _ := newKey(t, Config{Version: hw.Version{Major: 5, Minor: 2, Patch: 4}, Slots: []Slot{{Slot: 0x82, Imported: true}}})
		r := insert(t, k)
		r.selectPIV()
		if _, sw := r.send(0xf9, 0x82, 0, nil); sw != swNoReference {
			t.Errorf("attestation %04x", uint16(sw))
		}
		if _, sw := r.send(0xf7, 0, 0x82, nil); sw != swInstruction {
			t.Errorf("metadata %04x", uint16(sw))
		}
		if f9(t, r).BasicConstraintsValid {
			t.Error("f9 of 5.2.4 has BasicConstraints")
		}
	})
}

func TestPIVTouch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := newKey(t, Config{Touch: After(2 * time.Second), TouchTimeout: 15 * time.Second, Slots: []Slot{
			{Slot: 0x9a, PIN: policyPINNever, Touch: policyTouchAlways}, {Slot: 0x9e, PIN: policyPINNever, Touch: policyTouchCached},
		}})
		r := insert(t, k)
		r.selectPIV()
		sign := func(slot byte) (statusWord, time.Duration) {
			start := time.Now()
			_, sw := r.send(0x87, byte(ECCP256), slot, sequenceOf(0x7c, []byte{0x82, 0}, sequenceOf(0x81, make([]byte, 32))))
			return sw, time.Since(start)
		}
		for i, want := range []time.Duration{2 * time.Second, 2 * time.Second} {
			if sw, took := sign(0x9a); sw != swOK || took != want {
				t.Errorf("always, %d: %04x after %v", i, uint16(sw), took)
			}
		}
		for i, want := range []time.Duration{2 * time.Second, 0} {
			if sw, took := sign(0x9e); sw != swOK || took != want {
				t.Errorf("cached, %d: %04x after %v", i, uint16(sw), took)
			}
		}
		k.SetTouch(Never())
		if sw, took := sign(0x9a); sw != swSecurity || took != 15*time.Second {
			t.Errorf("never: %04x after %v", uint16(sw), took)
		}
		// Who waits behind a touch may give up.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		go sign(0x9a)
		time.Sleep(time.Millisecond)
		if _, err := k.Card().Transmit(ctx, []byte{0, 0xfd, 0, 0}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("behind a touch: %v", err)
		}
		time.Sleep(20 * time.Second)
		go func() {
			time.Sleep(time.Second)
			k.PowerOff()
		}()
		if _, err := r.ch.Transmit(context.Background(), append([]byte{0, 0x87, byte(ECCP256), 0x9a}, append([]byte{38}, sequenceOf(0x7c, []byte{0x82, 0}, sequenceOf(0x81, make([]byte, 32)))...)...)); !isGone(err) {
			t.Errorf("power taken while waiting: %v", err)
		}
	})
}
