package ctap

import (
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"slices"

	"hwmfa/hw"
)

// What U2F says, in the words of CTAP2 (CTAP 2.1 §10, "Interoperating with
// CTAP1/U2F authenticators"), so that both are judged by the same code.

const (
	formatU2F = "fido-u2f"
	// maxHandle bounds a U2F key handle: one byte has its length.
	maxHandle = 255
	pointSize = 1 + 2*p256Size
	// registration is what a REGISTER answer begins with, of which the rest is
	// kept for compatibility only.
	registration = 0x05
)

// u2fData is what REGISTER and AUTHENTICATE begin with: the challenge, which is
// the client data hash, and the relying party's hash. A key that speaks CTAP2
// is not asked: what U2F makes on it is less than it could do.
func (d *Device) u2fData(rpID string, clientDataHash []byte) ([]byte, error) {
	switch {
	case d.caps.CBOR:
		return nil, fmt.Errorf("key speaks CTAP2, U2F is for those that do not: %w", hw.ErrUnsupported)
	case d.caps.NMSG:
		return nil, fmt.Errorf("key does not speak U2F: %w", hw.ErrUnsupported)
	case len(clientDataHash) != sha256.Size || rpID == "":
		return nil, fmt.Errorf("want a relying party and a hash of %d bytes", sha256.Size)
	}
	application := sha256.Sum256([]byte(rpID))
	return slices.Concat(clientDataHash, application[:]), nil
}

// u2fAttestation turns the answer to REGISTER into an attestation object
// (CTAP 2.1 §10.2). Certificate and signature are taken over byte for byte.
func u2fAttestation(b []byte, rpID string) ([]byte, error) {
	const fixed = 1 + pointSize + 1
	if len(b) < fixed || b[0] != registration {
		return nil, fmt.Errorf("registration of %d bytes: %w", len(b), hw.ErrMalformed)
	}
	key, err := ecdh.P256().NewPublicKey(b[1 : 1+pointSize])
	if err != nil {
		return nil, fmt.Errorf("registered public key: %w: %w", hw.ErrMalformed, err)
	}
	size, rest := int(b[fixed-1]), b[fixed:]
	if size == 0 || size > len(rest) {
		return nil, fmt.Errorf("key handle of %d bytes: %w", size, hw.ErrMalformed)
	}
	handle := rest[:size]
	certificate, rest, err := derSequence(rest[size:])
	if err != nil {
		return nil, fmt.Errorf("attestation certificate: %w", err)
	}
	signature, err := derSignature(rest)
	if err != nil {
		return nil, err
	}
	public, err := encode(coseKey(key, algES256))
	if err != nil {
		return nil, err
	}
	statement, err := encode(map[string]any{"sig": signature, "x5c": [][]byte{certificate}})
	if err != nil {
		return nil, err
	}
	data := u2fAuthData(rpID, flagUserPresent|flagAttested, 0)
	data = append(data, make([]byte, len(hw.AAGUID{}))...)
	data = binary.BigEndian.AppendUint16(data, uint16(size))
	data = slices.Concat(data, handle, public)
	return encode(attestation{Format: formatU2F, Statement: statement, AuthData: data})
}

// u2fAssertion turns the answer to AUTHENTICATE into that to getAssertion
// (CTAP 2.1 §10.3). What U2F signs is authenticator data and client data hash.
func u2fAssertion(b []byte, rpID string, id []byte) (*Assertion, error) {
	const fixed = 1 + 4 // user presence and counter
	if len(b) < fixed {
		return nil, fmt.Errorf("U2F answer of %d bytes: %w", len(b), hw.ErrMalformed)
	}
	if b[0] != flagUserPresent {
		return nil, fmt.Errorf("user presence %02x after a touch: %w", b[0], hw.ErrMalformed)
	}
	signature, err := derSignature(b[fixed:])
	if err != nil {
		return nil, err
	}
	return &Assertion{
		CredentialID: id, Signature: signature, UserPresent: true,
		AuthData: u2fAuthData(rpID, b[0], binary.BigEndian.Uint32(b[1:])),
	}, nil
}

func u2fAuthData(rpID string, flags byte, counter uint32) []byte {
	hash := sha256.Sum256([]byte(rpID))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), counter)
}

// derSequence takes one whole ASN.1 SEQUENCE off the front.
func derSequence(b []byte) (sequence, rest []byte, err error) {
	var v asn1.RawValue
	rest, err = asn1.Unmarshal(b, &v)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", hw.ErrMalformed, err)
	}
	if v.Class != asn1.ClassUniversal || v.Tag != asn1.TagSequence || !v.IsCompound {
		return nil, nil, fmt.Errorf("no ASN.1 sequence: %w", hw.ErrMalformed)
	}
	return v.FullBytes, rest, nil
}

// derSignature is b, which must be a SEQUENCE and nothing behind it.
func derSignature(b []byte) ([]byte, error) {
	signature, rest, err := derSequence(b)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes behind the signature: %w", len(rest), hw.ErrMalformed)
	}
	return signature, nil
}
