package attest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"math/big"

	"github.com/fxamacker/cbor/v2"
)

// algES256 is the one algorithm of U2F, and what this program asks keys for.
const algES256 = -7

// algorithm is a COSE signature algorithm and the keys it goes with. SHA-1
// (RS1, -65535) is left out on purpose.
type algorithm struct {
	x509  x509.SignatureAlgorithm
	curve elliptic.Curve // nil unless ECDSA
	crv   int64          // COSE's number of the curve
}

// algorithms is the part of IANA's "COSE Algorithms" that keys attest with.
var algorithms = map[int64]algorithm{
	algES256: {x509: x509.ECDSAWithSHA256, curve: elliptic.P256(), crv: 1},
	-35:      {x509: x509.ECDSAWithSHA384, curve: elliptic.P384(), crv: 2},
	-36:      {x509: x509.ECDSAWithSHA512, curve: elliptic.P521(), crv: 3},
	-8:       {x509: x509.PureEd25519, crv: 6},
	-37:      {x509: x509.SHA256WithRSAPSS},
	-257:     {x509: x509.SHA256WithRSA},
}

// checkSignature verifies sig over message with a COSE algorithm. WebAuthn
// binds each ECDSA algorithm to one curve (§5.8.5); crypto/x509 does not.
func checkSignature(alg int64, key crypto.PublicKey, message, sig []byte) error {
	a, ok := algorithms[alg]
	if !ok {
		return faultf(ReasonUnsupportedAlgorithm, "COSE algorithm %d", alg)
	}
	if ec, ok := key.(*ecdsa.PublicKey); ok && ec.Curve != a.curve {
		return faultf(ReasonAlgorithmMismatch, "COSE algorithm %d with a key on %s", alg, ec.Curve.Params().Name)
	}
	holder := x509.Certificate{PublicKey: key}
	if err := holder.CheckSignature(a.x509, message, sig); err != nil {
		return faultf(ReasonBadSignature, "%v", err)
	}
	return nil
}

// coseKey is a COSE_Key (RFC 9053 §7) with the fields of the three kinds in
// use. Of an RSA key -1 is the modulus and -2 the exponent.
type coseKey struct {
	Kty int64           `cbor:"1,keyasint"`
	Alg int64           `cbor:"3,keyasint"`
	P1  cbor.RawMessage `cbor:"-1,keyasint"`
	P2  cbor.ByteString `cbor:"-2,keyasint,omitempty"`
	P3  cbor.ByteString `cbor:"-3,keyasint,omitempty"`
}

// The kinds of COSE key (RFC 9053 §7, RFC 8230 §4).
const (
	ktyOKP = 1
	ktyEC2 = 2
	ktyRSA = 3
)

// parseKey reads a credential's public key and the algorithm it is for.
func parseKey(raw []byte) (alg int64, key crypto.PublicKey, err error) {
	var k coseKey
	if err := strict.Unmarshal(raw, &k); err != nil {
		return 0, nil, faultf(ReasonBadPublicKey, "COSE key: %v", err)
	}
	a, ok := algorithms[k.Alg]
	if !ok {
		return 0, nil, faultf(ReasonBadPublicKey, "COSE key of algorithm %d, which is not known", k.Alg)
	}
	switch {
	case k.Kty == ktyEC2 && a.curve != nil && k.onCurve(a.crv):
		size := (a.curve.Params().BitSize + 7) / 8
		point := append([]byte{4}, k.P2+k.P3...)
		if len(k.P2) != size || len(k.P3) != size {
			return 0, nil, faultf(ReasonBadPublicKey, "coordinates of %d and %d bytes", len(k.P2), len(k.P3))
		}
		key, err = ecdsa.ParseUncompressedPublicKey(a.curve, point)
	case k.Kty == ktyOKP && a.x509 == x509.PureEd25519 && k.onCurve(a.crv):
		if len(k.P2) != ed25519.PublicKeySize || len(k.P3) != 0 {
			return 0, nil, faultf(ReasonBadPublicKey, "Ed25519 key of %d bytes", len(k.P2))
		}
		key = ed25519.PublicKey(k.P2)
	case k.Kty == ktyRSA && a.curve == nil && a.x509 != x509.PureEd25519:
		key, err = k.rsa()
	default:
		return 0, nil, faultf(ReasonBadPublicKey, "COSE key type %d does not go with algorithm %d", k.Kty, k.Alg)
	}
	if err != nil {
		return 0, nil, faultf(ReasonBadPublicKey, "%v", err)
	}
	return k.Alg, key, nil
}

func (k coseKey) onCurve(want int64) bool {
	var crv int64
	return strict.Unmarshal(k.P1, &crv) == nil && crv == want
}

func (k coseKey) rsa() (*rsa.PublicKey, error) {
	var n cbor.ByteString
	if err := strict.Unmarshal(k.P1, &n); err != nil {
		return nil, err
	}
	e := new(big.Int).SetBytes([]byte(k.P2))
	if len(n) < 256 || len(n) > 512 || len(k.P2) > 4 || e.BitLen() > 31 || e.Bit(0) == 0 || len(k.P3) != 0 {
		return nil, faultf(ReasonBadPublicKey, "RSA modulus of %d bytes, exponent %v", len(n), e)
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes([]byte(n)), E: int(e.Int64())}, nil
}

// isCanonicalES256 says whether raw is an ES256 key in the one encoding that
// CTAP2 allows.
func isCanonicalES256(raw []byte) bool {
	const x, y = 10, 10 + 32 + 3 // where the coordinates begin
	return len(raw) == y+32 &&
		bytes.Equal(raw[:x], []byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}) &&
		bytes.Equal(raw[x+32:y], []byte{0x22, 0x58, 0x20})
}
