package attest

import (
	"crypto/ecdsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"

	"hwmfa/hw"
)

// modelCase is a good attestation under ca, judged with a BLOB that says
// something of its model.
type modelCase struct {
	name    string
	reason  string // "" when it must verify
	anchor  string // where it must end then
	trusted bool   // ca is an anchor
	bend    func(t testing.TB, f *fidoForge, ca *authority, entry map[string]any) (more []any)
	want    func(s hw.FIDOStatement) bool // nil: not looked at
}

func modelCases() []modelCase {
	type F = *fidoForge
	type E = map[string]any
	statement := func(e E) E { return e["metadataStatement"].(E) }
	simple := func(bend func(F, E)) func(testing.TB, F, *authority, E) []any {
		return func(_ testing.TB, f F, _ *authority, e E) []any { bend(f, e); return nil }
	}
	reports := func(all ...E) func(testing.TB, F, *authority, E) []any {
		return simple(func(_ F, e E) { e["statusReports"] = all })
	}
	level := func(certification, fips string) func(hw.FIDOStatement) bool {
		return func(s hw.FIDOStatement) bool { return s.Certification == certification && s.FIPSLevel == fips }
	}
	const root = "CN=Test Model Root"
	return []modelCase{
		{"a model's own anchor", "", root, false, simple(func(F, E) {}), func(s hw.FIDOStatement) bool { return s.Model == "Test Key" }},
		{"the certificate itself as the anchor", "", "CN=Test Key EE,OU=Authenticator Attestation,O=Test AB,C=SE", false,
			func(t testing.TB, f F, ca *authority, e E) []any {
				leaf := certify(t, f.leaf, f.leafKey, ca).cert.Raw
				f.der = func([]byte) []byte { return leaf }
				statement(e)["attestationRootCertificates"] = []string{base64.StdEncoding.EncodeToString(leaf)}
				return nil
			}, nil},
		{"an anchor after one that is broken", "", root, false, simple(func(_ F, e E) {
			roots := statement(e)["attestationRootCertificates"].([]string)
			statement(e)["attestationRootCertificates"] = []string{"*", "MAA=", roots[0][:9] + "\n" + roots[0][9:]}
		}), nil},
		{"an anchor vouches for its own model alone", ReasonNoAnchor, "", false, simple(func(f F, _ E) {
			f.aaguid[15]++
			f.leaf.ExtraExtensions[0].Value = octetString(f.aaguid[:]...)
		}), nil},
		{"an anchor of several models wants the certificate to name its own", ReasonNoAnchor, "", false,
			func(_ testing.TB, f F, ca *authority, _ E) []any {
				f.leaf.ExtraExtensions = nil
				return []any{blobEntry3("cafebabe-0000-0000-0000-000000000001", ca.cert.Raw)}
			}, nil},
		{"a certificate that names its model under the anchor of several", "", root, false,
			func(_ testing.TB, _ F, ca *authority, _ E) []any {
				return []any{blobEntry3("cafebabe-0000-0000-0000-000000000001", ca.cert.Raw)}
			}, nil},
		{"the anchor of a platform", ReasonNoAnchor, "", false, simple(func(_ F, e E) { statement(e)["attachmentHint"] = []string{"internal"} }), nil},
		{"the anchor of software", ReasonNoAnchor, "", false, simple(func(_ F, e E) { statement(e)["keyProtection"] = []string{"software"} }), nil},
		{"the anchor of a phone's corner", ReasonNoAnchor, "", false, simple(func(_ F, e E) {
			statement(e)["keyProtection"] = []string{"hardware", "tee"}
		}), nil},
		{"the anchor of self attestation", ReasonNoAnchor, "", false, simple(func(_ F, e E) {
			statement(e)["attestationTypes"] = []string{"basic_surrogate"}
		}), nil},
		{"a U2F key is known by its certificate", "", root, false, func(t testing.TB, f F, _ *authority, e E) []any {
			asU2F(f)
			return []any{u2fEntry(t, f, e)}
		}, level("FIDO_CERTIFIED_L2", "")},
		{"a compromised U2F model", ReasonModelCompromised, "", true, func(t testing.TB, f F, _ *authority, e E) []any {
			asU2F(f)
			e["statusReports"] = []E{report("ATTESTATION_KEY_COMPROMISE", "2025-01-01")}
			return []any{u2fEntry(t, f, e)}
		}, nil},

		{"a revoked model that chains to a trusted root", ReasonModelCompromised, "", true, reports(report("REVOKED", "2025-01-01")), nil},
		{"a revoked model that chains to its own anchor", ReasonModelCompromised, "", false, reports(report("REVOKED", "2025-01-01")), nil},
		{"keys that can be read with the key in hand", ReasonModelCompromised, "", true, reports(report("USER_KEY_PHYSICAL_COMPROMISE", "2025-01-01")), nil},
		{"keys that can be read from afar", ReasonModelCompromised, "", true, reports(report("USER_KEY_REMOTE_COMPROMISE", "2025-01-01")), nil},
		{"an attestation key that leaked", ReasonModelCompromised, "", true, reports(report("ATTESTATION_KEY_COMPROMISE", "2025-01-01")), nil},
		{"a PIN that can be passed by", ReasonModelCompromised, "", true, reports(report("USER_VERIFICATION_BYPASS", "2025-01-01")), nil},
		{"a compromise is not taken back by a later certificate", ReasonModelCompromised, "", true,
			reports(report("USER_VERIFICATION_BYPASS", "2024-01-01"), report("UPDATE_AVAILABLE", "2025-01-01"), report("FIDO_CERTIFIED_L1", "2025-02-01")), nil},
		{"a compromise without a day", ReasonModelCompromised, "", true, reports(E{"status": "REVOKED"}), nil},
		{"a compromise whose day cannot be read", ReasonModelCompromised, "", true, reports(report("REVOKED", "yesterday")), nil},
		{"a compromise in any entry of the model", ReasonModelCompromised, "", true, func(_ testing.TB, _ F, ca *authority, _ E) []any {
			return []any{blobEntry3(testAAGUID.String(), ca.cert.Raw, report("REVOKED", "2025-01-01"))}
		}, nil},
		{"a compromise of tomorrow", "", root, true, reports(report("REVOKED", "2026-07-02")), nil},
		{"a report that was withdrawn on a day", "", root, true,
			reports(E{"status": "REVOKED", "effectiveDate": "2024-01-01", "sunsetDate": "2025-01-01"}), nil},

		{"the latest certification counts", "", root, true,
			reports(report("FIDO_CERTIFIED_L2", "2025-01-01"), report("FIDO_CERTIFIED_L1", "2023-01-01")), level("FIDO_CERTIFIED_L2", "")},
		{"of one day the level says more", "", root, true,
			reports(report("FIDO_CERTIFIED_L1", "2020-05-12"), report("FIDO_CERTIFIED", "2020-05-12")), level("FIDO_CERTIFIED_L1", "")},
		{"a certification that was lost", "", root, true,
			reports(report("FIDO_CERTIFIED_L1", "2020-05-12"), report("NOT_FIDO_CERTIFIED", "2024-05-12")), level("NOT_FIDO_CERTIFIED", "")},
		{"level 3 plus and FIPS stand beside each other", "", root, true,
			reports(report("FIDO_CERTIFIED_L3plus", "2020-05-12"), report("FIPS140_CERTIFIED_L2", "2024-05-12"), report("FIPS140_CERTIFIED_L3", "2024-05-12")),
			level("FIDO_CERTIFIED_L3plus", "FIPS140_CERTIFIED_L3")},
		{"a word of tomorrow says nothing", "", root, true, reports(report("FIDO_CERTIFIED_L9", "2025-01-01")), level("", "")},
	}
}

