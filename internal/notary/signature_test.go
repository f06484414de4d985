package notary

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// owner signs with a key of its own, under a certificate that a root issued.
type owner struct {
	key  crypto.Signer
	who  Identity
	root *x509.Certificate
}

func (o owner) SignDigest(_ context.Context, digest []byte) ([]byte, Identity, error) {
	signature, err := o.key.Sign(rand.Reader, digest, crypto.SHA256)
	return signature, o.who, err
}

func newOwner(t testing.TB, key crypto.Signer) owner {
	t.Helper()
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(name string, public crypto.PublicKey, parent *x509.Certificate) *x509.Certificate {
		c := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: at.Add(-time.Hour), NotAfter: at.Add(time.Hour),
			IsCA: parent == nil, BasicConstraintsValid: true,
		}
		if parent == nil {
			parent = c
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, public, rootKey)
		if err != nil {
			t.Fatal(err)
		}
		if c, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		return c
	}
	root := issue("root", &rootKey.PublicKey, nil)
	return owner{key, Identity{Certificate: issue("Ada", key.Public(), root).Raw}, root}
}

var at = time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAManifestIsSigned(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, key := range map[string]crypto.Signer{AlgorithmP256: ecKey(t, elliptic.P256()), AlgorithmP384: ecKey(t, elliptic.P384()), AlgorithmRSA: rsaKey} {
		t.Run(algorithm, func(t *testing.T) {
			o := newOwner(t, key)
			doc, err := Sign(context.Background(), manifest, o, at)
			if err != nil {
				t.Fatal(err)
			}
			roots := x509.NewCertPool()
			roots.AddCert(o.root)
			got, err := Verify(manifest, doc, roots)
			if err != nil || !got.Known || got.Subject != "CN=Ada" || got.Algorithm != algorithm || !got.SignedAt.Equal(at) {
				t.Errorf("got %+v, %v", got, err)
			}
			for name, pool := range map[string]*x509.CertPool{"no roots": nil, "other roots": x509.NewCertPool()} {
				if got, err := Verify(manifest, doc, pool); err != nil || got.Known {
					t.Errorf("with %s: %+v, %v", name, got, err)
				}
			}

			// openssl, which we did not write, verifies it with the certificate's key.
			dir := t.TempDir()
			spki, err := x509.MarshalPKIXPublicKey(key.Public())
			if err != nil {
				t.Fatal(err)
			}
			for name, content := range map[string][]byte{
				"manifest.json": manifest, "signature": got.Signature.Signature, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}),
			} {
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if out := run(t, dir, "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "manifest.json"); !bytes.Contains(out, []byte("Verified OK")) {
				t.Errorf("openssl says %s", out)
			}
		})
	}
}

func TestSignaturesThatDoNotHoldAreRefused(t *testing.T) {
	o, other := newOwner(t, ecKey(t, elliptic.P256())), newOwner(t, ecKey(t, elliptic.P256()))
	doc, err := Sign(context.Background(), manifest, o, at)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*Signature)) []byte {
		var s Signature
		if err := json.Unmarshal(doc, &s); err != nil {
			t.Fatal(err)
		}
		change(&s)
		changed, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	for name, c := range map[string]struct {
		manifest, doc []byte
		want          string
	}{
		"another manifest": {[]byte("x"), doc, "of another manifest"},
		"the head changed to it": {[]byte("x"), with(func(s *Signature) {
			s.ManifestSHA256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
		}), "did not make it"},
		"another's certificate":          {manifest, with(func(s *Signature) { s.Certificate = other.who.Certificate }), "did not make it"},
		"no certificate":                 {manifest, with(func(s *Signature) { s.Certificate = nil }), "nothing says whose it is"},
		"no certificate that can be one": {manifest, with(func(s *Signature) { s.Certificate = []byte("x") }), "its certificate"},
		"an attestation of another key":  {manifest, with(func(s *Signature) { s.Attestation = &Attestation{Slot: "9c", Certificate: other.who.Certificate} }), "of two keys"},
		"another algorithm":              {manifest, with(func(s *Signature) { s.Algorithm = AlgorithmRSA }), "does not make"},
		"a flipped bit":                  {manifest, with(func(s *Signature) { s.Signature[len(s.Signature)-1] ^= 1 }), "did not make it"},
		"no signature":                   {manifest, with(func(s *Signature) { s.Signature = nil }), "did not make it"},
		"another schema":                 {manifest, with(func(s *Signature) { s.Schema = "x/v2" }), "the schema"},
		"an unknown member":              {manifest, []byte(`{"schema": "` + Schema + `", "x": 1}`), "unknown field"},
		"two objects":                    {manifest, append(bytes.Clone(doc), doc...), "after its end"},
		"nothing":                        {manifest, nil, ""},
		"more than is read":              {manifest, append(bytes.Clone(doc), bytes.Repeat([]byte{' '}, maxSignature)...), "more than"},
	} {
		if _, err := Verify(c.manifest, c.doc, nil); !errors.Is(err, ErrSignature) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	o.key = other.key // a card that signs with another key than it shows
	if _, err := Sign(context.Background(), manifest, o, at); !errors.Is(err, ErrSignature) {
		t.Errorf("a signature by another key is kept: %v", err)
	}
	small := newOwner(t, ecKey(t, elliptic.P521()))
	if _, err := Sign(context.Background(), manifest, small, at); err == nil {
		t.Error("a key on P-521 signs")
	}
	// A certificate that had expired when the signature says it was made is not known.
	late, err := Sign(context.Background(), manifest, newOwner(t, ecKey(t, elliptic.P256())), at.Add(2*time.Hour))
	roots := x509.NewCertPool()
	if err == nil {
		roots.AddCert(o.root)
		var got Signed
		if got, err = Verify(manifest, late, roots); got.Known {
			t.Error("an expired certificate is known")
		}
	}
	if err != nil {
		t.Error(err)
	}
}

func FuzzVerify(f *testing.F) {
	o := newOwner(f, ecKey(f, elliptic.P256()))
	doc, err := Sign(context.Background(), manifest, o, at)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(doc)
	f.Fuzz(func(t *testing.T, changed []byte) {
		roots := x509.NewCertPool()
		roots.AddCert(o.root)
		if got, err := Verify(manifest, changed, roots); err == nil && got.Known && got.Subject != "CN=Ada" {
			t.Errorf("a signature was made: %+v", got)
		}
	})
}
