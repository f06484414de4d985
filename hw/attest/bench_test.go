package attest

import (
	"crypto/x509"
	"testing"
	"time"

	"hwmfa/hw"
)

// bareLimit is how many times the bare signature checks a verification may
// take. What is left over is for parsing and searching.
const bareLimit = 2

// BenchmarkFIDO verifies one packed attestation, and reports how many times
// the signature checks in it that takes.
func BenchmarkFIDO(b *testing.B) {
	fix := readFixture(b)
	v := fix.verifier(b)
	benchmarkFIDO(b, "fixture", v, fix.Packed)
	b.Run("yubikey", func(b *testing.B) {
		for _, vec := range fidoVectors(b) {
			if vec.ID == "v178-packed-d8522d9f" {
				benchmarkFIDO(b, "one certificate", v, vec.evidence)
			}
		}
	})
}

func benchmarkFIDO(b *testing.B, name string, v Verifier, ev hw.FIDOEvidence) {
	b.Run(name, func(b *testing.B) {
		o, err := decodeObject(ev.AttestationObject)
		if err != nil {
			b.Fatal(err)
		}
		att, err := parseAttestation(o)
		if err != nil {
			b.Fatal(err)
		}
		leaf, message := att.certs[0], append([]byte(o.AuthData), ev.ClientDataHash...)
		root := issuerOf(b, v, leaf)
		compare(b, func() bool { return v.FIDO(ev).Status == hw.StatusVerified }, func() bool {
			return leaf.CheckSignature(algorithms[att.alg].x509, message, att.sig) == nil && leaf.CheckSignatureFrom(root) == nil
		})
	})
}

// BenchmarkPIV verifies one attested slot in the same way.
func BenchmarkPIV(b *testing.B) {
	fix := readFixture(b)
	v := fix.verifier(b)
	benchmarkPIV(b, "fixture", v, fix.PIV, fix.Serial)
	b.Run("yubikey", func(b *testing.B) {
		for _, vec := range pivVectors(b) {
			if vec.Firmware == "5.4.3" {
				benchmarkPIV(b, vec.Firmware, v, vec.evidence(b), vec.serial())
				return
			}
		}
	})
}

func benchmarkPIV(b *testing.B, name string, v Verifier, ev hw.PIVEvidence, serial string) {
	b.Run(name, func(b *testing.B) {
		f9, err := parseCertificate(ev.F9)
		if err != nil {
			b.Fatal(err)
		}
		slot, err := parseCertificate(ev.Slots[0].Certificate)
		if err != nil {
			b.Fatal(err)
		}
		root := issuerOf(b, v, f9)
		compare(b, func() bool { return v.PIV(ev, serial)[0].Status == hw.StatusVerified }, func() bool {
			return slot.CheckSignatureFrom(f9) == nil && f9.CheckSignatureFrom(root) == nil
		})
	})
}

func issuerOf(b *testing.B, v Verifier, c *x509.Certificate) *x509.Certificate {
	b.Helper()
	for _, e := range v.Anchors.entries {
		if e.Subject == c.Issuer.String() {
			return e.cert
		}
	}
	b.Fatalf("no anchor issued %s", c.Subject)
	return nil
}

// compare times both by turns, so that a slow moment of the machine hits both,
// and fails beyond the limit when there was enough to go by.
func compare(b *testing.B, whole, bare func() bool) {
	var wholeTime, bareTime time.Duration
	for b.Loop() {
		start := time.Now()
		ok := whole()
		middle := time.Now()
		ok = bare() && ok
		wholeTime += middle.Sub(start)
		bareTime += time.Since(middle)
		if !ok {
			b.Fatal("does not verify")
		}
	}
	ratio := float64(wholeTime) / float64(bareTime)
	b.ReportMetric(ratio, "x-bare")
	b.ReportMetric(float64(wholeTime.Nanoseconds())/float64(b.N), "verify-ns/op")
	if b.N >= 100 && ratio > bareLimit {
		b.Errorf("verification takes %.2f times its signature checks, at most %d", ratio, bareLimit)
	}
}
