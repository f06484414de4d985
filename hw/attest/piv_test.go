package attest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"hwmfa/hw"
)

// pivForge makes the evidence of one YubiKey; each part may be bent before make.
type pivForge struct {
	f9     x509.Certificate
	f9Key  *ecdsa.PrivateKey
	root   *authority
	trust  *authority // the anchor; the root unless bent
	slot   byte
	leaf   x509.Certificate
	issuer *authority // of the slot's certificate; nil for f9
	der    func([]byte) []byte
	serial string // as read from the key
	done   func(*hw.PIVEvidence)
}

func newPIV(t testing.TB, root *authority) *pivForge {
	return &pivForge{
		f9: x509.Certificate{
			Subject: pkix.Name{CommonName: "Yubico PIV Attestation"}, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
			ExtraExtensions: []pkix.Extension{{Id: oidPIVFirmware, Value: []byte{5, 4, 3}}},
		},
		f9Key: newKey(t), root: root, trust: root, slot: 0x9a, serial: "7654321",
		leaf: x509.Certificate{
			Subject: pkix.Name{CommonName: "YubiKey PIV Attestation 9a"},
			ExtraExtensions: []pkix.Extension{
				{Id: oidPIVFirmware, Value: []byte{5, 4, 3}},
				{Id: oidPIVSerial, Value: []byte{2, 4, 0, 0x74, 0xcb, 0xb1}}, // one zero more than DER allows
				{Id: oidPIVPolicies, Value: []byte{2, 3}},
				{Id: oidPIVFormFactor, Value: []byte{4}},
			},
		},
	}
}

func (f *pivForge) make(t testing.TB) hw.PIVEvidence {
	t.Helper()
	f9 := certify(t, f.f9, f.f9Key, f.root)
	issuer := f.issuer
	if issuer == nil {
		issuer = &f9
	}
	der := certify(t, f.leaf, newKey(t), issuer).cert.Raw
	if f.der != nil {
		der = f.der(der)
	}
	ev := hw.PIVEvidence{F9: f9.cert.Raw, Slots: []hw.PIVSlot{{Slot: f.slot, Certificate: der}}}
	if f.done != nil {
		f.done(&ev)
	}
	return ev
}

// pivCase bends good evidence in one way; the last statement is looked at.
type pivCase struct {
	name   string
	reason string
	bend   func(t testing.TB, f *pivForge)
}

