package attest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// Bounds of a BLOB. That of October 2022 has 1.8 MB and 126 models; it grows
// with every model.
const (
	MaxMetadata   = 32 << 20 // bytes of a BLOB
	maxJOSEHeader = 64 << 10 // bytes of its header, in base64
	minRSABits    = 2048
)

// base64url is RFC 7515's: no padding, no stray bits. The decoder still steps
// over line ends, so that text is looked at first.
var base64url = base64.RawURLEncoding.Strict()

// jws is a JSON Web Signature in compact form (RFC 7515 §7.1), taken apart and not yet
// believed.
type jws struct {
	alg       string
	certs     []*x509.Certificate // x5c, the signer's first
	signed    []byte              // what the signature covers
	payload   []byte
	signature []byte
}

// trimBlob takes the space off both ends that downloads and editors leave.
func trimBlob(blob []byte) []byte { return bytes.Trim(blob, " \t\r\n") }

// MetadataText is the BLOB as it is kept: as it came, without the space around
// it.
func MetadataText(blob []byte) string { return string(trimBlob(blob)) }

// IsMetadata says whether a file looks like a BLOB: three parts of base64url,
// the first a JSON object.
func IsMetadata(file []byte) bool {
	file = trimBlob(file)
	return bytes.HasPrefix(file, []byte("ey")) && bytes.Count(file, []byte(".")) == 2
}

func splitJWS(blob []byte) (*jws, error) {
	if len(blob) > MaxMetadata {
		return nil, fmt.Errorf("BLOB of %d bytes, at most %d", len(blob), MaxMetadata)
	}
	blob = trimBlob(blob)
	parts := bytes.Split(blob, []byte("."))
	if len(parts) != 3 {
		return nil, fmt.Errorf("%d parts, want the 3 of a signed BLOB", len(parts))
	}
	if len(parts[0]) > maxJOSEHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d", len(parts[0]), maxJOSEHeader)
	}
	var decoded [3][]byte
	for i, part := range parts {
		if bytes.ContainsAny(part, "\r\n") {
			return nil, fmt.Errorf("part %d is broken into lines", i+1)
		}
		var err error
		if decoded[i], err = base64url.AppendDecode(nil, part); err != nil {
			return nil, fmt.Errorf("part %d: %w", i+1, err)
		}
	}
	t := &jws{signed: blob[:len(parts[0])+1+len(parts[1])], payload: decoded[1], signature: decoded[2]}
	return t, t.readHeader(decoded[0])
}

func (t *jws) readHeader(raw []byte) error {
	fields, err := objectOnce(raw)
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	// RFC 7515 §4.1.11: what must be understood and is not, ends it.
	if _, ok := fields["crit"]; ok {
		return errors.New("header: it demands extensions that are unknown here")
	}
	var chain []string
	if err := errors.Join(member(fields, "alg", &t.alg), member(fields, "x5c", &chain)); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if len(chain) == 0 || len(chain) > maxChain {
		return fmt.Errorf("header: %d certificates, want 1 to %d", len(chain), maxChain)
	}
	for i, text := range chain {
		der, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(der) > maxCertificate {
			return fmt.Errorf("header: certificate %d is no base64 or too large", i+1)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("header: certificate %d: %w", i+1, err)
		}
		t.certs = append(t.certs, c)
	}
	return nil
}

// objectOnce reads a JSON object whose names are exact and each there once,
// which encoding/json by itself does not ask for.
func objectOnce(raw []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	fields := make(map[string]json.RawMessage)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		text, _ := name.(string)
		if _, ok := fields[text]; ok {
			return nil, fmt.Errorf("%q is there twice", text)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		fields[text] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("data after the end")
	}
	return fields, nil
}

// member reads one field of an object, which must be there.
func member(fields map[string]json.RawMessage, name string, into any) error {
	raw, ok := fields[name]
	if !ok {
		return fmt.Errorf("%s is missing", name)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// checkSignature takes the two algorithms that metadata is signed with
// (RFC 7518 §3.3 and §3.4), each with its own kind of key.
func (t *jws) checkSignature() error {
	digest := sha256.Sum256(t.signed)
	switch key := t.certs[0].PublicKey.(type) {
	case *rsa.PublicKey:
		if t.alg != "RS256" || key.N.BitLen() < minRSABits {
			return fmt.Errorf("algorithm %q with an RSA key of %d bits", t.alg, key.N.BitLen())
		}
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], t.signature); err != nil {
			return errors.New("the signature does not match")
		}
	case *ecdsa.PublicKey:
		if t.alg != "ES256" || key.Curve != elliptic.P256() {
			return fmt.Errorf("algorithm %q with a key on curve %s", t.alg, key.Curve.Params().Name)
		}
		// 32 bytes each of r and s.
		if len(t.signature) != 64 || !ecdsa.Verify(key, digest[:],
			new(big.Int).SetBytes(t.signature[:32]), new(big.Int).SetBytes(t.signature[32:])) {
			return errors.New("the signature does not match")
		}
	default:
		return fmt.Errorf("algorithm %q with a key of type %T", t.alg, key)
	}
	return nil
}
