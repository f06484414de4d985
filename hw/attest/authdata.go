package attest

import (
	"encoding/binary"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// The flags of authenticator data (WebAuthn §6.1).
const (
	flagUserPresent    = 0x01
	flagUserVerified   = 0x04
	flagBackupEligible = 0x08
	flagBackupState    = 0x10
	flagCredential     = 0x40
	flagExtensions     = 0x80
)

// maxCredentialID is WebAuthn's bound (§7.1 step 25), in bytes.
const maxCredentialID = 1023

// authData is authenticator data with an attested credential (WebAuthn §6.1,
// §6.5.2). Its slices are copies.
type authData struct {
	rpIDHash     [32]byte
	flags        byte
	counter      uint32
	aaguid       hw.AAGUID
	credentialID []byte
	publicKey    []byte // COSE key as sent
}

func (d authData) has(flag byte) bool { return d.flags&flag != 0 }

func parseAuthData(raw []byte) (authData, error) {
	var d authData
	const head = 32 + 1 + 4
	if len(raw) < head {
		return d, faultf(ReasonMalformed, "authenticator data of %d bytes", len(raw))
	}
	copy(d.rpIDHash[:], raw)
	d.flags = raw[32]
	d.counter = binary.BigEndian.Uint32(raw[33:])
	if d.has(flagBackupState) && !d.has(flagBackupEligible) {
		return d, faultf(ReasonMalformed, "flags %#02x: backed up, and not eligible for it", d.flags)
	}
	if !d.has(flagCredential) {
		return d, faultf(ReasonNoCredential, "flags %#02x: no attested credential", d.flags)
	}
	rest := raw[head:]
	if len(rest) < 18 {
		return d, faultf(ReasonMalformed, "authenticator data ends within the credential")
	}
	copy(d.aaguid[:], rest)
	n := int(binary.BigEndian.Uint16(rest[16:]))
	rest = rest[18:]
	if n == 0 || n > maxCredentialID || n > len(rest) {
		return d, faultf(ReasonMalformed, "credential ID of %d bytes", n)
	}
	d.credentialID = append([]byte(nil), rest[:n]...)
	rest = rest[n:]

	var key cbor.RawMessage
	after, err := strict.UnmarshalFirst(rest, &key)
	if err != nil {
		return d, faultf(ReasonMalformed, "public key: %v", err)
	}
	d.publicKey = append([]byte(nil), rest[:len(rest)-len(after)]...)
	if !d.has(flagExtensions) {
		if len(after) != 0 {
			return d, faultf(ReasonMalformed, "%d bytes behind the authenticator data", len(after))
		}
		return d, nil
	}
	var extensions map[string]cbor.RawMessage
	if err := strict.Unmarshal(after, &extensions); err != nil {
		return d, faultf(ReasonMalformed, "extensions: %v", err)
	}
	return d, nil
}
