package attest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// The law of both targets: nothing panics, nothing is changed, and what is
// verified is so on a second reading by other means.

func FuzzFIDO(f *testing.F) {
	fix := readFixture(f)
	v := fix.verifier(f)
	for _, ev := range []hw.FIDOEvidence{fix.Packed, fix.U2F} {
		f.Add(ev.AttestationObject, ev.ClientDataHash, ev.RPID)
	}
	// Whoever issued them, these are the shapes that go wrong.
	ca := newCA(f, "Fuzz Root", nil)
	for _, c := range fidoCases() {
		forge := newFIDO(f, &ca)
		c.bend(f, forge, &ca)
		if ev := forge.make(f); len(ev.AttestationObject) <= maxObject {
			f.Add(ev.AttestationObject, ev.ClientDataHash, ev.RPID)
		}
	}
	f.Fuzz(func(t *testing.T, object, hash []byte, rpID string) {
		kept := bytes.Clone(object)
		s := v.FIDO(hw.FIDOEvidence{RPID: rpID, ClientDataHash: hash, AttestationObject: object})
		if !bytes.Equal(kept, object) {
			t.Fatal("the evidence was changed")
		}
		checkWords(t, s.Status, s.Reason, s.Detail, s.Anchor)
		if s.Status == hw.StatusVerified {
			proveFIDO(t, v, s, object, hash, rpID)
		}
	})
}

// proveFIDO verifies again with a lenient decoder and the curve's own call.
func proveFIDO(t *testing.T, v Verifier, s hw.FIDOStatement, object, hash []byte, rpID string) {
	t.Helper()
	var o struct {
		AuthData []byte `cbor:"authData"`
		AttStmt  struct {
			Sig []byte   `cbor:"sig"`
			X5C [][]byte `cbor:"x5c"`
		} `cbor:"attStmt"`
	}
	if err := cbor.Unmarshal(object, &o); err != nil {
		t.Fatalf("verified, and not CBOR: %v", err)
	}
	rp := sha256.Sum256([]byte(rpID))
	if !bytes.HasPrefix(o.AuthData, rp[:]) || !bytes.Contains(o.AuthData, s.CredentialID) || !bytes.Contains(o.AuthData, s.PublicKey) {
		t.Fatal("verified, and the authenticator data is another")
	}
	leaf, err := x509.ParseCertificate(o.AttStmt.X5C[0])
	if err != nil {
		t.Fatal(err)
	}
	proveChain(t, v, leaf, s.Anchor)
	message := slices.Concat(o.AuthData, hash)
	if s.Format == formatU2F {
		key := s.PublicKey
		message = slices.Concat([]byte{0}, rp[:], hash, s.CredentialID, []byte{4}, key[10:42], key[45:77])
	}
	digest := sha256.Sum256(message)
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); ok && key.Curve == elliptic.P256() && !ecdsa.VerifyASN1(key, digest[:], o.AttStmt.Sig) {
		t.Fatal("verified, and the signature is bad")
	}
}

func FuzzPIV(f *testing.F) {
	fix := readFixture(f)
	v := fix.verifier(f)
	slot := fix.PIV.Slots[0]
	f.Add(fix.PIV.F9, slot.Certificate, slot.Slot, fix.Serial)
	f.Add(fix.PIV.F9, fix.PIV.F9, slot.Slot, "")
	root := newCA(f, "Fuzz Root", nil)
	for _, c := range pivCases() {
		forge := newPIV(f, &root)
		c.bend(f, forge)
		for _, s := range forge.make(f).Slots {
			f.Add(fix.PIV.F9, s.Certificate, s.Slot, forge.serial)
		}
	}
	f.Fuzz(func(t *testing.T, f9, cert []byte, slot byte, serial string) {
		ev := hw.PIVEvidence{F9: bytes.Clone(f9), Slots: []hw.PIVSlot{{Slot: slot, Certificate: bytes.Clone(cert)}}}
		got := v.PIV(ev, serial)
		if len(got) != 1 || got[0].Slot != slot || !bytes.Equal(ev.F9, f9) || !bytes.Equal(ev.Slots[0].Certificate, cert) {
			t.Fatalf("%+v", got)
		}
		s := got[0]
		checkWords(t, s.Status, s.Reason, s.Detail, s.Anchor)
		if s.Status != hw.StatusVerified {
			return
		}
		attester, err := x509.ParseCertificate(f9)
		if err != nil {
			t.Fatal(err)
		}
		attested, err := x509.ParseCertificate(cert)
		if err != nil {
			t.Fatal(err)
		}
		proveChain(t, v, attester, s.Anchor)
		if attester.Equal(attested) || attester.CheckSignature(attested.SignatureAlgorithm, attested.RawTBSCertificate, attested.Signature) != nil {
			t.Fatal("verified, and f9 did not sign it")
		}
	})
}

// proveChain wants a trusted root of that name to have issued c; the fuzzer
// cannot make intermediates, so that the way is short.
func proveChain(t *testing.T, v Verifier, c *x509.Certificate, anchor string) {
	t.Helper()
	for _, e := range v.Anchors.entries {
		if e.Subject == anchor && e.Kind != KindIntermediate && c.Issuer.String() == anchor &&
			e.cert.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil {
			return
		}
	}
	t.Fatalf("verified to %q, which did not issue %s", anchor, c.Subject)
}

// checkWords holds a statement's words to the table.
func checkWords(t *testing.T, status hw.Status, reason, detail, anchor string) {
	t.Helper()
	if verified := status == hw.StatusVerified; verified != (reason == "") || verified != (anchor != "") || verified != (detail == "") {
		t.Fatalf("status %q, reason %q, detail %q, anchor %q", status, reason, detail, anchor)
	}
}

// FuzzMetadata wants no panic, and whatever is read to be signed under the
// root: only the test's own BLOBs are.
func FuzzMetadata(f *testing.F) {
	good := newBlob(f)
	blob := good.make(f)
	s := good.signer()
	f.Add(blob)
	f.Add(bytes.Replace(blob, []byte("."), []byte(".."), 1))
	f.Add([]byte("e30.e30."))
	f.Add([]byte(`eyJhbGciOiJub25lIn0.eyJubyI6MX0.`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		kept := bytes.Clone(raw)
		m, err := s.Read(raw, asOf)
		if !bytes.Equal(kept, raw) {
			t.Fatal("the BLOB was changed")
		}
		if err != nil {
			return
		}
		payload := func(b []byte) []byte { return bytes.Split(trimBlob(b), []byte("."))[1] }
		if m.Number != 7 || m.Models != 1 || !bytes.Equal(payload(raw), payload(blob)) {
			t.Fatalf("read what nobody signed: %+v", m)
		}
	})
}

// FuzzMetadataContent reads content as if it were signed.
func FuzzMetadataContent(f *testing.F) {
	content, err := json.Marshal(newBlob(f).payload)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte(`{"no":1,"nextUpdate":"2026-01-01","entries":[{"attestationCertificateKeyIdentifiers":["00"]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := readPayload(raw)
		if err != nil {
			return
		}
		if m.Number < 1 || m.Models > maxModels {
			t.Fatalf("%+v", m)
		}
		for id, models := range m.byAAGUID {
			for _, one := range models {
				if one.aaguid != id || id.IsZero() || strings.ContainsAny(one.description, "\n\r\x1b") {
					t.Fatalf("%s: %+v", id, one)
				}
				one.compromised(asOf)
				one.certified(asOf)
			}
		}
	})
}
