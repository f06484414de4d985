package attest

import (
	"crypto/sha1" //nolint:gosec // RFC 5280's method 1, a name and no proof
	"crypto/sha256"
	"crypto/x509"
	_ "embed"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"hwmfa/hw"
)

// The roots that the FIDO Alliance's metadata is signed under: R3 until August
// 2026, R46 since. Source: https://support.globalsign.com/ca-certificates/root-certificates/globalsign-root-certificates
var (
	//go:embed anchors/globalsign-root-r3.pem
	globalSignR3 []byte
	//go:embed anchors/globalsign-root-r46.pem
	globalSignR46 []byte
)

// metadataNames are who may sign metadata. Without them any web site with a
// certificate of that CA could.
var metadataNames = []string{"mds.fidoalliance.org", "mds3.fidoalliance.org"}

// MetadataSigner is whose signature on metadata is believed: a certificate
// under Roots with one of Names as its common or DNS name.
type MetadataSigner struct {
	Roots *x509.CertPool
	Names []string
}

// FIDOAlliance is the only signer that the product believes.
func FIDOAlliance() (MetadataSigner, error) {
	s := MetadataSigner{Roots: x509.NewCertPool(), Names: slices.Clone(metadataNames)}
	for _, file := range [][]byte{globalSignR3, globalSignR46} {
		certs, err := readPEM(file)
		if err != nil {
			return MetadataSigner{}, fmt.Errorf("reading the roots of FIDO metadata: %w", err)
		}
		for _, c := range certs {
			s.Roots.AddCert(c)
		}
	}
	return s, nil
}

// Metadata is a verified BLOB of the FIDO Metadata Service, version 3. It does
// not change after Read, so that several goroutines may use it. A nil Metadata
// knows no model.
type Metadata struct {
	Number     int64     // "no": grows with each BLOB
	NextUpdate time.Time // the day the next one is due, UTC
	SHA256     [32]byte  // of the BLOB without space around it
	Signer     string    // subject of the signing certificate, RFC 4514
	SignerEnds time.Time // when the first certificate of the signer's chain expires
	Models     int       // how many models of FIDO2 and U2F it knows

	byAAGUID map[hw.AAGUID][]*model
	byKeyID  map[string][]*model
	shared   map[string]int // how many models name a root, by its base64
}

// Expired says whether the BLOB is too old to speak of the present: its next
// one is due, or its signer's certificate has ended. What it says of a
// compromised model stays true; what it does not say may have happened since.
func (m *Metadata) Expired(now time.Time) bool { return m.Age(now) > 0 }

// Age is for how long the BLOB has been expired, in whole days rounded up; 0 or
// less while it is not.
func (m *Metadata) Age(now time.Time) int {
	// The BLOB is good for the whole of the day it names.
	end := m.NextUpdate.AddDate(0, 0, 1)
	if m.SignerEnds.Before(end) {
		end = m.SignerEnds
	}
	if !now.After(end) {
		return 0
	}
	return int(now.Sub(end)/(24*time.Hour)) + 1
}

// Read verifies a BLOB as of now and reads it. It opens nothing and asks no
// network: a signer's certificate that was revoked is not noticed here.
//
// A BLOB whose signer's certificate has ended since is judged by the last
// moment at which it was valid: it is old (see Metadata.Expired), not forged.
func (s MetadataSigner) Read(blob []byte, now time.Time) (*Metadata, error) {
	m, err := s.read(blob, now)
	if err != nil {
		return nil, fmt.Errorf("reading FIDO metadata: %w", err)
	}
	return m, nil
}

func (s MetadataSigner) read(blob []byte, now time.Time) (*Metadata, error) {
	t, err := splitJWS(blob)
	if err != nil {
		return nil, err
	}
	ends, err := s.checkChain(t.certs, now)
	if err != nil {
		return nil, err
	}
	if err := t.checkSignature(); err != nil {
		return nil, err
	}
	m, err := readPayload(t.payload)
	if err != nil {
		return nil, err
	}
	m.SHA256 = sha256.Sum256(trimBlob(blob))
	m.Signer, m.SignerEnds = t.certs[0].Subject.String(), ends.UTC()
	return m, nil
}

// checkChain wants the first certificate to be the signer's and to reach a
// root, and says when the first certificate of the chain sent ends.
func (s MetadataSigner) checkChain(certs []*x509.Certificate, now time.Time) (ends time.Time, err error) {
	leaf, extra := certs[0], x509.NewCertPool()
	ends = leaf.NotAfter
	for _, c := range certs[1:] {
		extra.AddCert(c)
		if c.NotAfter.Before(ends) {
			ends = c.NotAfter
		}
	}
	at := now
	if ends.Before(at) {
		at = ends
	}
	named := slices.Contains(s.Names, leaf.Subject.CommonName) ||
		slices.ContainsFunc(leaf.DNSNames, func(n string) bool { return slices.Contains(s.Names, n) })
	switch {
	case !named:
		return ends, fmt.Errorf("signed by %s, who is not %v", leaf.Subject, s.Names)
	case leaf.IsCA || leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return ends, fmt.Errorf("the certificate of %s is not one for signing", leaf.Subject)
	case now.Before(leaf.NotBefore):
		return ends, fmt.Errorf("the certificate of %s is not valid before %s", leaf.Subject, leaf.NotBefore.UTC().Format(time.DateOnly))
	case s.Roots == nil: // to crypto/x509, no roots means the system's
		return ends, fmt.Errorf("no root to hold the signer against")
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: s.Roots, Intermediates: extra, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return ends, fmt.Errorf("the signer, %s, is unknown: %w", leaf.Subject, err)
	}
	return ends, nil
}

// find returns what is known of a model: by its AAGUID, and by the key of the
// attestation certificate, as U2F models are named.
func (m *Metadata) find(id hw.AAGUID, leaf *x509.Certificate) []*model {
	if m == nil {
		return nil
	}
	var found []*model
	if !id.IsZero() {
		found = append(found, m.byAAGUID[id]...)
	}
	return append(found, m.byKeyID[keyIdentifier(leaf)]...)
}

// keyIdentifier is RFC 5280 §4.2.1.2 method 1 in lower-case hex: SHA-1 of the
// public key's bits, "" where there are none.
func keyIdentifier(c *x509.Certificate) string {
	var info struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		return ""
	}
	sum := sha1.Sum(info.Key.Bytes) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}
