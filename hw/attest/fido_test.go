package attest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"reflect"
	"slices"
	"testing"
	"time"

	"hwmfa/hw"
)

// fidoCase bends a good attestation in one way.
type fidoCase struct {
	name   string
	reason string // "" when it must verify
	bend   func(t testing.TB, f *fidoForge, ca *authority)
}

func fidoCases() []fidoCase {
	type F = *fidoForge
	simple := func(name, reason string, bend func(F)) fidoCase {
		return fidoCase{name, reason, func(_ testing.TB, f *fidoForge, _ *authority) { bend(f) }}
	}
	u2f := func(name, reason string, bend func(F)) fidoCase {
		return simple(name, reason, func(f F) { asU2F(f); bend(f) })
	}
	return []fidoCase{
		simple("a packed statement holds", "", func(F) {}),
		u2f("a U2F statement holds", "", func(F) {}),
		simple("a key without user verification holds", "", func(f F) { f.flags &^= flagUserVerified }),
		simple("extensions in the authenticator data are read over", "", func(f F) {
			f.flags |= flagExtensions
			f.extensions = []byte{0xa1, 0x6b, 'c', 'r', 'e', 'd', 'P', 'r', 'o', 't', 'e', 'c', 't', 1}
		}),
		{"an intermediate sent along leads to the anchor", "", func(t testing.TB, f F, ca *authority) {
			mid := newCA(t, "Test Intermediate", ca)
			f.issuer, f.more = &mid, []authority{mid}
		}},

		simple("nothing was handed over", ReasonNoEvidence, func(f F) { f.bytes = func([]byte) []byte { return nil } }),
		simple("no attestation", ReasonNoAttestation, func(f F) { f.format = "none"; f.stmt = func(m map[string]any) { clear(m) } }),
		simple("self attestation", ReasonSelfAttestation, func(f F) { f.self = true }),
		simple("a TPM", ReasonPlatformAttestation, func(f F) { f.format = "tpm" }),
		simple("a phone's key store", ReasonPlatformAttestation, func(f F) { f.format = "android-key" }),
		simple("a phone's SafetyNet", ReasonPlatformAttestation, func(f F) { f.format = "android-safetynet" }),
		simple("a phone of another maker", ReasonPlatformAttestation, func(f F) { f.format = "apple" }),
		simple("a format of tomorrow", ReasonUnknownFormat, func(f F) { f.format = "compound" }),
		simple("a known format in another letter case", ReasonUnknownFormat, func(f F) { f.format = "Packed" }),
		simple("a credential that may be copied", ReasonSyncable, func(f F) { f.flags |= flagBackupEligible }),

		simple("a password manager with a certificate", ReasonPasskeyProvider, func(f F) {
			f.aaguid = hw.AAGUID{0xba, 0xda, 0x55, 0x66, 0xa7, 0xaa, 0x40, 0x1f, 0xbd, 0x96, 0x45, 0x61, 0x9a, 0x55, 0x12, 0x0d}
			f.leaf.ExtraExtensions[0].Value = octetString(f.aaguid[:]...)
		}),

		simple("not CBOR", ReasonMalformed, func(f F) { f.bytes = func([]byte) []byte { return []byte("attestation") } }),
		simple("bytes behind the object", ReasonMalformed, func(f F) { f.bytes = func(b []byte) []byte { return append(b, 0) } }),
		simple("an object cut short", ReasonMalformed, func(f F) { f.bytes = func(b []byte) []byte { return b[:len(b)-1] } }),
		simple("an object that is too large", ReasonMalformed, func(f F) {
			f.stmt = func(m map[string]any) { m["sig"] = make([]byte, maxObject) }
		}),
		simple("an indefinite length", ReasonMalformed, func(f F) {
			f.bytes = func(b []byte) []byte { return append(append([]byte{0xbf}, b[1:]...), 0xff) }
		}),
		simple("a tag", ReasonMalformed, func(f F) { f.bytes = func(b []byte) []byte { return append([]byte{0xd9, 0xd9, 0xf7}, b...) } }),
		simple("a key twice", ReasonMalformed, func(f F) {
			f.bytes = func(b []byte) []byte { return append(append([]byte{0xa4}, b[1:]...), 0x63, 'f', 'm', 't', 0x60) }
		}),
		simple("a key in another letter case", ReasonMalformed, func(f F) {
			f.object = func(m map[string]any) { m["AuthData"] = m["authData"]; delete(m, "authData") }
		}),
		simple("a field that nobody signed", ReasonMalformed, func(f F) { f.object = func(m map[string]any) { m["ep"] = true } }),
		simple("a statement field that nobody signed", ReasonMalformed, func(f F) { f.stmt = func(m map[string]any) { m["ver"] = "2.0" } }),
		simple("a statement key in another letter case", ReasonMalformed, func(f F) {
			f.stmt = func(m map[string]any) { m["X5C"] = m["x5c"]; delete(m, "x5c") }
		}),
		simple("authenticator data as a list of numbers", ReasonMalformed, func(f F) {
			f.object = func(m map[string]any) {
				var list []int
				for _, b := range m["authData"].([]byte)[:40] {
					list = append(list, int(b))
				}
				m["authData"] = list
			}
		}),
		simple("no authenticator data", ReasonMalformed, func(f F) { f.object = func(m map[string]any) { m["authData"] = nil } }),
		simple("ECDAA", ReasonUnsupportedAlgorithm, func(f F) {
			f.stmt = func(m map[string]any) { delete(m, "x5c"); m["ecdaaKeyId"] = []byte{1} }
		}),
		simple("ECDAA for a credential that may be copied", ReasonSyncable, func(f F) {
			f.flags |= flagBackupEligible
			f.stmt = func(m map[string]any) { delete(m, "x5c"); m["ecdaaKeyId"] = []byte{1} }
		}),
		simple("ECDAA beside certificates", ReasonMalformed, func(f F) {
			f.stmt = func(m map[string]any) { m["ecdaaKeyId"] = []byte{1} }
		}),
		simple("an empty chain", ReasonMalformed, func(f F) { f.stmt = func(m map[string]any) { m["x5c"] = [][]byte{} } }),
		simple("an empty certificate", ReasonMalformed, func(f F) { f.stmt = func(m map[string]any) { m["x5c"] = [][]byte{{}} } }),
		simple("a chain that is too long", ReasonMalformed, func(f F) {
			f.stmt = func(m map[string]any) { m["x5c"] = slices.Repeat(m["x5c"].([][]byte), maxChain+1) }
		}),
		u2f("a U2F statement with two certificates", ReasonMalformed, func(f F) {
			f.stmt = func(m map[string]any) { delete(m, "alg"); m["x5c"] = slices.Repeat(m["x5c"].([][]byte), 2) }
		}),
		u2f("a U2F statement with an algorithm", ReasonMalformed, func(f F) { f.stmt = nil }),
		simple("short authenticator data", ReasonMalformed, func(f F) { f.authData = func(b []byte) []byte { return b[:36] } }),
		simple("authenticator data that ends in the AAGUID", ReasonMalformed, func(f F) { f.authData = func(b []byte) []byte { return b[:50] } }),
		simple("authenticator data that ends in the public key", ReasonMalformed, func(f F) { f.authData = func(b []byte) []byte { return b[:len(b)-1] } }),
		simple("bytes behind the authenticator data", ReasonMalformed, func(f F) { f.extensions = []byte{0xa0} }),
		simple("extensions promised and not there", ReasonMalformed, func(f F) { f.flags |= flagExtensions }),
		simple("an empty credential ID", ReasonMalformed, func(f F) { f.credentialID = nil }),
		simple("a credential ID beyond its bound", ReasonMalformed, func(f F) { f.credentialID = make([]byte, maxCredentialID+1) }),
		simple("backed up, and not eligible", ReasonMalformed, func(f F) { f.flags |= flagBackupState }),

		simple("a client data hash of another length", ReasonBadClientData, func(f F) {
			f.evidence = func(ev *hw.FIDOEvidence) { ev.ClientDataHash = ev.ClientDataHash[:31] }
		}),
		simple("another relying party", ReasonRPMismatch, func(f F) { f.evidence = func(ev *hw.FIDOEvidence) { ev.RPID = "example.com" } }),
		simple("no touch", ReasonUserNotPresent, func(f F) { f.flags &^= flagUserPresent }),
		simple("no credential", ReasonNoCredential, func(f F) { f.flags &^= flagCredential }),

		{"a public key of a curve that is not its algorithm's", ReasonBadPublicKey, func(t testing.TB, f F, _ *authority) {
			f.cose[6] = 2 // the value of -1
		}},
		{"a public key whose coordinates are lists of numbers", ReasonBadPublicKey, func(t testing.TB, f F, _ *authority) {
			list := func(b []byte) (l []int) {
				for _, x := range b {
					l = append(l, int(x))
				}
				return l
			}
			f.cose = ctap2CBOR(t, map[int]any{1: 2, 3: algES256, -1: 1, -2: list(f.cose[10:42]), -3: list(f.cose[45:])})
		}},
		{"a public key off its curve", ReasonBadPublicKey, func(t testing.TB, f F, _ *authority) {
			f.cose = ctap2CBOR(t, map[int]any{1: 2, 3: algES256, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)})
		}},
		{"a public key with a field too many", ReasonBadPublicKey, func(t testing.TB, f F, _ *authority) {
			f.cose = append([]byte{0xa6}, append(f.cose[1:], 0x04, 0x00)...)
		}},
		{"a U2F key on another curve", ReasonBadPublicKey, func(t testing.TB, f F, _ *authority) {
			asU2F(f)
			f.cose = coseOf(t, -35, newKeyOn(t, elliptic.P384()).Public())
		}},
		{"a U2F certificate on another curve", ReasonAlgorithmMismatch, func(t testing.TB, f F, _ *authority) {
			asU2F(f)
			f.leafKey = newKeyOn(t, elliptic.P384())
		}},
		{"a short RSA key", ReasonBadPublicKey, func(t testing.TB, f F, _ *authority) {
			f.cose = ctap2CBOR(t, map[int]any{1: 3, 3: -257, -1: make([]byte, 128), -2: []byte{1, 0, 1}})
		}},
		{"a public key of an algorithm of tomorrow", ReasonBadPublicKey, func(t testing.TB, f F, _ *authority) {
			f.cose = ctap2CBOR(t, map[int]any{1: 7, 3: -50, -1: make([]byte, 64)})
		}},
		simple("SHA-1", ReasonUnsupportedAlgorithm, func(f F) { f.stmt = func(m map[string]any) { m["alg"] = -65535 } }),
		simple("an algorithm of tomorrow", ReasonUnsupportedAlgorithm, func(f F) { f.stmt = func(m map[string]any) { m["alg"] = -50 } }),
		simple("an algorithm of tomorrow over a lie", ReasonAAGUIDMismatch, func(f F) {
			f.stmt = func(m map[string]any) { m["alg"] = -50 }
			f.aaguid[15]++
		}),
		simple("an algorithm of tomorrow for a credential that can be copied", ReasonSyncable, func(f F) {
			f.stmt = func(m map[string]any) { m["alg"] = -50 }
			f.flags |= flagBackupEligible
		}),
		simple("an algorithm of another curve", ReasonAlgorithmMismatch, func(f F) { f.stmt = func(m map[string]any) { m["alg"] = -35 } }),
		{"self attestation by an algorithm that is not the key's", ReasonAlgorithmMismatch, func(_ testing.TB, f F, _ *authority) {
			f.self = true
			f.stmt = func(m map[string]any) { m["alg"] = -257 }
		}},
		simple("a changed signature", ReasonBadSignature, func(f F) { f.sig = func(b []byte) []byte { return flip(b, len(b)*8-1) } }),
		simple("an algorithm of another kind of key", ReasonAlgorithmMismatch, func(f F) { f.stmt = func(m map[string]any) { m["alg"] = -257 } }),
		simple("another challenge", ReasonBadSignature, func(f F) {
			f.evidence = func(ev *hw.FIDOEvidence) { ev.ClientDataHash = flip(ev.ClientDataHash, 9) }
		}),
		simple("self attestation with a changed signature", ReasonBadSignature, func(f F) {
			f.self = true
			f.sig = func(b []byte) []byte { return flip(b, len(b)*8-1) }
		}),
		u2f("a changed U2F signature", ReasonBadSignature, func(f F) { f.sig = func(b []byte) []byte { return flip(b, len(b)*8-1) } }),

		u2f("a U2F statement that claims a model", ReasonUncoveredClaim, func(f F) { f.aaguid = testAAGUID }),
		u2f("a U2F statement that claims a PIN", ReasonUncoveredClaim, func(f F) { f.flags |= flagUserVerified }),
		u2f("a U2F statement that counts", ReasonUncoveredClaim, func(f F) { f.counter = 1 }),
		u2f("a U2F key in another encoding", ReasonUncoveredClaim, func(f F) {
			// 1: 2 as 1: 0x1802, the same number in two bytes.
			f.authData = func(b []byte) []byte {
				i := bytes.Index(b, f.cose)
				return slices.Concat(b[:i+2], []byte{0x18, 0x02}, b[i+3:])
			}
		}),

		simple("a certificate that does not parse", ReasonUnreadableCertificate, func(f F) { f.der = func(b []byte) []byte { return b[:len(b)-1] } }),
		simple("a certificate with a negative serial", ReasonUnreadableCertificate, func(f F) {
			f.der = func(b []byte) []byte { return bytes.Replace(b, []byte{2, 1, 7}, []byte{2, 1, 0x87}, 1) }
		}),
		simple("no country", ReasonCertificateRequirements, func(f F) { f.leaf.Subject.Country = nil }),
		simple("no organization", ReasonCertificateRequirements, func(f F) { f.leaf.Subject.Organization = nil }),
		simple("another unit", ReasonCertificateRequirements, func(f F) { f.leaf.Subject.OrganizationalUnit = []string{"authenticator attestation"} }),
		simple("no common name", ReasonCertificateRequirements, func(f F) { f.leaf.Subject.CommonName = "" }),
		simple("no basic constraints", ReasonCertificateRequirements, func(f F) { f.leaf.BasicConstraintsValid = false }),
		simple("a CA in the key's place", ReasonCertificateRequirements, func(f F) { f.leaf.IsCA = true }),
		u2f("a CA in the U2F key's place", ReasonCertificateRequirements, func(f F) { f.leaf.BasicConstraintsValid, f.leaf.IsCA = true, true }),
		simple("an extension nobody may overlook", ReasonCertificateRequirements, withExtension([]int{1, 2, 3, 4}, true, []byte{5, 0})),
		simple("a critical AAGUID", ReasonCertificateRequirements, func(f F) { f.leaf.ExtraExtensions[0].Critical = true }),
		simple("an expired certificate", ReasonCertificateExpired, func(f F) { f.leaf.NotAfter = asOf.Add(-time.Hour) }),
		simple("a certificate of tomorrow", ReasonCertificateNotYetValid, func(f F) { f.leaf.NotBefore = asOf.Add(time.Hour) }),
		simple("another model in the certificate", ReasonAAGUIDMismatch, func(f F) { f.aaguid[15]++ }),
		simple("an AAGUID that is no octet string", ReasonBadExtension, func(f F) { f.leaf.ExtraExtensions[0].Value = testAAGUID[:] }),
		simple("bytes behind the AAGUID", ReasonBadExtension, func(f F) {
			f.leaf.ExtraExtensions[0].Value = append(octetString(testAAGUID[:]...), 5, 0)
		}),
		simple("an AAGUID of 15 bytes", ReasonBadExtension, func(f F) { f.leaf.ExtraExtensions[0].Value = octetString(testAAGUID[:15]...) }),
		simple("a firmware of two bytes", ReasonBadExtension, func(f F) { f.leaf.ExtraExtensions[1].Value = octetString(5, 7) }),
		simple("a serial without end", ReasonBadExtension, withExtension(oidFIDOSerial, false, octetString(make([]byte, 65)...))),

		{"a CA that nobody trusts", ReasonNoAnchor, func(t testing.TB, f F, _ *authority) {
			stranger := newCA(t, "Test Root", nil)
			f.issuer, f.more = &stranger, []authority{stranger}
		}},
		{"a leaf as its own CA", ReasonNoAnchor, func(_ testing.TB, f F, _ *authority) { f.issuer = nil }},
		{"a key's certificate that issues another", ReasonNoAnchor, func(t testing.TB, f F, ca *authority) {
			middle := certify(t, f.leaf, newKey(t), ca)
			f.issuer, f.more = &middle, []authority{middle}
		}},
		{"an intermediate that has expired", ReasonNoAnchor, func(t testing.TB, f F, ca *authority) {
			mid := newCA(t, "Test Intermediate", ca, func(c *x509.Certificate) { c.NotAfter = asOf.Add(-time.Hour) })
			f.issuer, f.more = &mid, []authority{mid}
		}},
		{"an intermediate that vouches for PIV", ReasonNoAnchor, func(t testing.TB, f F, ca *authority) {
			mid := newCA(t, "Yubico PIV Attestation Z 1", ca)
			f.issuer, f.more = &mid, []authority{mid}
		}},
		{"two intermediates where one is allowed", ReasonNoAnchor, func(t testing.TB, f F, ca *authority) {
			high := newCA(t, "Test High", ca, func(c *x509.Certificate) { c.MaxPathLenZero = true })
			low := newCA(t, "Test Low", &high)
			f.issuer, f.more = &low, []authority{low, high}
		}},
	}
}

