package attest

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// yubicoSHA256 are the five roots as the vendor publishes them.
var yubicoSHA256 = map[string]string{
	"CN=Yubico U2F Root CA Serial 457200631":  "0fa1386f80eb8713263ae5c1d84deb455bdf08aea50ab05503cefee82b092d42",
	"CN=Yubico PIV Root CA Serial 263751":     "63ece914e54dd87915f34033c85af4c0696ba1512f8add66ced738331207b546",
	"CN=Yubico OpenPGP Attestation CA":        "6937cfa21c2189a7b219c71db39ef7112ee24b8801b1521d8296d087f2eee615",
	"CN=Yubico FIDO Root CA Serial 450203556": "35f1a54b353bfb711e6d42adbeb76c0e9dead095018e6a94783ba2192fd6faad",
	"CN=Yubico Attestation Root 1":            "62760c6a6ef91679f454c8902b80fd009825b3f25da90f1fbace2ec6586cd5a8",
}

func TestYubico(t *testing.T) {
	roots := make(map[string]string)
	uses := make(map[string]string)
	for _, a := range yubico(t).List() {
		if a.Name != "Yubico" || !a.BuiltIn || a.Kind == KindPinned || len(a.SHA256) != 64 || a.NotAfter.Before(asOf) {
			t.Errorf("%+v", a)
		}
		if a.Kind == KindRoot {
			roots[a.Subject] = a.SHA256
		}
		uses[strings.TrimPrefix(a.Subject, "CN=Yubico ")] = fmt.Sprint(a.Kind, a.Uses)
	}
	if !maps.Equal(roots, yubicoSHA256) {
		t.Errorf("roots are %v", roots)
	}
	want := map[string]string{
		"U2F Root CA Serial 457200631":  "root[fido piv]",
		"PIV Root CA Serial 263751":     "root[piv]",
		"OpenPGP Attestation CA":        "root[]",
		"FIDO Root CA Serial 450203556": "root[fido]",
		"Attestation Root 1":            "root[fido piv]",
		"Attestation Intermediate A 1":  "intermediate[fido piv]",
		"Attestation Intermediate B 1":  "intermediate[fido piv]",
		"FIDO Attestation A 1":          "intermediate[fido]",
		"FIDO Attestation B 1":          "intermediate[fido]",
		"PIV Attestation A 1":           "intermediate[piv]",
		"PIV Attestation B 1":           "intermediate[piv]",
		"OPGP Attestation A 1":          "intermediate[]",
		"OPGP Attestation B 1":          "intermediate[]",
		"SD Attestation A 1":            "intermediate[]",
		"SD Attestation B 1":            "intermediate[]",
	}
	if !maps.Equal(uses, want) {
		t.Errorf("got %v\nwant %v", uses, want)
	}
}

