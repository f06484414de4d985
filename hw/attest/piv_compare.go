package attest

import (
	"bytes"

	"hwmfa/hw"
)

// Likeness says how a key's PIV application compares with what it attested
// before.
type Likeness string

// What comparing PIV evidence can come to.
const (
	// LikenessUnknown: one of the two attests nothing that tells keys apart.
	LikenessUnknown Likeness = "unknown"
	// LikenessIntact: at least one slot attests the same key as before, verified
	// now. No other YubiKey can hold that key: only generated ones are attested.
	LikenessIntact Likeness = "intact"
	// LikenessChanged: none of the keys attested before is there any more. The
	// same happens on a PIV reset and on another key.
	LikenessChanged Likeness = "changed"
	// LikenessForeign: another genuine attestation certificate, which the maker
	// puts in and no reset takes out: another key.
	LikenessForeign Likeness = "foreign"
)

// ComparePIV holds what a key's PIV application attests now against evidence
// from before. serial is as for PIV. An equal f9 alone shows nothing, because
// many keys share it. Nothing here proves presence: attestations can be
// replayed, and the attested keys were not asked to sign.
func (v Verifier) ComparePIV(before, now hw.PIVEvidence, serial string) Likeness {
	if len(before.F9) == 0 {
		return LikenessUnknown
	}
	if !bytes.Equal(before.F9, now.F9) {
		_, errBefore := v.judgeF9(before)
		_, errNow := v.judgeF9(now)
		if errBefore == nil && errNow == nil {
			return LikenessForeign
		}
		// The owner may have written over a certificate.
		return LikenessChanged
	}
	if len(before.Slots) == 0 {
		return LikenessUnknown
	}
	statements := v.PIV(now, serial)
	for i, slot := range now.Slots {
		if statements[i].Status == hw.StatusVerified && holds(before, slot) {
			return LikenessIntact
		}
	}
	return LikenessChanged
}

// holds says whether the evidence has the public key of a slot in that slot.
func holds(ev hw.PIVEvidence, slot hw.PIVSlot) bool {
	c, err := parseCertificate(slot.Certificate)
	if err != nil {
		return false
	}
	for _, s := range ev.Slots {
		if s.Slot != slot.Slot {
			continue
		}
		if b, err := parseCertificate(s.Certificate); err == nil && bytes.Equal(b.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo) {
			return true
		}
	}
	return false
}