func pivCases() []pivCase {
	type F = *pivForge
	simple := func(name, reason string, bend func(F)) pivCase {
		return pivCase{name, reason, func(_ testing.TB, f *pivForge) { bend(f) }}
	}
	value := func(i int, b ...byte) func(F) { return func(f F) { f.leaf.ExtraExtensions[i].Value = b } }
	return []pivCase{
		simple("a slot with an attested key holds", "", func(F) {}),
		simple("f9 of firmware 5.7 has another name", "", func(f F) { f.f9.Subject.CommonName = "YubiKey PIV Attestation" }),
		simple("f9 of firmware 5.2.4 has no basic constraints", "", func(f F) { f.f9.BasicConstraintsValid = false }),
		{"f9 of a YubiKey 4 hangs under a root that allows no CA below", "", func(t testing.TB, f F) {
			root := newCA(t, "Yubico U2F Root CA Serial 1", nil, func(c *x509.Certificate) { c.MaxPathLenZero = true })
			f.root, f.trust = &root, &root
		}},
		simple("firmware 4.3 names no serial and no form factor", "", func(f F) {
			f.leaf.ExtraExtensions = slices.Delete(f.leaf.ExtraExtensions, 3, 4)
			f.leaf.ExtraExtensions = slices.Delete(f.leaf.ExtraExtensions, 1, 2)
		}),
		simple("no serial was read", "", func(f F) { f.serial = "" }),
		simple("the serial was read with zeros in front", "", func(f F) { f.serial = "0007654321" }),
		simple("a retired slot", "", func(f F) { f.slot, f.leaf.Subject.CommonName = 0x95, "YubiKey PIV Attestation 95" }),

		simple("nothing was handed over", ReasonNoEvidence, func(f F) { f.done = func(ev *hw.PIVEvidence) { *ev = hw.PIVEvidence{} } }),
		simple("f9 alone", ReasonNoAttestedKey, func(f F) { f.done = func(ev *hw.PIVEvidence) { ev.Slots = nil } }),
		simple("no f9", ReasonNoF9, func(f F) { f.done = func(ev *hw.PIVEvidence) { ev.F9 = nil } }),
		simple("f9 of another name", ReasonNotF9, func(f F) { f.f9.Subject.CommonName = "Yubico PIV Attestation B 1" }),
		simple("f9 of a longer name", ReasonNotF9, func(f F) { f.f9.Subject.Organization = []string{"Yubico AB"} }),
		simple("f9 that may not issue", ReasonNotF9, func(f F) { f.f9.IsCA, f.f9.MaxPathLenZero = false, false }),
		simple("the slot's certificate in the place of f9", ReasonNotF9, func(f F) {
			f.done = func(ev *hw.PIVEvidence) { ev.F9 = ev.Slots[0].Certificate }
		}),
		simple("the root in the place of f9", ReasonNotF9, func(f F) { f.done = func(ev *hw.PIVEvidence) { ev.F9 = f.root.cert.Raw } }),
		{"an anchor of the name of f9 in its place", ReasonNoAnchor, func(t testing.TB, f F) {
			root := newCA(t, "Yubico PIV Attestation", nil)
			f.root, f.trust, f.issuer = &root, &root, &root
			f.done = func(ev *hw.PIVEvidence) { ev.F9 = root.cert.Raw }
		}},
		simple("an f9 that does not parse", ReasonUnreadableCertificate, func(f F) {
			f.done = func(ev *hw.PIVEvidence) { ev.F9 = ev.F9[:len(ev.F9)-1] }
		}),
		simple("an f9 beyond its bound", ReasonMalformed, func(f F) {
			f.done = func(ev *hw.PIVEvidence) { ev.F9 = make([]byte, maxCertificate+1) }
		}),
		simple("an expired f9", ReasonCertificateExpired, func(f F) { f.f9.NotAfter = asOf.Add(-time.Hour) }),
		simple("an f9 firmware of two bytes", ReasonBadExtension, func(f F) { f.f9.ExtraExtensions[0].Value = []byte{5, 4} }),
		{"an f9 that nobody trusts", ReasonNoAnchor, func(t testing.TB, f F) {
			stranger := newCA(t, "Yubico PIV Root CA Serial 263751", nil)
			f.root = &stranger
		}},
		{"an f9 under a root that vouches for FIDO", ReasonNoAnchor, func(t testing.TB, f F) {
			root := newCA(t, "Yubico FIDO Root CA Serial 1", nil)
			f.root, f.trust = &root, &root
		}},

		simple("f9 in the slot's place", ReasonNotSlotCertificate, func(f F) {
			f.done = func(ev *hw.PIVEvidence) { ev.Slots[0].Certificate = ev.F9 }
		}),
		simple("a slot in capital letters", ReasonNotSlotCertificate, func(f F) { f.leaf.Subject.CommonName = "YubiKey PIV Attestation 9A" }),
		simple("a subject with more in it", ReasonNotSlotCertificate, func(f F) { f.leaf.Subject.Organization = []string{"Yubico"} }),
		simple("a slot certificate that is a CA", ReasonNotSlotCertificate, func(f F) { f.leaf.BasicConstraintsValid, f.leaf.IsCA = true, true }),
		simple("a certificate for another slot", ReasonSlotMismatch, func(f F) { f.slot = 0x9c }),
		simple("a slot that PIV has not", ReasonUnknownSlot, func(f F) { f.slot, f.leaf.Subject.CommonName = 0x96, "YubiKey PIV Attestation 96" }),
		simple("f9 as a slot", ReasonUnknownSlot, func(f F) { f.slot, f.leaf.Subject.CommonName = 0xf9, "YubiKey PIV Attestation f9" }),
		simple("a slot twice", ReasonDuplicateSlot, func(f F) {
			f.done = func(ev *hw.PIVEvidence) { ev.Slots = slices.Repeat(ev.Slots, 2) }
		}),
		{"another issuer", ReasonWrongIssuer, func(t testing.TB, f F) {
			other := newCA(t, "Yubico PIV Attestation A 1", f.root)
			f.issuer = &other
		}},
		{"another f9 of the same name", ReasonBadSignature, func(t testing.TB, f F) {
			other := certify(t, f.f9, newKey(t), f.root)
			f.issuer = &other
		}},
		simple("SHA-1", ReasonUnsupportedAlgorithm, func(f F) { f.leaf.SignatureAlgorithm = x509.ECDSAWithSHA1 }),
		simple("a changed signature", ReasonBadSignature, func(f F) { f.der = func(b []byte) []byte { return flip(b, len(b)*8-1) } }),
		simple("a slot certificate that does not parse", ReasonUnreadableCertificate, func(f F) { f.der = func(b []byte) []byte { return b[1:] } }),
		simple("an empty slot certificate", ReasonMalformed, func(f F) { f.der = func([]byte) []byte { return nil } }),
		simple("an expired slot certificate", ReasonCertificateExpired, func(f F) { f.leaf.NotAfter = asOf.Add(-time.Hour) }),
		{"an expired slot certificate of another issuer's", ReasonBadSignature, func(t testing.TB, f F) {
			other := certify(t, f.f9, newKey(t), f.root)
			f.issuer = &other
			f.leaf.NotAfter = asOf.Add(-time.Hour)
		}},
		simple("a slot certificate of tomorrow", ReasonCertificateNotYetValid, func(f F) { f.leaf.NotBefore = asOf.Add(time.Hour) }),
		simple("a firmware of four bytes", ReasonBadExtension, value(0, 5, 4, 3, 0)),
		simple("no firmware", ReasonBadExtension, func(f F) { f.leaf.ExtraExtensions = f.leaf.ExtraExtensions[1:] }),
		simple("a serial that is no integer", ReasonBadExtension, value(1, 4, 4, 0, 0, 0, 1)),
		simple("a serial longer than it says", ReasonBadExtension, value(1, 2, 1, 0, 1)),
		simple("a serial of nine bytes", ReasonBadExtension, value(1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1)),
		simple("serial zero", ReasonBadExtension, value(1, 2, 4, 0, 0, 0, 0)),
		simple("policies of one byte", ReasonBadExtension, value(2, 1)),
		simple("a form factor of two bytes", ReasonBadExtension, value(3, 4, 4)),
		simple("another serial", ReasonSerialMismatch, func(f F) { f.serial = "7654322" }),
		simple("a serial read that is no number", ReasonSerialMismatch, func(f F) { f.serial = "7654321x" }),
	}
}

