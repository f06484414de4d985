package attest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"slices"
)

// checkSignature verifies the statement's signature, and nothing about who
// signed.
func (a *attestation) checkSignature(clientDataHash []byte) error {
	if a.ecdaa {
		return faultf(ReasonUnsupportedAlgorithm, "ECDAA")
	}
	if a.format == formatU2F {
		message, err := a.u2fMessage(clientDataHash)
		if err != nil {
			return err
		}
		return checkSignature(algES256, a.certs[0].PublicKey, message, a.sig)
	}
	message := slices.Concat(a.raw, clientDataHash)
	if len(a.certs) > 0 {
		return checkSignature(a.alg, a.certs[0].PublicKey, message, a.sig)
	}
	alg, key, err := parseKey(a.data.publicKey)
	if err != nil {
		return err
	}
	if alg != a.alg {
		return faultf(ReasonAlgorithmMismatch, "self attestation with COSE algorithm %d by a key for %d", a.alg, alg)
	}
	return checkSignature(alg, key, message, a.sig)
}

// u2fMessage rebuilds what a U2F key signs (WebAuthn §8.6).
func (a *attestation) u2fMessage(clientDataHash []byte) ([]byte, error) {
	_, key, err := parseKey(a.data.publicKey)
	if err != nil {
		return nil, err
	}
	point, ok := key.(*ecdsa.PublicKey)
	if !ok || point.Curve != elliptic.P256() {
		return nil, faultf(ReasonBadPublicKey, "not the P-256 key of a U2F registration")
	}
	public, err := point.Bytes()
	if err != nil {
		return nil, faultf(ReasonBadPublicKey, "%v", err)
	}
	return slices.Concat([]byte{0}, a.data.rpIDHash[:], clientDataHash, a.data.credentialID, public), nil
}

// checkCredential wants a public key that assertions can be checked with later,
// and looks for claims that the signature does not cover. U2F signs no
// flags, counter, AAGUID or extensions, and of the key only its point: whatever
// U2F could not have said there was put in by somebody else.
func (a *attestation) checkCredential() error {
	if a.format != formatU2F {
		_, _, err := parseKey(a.data.publicKey)
		return err
	}
	if d := a.data; d.flags != flagUserPresent|flagCredential || d.counter != 0 || !d.aaguid.IsZero() {
		return faultf(ReasonUncoveredClaim, "flags %#02x, counter %d and AAGUID %s in a U2F statement", d.flags, d.counter, d.aaguid)
	}
	if !isCanonicalES256(a.data.publicKey) {
		return faultf(ReasonUncoveredClaim, "public key in another encoding than CTAP2's")
	}
	return nil
}
