package attest

import (
	"bytes"
	"crypto"
	"slices"
	"testing"

	"hwmfa/hw"
)

func TestComparePIV(t *testing.T) {
	root := newCA(t, "Yubico PIV Root CA", nil)
	trusted := Verifier{Anchors: trusting(t, root), Now: asOf}
	forge := newPIV(t, &root)
	f9 := certify(t, forge.f9, forge.f9Key, &root)
	slotKey := newKey(t)
	attested := func(key crypto.Signer) hw.PIVEvidence {
		return hw.PIVEvidence{F9: f9.cert.Raw, Slots: []hw.PIVSlot{{Slot: 0x9a, Certificate: certify(t, forge.leaf, key, &f9).cert.Raw}}}
	}
	// Each attestation is signed anew, so the certificates differ.
	before, again, regenerated := attested(slotKey), attested(slotKey), attested(newKey(t))
	if bytes.Equal(again.Slots[0].Certificate, before.Slots[0].Certificate) {
		t.Fatal("attested again, and the certificate is the same")
	}
	empty := hw.PIVEvidence{F9: f9.cert.Raw}
	other := newPIV(t, &root).make(t)
	untrusted := newCA(t, "Somebody", nil)
	overwritten := newPIV(t, &untrusted).make(t)
	moved := hw.PIVEvidence{F9: f9.cert.Raw, Slots: slices.Clone(again.Slots)}
	moved.Slots[0].Slot = 0x9c
	broken := hw.PIVEvidence{F9: f9.cert.Raw, Slots: []hw.PIVSlot{{Slot: 0x9a, Certificate: []byte{0x30}}}}
	for _, tt := range []struct {
		name        string
		v           Verifier
		before, now hw.PIVEvidence
		serial      string
		want        Likeness
	}{
		{"the same evidence", trusted, before, before, "7654321", LikenessIntact},
		{"the same key, attested again", trusted, before, again, "7654321", LikenessIntact},
		{"the same key, and the serial is not known", trusted, before, again, "", LikenessIntact},
		{"the same key beside a new one", trusted, before, hw.PIVEvidence{F9: f9.cert.Raw, Slots: []hw.PIVSlot{{Slot: 0x9c, Certificate: []byte{1}}, again.Slots[0]}}, "7654321", LikenessIntact},
		{"another key in the slot", trusted, before, regenerated, "7654321", LikenessChanged},
		{"the slot is empty", trusted, before, empty, "7654321", LikenessChanged},
		{"the key says it is in another slot", trusted, before, moved, "7654321", LikenessChanged},
		{"attested for another serial than is shown", trusted, before, again, "7654322", LikenessChanged},
		{"an attestation that does not parse", trusted, before, broken, "7654321", LikenessChanged},
		{"nobody trusts the maker", Verifier{Anchors: trusting(t, untrusted), Now: asOf}, before, again, "7654321", LikenessChanged},
		{"another genuine f9", trusted, before, other, "7654321", LikenessForeign},
		{"an f9 that its owner wrote over", trusted, before, overwritten, "7654321", LikenessChanged},
		{"an f9 that is gone", trusted, before, hw.PIVEvidence{}, "7654321", LikenessChanged},
		{"f9 alone, which many keys share", trusted, empty, empty, "7654321", LikenessUnknown},
		{"nothing was attested before", trusted, hw.PIVEvidence{}, before, "7654321", LikenessUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.v.ComparePIV(tt.before, tt.now, tt.serial); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
