package ceremony_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

// metadataService signs BLOBs as the FIDO Alliance does, under a root of its own.
type metadataService struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	cert   []byte
	signer attest.MetadataSigner
}

func newMetadataService(t *testing.T) *metadataService {
	t.Helper()
	issue := func(template *x509.Certificate, parent *x509.Certificate, signing *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template.SerialNumber = big.NewInt(1)
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
		if parent == nil {
			parent, signing = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signing)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c, key
	}
	root, rootKey := issue(&x509.Certificate{Subject: pkix.Name{CommonName: "Metadata Root"}, IsCA: true, BasicConstraintsValid: true}, nil, nil)
	leaf, key := issue(&x509.Certificate{Subject: pkix.Name{CommonName: "mds.test.invalid"}}, root, rootKey)
	s := &metadataService{t: t, key: key, cert: leaf.Raw, signer: attest.MetadataSigner{Roots: x509.NewCertPool(), Names: []string{"mds.test.invalid"}}}
	s.signer.Roots.AddCert(root)
	return s
}

// blob says one thing about one model.
func (s *metadataService) blob(number int, model hw.AAGUID, status string) []byte {
	s.t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			s.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(map[string]any{"alg": "ES256", "x5c": [][]byte{s.cert}}) + "." + part(map[string]any{
		"no": number, "nextUpdate": time.Now().AddDate(0, 1, 0).Format(time.DateOnly),
		"entries": []any{map[string]any{
			"aaguid": model.String(), "metadataStatement": map[string]any{"description": "Test Model"},
			"statusReports": []any{map[string]any{"status": status, "effectiveDate": "2024-01-01"}},
		}},
	})
	digest := sha256.Sum256([]byte(text))
	r, q, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	if err != nil {
		s.t.Fatal(err)
	}
	sig := append(r.FillBytes(make([]byte, 32)), q.FillBytes(make([]byte, 32))...)
	return []byte(text + "." + base64.RawURLEncoding.EncodeToString(sig) + "\n")
}

func (w *world) updateTrust(signer attest.MetadataSigner, file []byte) (u ceremony.TrustUpdate, err error) {
	err = w.store.Update(w.t.Context(), func(tx inventory.Tx) (err error) {
		u, err = ceremony.UpdateTrust(tx, act(), signer, "file", file)
		return err
	})
	return u, err
}

