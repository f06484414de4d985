package attest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const testSigner = "mds.test.invalid"

// blobForge makes one BLOB; each field may be bent before make.
type blobForge struct {
	root    authority
	key     crypto.Signer
	leaf    x509.Certificate
	header  map[string]any // beside alg and x5c, or in their place
	payload map[string]any
	content func([]byte) []byte // after encoding
	sig     func([]byte) []byte
	blob    func(string) string
}

// blobEntry3 is an entry of MDS3 about a key with one root.
func blobEntry3(id string, root []byte, reports ...map[string]any) map[string]any {
	return map[string]any{
		"aaguid": id,
		"metadataStatement": map[string]any{
			"description": "Test Key", "protocolFamily": "fido2", "attestationTypes": []string{"basic_full"},
			"keyProtection": []string{"hardware", "secure_element"}, "attachmentHint": []string{"external", "wired"},
			"attestationRootCertificates": []string{base64.StdEncoding.EncodeToString(root)},
		},
		"statusReports": reports,
	}
}

func report(status, day string) map[string]any {
	return map[string]any{"status": status, "effectiveDate": day}
}

// newBlob is a good BLOB with one model, due in a week.
func newBlob(t testing.TB) *blobForge {
	return &blobForge{
		root: newCA(t, "Test Metadata Root", nil), key: newKey(t),
		leaf: x509.Certificate{
			Subject: pkix.Name{CommonName: "Signer"}, DNSNames: []string{testSigner},
			KeyUsage: x509.KeyUsageDigitalSignature, NotAfter: asOf.AddDate(1, 0, 0),
		},
		header: map[string]any{"typ": "JWT"},
		payload: map[string]any{
			"no": 7, "nextUpdate": asOf.AddDate(0, 0, 7).Format(time.DateOnly),
			"entries": []any{blobEntry3(testAAGUID.String(), nil, report("FIDO_CERTIFIED_L1", "2024-01-01"))},
		},
	}
}

func (f *blobForge) signer() MetadataSigner {
	s := MetadataSigner{Roots: x509.NewCertPool(), Names: []string{testSigner}}
	s.Roots.AddCert(f.root.cert)
	return s
}

