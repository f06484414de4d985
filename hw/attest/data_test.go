package attest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// asOf is the day the tests live in.
var asOf = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// dataPath finds a file of the data folder beside the repository, and skips
// the test where there is none.
func dataPath(t testing.TB, parts ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
	path := filepath.Join(append([]string{dir, "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED, real hardware is not judged here: no %s beside the repository", filepath.Join(append([]string{"../shared/data"}, parts...)...))
	}
	return path
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// fidoVector is one attestation object with two verdicts that were found
// without this program.
type fidoVector struct {
	ID                string
	Kind              string // webauthn, or ctap2: the key's own answer with numbered fields
	Fmt               string
	SigVerified       bool
	ChainRoot         string
	ClientDataJSON    string
	ClientHashHex     string
	AttestationObject string

	evidence hw.FIDOEvidence
	rpIDHash [32]byte // as the object says, where the RP ID is not known
}

// fidoVectors are all of fido.json and fido-ssh-5.7.4.json.
func fidoVectors(t testing.TB) []fidoVector {
	t.Helper()
	var vectors []fidoVector
	readJSON(t, dataPath(t, "vectors", "fido.json"), &vectors)
	var ssh []struct {
		Name, ClientDataHashHex string
		SigVerified             bool
		AttestationObject       string `json:"attestationObject_b64url"`
		Chain                   string
	}
	readJSON(t, dataPath(t, "vectors", "fido-ssh-5.7.4.json"), &ssh)
	for _, s := range ssh {
		v := fidoVector{ID: s.Name, Fmt: "packed", SigVerified: s.SigVerified, ClientHashHex: s.ClientDataHashHex, AttestationObject: s.AttestationObject}
		if s.Chain == "OK" {
			v.ChainRoot = "Yubico"
		}
		vectors = append(vectors, v)
	}
	for i := range vectors {
		if err := vectors[i].fill(); err != nil {
			t.Fatalf("%s: %v", vectors[i].ID, err)
		}
	}
	return vectors
}

func (v *fidoVector) fill() error {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(v.AttestationObject, "="))
	if err != nil {
		return err
	}
	if v.Kind == "ctap2" {
		if raw, err = fromCTAP2(raw); err != nil {
			return err
		}
	}
	v.evidence.AttestationObject = raw
	var o struct {
		AuthData []byte `cbor:"authData"`
	}
	if err := cbor.Unmarshal(raw, &o); err != nil {
		return err
	}
	copy(v.rpIDHash[:], o.AuthData)
	if v.ClientHashHex != "" {
		v.evidence.ClientDataHash, err = hex.DecodeString(v.ClientHashHex)
		return err
	}
	if v.ClientDataJSON == "" {
		return nil
	}
	client, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(v.ClientDataJSON, "="))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(client)
	v.evidence.ClientDataHash = sum[:]
	v.evidence.RPID = rpIDOf(client, v.rpIDHash)
	return nil
}

// rpIDOf finds the RP ID with that hash: the origin's host or a domain above
// it, "" where it is neither.
func rpIDOf(clientData []byte, hash [32]byte) string {
	var c struct{ Origin string }
	if json.Unmarshal(clientData, &c) != nil {
		return ""
	}
	u, err := url.Parse(c.Origin)
	if err != nil {
		return ""
	}
	for host := u.Hostname(); host != ""; {
		if sha256.Sum256([]byte(host)) == hash {
			return host
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return ""
}

// fromCTAP2 rewrites a makeCredential answer as WebAuthn does.
func fromCTAP2(raw []byte) ([]byte, error) {
	var answer struct {
		Fmt      string          `cbor:"1,keyasint"`
		AuthData []byte          `cbor:"2,keyasint"`
		AttStmt  cbor.RawMessage `cbor:"3,keyasint"`
	}
	if err := cbor.Unmarshal(raw, &answer); err != nil {
		return nil, err
	}
	return cbor.Marshal(map[string]any{"fmt": answer.Fmt, "authData": answer.AuthData, "attStmt": answer.AttStmt})
}

// vectorAnchors are the built-in ones and those of other makers that the
// vectors' chains end at, out of the FIDO metadata.
func vectorAnchors(t testing.TB) *Anchors {
	t.Helper()
	anchors := yubico(t)
	raw, err := os.ReadFile(dataPath(t, "mds", "real-20.jwt"))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(raw), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var blob struct {
		Entries []struct {
			MetadataStatement struct {
				Description                 string
				AttestationRootCertificates []string
			}
		}
	}
	if err := json.Unmarshal(payload, &blob); err != nil {
		t.Fatal(err)
	}
	wanted := map[string]bool{"Feitian FIDO Root CA": true, "FT FIDO 0200": true, "eWBM CA Certificate": true}
	found := make(map[string]bool)
	for _, e := range blob.Entries {
		for _, b64 := range e.MetadataStatement.AttestationRootCertificates {
			der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(b64))
			if err != nil {
				continue // some makers' entries hold line breaks
			}
			c, err := parseCertificate(der)
			if err != nil {
				continue
			}
			if !wanted[c.Subject.CommonName] {
				continue
			}
			if err := anchors.AddPEM(e.MetadataStatement.Description, toPEM(der)); err != nil {
				t.Fatal(err)
			}
			found[c.Subject.CommonName] = true
		}
	}
	if len(found) != len(wanted) {
		t.Fatalf("of the roots %v the metadata has only %v", wanted, found)
	}
	return anchors
}

// pivVector is one real slot attestation.
type pivVector struct {
	Leaf, F9       string
	Firmware, Slot string
	Serial         *uint64
	Policies       string
	FormFactor     *string
	F9Issuer       string  `json:"f9_issuer"`
	F9FIPS         *string `json:"f9_fips"`
	F9CSPN         *string `json:"f9_cspn"`
}

func pivVectors(t testing.TB) []pivVector {
	t.Helper()
	var vectors []pivVector
	readJSON(t, dataPath(t, "vectors", "piv.json"), &vectors)
	return vectors
}

// serial is "" where the certificate has none.
func (v pivVector) serial() string {
	if v.Serial == nil {
		return ""
	}
	return fmt.Sprint(*v.Serial)
}

func (v pivVector) evidence(t testing.TB) hw.PIVEvidence {
	t.Helper()
	slot, err := hex.DecodeString(v.Slot)
	if err != nil || len(slot) != 1 {
		t.Fatalf("%s: slot %q", v.Leaf, v.Slot)
	}
	ev := hw.PIVEvidence{Slots: []hw.PIVSlot{{Slot: slot[0], Certificate: readDER(t, dataPath(t, "vectors", "piv", v.Leaf))}}}
	if v.F9 != "" {
		ev.F9 = readDER(t, dataPath(t, "vectors", "piv", v.F9))
	}
	return ev
}

func readDER(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		t.Fatalf("%s: no PEM", path)
	}
	return block.Bytes
}

func toPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func yubico(t testing.TB) *Anchors {
	t.Helper()
	a, err := Yubico()
	if err != nil {
		t.Fatal(err)
	}
	return a
}
