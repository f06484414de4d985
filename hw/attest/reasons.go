package attest

import (
	"errors"
	"fmt"

	"hwmfa/hw"
)

// Reasons are the stable words of a statement that is not verified. Other
// programs match on them: a word may be added, and never changes its meaning.
//
// Each word belongs to one status, given in the table below.
const (
	// absent: nothing was there to judge.

	ReasonNoEvidence    = "no_evidence"     // the key handed over nothing
	ReasonNoAttestedKey = "no_attested_key" // PIV: f9 holds, and no slot has an attested key: a model at most, never which key

	// refused: genuine perhaps, and no evidence of a hardware key.

	ReasonNoAttestation       = "none_attestation"     // format none: the key, or the browser, withheld it
	ReasonSelfAttestation     = "self_attestation"     // signed by the credential itself, which any software can do
	ReasonPlatformAttestation = "platform_attestation" // tpm, apple, android: a computer or phone, no key to put in a safe
	ReasonUnknownFormat       = "unknown_format"       // a format this program cannot judge
	ReasonSyncable            = "syncable"             // the credential may be copied off the key (backup eligible)
	ReasonPasskeyProvider     = "passkey_provider"     // the AAGUID of a password manager or a platform, whose name is in the detail
	ReasonModelCompromised    = "model_compromised"    // the metadata says that the model is revoked, or its keys or PIN can be broken

	// untrusted: nothing is wrong as far as it can be judged, and nobody we know
	// vouches for it today.

	ReasonNoAnchor               = "no_anchor"                 // no chain to a trust anchor that may vouch for this
	ReasonUnsupportedAlgorithm   = "unsupported_algorithm"     // signed with an algorithm that this program does not know, or does not believe any more (SHA-1)
	ReasonCertificateExpired     = "certificate_expired"       // past its last day
	ReasonCertificateNotYetValid = "certificate_not_yet_valid" // before its first day; this machine's clock may be wrong

	// invalid: something is wrong.

	ReasonMalformed               = "malformed"                // breaks its encoding, or a bound
	ReasonBadClientData           = "bad_client_data"          // the client data hash is not 32 bytes
	ReasonRPMismatch              = "rp_mismatch"              // made for another relying party
	ReasonUserNotPresent          = "user_not_present"         // made without a touch
	ReasonNoCredential            = "no_credential"            // the authenticator data holds no credential
	ReasonBadPublicKey            = "bad_public_key"           // the credential's public key cannot be used
	ReasonAlgorithmMismatch       = "algorithm_mismatch"       // a signature algorithm that does not go with the key
	ReasonBadSignature            = "bad_signature"            // the signature does not match
	ReasonUncoveredClaim          = "uncovered_claim"          // fido-u2f: a claim outside of what U2F signs
	ReasonUnreadableCertificate   = "unreadable_certificate"   // a certificate does not parse
	ReasonCertificateRequirements = "certificate_requirements" // a certificate lacks what its role demands (WebAuthn §8.2.1)
	ReasonAAGUIDMismatch          = "aaguid_mismatch"          // certificate and authenticator data name different models
	ReasonBadExtension            = "bad_extension"            // a vendor extension breaks its format
	ReasonNoF9                    = "no_f9"                    // PIV: the attestation certificate is missing
	ReasonNotF9                   = "not_f9"                   // PIV: the certificate given as f9 is another one
	ReasonNotSlotCertificate      = "not_slot_certificate"     // PIV: the certificate given for a slot attests no slot (f9 in its place)
	ReasonSlotMismatch            = "slot_mismatch"            // PIV: attests another slot than the one it was read for
	ReasonUnknownSlot             = "unknown_slot"             // PIV: no slot of a PIV card
	ReasonDuplicateSlot           = "duplicate_slot"           // PIV: the evidence holds this slot twice
	ReasonWrongIssuer             = "wrong_issuer"             // PIV: not issued by the f9 given with it
	ReasonSerialMismatch          = "serial_mismatch"          // PIV: attests another serial than the one read
)

// statusOf is the other half of the table; what it does not name is invalid.
var statusOf = map[string]hw.Status{
	ReasonNoEvidence:          hw.StatusAbsent,
	ReasonNoAttestedKey:       hw.StatusAbsent,
	ReasonNoAttestation:       hw.StatusRefused,
	ReasonSelfAttestation:     hw.StatusRefused,
	ReasonPlatformAttestation: hw.StatusRefused,
	ReasonUnknownFormat:       hw.StatusRefused,
	ReasonSyncable:            hw.StatusRefused,
	ReasonPasskeyProvider:     hw.StatusRefused,
	ReasonModelCompromised:    hw.StatusRefused,
	ReasonNoAnchor:            hw.StatusUntrusted,

	ReasonUnsupportedAlgorithm:   hw.StatusUntrusted,
	ReasonCertificateExpired:     hw.StatusUntrusted,
	ReasonCertificateNotYetValid: hw.StatusUntrusted,
}

// fault is why verification stopped.
type fault struct {
	reason string
	detail string
}

func (f *fault) Error() string { return f.reason + ": " + f.detail }

func faultf(reason, format string, args ...any) error {
	return &fault{reason: reason, detail: fmt.Sprintf(format, args...)}
}

// isDoubt says of an error that it keeps evidence from being judged, and does
// not make it wrong. What is wrong besides counts first.
func isDoubt(err error) bool {
	status, _, _ := verdict(err)
	return status == hw.StatusUntrusted
}

// verdict turns the outcome of verification into the words of a statement.
func verdict(err error) (status hw.Status, reason, detail string) {
	if err == nil {
		return hw.StatusVerified, "", ""
	}
	f, ok := errors.AsType[*fault](err)
	if !ok {
		f = &fault{reason: ReasonMalformed, detail: err.Error()}
	}
	status, ok = statusOf[f.reason]
	if !ok {
		status = hw.StatusInvalid
	}
	return status, f.reason, f.detail
}