func (f *blobForge) make(t testing.TB) []byte {
	t.Helper()
	header := map[string]any{"alg": "ES256"}
	if _, ok := f.key.(*rsa.PrivateKey); ok {
		header["alg"] = "RS256"
	}
	header["x5c"] = []string{base64.StdEncoding.EncodeToString(certify(t, f.leaf, f.key, &f.root).cert.Raw)}
	maps.Copy(header, f.header)
	encode := func(v any) []byte {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	content := encode(f.payload)
	if f.content != nil {
		content = f.content(content)
	}
	text := base64.RawURLEncoding.EncodeToString(encode(header)) + "." + base64.RawURLEncoding.EncodeToString(content)
	digest := sha256.Sum256([]byte(text))
	var sig []byte
	if k, ok := f.key.(*ecdsa.PrivateKey); ok {
		r, s, err := ecdsa.Sign(rand.Reader, k, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		size := (k.Curve.Params().BitSize + 7) / 8
		sig = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	} else {
		var err error
		if sig, err = f.key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			t.Fatal(err)
		}
	}
	if f.sig != nil {
		sig = f.sig(sig)
	}
	text += "." + base64.RawURLEncoding.EncodeToString(sig)
	if f.blob != nil {
		text = f.blob(text)
	}
	return []byte(text)
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestMetadata(t *testing.T) {
	type F = *blobForge
	cases := []struct {
		name string
		want string // part of the error, "" when it must be read
		bend func(t *testing.T, f F)
	}{
		{"ES256 holds", "", func(*testing.T, F) {}},
		{"RS256 holds", "", func(t *testing.T, f F) { f.key = rsaKey(t, 2048) }},
		{"a line end behind it is no part of it", "", func(_ *testing.T, f F) { f.blob = func(s string) string { return s + "\r\n" } }},
		{"a signer named by its common name alone", "", func(_ *testing.T, f F) {
			f.leaf.DNSNames, f.leaf.Subject.CommonName = nil, testSigner
		}},
		{"a signer whose certificate ended is old, not false", "", func(_ *testing.T, f F) { f.leaf.NotAfter = asOf.AddDate(0, -1, 0) }},
		{"an update that was due long ago is old, not false", "", func(_ *testing.T, f F) { f.payload["nextUpdate"] = "2019-01-01" }},

		{"nothing", "1 parts", func(_ *testing.T, f F) { f.blob = func(string) string { return "" } }},
		{"too large", "at most", func(_ *testing.T, f F) {
			f.blob = func(s string) string { return s + strings.Repeat(" ", MaxMetadata) }
		}},
		{"a part too many", "4 parts", func(_ *testing.T, f F) { f.blob = func(s string) string { return s + ".e30" } }},
		{"no signature", "the signature", func(_ *testing.T, f F) { f.sig = func([]byte) []byte { return nil } }},
		{"padding", "part 3", func(_ *testing.T, f F) { f.blob = func(s string) string { return s + "=" } }},
		{"a line broken", "broken into lines", func(_ *testing.T, f F) { f.blob = func(s string) string { return s[:len(s)-9] + "\n" + s[len(s)-9:] } }},
		{"stray bits at the end", "part 3", func(_ *testing.T, f F) {
			// 64 bytes end in a sextet of which four bits are zero.
			f.blob = func(s string) string { return s[:len(s)-1] + "_" }
		}},
		{"algorithm none", `"none"`, func(_ *testing.T, f F) { f.header["alg"] = "none" }},
		{"an algorithm with another kind of key", `"RS256"`, func(_ *testing.T, f F) { f.header["alg"] = "RS256" }},
		{"HMAC with a public key", `"HS256"`, func(_ *testing.T, f F) { f.header["alg"] = "HS256" }},
		{"another curve", "P-384", func(t *testing.T, f F) { f.key = newKeyOn(t, elliptic.P384()) }},
		{"a header that demands more", "demands", func(_ *testing.T, f F) { f.header["crit"] = []string{"exp"} }},
		{"no certificate", "0 certificates", func(_ *testing.T, f F) { f.header["x5c"] = []string{} }},
		{"certificates that are none", "base64", func(_ *testing.T, f F) { f.header["x5c"] = []string{"*"} }},
		{"a certificate that does not parse", "certificate 1", func(_ *testing.T, f F) { f.header["x5c"] = []string{"MAA="} }},
		{"too many certificates", "9 certificates", func(_ *testing.T, f F) { f.header["x5c"] = slices.Repeat([]string{"MAA="}, 9) }},
		{"a header with a name twice", "twice", func(t *testing.T, f F) {
			f.blob = func(s string) string {
				header, rest, _ := strings.Cut(s, ".")
				raw, err := base64.RawURLEncoding.DecodeString(header)
				if err != nil {
					t.Fatal(err)
				}
				raw = append([]byte(`{"alg":"none",`), raw[1:]...)
				return base64.RawURLEncoding.EncodeToString(raw) + "." + rest
			}
		}},
		{"another root", "unknown", func(t *testing.T, f F) {
			other := newCA(t, "Test Metadata Root", nil)
			f.header["x5c"] = []string{base64.StdEncoding.EncodeToString(certify(t, f.leaf, f.key, &other).cert.Raw)}
		}},
		{"another name under the same root", "who is not", func(_ *testing.T, f F) { f.leaf.DNSNames = []string{"shop.test.invalid"} }},
		{"a CA as the signer", "not one for signing", func(_ *testing.T, f F) { f.leaf.BasicConstraintsValid, f.leaf.IsCA = true, true }},
		{"a certificate for something else", "not one for signing", func(_ *testing.T, f F) { f.leaf.KeyUsage = x509.KeyUsageKeyEncipherment }},
		{"a signer of tomorrow", "not valid before", func(_ *testing.T, f F) { f.leaf.NotBefore = asOf.Add(time.Hour) }},
		{"a changed signature", "does not match", func(_ *testing.T, f F) { f.sig = func(b []byte) []byte { return flip(b, 300) } }},
		{"a signature in DER", "does not match", func(t *testing.T, f F) {
			f.sig = func([]byte) []byte { return sign(t, f.key, algES256, []byte("x")) }
		}},
		{"RS256 with a changed signature", "does not match", func(t *testing.T, f F) {
			f.key, f.sig = rsaKey(t, 2048), func(b []byte) []byte { return flip(b, 300) }
		}},

		{"content that is no JSON", "content", func(_ *testing.T, f F) { f.content = func(b []byte) []byte { return b[1:] } }},
		{"content with a number twice", "twice", func(_ *testing.T, f F) {
			f.content = func(b []byte) []byte { return append([]byte(`{"no":9,`), b[1:]...) }
		}},
		{"something behind the content", "after the end", func(_ *testing.T, f F) { f.content = func(b []byte) []byte { return append(b, "{}"...) } }},
		{"no number", "no", func(_ *testing.T, f F) { delete(f.payload, "no") }},
		{"number zero", "no number", func(_ *testing.T, f F) { f.payload["no"] = 0 }},
		{"a number with a fraction", "no", func(_ *testing.T, f F) { f.payload["no"] = 7.5 }},
		{"no date", "nextUpdate", func(_ *testing.T, f F) { delete(f.payload, "nextUpdate") }},
		{"a date that is none", "next update", func(_ *testing.T, f F) { f.payload["nextUpdate"] = "2026-02-30" }},
		{"no model", "0 entries", func(_ *testing.T, f F) { f.payload["entries"] = []any{} }},
		{"a model whose name is none", "entry 1: AAGUID", func(_ *testing.T, f F) { f.payload["entries"] = []any{blobEntry3("yes", nil)} }},
		{"a model without a name", "names no model", func(_ *testing.T, f F) {
			f.payload["entries"] = []any{blobEntry3("00000000-0000-0000-0000-000000000000", nil)}
		}},
		{"a key identifier that is none", "key identifier", func(_ *testing.T, f F) {
			f.payload["entries"] = []any{map[string]any{"attestationCertificateKeyIdentifiers": []string{"00"}}}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newBlob(t)
			c.bend(t, f)
			m, err := f.signer().Read(f.make(t), asOf)
			switch {
			case c.want == "" && err != nil:
				t.Fatal(err)
			case c.want == "":
				if m.Number != 7 || m.Models != 1 || len(m.find(testAAGUID, f.root.cert)) != 1 {
					t.Errorf("read as %+v", m)
				}
			case err == nil || !strings.Contains(err.Error(), c.want):
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
	t.Run("nobody is believed without a root", func(t *testing.T) {
		if _, err := (MetadataSigner{Names: []string{testSigner}}).Read(newBlob(t).make(t), asOf); err == nil {
			t.Error("read")
		}
	})
	t.Run("the product believes no test root", func(t *testing.T) {
		f := newBlob(t)
		f.leaf.DNSNames = metadataNames
		if _, err := fidoAlliance(t).Read(f.make(t), asOf); err == nil || !strings.Contains(err.Error(), "unknown") {
			t.Errorf("got error %v", err)
		}
	})
}

func TestMetadataAge(t *testing.T) {
	day := time.Date(2026, 5, 10, 0, 0, 0, 0, time.UTC)
	m := Metadata{NextUpdate: day, SignerEnds: day.AddDate(1, 0, 0)}
	for now, want := range map[time.Time]int{
		day.AddDate(0, 0, -9): 0, day.Add(23 * time.Hour): 0, day.Add(25 * time.Hour): 1, day.AddDate(0, 0, 11).Add(time.Hour): 11,
	} {
		if got := m.Age(now); got != want || m.Expired(now) != (want > 0) {
			t.Errorf("%s: age %d, expired %t, want age %d", now, got, m.Expired(now), want)
		}
	}
	m.SignerEnds = day.AddDate(0, 0, -30)
	if got := m.Age(day.Add(time.Hour)); got != 31 {
		t.Errorf("31 days after its signer's end the age is %d", got)
	}
}

func fidoAlliance(t testing.TB) MetadataSigner {
	t.Helper()
	s, err := FIDOAlliance()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestGlobalSign holds the two roots to the fingerprints that GlobalSign
// publishes.
func TestGlobalSign(t *testing.T) {
	for want, file := range map[string][]byte{
		"cbb522d7b7f127ad6a0113865bdf1cd4102e7d0759af635a7cf4720dc963c53b": globalSignR3,
		"4fa3126d8d3a11d1c4855a4f807cbad6cf919d3a5a88b03bea2c6372d93c40c9": globalSignR46,
	} {
		certs, err := readPEM(file)
		if err != nil || len(certs) != 1 {
			t.Fatalf("%d certificates, %v", len(certs), err)
		}
		if sum := sha256.Sum256(certs[0].Raw); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s has SHA-256 %x, want %s", certs[0].Subject, sum, want)
		}
	}
}

func readData(t testing.TB, parts ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(dataPath(t, parts...))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestRealMetadata reads the BLOB of October 2022 on several days.
func TestRealMetadata(t *testing.T) {
	blob := readData(t, "mds", "real-20.jwt")
	for _, c := range []struct {
		when time.Time
		age  int
	}{
		{time.Date(2022, 10, 15, 0, 0, 0, 0, time.UTC), 0},
		{time.Date(2022, 11, 12, 1, 0, 0, 0, time.UTC), 11},
		{asOf, 1338},
		{time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC), 2983}, // when its root has ended too
	} {
		m, err := fidoAlliance(t).Read(blob, c.when)
		if err != nil {
			t.Fatalf("%s: %v", c.when, err)
		}
		if m.Number != 20 || m.Models != 109 || m.NextUpdate.Format(time.DateOnly) != "2022-11-01" || m.Age(c.when) != c.age {
			t.Errorf("%s: no. %d, %d models, due %s, %d days old", c.when, m.Number, m.Models, m.NextUpdate, m.Age(c.when))
		}
	}
	if _, err := fidoAlliance(t).Read(blob, time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)); err == nil {
		t.Error("read before its signer was")
	}
	for _, bit := range []int{len(blob)*8/2 + 1, (len(blob) - 20) * 8} {
		if _, err := fidoAlliance(t).Read(flip(bytes.Clone(blob), bit), asOf); err == nil {
			t.Errorf("read with bit %d changed", bit)
		}
	}
}

// TestFakeMetadata reads the conformance suite's BLOB, which nobody but a test
// may believe.
func TestFakeMetadata(t *testing.T) {
	blob := readData(t, "mds", "fake-conformance.jwt")
	if _, err := fidoAlliance(t).Read(blob, asOf); err == nil {
		t.Fatal("the product believes the FAKE root")
	}
	raw, err := splitJWS(blob)
	if err != nil {
		t.Fatal(err)
	}
	s := MetadataSigner{Roots: x509.NewCertPool(), Names: []string{"FAKE Metadata 3 BLOB Signing Signer 4 FAKE"}}
	s.Roots.AddCert(raw.certs[1]) // the root itself is not sent along
	m, err := s.Read(blob, asOf)
	if err != nil {
		t.Fatal(err)
	}
	if m.Number != 42 || m.Models != 100 {
		t.Errorf("no. %d, %d models", m.Number, m.Models)
	}
	counted := make(map[string]int)
	for _, models := range m.byAAGUID {
		counted[models[0].compromised(asOf)]++
	}
	total := 0
	for word, n := range counted {
		if word != "" {
			total += n
		}
	}
	if total == 0 || counted["USER_VERIFICATION_BYPASS"] != 2 || counted["ATTESTATION_KEY_COMPROMISE"] < 2 {
		t.Errorf("compromised models: %v", counted)
	}
}

func TestPasskeyProviders(t *testing.T) {
	for id, name := range passkeyProviders {
		b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
		if err != nil || len(b) != 16 || strings.ToLower(id) != id || name == "" {
			t.Errorf("row %q %q", id, name)
		}
	}
	var names map[string]string
	readJSON(t, dataPath(t, "mds", "aaguid-names.json"), &names)
	for id, name := range passkeyProviders {
		published := strings.ToLower(names[id])
		if first := strings.ToLower(strings.Fields(name)[0]); !strings.Contains(published, first) && !strings.Contains(published, "apple") {
			t.Errorf("%s is called %q here and %q there", id, name, names[id])
		}
	}
	for id, name := range names {
		if strings.Contains(name, "YubiKey") || strings.Contains(name, "Security Key") || strings.Contains(name, "Feitian") {
			if passkeyProviders[id] != "" {
				t.Errorf("%s %s is a key", id, name)
			}
		}
	}
}