// u2fEntry is e about a U2F model, which is named by the key of the forge's
// certificate; e itself becomes that of another model.
func u2fEntry(t testing.TB, f *fidoForge, e map[string]any) map[string]any {
	statement := maps.Clone(e["metadataStatement"].(map[string]any))
	statement["protocolFamily"] = "u2f"
	point, err := f.leafKey.Public().(*ecdsa.PublicKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	id := sha1.Sum(point)
	e["aaguid"] = "cafebabe-0000-0000-0000-00000000ffff"
	return map[string]any{
		"attestationCertificateKeyIdentifiers": []string{strings.ToUpper(hex.EncodeToString(id[:]))},
		"metadataStatement":                    statement, "statusReports": e["statusReports"],
	}
}

func TestModels(t *testing.T) {
	for _, c := range modelCases() {
		t.Run(c.name, func(t *testing.T) {
			ca := newCA(t, "Test Model Root", nil)
			f, blob := newFIDO(t, &ca), newBlob(t)
			entry := blobEntry3(testAAGUID.String(), ca.cert.Raw, report("FIDO_CERTIFIED_L2", "2024-01-01"))
			more := c.bend(t, f, &ca, entry)
			blob.payload["entries"] = slices.Concat([]any{entry}, more)
			m, err := blob.signer().Read(blob.make(t), asOf)
			if err != nil {
				t.Fatal(err)
			}
			v := Verifier{Anchors: new(Anchors), Now: asOf, Metadata: m}
			if c.trusted {
				v.Anchors = trusting(t, ca)
			}
			s := v.FIDO(f.make(t))
			want := hw.StatusVerified
			if c.reason != "" {
				want, _, _ = verdict(faultf(c.reason, "x"))
			}
			if s.Status != want || s.Reason != c.reason || s.Anchor != c.anchor {
				t.Fatalf("got %s %q (%s) to %q, want %s %q to %q", s.Status, s.Reason, s.Detail, s.Anchor, want, c.reason, c.anchor)
			}
			if c.want != nil && !c.want(s) {
				t.Errorf("model %q, certification %q, FIPS %q", s.Model, s.Certification, s.FIPSLevel)
			}
			if s.Reason == ReasonModelCompromised && !strings.Contains(s.Detail, "Test Key") {
				t.Errorf("the detail names no model: %s", s.Detail)
			}
		})
	}
}

// TestProviderNames wants a provider to be named whatever it is refused for.
func TestProviderNames(t *testing.T) {
	ca := newCA(t, "Test FIDO Root", nil)
	v := Verifier{Anchors: trusting(t, ca), Now: asOf}
	id := hw.AAGUID{0xfb, 0xfc, 0x30, 0x07, 0x15, 0x4e, 0x4e, 0xcc, 0x8c, 0x0b, 0x6e, 0x02, 0x05, 0x57, 0xd7, 0xbd}
	for reason, bend := range map[string]func(*fidoForge){
		ReasonNoAttestation:       func(f *fidoForge) { f.format = "none"; f.stmt = func(m map[string]any) { clear(m) } },
		ReasonPlatformAttestation: func(f *fidoForge) { f.format = "apple" },
		ReasonSelfAttestation:     func(f *fidoForge) { f.self = true },
		ReasonSyncable:            func(f *fidoForge) { f.flags |= flagBackupEligible },
		ReasonPasskeyProvider:     func(f *fidoForge) { f.leaf.ExtraExtensions[0].Value = octetString(id[:]...) },
	} {
		f := newFIDO(t, &ca)
		f.aaguid = id
		bend(f)
		s := v.FIDO(f.make(t))
		if s.Status != hw.StatusRefused || s.Reason != reason || !strings.Contains(s.Detail, "iCloud Keychain") || !strings.HasPrefix(s.Model, "iCloud Keychain") {
			t.Errorf("%s: got %s %q (%s), model %q", reason, s.Status, s.Reason, s.Detail, s.Model)
		}
	}
}
