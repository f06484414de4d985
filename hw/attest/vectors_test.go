package attest

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// day is when a vector is judged: other makers' roots in the metadata of 2022
// have expired since.
func (v fidoVector) day() time.Time {
	if v.ChainRoot == "" || strings.Contains(v.ChainRoot, "Yubico") {
		return asOf
	}
	return time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
}

func (v fidoVector) genuine() bool { return v.SigVerified && v.ChainRoot != "" }

func (v fidoVector) judge(a *Anchors) hw.FIDOStatement {
	verifier := Verifier{Anchors: a, Now: v.day()}
	if v.evidence.RPID == "" {
		return verifier.fido(v.evidence, v.rpIDHash)
	}
	return verifier.FIDO(v.evidence)
}

// TestVectors holds every attestation object of the public test suites against
// the two verdicts that were found without this program, and prints the table.
func TestVectors(t *testing.T) {
	// Two TPM certificates have a negative serial number. That they are well
	// signed can only be seen by reading them.
	t.Setenv("GODEBUG", "x509negativeserial=1")
	vectors := fidoVectors(t)
	anchors := vectorAnchors(t)
	counts := make(map[string]int)
	table := new(strings.Builder)
	w := tabwriter.NewWriter(table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VECTOR\tSIGNATURE\tANCHOR\tSTATUS\tREASON")
	for _, vec := range vectors {
		s := vec.judge(anchors)
		sig := "unknown"
		if len(vec.evidence.ClientDataHash) > 0 && vec.Fmt != "none" {
			sig = "good"
			if err := signatureOf(vec.evidence); err != nil {
				sig = "bad"
				t.Logf("%s: signature: %v", vec.ID, err)
			}
		}
		anchor, err := chainOf(Verifier{Anchors: anchors, Now: vec.day()}, vec.evidence)
		short, _, _ := strings.Cut(anchor, ",")
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", vec.ID, sig, strings.TrimPrefix(short, "CN="), s.Status, s.Reason)
		counts["signature "+sig]++
		counts[string(s.Status)]++
		if anchor != "" {
			counts["anchored"]++
		}

		if got, want := sig == "good", vec.SigVerified; got != want {
			t.Errorf("%s: signature is %s, want good=%v", vec.ID, sig, want)
		}
		if got, want := anchor != "", vec.ChainRoot != ""; got != want {
			t.Errorf("%s: anchor %q (%v), want a chain to %q", vec.ID, anchor, err, vec.ChainRoot)
		}
		_, root, ok := strings.Cut(vec.ChainRoot, " <- ")
		if !ok {
			root = vec.ChainRoot
		}
		if root != "" && !strings.Contains(anchor, "CN="+root) {
			t.Errorf("%s: anchor %q, want %q", vec.ID, anchor, root)
		}
		if got, want := s.Status == hw.StatusVerified, vec.genuine(); got != want {
			t.Errorf("%s: %s %s (%s), want verified=%v", vec.ID, s.Status, s.Reason, s.Detail, want)
		}
		if s.Status == hw.StatusVerified && (s.Anchor != anchor || !s.UserPresent || len(s.CredentialID) == 0 || len(s.PublicKey) == 0) {
			t.Errorf("%s: verified, and the statement is incomplete: %+v", vec.ID, s)
		}
		if s.Status != hw.StatusVerified && (s.Anchor != "" || s.Reason == "" || s.Serial != "" || !s.Firmware.IsZero()) {
			t.Errorf("%s: not verified, and the statement claims more: %+v", vec.ID, s)
		}
	}
	w.Flush()
	t.Logf("%d objects: %v\n%s", len(vectors), counts, table)
	if len(vectors) != 225 {
		t.Errorf("%d vectors, want 225", len(vectors))
	}
}

// TestVectorsFacts checks what the certificates of well-known keys say.
func TestVectorsFacts(t *testing.T) {
	anchors := vectorAnchors(t)
	want := map[string]struct {
		firmware, aaguid string
		fips             bool
	}{
		"YUBIKEY_5C_NFC_5_7_4":   {"5.7.4", "d7781e5d-e353-46aa-afe2-3ca49f13332a", false},
		"YUBIKEY_BIO":            {"5.5.6", "d8522d9f-575b-4866-88a9-ba99fa02f35b", false},
		"v170-packed-c1f9a0bc":   {"5.4.2", "c1f9a0bc-1dd2-404a-b27f-8e29047a43fd", true},
		"v178-packed-d8522d9f":   {"5.5.4", "d8522d9f-575b-4866-88a9-ba99fa02f35b", false},
		"v130-packed-2fc0579f":   {"0.0.0", "2fc0579f-8113-47ea-b116-bb5a8db9202a", false},
		"v046-fido-u2f-00000000": {"0.0.0", "6d44ba9b-f6ec-2e49-b930-0c8fe920cb73", false},
		"v041-fido-u2f-00000000": {"0.0.0", "00000000-0000-0000-0000-000000000000", false},
	}
	for _, vec := range fidoVectors(t) {
		w, ok := want[vec.ID]
		if !ok {
			continue
		}
		s := vec.judge(anchors)
		if s.Status != hw.StatusVerified || s.Firmware.String() != w.firmware || s.AAGUID.String() != w.aaguid || s.FIPS != w.fips {
			t.Errorf("%s: %s %s firmware %s AAGUID %s FIPS %v, want %+v", vec.ID, s.Status, s.Reason, s.Firmware, s.AAGUID, s.FIPS, w)
		}
		delete(want, vec.ID)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}

// TestEnterpriseSerial reads the serial out of a real enterprise attestation.
func TestEnterpriseSerial(t *testing.T) {
	c, err := parseCertificate(readDER(t, dataPath(t, "vectors", "enterprise-attestation-28299003.pem")))
	if err != nil {
		t.Fatal(err)
	}
	f := leafFacts{aaguid: hw.AAGUID{0xb9, 0x0e, 0x7d, 0xc1, 0x31, 0x6e, 0x4f, 0xee, 0xa2, 0x5a, 0x56, 0xa6, 0x66, 0xa6, 0x70, 0xfe}}
	if err := errors.Join(checkPackedLeaf(c), f.read(c, formatPacked)); err != nil {
		t.Fatal(err)
	}
	if f.serial != "28299003" || f.firmware.String() != "5.7.1" {
		t.Errorf("serial %q, firmware %s", f.serial, f.firmware)
	}
	if anchor, err := (Verifier{Anchors: yubico(t), Now: asOf}).chain(UseFIDO, c, nil); !strings.Contains(anchor, "Yubico FIDO Root CA") {
		t.Errorf("anchor %q: %v", anchor, err)
	}
}

// TestPIVVectors holds every real slot attestation against what it is known to say.
func TestPIVVectors(t *testing.T) {
	v := Verifier{Anchors: yubico(t), Now: asOf}
	vectors := pivVectors(t)
	verified := 0
	for _, vec := range vectors {
		ev := vec.evidence(t)
		got := v.PIV(ev, vec.serial())
		if len(got) != 1 {
			t.Fatalf("%s: %d statements", vec.Leaf, len(got))
		}
		s := got[0]
		if vec.F9 == "" {
			if s.Status != hw.StatusInvalid || s.Reason != ReasonNoF9 {
				t.Errorf("%s without f9: %s %s", vec.Leaf, s.Status, s.Reason)
			}
			continue
		}
		form := ""
		if vec.FormFactor != nil {
			form = *vec.FormFactor
		}
		want := fmt.Sprintf("slot %s serial %s firmware %s policies %s form %s fips %v cspn %v",
			vec.Slot, vec.serial(), vec.Firmware, vec.Policies, form, vec.F9FIPS != nil, vec.F9CSPN != nil)
		form = ""
		if s.FormFactor != 0 {
			form = fmt.Sprintf("%02x", byte(s.FormFactor))
		}
		policies := fmt.Sprintf("%02x%02x", keyOf(pinPolicies, s.PINPolicy), keyOf(touchPolicies, s.Touch))
		if got := fmt.Sprintf("slot %02x serial %s firmware %s policies %s form %s fips %v cspn %v",
			s.Slot, s.Serial, s.Firmware, policies, form, s.FIPS, s.CSPN); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", vec.Leaf, got, want)
		}
		wantAnchor := vec.F9Issuer
		if strings.HasPrefix(wantAnchor, "Yubico PIV Attestation ") {
			wantAnchor = "Yubico Attestation Root 1"
		}
		if s.Status != hw.StatusVerified || s.Anchor != "CN="+wantAnchor {
			t.Errorf("%s: %s %s (%s), anchor %q, want %q", vec.Leaf, s.Status, s.Reason, s.Detail, s.Anchor, wantAnchor)
		}
		verified++
		if s.Serial != "" {
			if other := v.PIV(ev, "1")[0]; other.Reason != ReasonSerialMismatch || other.Status != hw.StatusInvalid {
				t.Errorf("%s with another serial: %s %s", vec.Leaf, other.Status, other.Reason)
			}
		}
		// Where piv-go slips: f9 in the slot's place.
		ev.Slots[0].Certificate = ev.F9
		if s := v.PIV(ev, ""); s[0].Reason != ReasonNotSlotCertificate {
			t.Errorf("%s: f9 in the slot's place: %s %s", vec.Leaf, s[0].Status, s[0].Reason)
		}
		ev.Slots = nil
		if s := v.PIV(ev, vec.serial()); s[0].Reason != ReasonNoAttestedKey || s[0].Status != hw.StatusAbsent || s[0].Serial != "" {
			t.Errorf("%s: f9 alone: %+v", vec.Leaf, s[0])
		}
	}
	t.Logf("%d slot attestations, %d verified, %d without an f9 certificate", len(vectors), verified, len(vectors)-verified)
	if verified != 57 {
		t.Errorf("%d verified, want 57", verified)
	}
}

func keyOf(m map[byte]string, word string) byte {
	for k, v := range m {
		if v == word {
			return k
		}
	}
	return 0
}

// chainOf builds the chain of any format that sends certificates, whatever
// else is wrong with it.
func chainOf(v Verifier, ev hw.FIDOEvidence) (string, error) {
	certs, err := certificatesOf(ev)
	if err != nil || len(certs) == 0 {
		return "", err
	}
	return v.chain(UseFIDO, certs[0], certs[1:])
}

// statementOf reads an attestation statement of any format.
func statementOf(ev hw.FIDOEvidence) (o object, st map[string]any, err error) {
	if o, err = decodeObject(ev.AttestationObject); err == nil {
		err = cbor.Unmarshal(o.AttStmt, &st)
	}
	return o, st, err
}

func certificatesOf(ev hw.FIDOEvidence) ([]*x509.Certificate, error) {
	_, st, err := statementOf(ev)
	if err != nil {
		return nil, err
	}
	list, _ := st["x5c"].([]any)
	var certs []*x509.Certificate
	for _, item := range list {
		der, _ := item.([]byte)
		c, err := parseCertificate(der)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	return certs, nil
}

// signatureOf verifies the signature of a statement and nothing else: as the
// product does for packed and fido-u2f, and here for the formats that the
// product refuses unread.
func signatureOf(ev hw.FIDOEvidence) error {
	o, st, err := statementOf(ev)
	if err != nil {
		return err
	}
	signed := slices.Concat([]byte(o.AuthData), ev.ClientDataHash)
	switch o.Format {
	case "tpm": // WebAuthn §8.3
		certs, err := certificatesOf(ev)
		if err != nil {
			return err
		}
		info, _ := st["certInfo"].([]byte)
		sig, _ := st["sig"].([]byte)
		alg, _ := st["alg"].(int64)
		kind := algorithms[alg].x509
		sum := sha256.Sum256(signed)
		want := sum[:]
		if alg == -65535 {
			old := sha1.Sum(signed)
			kind, want = x509.SHA1WithRSA, old[:]
		}
		if err := certs[0].CheckSignature(kind, info, sig); err != nil {
			return err
		}
		if got, err := tpmExtraData(info); err != nil || !slices.Equal(got, want) {
			return fmt.Errorf("certInfo quotes %x, want %x: %w", got, want, err)
		}
		return nil
	case "apple": // WebAuthn §8.8
		certs, err := certificatesOf(ev)
		if err != nil {
			return err
		}
		nonce := sha256.Sum256(signed)
		value, _ := extension(certs[0], []int{1, 2, 840, 113635, 100, 8, 2})
		if !slices.Equal(value, append([]byte{0x30, 0x24, 0xa1, 0x22, 0x04, 0x20}, nonce[:]...)) {
			return errors.New("the certificate has another nonce")
		}
		return nil
	}
	// android-key signs as packed does (WebAuthn §8.4).
	a, err := parseAttestation(o)
	if err != nil {
		return err
	}
	return a.checkSignature(ev.ClientDataHash)
}

// tpmExtraData finds the hash that a TPMS_ATTEST quotes: it follows the magic,
// the type and the signer's name.
func tpmExtraData(info []byte) ([]byte, error) {
	if len(info) < 8 {
		return nil, errors.New("short certInfo")
	}
	rest := info[6:]
	for range 2 {
		if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
			return nil, errors.New("short certInfo")
		}
		n := 2 + int(binary.BigEndian.Uint16(rest))
		info, rest = rest[2:n], rest[n:]
	}
	return info, nil
}
