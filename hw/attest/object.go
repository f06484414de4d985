package attest

import (
	"github.com/fxamacker/cbor/v2"
)

// Bounds of what a key sends. CTAP's own limit of a message is 7609 bytes
// (CTAP 2.1 §11.2.4); an object of a long chain is a little larger.
const (
	maxObject      = 64 << 10 // bytes of an attestation object
	maxCertificate = 16 << 10 // bytes of one certificate
	maxChain       = 8        // certificates in x5c
)

// decoding is CTAP2's CBOR (CTAP 2.1 §8) as far as it bears on meaning: map
// keys by exact letter case, each once, none unknown; no tags, no indefinite
// lengths, nothing behind the end. The order of keys is left alone, because
// browsers and libraries write these maps anew.
var decoding = cbor.DecOptions{
	DupMapKey:         cbor.DupMapKeyEnforcedAPF,
	ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	IndefLength:       cbor.IndefLengthForbidden,
	TagsMd:            cbor.TagsForbidden,
	MaxNestedLevels:   8,
	MaxArrayElements:  64,
	MaxMapPairs:       64,
}

// strict is decoding made ready once.
var strict = func() cbor.DecMode {
	m, err := decoding.DecMode()
	if err != nil {
		panic("attest: " + err.Error()) // a wrong table above
	}
	return m
}()

// object is a WebAuthn attestation object (WebAuthn §6.5.4). cbor.ByteString
// and not []byte, because the decoder takes an array of numbers for the latter.
type object struct {
	Format   string          `cbor:"fmt"`
	AttStmt  cbor.RawMessage `cbor:"attStmt"`
	AuthData cbor.ByteString `cbor:"authData"`
}

// packedStatement is the attStmt of format packed (WebAuthn §8.2). Without x5c
// it is self attestation, or ECDAA, which WebAuthn Level 1 had beside it.
type packedStatement struct {
	Alg   int64             `cbor:"alg"`
	Sig   cbor.ByteString   `cbor:"sig"`
	X5C   []cbor.ByteString `cbor:"x5c"`
	ECDAA cbor.ByteString   `cbor:"ecdaaKeyId"`
}

// u2fStatement is the attStmt of format fido-u2f (WebAuthn §8.6).
type u2fStatement struct {
	Sig cbor.ByteString   `cbor:"sig"`
	X5C []cbor.ByteString `cbor:"x5c"`
}

func decodeObject(raw []byte) (object, error) {
	var o object
	if len(raw) > maxObject {
		return o, faultf(ReasonMalformed, "attestation object of %d bytes, at most %d", len(raw), maxObject)
	}
	if err := strict.Unmarshal(raw, &o); err != nil {
		return o, faultf(ReasonMalformed, "attestation object: %v", err)
	}
	if o.Format == "" || len(o.AuthData) == 0 || len(o.AttStmt) == 0 {
		return o, faultf(ReasonMalformed, "attestation object without fmt, attStmt or authData")
	}
	return o, nil
}
