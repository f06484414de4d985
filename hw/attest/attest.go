// Package attest says what attestation proves: it takes the bytes a key handed
// over, and gives back a statement with the trust anchor it reached or the
// reason it did not reach one.
//
// It is pure. It opens nothing, asks no network (no CRL, no OCSP; the FIDO
// Alliance's metadata only as a file that was given), and knows no time but the one it is given, so that stored evidence
// gives the same statement years later. It never changes what it is given.
//
// A statement is about a model, or about one key, and never about a person: a
// FIDO attestation certificate and a PIV f9 certificate are shared by many keys.
// What ties them to the key at hand is the challenge inside the signed bytes
// (FIDO), or the serial number beside a generated key (PIV).
//
// Packed and U2F statements are verified here and not by go-webauthn, which
// judges certificates by the clock of the machine, decodes map keys in any
// letter case and reports fields that U2F does not sign. It is the witness of
// the tests instead: what is verified here, it accepts too.
package attest

import "time"

// Verifier judges evidence against Anchors as of Now. Both are needed: without
// Anchors everything is untrusted, and the zero Now lies before every
// certificate. A Verifier may be used by several goroutines as long as nobody
// adds to its Anchors.
//
// Metadata, where there is one, adds what the FIDO Alliance knows of models:
// it refuses those that are revoked or compromised, names anchors for single
// models, and tells their certification.
type Verifier struct {
	Anchors  *Anchors
	Now      time.Time
	Metadata *Metadata
}