// TestYubicoFingerprints compares with the list made from the vendor's site.
func TestYubicoFingerprints(t *testing.T) {
	file, err := os.Open(dataPath(t, "roots", "FINGERPRINTS.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	published := make(map[string]bool)
	for s := bufio.NewScanner(file); s.Scan(); {
		if name, sum, ok := strings.Cut(s.Text(), " sha256="); ok && !strings.Contains(name, "preview") {
			published[sum] = true
		}
	}
	for _, a := range yubico(t).List() {
		if !published[a.SHA256] {
			t.Errorf("%s: %s is not published", a.Subject, a.SHA256)
		}
	}
}

// TestYubicoNewer adds the vendor's bundle of today, with the intermediates
// that are younger than this program.
func TestYubicoNewer(t *testing.T) {
	file, err := os.ReadFile(dataPath(t, "roots", "yubico-intermediate.pem"))
	if err != nil {
		t.Fatal(err)
	}
	a := yubico(t)
	a.Now = asOf
	before := len(a.List())
	if err := a.AddPEM("B2", file); err != nil {
		t.Fatal(err)
	}
	added := a.List()[before:]
	if len(added) != 5 {
		t.Errorf("%d certificates added, want 5", len(added))
	}
	for _, n := range added {
		if n.Kind != KindIntermediate || n.Name != "B2" || n.BuiltIn || !strings.Contains(n.Subject, " B2 1") {
			t.Errorf("%+v", n)
		}
	}
}

func TestAddPEM(t *testing.T) {
	root := newCA(t, "Root", nil)
	high := newCA(t, "High", &root)
	low := newCA(t, "Low", &high)
	stranger := newCA(t, "Stranger", nil)
	namesake := newCA(t, "Root", nil)
	forged := newCA(t, "Forged", &namesake)
	lost := newCA(t, "Lost", &stranger)
	old := newCA(t, "Old", nil, func(c *x509.Certificate) { c.NotAfter = asOf.Add(-time.Hour) })
	young := newCA(t, "Young", nil, func(c *x509.Certificate) { c.NotBefore = asOf.Add(time.Hour) })
	signer := newCA(t, "Signer", nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })
	leaf := certify(t, x509.Certificate{}, newKey(t), &root)
	file := func(parts ...authority) []byte {
		var b []byte
		for _, p := range parts {
			b = append(b, toPEM(p.cert.Raw)...)
		}
		return b
	}
	key, err := x509.MarshalPKCS8PrivateKey(root.key)
	if err != nil {
		t.Fatal(err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{1}})

	for _, c := range []struct {
		name string
		file []byte
		want string // kinds and subjects, or part of the error
		ok   bool
	}{
		{"a root", file(root), "root Root", true},
		{"text around it is a comment", slices.Concat([]byte("# from the vendor\n"), file(root), []byte("\nend\n")), "root Root", true},
		{"an intermediate alone is pinned", file(low), "pinned Low", true},
		{"a bundle in any order", file(low, root, high), "root Root, intermediate High, intermediate Low", true},
		{"the same twice is once", file(root, root), "root Root", true},
		{"a bundle with a certificate of nobody", file(root, lost), "Lost: issued by no anchor", false},
		{"a bundle without its root", file(high, low), "issued by no anchor", false},
		{"an intermediate that names the root and is not its own", file(root, forged), "issued by no anchor", false},
		{"a key's certificate", file(leaf), "not the certificate of a CA", false},
		{"a CA that may not sign certificates", file(signer), "not the certificate of a CA", false},
		{"an expired one", file(old), "expired on 2026-07-01", false},
		{"one of tomorrow", file(young), "not valid before 2026-07-01", false},
		{"a good one beside an expired one", file(root, old), "expired on", false},
		{"a private key", slices.Concat(file(root), private), "private key", false},
		{"a private key first", slices.Concat(private, file(root)), "private key", false},
		{"a private key that is damaged", slices.Concat(file(root), bytes.Replace(private, []byte("\nM"), []byte("\n!"), 1)), "1 of 2 blocks", false},
		{"something else", slices.Concat(file(root), public), `"PUBLIC KEY" is no certificate`, false},
		{"a certificate cut short", slices.Concat(file(root), file(high)[:200]), "1 of 2 blocks", false},
		{"a certificate that does not parse", toPEM([]byte{0x30, 0}), "reading certificate 1", false},
		{"one that names itself and did not sign itself", toPEM(flip(root.cert.Raw, len(root.cert.Raw)*8-1)), "has not signed itself", false},
		{"a certificate in DER", root.cert.Raw, "openssl x509 -inform der", false},
		{"no PEM at all", []byte("roots"), "no certificate in PEM", false},
		{"nothing", nil, "no certificate in PEM", false},
		{"too many", bytes.Repeat(file(root), maxPEMCert+1), "65 certificates", false},
		{"too large", make([]byte, maxPEM+1), "bytes, at most", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &Anchors{Now: asOf}
			err := a.AddPEM("mine", c.file)
			var got []string
			for _, e := range a.List() {
				if e.Name != "mine" || e.BuiltIn || len(e.Uses) != 2 {
					t.Errorf("%+v", e)
				}
				got = append(got, string(e.Kind)+strings.Replace(e.Subject, "CN=", " ", 1))
			}
			if c.ok {
				if err != nil || strings.Join(got, ", ") != c.want {
					t.Errorf("got %q, %v, want %q", got, err, c.want)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), `adding anchor "mine": `) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if len(got) != 0 {
				t.Errorf("refused, and yet added: %q", got)
			}
		})
	}

	t.Run("without a time, what expired since is loaded", func(t *testing.T) {
		if err := new(Anchors).AddPEM("stored", file(old)); err != nil {
			t.Error(err)
		}
	})
	t.Run("an intermediate of an anchor added before is no anchor", func(t *testing.T) {
		a := trusting(t, root, high, low)
		var kinds []Kind
		for _, e := range a.List() {
			kinds = append(kinds, e.Kind)
		}
		if want := []Kind{KindRoot, KindIntermediate, KindIntermediate}; !slices.Equal(kinds, want) {
			t.Errorf("got %v, want %v", kinds, want)
		}
		f := newFIDO(t, &low)
		if s := (Verifier{Anchors: a, Now: asOf}).FIDO(f.make(t)); s.Anchor != "CN=Root" {
			t.Errorf("anchor %q: %s", s.Anchor, s.Detail)
		}
	})
	t.Run("a pinned intermediate is the end of the chain", func(t *testing.T) {
		f := newFIDO(t, &low)
		if s := (Verifier{Anchors: trusting(t, low), Now: asOf}).FIDO(f.make(t)); s.Anchor != "CN=Low" {
			t.Errorf("anchor %q: %s", s.Anchor, s.Detail)
		}
	})
	t.Run("an anchor that expired vouches for nothing", func(t *testing.T) {
		f := newFIDO(t, &old)
		if s := (Verifier{Anchors: trusting(t, old), Now: asOf}).FIDO(f.make(t)); s.Reason != ReasonNoAnchor {
			t.Errorf("%s %s", s.Status, s.Reason)
		}
	})
	t.Run("the list is a copy", func(t *testing.T) {
		a := trusting(t, root)
		a.List()[0].Uses[0] = "else"
		if got := a.List()[0].Uses; !reflect.DeepEqual(got, []Use{UseFIDO, UsePIV}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestAddIntermediates(t *testing.T) {
	root, stranger := newCA(t, "Root", nil), newCA(t, "Stranger", nil)
	mid := newCA(t, "Mid", &root)
	low := newCA(t, "Low", &mid)
	foreign := newCA(t, "Foreign", &stranger)
	old := newCA(t, "Old", &root, func(c *x509.Certificate) { c.NotAfter = asOf.Add(-time.Hour) })
	file := func(cas ...authority) (b []byte) {
		for _, c := range cas {
			b = append(b, toPEM(c.cert.Raw)...)
		}
		return b
	}
	for _, c := range []struct {
		name         string
		file         []byte
		added, known int
		refused      bool
		newRoot      bool
	}{
		{"an intermediate of what is trusted", file(mid), 1, 0, false, false},
		{"a chain in any order", file(low, mid), 2, 0, false, false},
		{"what is there already is passed over", file(root, mid), 1, 1, false, false},
		{"nothing new", file(root), 0, 1, false, false},
		{"a root that nobody trusts", file(stranger), 0, 0, true, true},
		{"an intermediate alone that nobody issued", file(foreign), 0, 0, true, true},
		{"an intermediate that nobody issued among others", file(mid, foreign), 0, 0, true, true},
		{"a root smuggled in with its intermediate", file(mid, stranger, foreign), 0, 0, true, true},
		{"one that has expired", file(old), 0, 0, true, false},
		{"no certificate", []byte("hello"), 0, 0, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := trusting(t, root)
			a.Now = asOf
			added, known, err := a.AddIntermediates("test", c.file)
			if (err != nil) != c.refused || errors.Is(err, ErrNewRoot) != c.newRoot || known != c.known && !c.refused {
				t.Fatalf("%d known, %v", known, err)
			}
			if n := strings.Count(string(added), "BEGIN"); n != c.added || len(a.List()) != 1+c.added {
				t.Errorf("%d returned and %d held, want %d new", n, len(a.List()), c.added)
			}
		})
	}
	t.Run("Yubico's of August 2025", func(t *testing.T) {
		bundle := readData(t, "roots", "yubico-intermediate.pem")
		a := yubico(t)
		a.Now = asOf
		added, known, err := a.AddIntermediates("yubico-intermediate.pem", bundle)
		if err != nil || known != 10 || strings.Count(string(added), "BEGIN") != 5 {
			t.Errorf("%d known, %d bytes added, %v", known, len(added), err)
		}
	})
}