func TestFIDO(t *testing.T) {
	ca := newCA(t, "Test FIDO Root", nil)
	v := Verifier{Anchors: trusting(t, ca), Now: asOf}
	for _, c := range fidoCases() {
		t.Run(c.name, func(t *testing.T) {
			f := newFIDO(t, &ca)
			c.bend(t, f, &ca)
			ev := f.make(t)
			before := hw.FIDOEvidence{RPID: ev.RPID, ClientDataHash: bytes.Clone(ev.ClientDataHash), AttestationObject: bytes.Clone(ev.AttestationObject)}
			s := v.FIDO(ev)
			if !reflect.DeepEqual(ev, before) {
				t.Error("the evidence was changed")
			}
			want := hw.StatusVerified
			if c.reason != "" {
				want, _, _ = verdict(faultf(c.reason, "x"))
			}
			if s.Status != want || s.Reason != c.reason {
				t.Fatalf("got %s %q (%s), want %s %q", s.Status, s.Reason, s.Detail, want, c.reason)
			}
			if (s.Anchor == "CN=Test FIDO Root") != (c.reason == "") || (s.Detail == "") != (c.reason == "") {
				t.Errorf("anchor %q, detail %q", s.Anchor, s.Detail)
			}
		})
	}
}

func TestFIDOStatement(t *testing.T) {
	ca := newCA(t, "Test FIDO Root", nil)
	v := Verifier{Anchors: trusting(t, ca), Now: asOf}
	f := newFIDO(t, &ca)
	withExtension(oidFIDOSerial, false, octetString(1, 0xaf, 0xce, 0xfb))(f)
	withExtension(oidFIDOFIPS, false, []byte{2, 1, 4})(f)
	want := hw.FIDOStatement{
		Status: hw.StatusVerified, Anchor: "CN=Test FIDO Root", Format: "packed", AAGUID: testAAGUID, Firmware: hw.Version{Major: 5, Minor: 7, Patch: 1},
		FIPS: true, Serial: "28299003", CredentialID: f.credentialID, PublicKey: f.cose, UserPresent: true, UserVerified: true,
	}
	ev := f.make(t)
	if got := v.FIDO(ev); !reflect.DeepEqual(got, want) {
		t.Errorf("packed:\ngot  %+v\nwant %+v", got, want)
	}

	t.Run("a serial too long for a number is given in hex", func(t *testing.T) {
		f := newFIDO(t, &ca)
		long := bytes.Repeat([]byte{0xab}, 16)
		withExtension(oidFIDOSerial, false, octetString(long...))(f)
		if got := v.FIDO(f.make(t)); got.Status != hw.StatusVerified || got.Serial != "abababababababababababababababab" {
			t.Errorf("got %s %s (%s), serial %q", got.Status, got.Reason, got.Detail, got.Serial)
		}
	})
	t.Run("what an unproven certificate says is not repeated", func(t *testing.T) {
		got := Verifier{Anchors: new(Anchors), Now: asOf}.FIDO(ev)
		want := want
		want.Status, want.Reason, want.Anchor, want.Firmware, want.FIPS, want.Serial = hw.StatusUntrusted, ReasonNoAnchor, "", hw.Version{}, false, ""
		got.Detail = ""
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
	t.Run("a format that is not judged keeps what the key claims", func(t *testing.T) {
		f := newFIDO(t, &ca)
		f.format, f.stmt = "none", func(m map[string]any) { clear(m) }
		got := v.FIDO(f.make(t))
		got.Detail = ""
		want := hw.FIDOStatement{
			Status: hw.StatusRefused, Reason: ReasonNoAttestation, Format: "none", AAGUID: testAAGUID,
			CredentialID: f.credentialID, PublicKey: f.cose, UserPresent: true, UserVerified: true,
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
	t.Run("the model of a U2F key is the certificate's", func(t *testing.T) {
		f := newFIDO(t, &ca)
		asU2F(f)
		withExtension(oidAAGUID, false, octetString(testAAGUID[:]...))(f)
		want := hw.FIDOStatement{
			Status: hw.StatusVerified, Anchor: "CN=Test FIDO Root", Format: "fido-u2f", AAGUID: testAAGUID,
			CredentialID: f.credentialID, PublicKey: f.cose, UserPresent: true,
		}
		if got := v.FIDO(f.make(t)); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
	t.Run("the only time is the one given", func(t *testing.T) {
		long := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
		then := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = long, long.AddDate(1, 0, 0) }
		root := newCA(t, "Test Root of 2001", nil, then)
		mid := newCA(t, "Test Intermediate of 2001", &root, then)
		f := newFIDO(t, &mid)
		then(&f.leaf)
		f.more = []authority{mid}
		ev := f.make(t)
		for when, want := range map[time.Time]string{
			long.AddDate(0, 6, 0):  "",
			long.AddDate(0, 0, -1): ReasonCertificateNotYetValid,
			long.AddDate(2, 0, 0):  ReasonCertificateExpired,
		} {
			if s := (Verifier{Anchors: trusting(t, root), Now: when}).FIDO(ev); s.Reason != want {
				t.Errorf("on %s: %s %s (%s), want %q", when, s.Status, s.Reason, s.Detail, want)
			}
		}
	})
	t.Run("no anchors and no time trust nothing", func(t *testing.T) {
		for name, v := range map[string]Verifier{"zero": {}, "no anchors": {Now: asOf}, "no time": {Anchors: v.Anchors}} {
			if s := v.FIDO(ev); s.Status == hw.StatusVerified || s.Reason == "" {
				t.Errorf("%s: %s %s", name, s.Status, s.Reason)
			}
		}
	})
}

// TestAlgorithms verifies every algorithm in the table, as attestation and as
// self attestation.
func TestAlgorithms(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[int64]crypto.Signer{
		-7: newKeyOn(t, elliptic.P256()), -35: newKeyOn(t, elliptic.P384()), -36: newKeyOn(t, elliptic.P521()), -8: edKey, -37: rsaKey, -257: rsaKey,
	}
	if len(keys) != len(algorithms) {
		t.Fatalf("%d algorithms tested of %d", len(keys), len(algorithms))
	}
	ca := newCA(t, "Test FIDO Root", nil)
	v := Verifier{Anchors: trusting(t, ca), Now: asOf}
	for alg, key := range keys {
		f := newFIDO(t, &ca)
		f.alg, f.leafKey = alg, key
		if s := v.FIDO(f.make(t)); s.Status != hw.StatusVerified {
			t.Errorf("COSE %d: %s %s (%s)", alg, s.Status, s.Reason, s.Detail)
		}
		f.self, f.credential, f.cose = true, key, coseOf(t, alg, key.Public())
		if s := v.FIDO(f.make(t)); s.Reason != ReasonSelfAttestation {
			t.Errorf("COSE %d, self: %s %s (%s)", alg, s.Status, s.Reason, s.Detail)
		}
		f.sig = func(b []byte) []byte { return flip(b, len(b)*8-1) }
		if s := v.FIDO(f.make(t)); s.Reason != ReasonBadSignature {
			t.Errorf("COSE %d, self, flipped: %s %s (%s)", alg, s.Status, s.Reason, s.Detail)
		}
	}
}

func coseOf(t testing.TB, alg int64, key crypto.PublicKey) []byte {
	t.Helper()
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		half := len(point) / 2
		return ctap2CBOR(t, map[int]any{1: ktyEC2, 3: alg, -1: algorithms[alg].crv, -2: point[1 : 1+half], -3: point[1+half:]})
	case ed25519.PublicKey:
		return ctap2CBOR(t, map[int]any{1: ktyOKP, 3: alg, -1: 6, -2: []byte(k)})
	case *rsa.PublicKey:
		return ctap2CBOR(t, map[int]any{1: ktyRSA, 3: alg, -1: k.N.Bytes(), -2: []byte{1, 0, 1}})
	}
	t.Fatalf("key of type %T", key)
	return nil
}