func TestPIV(t *testing.T) {
	root := newCA(t, "Test PIV Root", nil)
	for _, c := range pivCases() {
		t.Run(c.name, func(t *testing.T) {
			f := newPIV(t, &root)
			c.bend(t, f)
			ev := f.make(t)
			before := hw.PIVEvidence{F9: bytes.Clone(ev.F9)}
			for _, s := range ev.Slots {
				before.Slots = append(before.Slots, hw.PIVSlot{Slot: s.Slot, Certificate: bytes.Clone(s.Certificate)})
			}
			got := Verifier{Anchors: trusting(t, *f.trust), Now: asOf}.PIV(ev, f.serial)
			if !reflect.DeepEqual(ev, before) {
				t.Error("the evidence was changed")
			}
			if len(got) != max(1, len(ev.Slots)) {
				t.Fatalf("%d statements for %d slots", len(got), len(ev.Slots))
			}
			s := got[len(got)-1]
			want := hw.StatusVerified
			if c.reason != "" {
				want, _, _ = verdict(faultf(c.reason, "x"))
			}
			if s.Status != want || s.Reason != c.reason {
				t.Fatalf("got %s %q (%s), want %s %q", s.Status, s.Reason, s.Detail, want, c.reason)
			}
			if s.Status == hw.StatusVerified && s.Anchor == "" || s.Status != hw.StatusVerified && (s.Serial != "" || s.Detail == "") {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestPIVStatement(t *testing.T) {
	root := newCA(t, "Test PIV Root", nil)
	v := Verifier{Anchors: trusting(t, root), Now: asOf}
	want := hw.PIVStatement{
		Status: hw.StatusVerified, Anchor: "CN=Test PIV Root", Slot: 0x9a, Serial: "7654321", Firmware: hw.Version{Major: 5, Minor: 4, Patch: 3},
		FormFactor: hw.FormNanoC, PINPolicy: "once", Touch: "cached",
	}
	check := func(name string, change func(*pivForge), want hw.PIVStatement) {
		t.Helper()
		f := newPIV(t, &root)
		change(f)
		got := v.PIV(f.make(t), f.serial)
		got[0].Detail = ""
		if !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got[0], want)
		}
	}
	check("a plain key", func(*pivForge) {}, want)

	fips := want
	fips.FIPS = true
	check("FIPS on f9", func(f *pivForge) {
		f.f9.ExtraExtensions = append(f.f9.ExtraExtensions, pkix.Extension{Id: oidPIVFIPS, Value: []byte{2, 1, 3}})
	}, fips)
	check("FIPS in the form factor", func(f *pivForge) { f.leaf.ExtraExtensions[3].Value = []byte{0x84} }, fips)

	cspn := want
	cspn.CSPN = true
	addCSPN := func(f *pivForge) {
		f.f9.ExtraExtensions = append(f.f9.ExtraExtensions, pkix.Extension{Id: oidPIVCSPN, Value: []byte{5, 0}})
	}
	check("CSPN on f9", addCSPN, cspn)
	check("f9 alone says what it says of the model, and no serial", func(f *pivForge) {
		addCSPN(f)
		f.done = func(ev *hw.PIVEvidence) { ev.Slots = nil }
	}, hw.PIVStatement{
		Status: hw.StatusAbsent, Reason: ReasonNoAttestedKey, Anchor: "CN=Test PIV Root", Slot: 0xf9, Firmware: want.Firmware, CSPN: true,
	})

	t.Run("one bad slot leaves the others as they are", func(t *testing.T) {
		f := newPIV(t, &root)
		f.done = func(ev *hw.PIVEvidence) {
			ev.Slots = append([]hw.PIVSlot{{Slot: 0x9c, Certificate: ev.F9}}, ev.Slots...)
		}
		got := v.PIV(f.make(t), f.serial)
		words := fmt.Sprintf("%02x %s, %02x %s", got[0].Slot, got[0].Reason, got[1].Slot, got[1].Status)
		if want := "9c not_slot_certificate, 9a verified"; words != want {
			t.Errorf("got %s, want %s", words, want)
		}
	})
}

func TestParseSerial(t *testing.T) {
	for _, c := range []struct {
		der  []byte
		want string
	}{
		{[]byte{2, 4, 0, 0, 0, 1}, "1"},
		{[]byte{2, 1, 1}, "1"},
		{[]byte{2, 4, 0x01, 0xfa, 0x05, 0x3a}, "33162554"},
		{[]byte{2, 4, 0xff, 0xff, 0xff, 0xff}, "4294967295"},
		{[]byte{2, 5, 0, 0xff, 0xff, 0xff, 0xff}, "4294967295"},
		{nil, ""}, {[]byte{2, 0}, ""}, {[]byte{2}, ""}, {[]byte{2, 2, 1}, ""}, {[]byte{3, 1, 1}, ""}, {[]byte{2, 0x81, 1}, ""},
	} {
		if got, err := parseSerial(c.der); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%x: got %q, %v, want %q", c.der, got, err, c.want)
		}
	}
}