func TestMetadataJudgesStoredEvidence(t *testing.T) {
	w, service := newWorld(t), newMetadataService(t)
	w.trust()
	w.plug(softkey.Config{Serial: 31})
	done, err := w.enroll(nil)
	if err != nil || done.FIDO.Status != hw.StatusVerified || done.FIDO.Certification != "" {
		t.Fatalf("enrolled as %+v, %v", done, err)
	}
	judged := func() hw.FIDOStatement {
		t.Helper()
		v, err := ceremony.VerifierWith(t.Context(), w.store, service.signer, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		_, again, err := ceremony.Reverify(t.Context(), w.store, v, done.Key.ID)
		if err != nil || len(again) != 1 {
			t.Fatalf("%+v, %v", again, err)
		}
		return *again[0].FIDO
	}
	model := done.Key.AAGUID
	if u, err := w.updateTrust(service.signer, service.blob(3, model, "FIDO_CERTIFIED_L2")); err != nil || u.Metadata.Number != 3 || u.Unchanged {
		t.Fatalf("%+v, %v", u, err)
	}
	if s := judged(); s.Status != hw.StatusVerified || s.Certification != "FIDO_CERTIFIED_L2" || s.Model != "Test Model" {
		t.Errorf("with metadata: %+v", s)
	}
	revoked := service.blob(4, model, "REVOKED")
	if _, err := w.updateTrust(service.signer, revoked); err != nil {
		t.Fatal(err)
	}
	if s := judged(); s.Status != hw.StatusRefused || s.Reason != attest.ReasonModelCompromised || !strings.Contains(s.Detail, "REVOKED") {
		t.Errorf("of a revoked model: %+v", s)
	}
	if _, err := w.updateTrust(service.signer, service.blob(3, model, "FIDO_CERTIFIED_L2")); !errors.Is(err, inventory.ErrStale) {
		t.Errorf("an older BLOB: %v", err)
	}
	if s := judged(); s.Reason != attest.ReasonModelCompromised {
		t.Errorf("after an older BLOB was refused: %+v", s)
	}
	if u, err := w.updateTrust(service.signer, revoked); err != nil || !u.Unchanged {
		t.Errorf("the same BLOB again: %+v, %v", u, err)
	}

	t.Run("the product believes no other signer", func(t *testing.T) {
		if _, err := ceremony.Verifier(t.Context(), w.store, time.Now()); err == nil {
			t.Error("stored metadata of a test root is believed")
		}
	})
	t.Run("metadata put in past the rules is noticed", func(t *testing.T) {
		err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
			m, err := tx.StoredMetadata()
			if err != nil {
				return err
			}
			m.JWT = attest.MetadataText(service.blob(4, model, "FIDO_CERTIFIED_L2"))
			m.SHA256 = sha256.Sum256([]byte(m.JWT))
			return tx.PutMetadata(m)
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = ceremony.VerifierWith(t.Context(), w.store, service.signer, time.Now())
		if !errors.Is(err, inventory.ErrDamaged) {
			t.Errorf("got error %v, want the inventory damaged", err)
		}
	})
}

func TestUpdateTrustRefusesNewRoots(t *testing.T) {
	w, service := newWorld(t), newMetadataService(t)
	if _, err := w.updateTrust(service.signer, w.ca.FIDORootPEM()); !errors.Is(err, attest.ErrNewRoot) {
		t.Errorf("a new root: %v", err)
	}
	w.trust()
	if u, err := w.updateTrust(service.signer, w.ca.FIDORootPEM()); err != nil || !u.Unchanged || u.Known != 1 {
		t.Errorf("a root that is trusted: %+v, %v", u, err)
	}
	if _, err := w.updateTrust(service.signer, []byte("hello")); err == nil {
		t.Error("took a file of nothing")
	}
}

// makers are a root and two intermediates, each issued by the one before.
func makers(t *testing.T) (certs [][]byte) {
	t.Helper()
	var parent *x509.Certificate
	var signing *ecdsa.PrivateKey
	for i, name := range []string{"Maker Root", "Maker Intermediate", "Maker Batch"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
		}
		if parent == nil {
			parent, signing = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signing)
		if err != nil {
			t.Fatal(err)
		}
		if parent, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		signing = key
		certs = append(certs, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return certs
}

// What is only a link stays one when the inventory is read again: as a pinned
// certificate it would be trusted for itself.
func TestAnchorsKeepWhatTheyWereAddedAs(t *testing.T) {
	certs := makers(t)
	root, first, second := certs[0], certs[1], certs[2]
	type file struct {
		name string
		pem  []byte
	}
	for name, files := range map[string][]file{
		"one by one, named against the order": {{"c", root}, {"b", first}, {"a", second}},
		"a bundle in the wrong order":         {{"b", root}, {"a", slices.Concat(second, first)}},
		"one chain":                           {{"a", slices.Concat(second, first, root)}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var anchors *attest.Anchors
			err := w.store.Update(t.Context(), func(tx inventory.Tx) (err error) {
				for i, f := range files {
					when := act()
					when.At = when.At.Add(time.Duration(i) * -time.Hour) // a clock that is set back
					if _, err := inventory.AddAnchor(tx, when, f.name, f.pem); err != nil {
						return err
					}
				}
				anchors, err = ceremony.Anchors(tx, time.Time{})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			kinds := map[string]attest.Kind{}
			for _, a := range anchors.List() {
				kinds[a.Subject] = a.Kind
			}
			for subject, want := range map[string]attest.Kind{
				"CN=Maker Root": attest.KindRoot, "CN=Maker Intermediate": attest.KindIntermediate, "CN=Maker Batch": attest.KindIntermediate,
			} {
				if kinds[subject] != want {
					t.Errorf("%s is %q, want %q", subject, kinds[subject], want)
				}
			}
		})
	}
}

func TestAnchorPutInPastTheRulesIsNoticed(t *testing.T) {
	w := newWorld(t)
	block, _ := pem.Decode(makers(t)[0])
	err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
		return tx.InsertAnchor(inventory.Anchor{
			SHA256: sha256.Sum256(block.Bytes), Name: "mine", PEM: string(pem.EncodeToMemory(block)), At: act().At, By: "eve",
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ceremony.Verifier(t.Context(), w.store, time.Now()); !errors.Is(err, inventory.ErrDamaged) {
		t.Errorf("a root that no event added: %v, want the inventory damaged", err)
	}
}

func TestRemoveTrust(t *testing.T) {
	service := newMetadataService(t)
	plan := func(t *testing.T, w *world, ref string) (r ceremony.TrustRemoval, err error) {
		t.Helper()
		err = w.store.View(t.Context(), func(tx inventory.Tx) (err error) {
			r, err = ceremony.PlanTrustRemoval(tx, service.signer, ref, time.Now())
			return err
		})
		return r, err
	}
	remove := func(w *world, ref string, planned ceremony.TrustRemoval) error {
		return w.store.Update(t.Context(), func(tx inventory.Tx) error {
			return ceremony.RemoveTrust(tx, act(), service.signer, ref, planned)
		})
	}
	certs := makers(t)
	root, first, second := certs[0], certs[1], certs[2]
	t.Run("intermediates go with what they lead to", func(t *testing.T) {
		w := newWorld(t)
		err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
			_, err1 := inventory.AddAnchor(tx, act(), "root", root)
			_, err2 := inventory.AddAnchor(tx, act(), "links", slices.Concat(second, first))
			return errors.Join(err1, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := plan(t, w, "root")
		if err != nil || len(r.Anchors) != 3 || len(r.Keys) != 0 {
			t.Fatalf("got %+v, %v; want all three to go", r, err)
		}
		if err := remove(w, "root", r); err != nil {
			t.Fatal(err)
		}
		err = w.store.View(t.Context(), func(tx inventory.Tx) error {
			left, err := inventory.Anchors(tx)
			if len(left) != 0 {
				t.Errorf("left are %+v", left)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("what was pinned for itself stays", func(t *testing.T) {
		w := newWorld(t)
		err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
			_, err1 := inventory.AddAnchor(tx, act(), "pinned", first)
			_, err2 := inventory.AddAnchor(tx, act(), "root", root)
			_, err3 := inventory.AddAnchor(tx, act(), "batch", second)
			return errors.Join(err1, err2, err3)
		})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := plan(t, w, "root"); err != nil || len(r.Anchors) != 1 {
			t.Errorf("without the root: got %+v, %v; want it alone", r, err)
		}
		if r, err := plan(t, w, "pinned"); err != nil || len(r.Anchors) != 2 {
			t.Errorf("without the pinned one: got %+v, %v; want its batch with it", r, err)
		}
	})
	t.Run("keys are named whose attestation rests on it", func(t *testing.T) {
		w := newWorld(t)
		w.trust()
		_, enrolled := w.enrolled(softkey.Config{Serial: 1, Slots: []softkey.Slot{{Slot: 0x9a}}})
		r, err := plan(t, w, "test roots")
		if err != nil || len(r.Keys) != 1 || r.Keys[0].ID != enrolled.ID || len(r.Anchors) == 0 {
			t.Fatalf("got %+v, %v; want %s", r, err, enrolled.ID)
		}
		_, second := w.enrolled(softkey.Config{Serial: 2})
		if err := remove(w, "test roots", r); !errors.Is(err, ceremony.ErrChanged) {
			t.Errorf("with %s enrolled meanwhile: %v", second.ID, err)
		}
		if r, err = plan(t, w, "test roots"); err != nil || len(r.Keys) != 2 {
			t.Fatalf("got %+v, %v; want both keys", r, err)
		}
		if err := remove(w, "test roots", r); err != nil {
			t.Fatal(err)
		}
		v, err := ceremony.Verifier(t.Context(), w.store, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, again, err := ceremony.Reverify(t.Context(), w.store, v, enrolled.ID); err != nil || again[0].FIDO.Status != hw.StatusUntrusted {
			t.Errorf("judged again: %+v, %v; want it untrusted", again, err)
		}
	})
	t.Run("what is built in stays", func(t *testing.T) {
		w := newWorld(t)
		for ref, want := range map[string]error{"Yubico": ceremony.ErrBuiltIn, "nobody": inventory.ErrNotFound} {
			if _, err := plan(t, w, ref); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", ref, err, want)
			}
		}
	})
}
