package attest

import (
	"bytes"
	"flag"
	"slices"
	"testing"

	"hwmfa/hw"
)

// exhaustive makes the flip tests turn every bit of every vector (minutes);
// without it they turn a sample that covers every field of every vector.
var exhaustive = flag.Bool("exhaustive", false, "flip every bit of every real vector")

// stride is how far apart the flipped bits are. Odd and prime, so that over
// many vectors every bit position comes up.
func stride(prime int) int {
	if *exhaustive {
		return 1
	}
	return prime
}

// flip returns b with one bit turned, leaving b alone.
func flip(b []byte, bit int) []byte {
	c := bytes.Clone(b)
	c[bit/8] ^= 1 << (bit % 8)
	return c
}

// TestFlippedFIDO turns bits of real keys' evidence, in the signed bytes, the
// signature and the certificates: none may verify any more.
func TestFlippedFIDO(t *testing.T) {
	anchors := vectorAnchors(t)
	vectors, flips := 0, 0
	for nth, vec := range fidoVectors(t) {
		if !vec.genuine() {
			continue
		}
		vectors++
		fields := signedFields(t, vec.evidence)
		for name, field := range fields {
			at := bytes.Index(vec.evidence.AttestationObject, field)
			if at < 0 {
				t.Fatalf("%s: %s not found", vec.ID, name)
			}
			for bit := nth % stride(67); bit < len(field)*8; bit += stride(67) {
				bad := vec
				bad.evidence.AttestationObject = flip(vec.evidence.AttestationObject, at*8+bit)
				flips++
				if s := bad.judge(anchors); s.Status == hw.StatusVerified {
					t.Errorf("%s: verified with bit %d of %s flipped", vec.ID, bit, name)
				}
			}
		}
		for bit := nth % stride(11); bit < 256; bit += stride(11) {
			bad := vec
			bad.evidence.ClientDataHash = flip(vec.evidence.ClientDataHash, bit)
			flips++
			if s := bad.judge(anchors); s.Status != hw.StatusInvalid || s.Reason != ReasonBadSignature {
				t.Errorf("%s: %s %s with bit %d of the client data hash flipped", vec.ID, s.Status, s.Reason, bit)
			}
		}
		if vec.evidence.RPID != "" {
			bad := vec
			bad.evidence.RPID += "x"
			if s := bad.judge(anchors); s.Reason != ReasonRPMismatch {
				t.Errorf("%s: %s %s for another relying party", vec.ID, s.Status, s.Reason)
			}
		}
	}
	if vectors < 54 {
		t.Errorf("%d genuine vectors, want 54 or more", vectors)
	}
	t.Logf("%d flips in %d genuine vectors", flips, vectors)
}

// signedFields are the parts of the object that count. A self-signed root that
// a key sends along does not: the one we hold is used.
func signedFields(t *testing.T, ev hw.FIDOEvidence) map[string][]byte {
	t.Helper()
	o, st, err := statementOf(ev)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string][]byte{"authData": []byte(o.AuthData), "sig": st["sig"].([]byte)}
	certs, err := certificatesOf(ev)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range certs {
		if !isSelfIssued(c) {
			fields["certificate "+string(rune('0'+i))] = c.Raw
		}
	}
	return fields
}

// TestFlippedPIV does the same to slot and f9 certificates.
func TestFlippedPIV(t *testing.T) {
	v := Verifier{Anchors: yubico(t), Now: asOf}
	flips := 0
	for nth, vec := range pivVectors(t) {
		ev := vec.evidence(t)
		if vec.F9 == "" {
			continue
		}
		slot, f9 := ev.Slots[0].Certificate, ev.F9
		for bit := nth % stride(71); bit < len(slot)*8; bit += stride(71) {
			bad := ev
			bad.Slots = []hw.PIVSlot{{Slot: ev.Slots[0].Slot, Certificate: flip(slot, bit)}}
			flips++
			if s := v.PIV(bad, vec.serial()); s[0].Status == hw.StatusVerified {
				t.Errorf("%s: verified with bit %d of the slot's certificate flipped", vec.Leaf, bit)
			}
		}
		for bit := nth % stride(71); bit < len(f9)*8; bit += stride(71) {
			bad := ev
			bad.F9 = flip(f9, bit)
			bad.Slots = slices.Clone(ev.Slots)
			flips++
			if s := v.PIV(bad, vec.serial()); s[0].Status == hw.StatusVerified {
				t.Errorf("%s: verified with bit %d of f9 flipped", vec.Leaf, bit)
			}
		}
	}
	t.Logf("%d flips", flips)
}
