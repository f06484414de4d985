package notary

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Schema names the JSON of a signature.
const Schema = "hwmfa.signature/v1"

// ErrSignature says that a signature is not one of what it stands beside.
var ErrSignature = errors.New("the signature does not hold")

// The algorithms of signatures, each over a SHA-256.
const (
	AlgorithmP256 = "ECDSA-P256-SHA256"
	AlgorithmP384 = "ECDSA-P384-SHA256"
	AlgorithmRSA  = "RSASSA-PKCS1-v1_5-2048-SHA256"
)

// Signature is the file manifest.sig. Byte strings are base64.
type Signature struct {
	Schema    string `json:"schema"`
	Algorithm string `json:"algorithm"`
	// ManifestSHA256 is the packet's head, in lower-case hexadecimal.
	ManifestSHA256 string `json:"manifest_sha256"`
	// SignedAt is what the signer's clock said; a time stamp proves more.
	SignedAt  time.Time `json:"signed_at"`
	Signature []byte    `json:"signature"` // ASN.1 for ECDSA, as openssl takes it
	Identity
}

// Identity is what says which key signed: either may be null, not both.
type Identity struct {
	// Certificate is the one that the slot's owner put beside the key, DER.
	Certificate []byte `json:"certificate"`
	// Attestation is the maker's word that the key was made on a security key.
	Attestation *Attestation `json:"attestation"`
}

// Attestation is a slot's attestation certificate and the one that signed it, DER.
type Attestation struct {
	Slot        string `json:"slot"` // two hexadecimal digits
	Certificate []byte `json:"certificate"`
	Issuer      []byte `json:"issuer"`
}

// Signer signs a SHA-256.
type Signer interface {
	SignDigest(ctx context.Context, digest []byte) (signature []byte, who Identity, err error)
}

// maxSignature bounds the file of a signature, in bytes.
const maxSignature = 64 << 10

// Sign has a signer sign the bytes of a manifest, and returns the file of the
// signature once it was verified.
func Sign(ctx context.Context, manifest []byte, by Signer, now time.Time) ([]byte, error) {
	digest := sha256.Sum256(manifest)
	signature, who, err := by.SignDigest(ctx, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign the manifest: %w", err)
	}
	s := Signature{Schema: Schema, ManifestSHA256: hex.EncodeToString(digest[:]), SignedAt: now.UTC().Truncate(time.Second), Signature: signature, Identity: who}
	public, _, err := who.key()
	if err == nil {
		s.Algorithm, err = algorithmOf(public)
	}
	if err != nil {
		return nil, fmt.Errorf("sign the manifest: %w", err)
	}
	doc, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("sign the manifest: %w", err)
	}
	doc = append(doc, '\n')
	if _, err := Verify(manifest, doc, nil); err != nil {
		return nil, fmt.Errorf("sign the manifest: %w", err)
	}
	return doc, nil
}

// Signed is a signature that holds.
type Signed struct {
	Signature
	// Subject of the certificate, or of the attestation where there is none.
	Subject string
	// Known: the certificate leads to one of the roots that were given, and was
	// valid when the signature says it was made. What the attestation is worth is
	// for others to say; its key is the one that signed.
	Known bool
	// Fingerprint is the SHA-256 of the public key (SubjectPublicKeyInfo), in
	// hexadecimal: what a person compares who has no root.
	Fingerprint string
}

// Verify checks the file of a signature against the bytes of a manifest. Its error
// is ErrSignature. That it holds says nothing yet of whose it is.
func Verify(manifest, signature []byte, roots *x509.CertPool) (Signed, error) {
	s, err := parseSignature(signature)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	digest := sha256.Sum256(manifest)
	public, certificate, err := s.key()
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	algorithm, err := algorithmOf(public)
	switch {
	case err != nil:
		return Signed{}, fmt.Errorf("%w: %w", ErrSignature, err)
	case s.ManifestSHA256 != hex.EncodeToString(digest[:]):
		return Signed{}, fmt.Errorf("%w: it is of another manifest", ErrSignature)
	case s.Algorithm != algorithm:
		return Signed{}, fmt.Errorf("%w: the certificate's key does not make %.40q", ErrSignature, s.Algorithm)
	case !verifies(public, digest[:], s.Signature):
		return Signed{}, fmt.Errorf("%w: the certificate's key did not make it", ErrSignature)
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	fingerprint := sha256.Sum256(spki)
	out := Signed{Signature: s, Subject: certificate.Subject.String(), Fingerprint: hex.EncodeToString(fingerprint[:])}
	if roots != nil && s.Certificate != nil {
		_, err := certificate.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: s.SignedAt, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		out.Known = err == nil
	}
	return out, nil
}

// parseSignature reads a signature, and nothing that only looks like one.
func parseSignature(doc []byte) (Signature, error) {
	var s Signature
	if len(doc) > maxSignature {
		return s, fmt.Errorf("more than %d bytes", maxSignature)
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return s, errors.New("it goes on after its end")
	}
	if s.Schema != Schema {
		return s, fmt.Errorf("it has the schema %.40q, not %s", s.Schema, Schema)
	}
	return s, nil
}

// key is the one key that certificate and attestation are both about.
func (i Identity) key() (crypto.PublicKey, *x509.Certificate, error) {
	var leaf *x509.Certificate
	for _, der := range [][]byte{i.Certificate, i.attested()} {
		if der == nil {
			continue
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, nil, fmt.Errorf("its certificate: %w", err)
		}
		if leaf == nil {
			leaf = c
			continue
		}
		if same, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !same.Equal(c.PublicKey) {
			return nil, nil, errors.New("its certificate and its attestation are of two keys")
		}
	}
	if leaf == nil {
		return nil, nil, errors.New("nothing says whose it is")
	}
	return leaf.PublicKey, leaf, nil
}

func (i Identity) attested() []byte {
	if i.Attestation == nil {
		return nil
	}
	return i.Attestation.Certificate
}

func algorithmOf(public crypto.PublicKey) (string, error) {
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256():
			return AlgorithmP256, nil
		case elliptic.P384():
			return AlgorithmP384, nil
		}
	case *rsa.PublicKey:
		if public.N.BitLen() == 2048 {
			return AlgorithmRSA, nil
		}
	}
	return "", errors.New("its key is none on P-256 or P-384, nor RSA of 2048 bits")
}

func verifies(public crypto.PublicKey, digest, signature []byte) bool {
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest, signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, signature) == nil
	}
	return false
}
