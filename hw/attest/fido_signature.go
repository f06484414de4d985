package attest

import (
	"crypto/ecdsa"
	"slices"

	"hwmfa/hw"
)

// checkSignature verifies the statement's signature, and nothing about who
// signed.
func (a *attestation) checkSignature(clientDataHash []byte) error {
	alg, key, err := parseKey(a.data.publicKey)
	if err != nil {
		return err
	}
	message := slices.Concat(a.raw, clientDataHash)
	switch {
	case a.format == formatU2F:
		if message, err = a.u2fMessage(key, clientDataHash); err != nil {
			return err
		}
		return checkSignature(algES256, a.certs[0].PublicKey, message, a.sig)
	case len(a.certs) > 0:
		return checkSignature(a.alg, a.certs[0].PublicKey, message, a.sig)
	case alg != a.alg:
		return faultf(ReasonUnsupportedAlgorithm, "self attestation with COSE algorithm %d by a key for %d", a.alg, alg)
	}
	return checkSignature(alg, key, message, a.sig)
}

// u2fMessage rebuilds what a U2F key signs (WebAuthn §8.6). The flags, the
// counter, the AAGUID, extensions and the key's encoding are not part of it:
// whatever U2F could not have said in them was put in by somebody else.
func (a *attestation) u2fMessage(key any, clientDataHash []byte) ([]byte, error) {
	point, ok := key.(*ecdsa.PublicKey)
	if !ok || !isCanonicalES256(a.data.publicKey, point) {
		return nil, faultf(ReasonBadPublicKey, "not the P-256 key of a U2F registration")
	}
	if a.data.flags != flagUserPresent|flagCredential || a.data.aaguid != (hw.AAGUID{}) {
		return nil, faultf(ReasonUncoveredClaim, "flags %#02x and AAGUID %s in a U2F statement", a.data.flags, a.data.aaguid)
	}
	public, err := point.Bytes()
	if err != nil {
		return nil, faultf(ReasonBadPublicKey, "%v", err)
	}
	return slices.Concat([]byte{0}, a.data.rpIDHash[:], clientDataHash, a.data.credentialID, public), nil
}
