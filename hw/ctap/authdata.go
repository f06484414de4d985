package ctap

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"hwmfa/hw"
)

// ErrBadSignature: the assertion was not made by the key that the public key
// belongs to, or not over these data.
var ErrBadSignature = errors.New("signature does not match")

// Layout of authenticator data (WebAuthn §6.1): the hash of the RP ID, one
// byte of flags, a counter, then attested credential data and extensions.
const (
	authDataSize   = sha256.Size + 1 + 4
	attestedOffset = authDataSize + 16 + 2
	maxCredential  = 1023 // bytes of a credential ID (WebAuthn §4)

	flagUserPresent  = 0x01
	flagUserVerified = 0x04
	flagAttested     = 0x40
)

// checkAuthData returns the flags of authenticator data that is about rpID.
func checkAuthData(b []byte, rpID string) (flags byte, err error) {
	if len(b) < authDataSize {
		return 0, fmt.Errorf("authenticator data of %d bytes: %w", len(b), hw.ErrMalformed)
	}
	if hash := sha256.Sum256([]byte(rpID)); !bytes.Equal(b[:sha256.Size], hash[:]) {
		return 0, fmt.Errorf("authenticator data about another relying party: %w", hw.ErrMalformed)
	}
	return b[sha256.Size], nil
}

// checkAttested says whether authenticator data carries a new ES256 credential
// for rpID.
func checkAttested(b []byte, rpID string) error {
	flags, err := checkAuthData(b, rpID)
	if err != nil {
		return err
	}
	if flags&flagAttested == 0 || len(b) < attestedOffset {
		return fmt.Errorf("authenticator data without a credential: %w", hw.ErrMalformed)
	}
	size := int(binary.BigEndian.Uint16(b[attestedOffset-2:]))
	if size == 0 || size > maxCredential || size > len(b)-attestedOffset {
		return fmt.Errorf("credential ID of %d bytes: %w", size, hw.ErrMalformed)
	}
	var key raw
	if _, err := decMode.UnmarshalFirst(b[attestedOffset+size:], &key); err != nil {
		return fmt.Errorf("credential public key: %w: %w", hw.ErrMalformed, err)
	}
	_, err = readCOSEKey(key, algES256)
	return err
}

// COSE (RFC 9053): an elliptic-curve key on P-256, and the algorithms that
// CTAP names for it.
const (
	coseKty  = 1
	coseAlg  = 3
	coseCrv  = -1
	coseX    = -2
	coseY    = -3
	coseEC2  = 2
	coseP256 = 1

	algES256  = -7
	algECDHES = -25 // ECDH-ES+HKDF-256, the name that key agreement goes by
	p256Size  = 32
)

// readCOSEKey reads a P-256 public key of the given algorithm and returns the
// point, uncompressed. A point off the curve is refused.
func readCOSEKey(b raw, alg int) ([]byte, error) {
	m, err := readFields(b)
	if err != nil {
		return nil, fmt.Errorf("COSE key: %w", err)
	}
	for _, want := range []struct {
		key   int64
		name  string
		value int
	}{{coseKty, "kty", coseEC2}, {coseAlg, "alg", alg}, {coseCrv, "crv", coseP256}} {
		var got int
		if err := needed(m, want.key, want.name, readInt, &got); err != nil {
			return nil, fmt.Errorf("COSE key: %w", err)
		}
		if got != want.value {
			return nil, fmt.Errorf("COSE key: %s is %d: %w", want.name, got, hw.ErrMalformed)
		}
	}
	point := []byte{4}
	for _, c := range []struct {
		key  int64
		name string
	}{{coseX, "x"}, {coseY, "y"}} {
		var v []byte
		if err := needed(m, c.key, c.name, readBytes, &v); err != nil {
			return nil, fmt.Errorf("COSE key: %w", err)
		}
		if len(v) != p256Size {
			return nil, fmt.Errorf("COSE key: %s of %d bytes: %w", c.name, len(v), hw.ErrMalformed)
		}
		point = append(point, v...)
	}
	if _, err := ecdh.P256().NewPublicKey(point); err != nil {
		return nil, fmt.Errorf("COSE key: %w: %w", hw.ErrMalformed, err)
	}
	return point, nil
}

// coseKey is a public key as COSE writes it, for the algorithm.
func coseKey(k *ecdh.PublicKey, alg int) map[int]any {
	point := k.Bytes()
	return map[int]any{
		coseKty: coseEC2, coseAlg: alg, coseCrv: coseP256,
		coseX: point[1 : 1+p256Size], coseY: point[1+p256Size:],
	}
}

// VerifyAssertion checks an ES256 assertion against the public key of the
// credential (a COSE key): about the right relying party, and signed over
// authenticator data and clientDataHash. ErrBadSignature when it is not this
// key's. Flags are not judged: read a.AuthData or UserPresent.
func VerifyAssertion(publicKeyCOSE, clientDataHash []byte, rpID string, a *Assertion) error {
	point, err := readCOSEKey(publicKeyCOSE, algES256)
	if err != nil {
		return fmt.Errorf("verifying assertion: %w", err)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return fmt.Errorf("verifying assertion: %w: %w", hw.ErrMalformed, err)
	}
	flags, err := checkAuthData(a.AuthData, rpID)
	if err != nil {
		return fmt.Errorf("verifying assertion: %w", err)
	}
	if a.UserPresent != (flags&flagUserPresent != 0) || a.UserVerified != (flags&flagUserVerified != 0) {
		return fmt.Errorf("verifying assertion: user presence or verification is not what was signed: %w", hw.ErrMalformed)
	}
	hash := sha256.New()
	hash.Write(a.AuthData)
	hash.Write(clientDataHash)
	if !ecdsa.VerifyASN1(key, hash.Sum(nil), a.Signature) {
		return fmt.Errorf("verifying assertion: %w", ErrBadSignature)
	}
	return nil
}
