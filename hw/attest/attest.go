// Package attest says what attestation proves: it takes the bytes a key handed
// over, and gives back a statement with the trust anchor it reached or the
// reason it did not reach one.
//
// It is pure. It opens nothing, asks no network (no CRL, no OCSP, no metadata
// service), and knows no time but the one it is given, so that stored evidence
// gives the same statement years later. It never changes what it is given.
//
// A statement is about a model, or about one key, and never about a person: a
// FIDO attestation certificate and a PIV f9 certificate are shared by many keys.
// What ties them to the key at hand is the challenge inside the signed bytes
// (FIDO), or the serial number and the freshly generated key (PIV).
package attest

import (
	"time"

	"hwmfa/hw"
)

// Verifier judges evidence against Anchors as of Now. Both are needed: without
// Anchors everything is untrusted, and the zero Now lies before every
// certificate. A Verifier may be used by several goroutines as long as nobody
// adds to its Anchors.
type Verifier struct {
	Anchors *Anchors
	Now     time.Time
}

// FIDO judges one attested makeCredential. What the statement takes from the
// authenticator data (AAGUID, credential, flags) is the key's claim until Status
// is verified; what it takes from the certificate (Firmware, FIPS, Serial) is
// filled in only then.
func (v Verifier) FIDO(ev hw.FIDOEvidence) hw.FIDOStatement {
	return hw.FIDOStatement{Status: hw.StatusAbsent, Reason: ReasonNoEvidence}
}

// PIV judges what reading the PIV application gave, one statement a slot in
// the order of the evidence. serial is the number read from the key by another
// path, "" when unknown. Evidence without an attested key gives one statement
// of status absent: f9 alone proves a model at most, never which key it is.
func (v Verifier) PIV(ev hw.PIVEvidence, serial string) []hw.PIVStatement {
	return []hw.PIVStatement{{Status: hw.StatusAbsent, Reason: ReasonNoEvidence}}
}
