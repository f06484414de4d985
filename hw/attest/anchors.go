package attest

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bounds of one PEM file. Yubico's largest has ten certificates in 20 kB.
const (
	maxPEM     = 256 << 10 // bytes
	maxPEMCert = 64
)

// Kind says what part a certificate plays in a chain.
type Kind string

// The kinds of an Anchor.
const (
	KindRoot         Kind = "root"         // self-signed: chains may end here
	KindPinned       Kind = "pinned"       // an intermediate trusted for itself: chains may end here
	KindIntermediate Kind = "intermediate" // only a link on the way to one of those
)

// Anchor is one certificate that chains may end at or pass through.
type Anchor struct {
	Name      string // who it was added as; "Yubico" for the built-in ones
	Kind      Kind
	Uses      []Use  // what it may vouch for; empty for neither
	Subject   string // RFC 4514
	SHA256    string // of the DER certificate, lower-case hex
	NotBefore time.Time
	NotAfter  time.Time
	BuiltIn   bool
}

// Anchors is what a Verifier trusts. The zero value trusts nothing.
type Anchors struct {
	// Now, when set, makes AddPEM refuse certificates that are not valid at
	// that time. Leave it zero to load what was trusted earlier: a certificate
	// that expired since then vouches for nothing, and harms nothing.
	Now time.Time

	entries []entry
	pools   map[Use]pools
}

type entry struct {
	Anchor
	cert *x509.Certificate
}

// pools are what one use's chains are built from.
type pools struct{ roots, intermediates *x509.CertPool }

// AddPEM adds the CA certificates of one PEM file under a name; either all of
// them, or, with an error, none. Certificates that are there already stay as
// they are.
//
// A self-signed certificate becomes a root. One that an anchor, or an
// intermediate already held or in the same file, has issued becomes an
// intermediate: it helps to reach that anchor and is none itself. One that
// nothing known has issued is pinned when it is alone in its file, because then
// the user pointed at it; in a bundle it is refused.
//
// What a lone intermediate becomes depends on what is there already: load what
// was trusted before in the order it was trusted.
//
// Refused are certificates that are no CA, that are not valid at a.Now, and
// files that hold a private key, anything else that is no certificate, a broken
// block, or nothing.
func (a *Anchors) AddPEM(name string, file []byte) error {
	certs, err := readPEM(file)
	if err != nil {
		return fmt.Errorf("adding anchor %q: %w", name, err)
	}
	for _, c := range certs {
		if err := checkCA(c, a.Now); err != nil {
			return fmt.Errorf("adding anchor %q: %s: %w", name, c.Subject, err)
		}
	}
	entries, err := a.place(name, certs)
	if err != nil {
		return fmt.Errorf("adding anchor %q: %w", name, err)
	}
	a.entries = entries
	a.fillPools()
	return nil
}

// ErrNewRoot: a file of intermediates holds a certificate that nothing known
// has issued. To trust it is a decision of its own.
var ErrNewRoot = errors.New("issued by no anchor that is trusted")

// AddIntermediates adds the certificates of one PEM file that are not held yet
// and returns them as PEM, with how many of the file were there already. Each
// must be issued by what is held, or by another of them that is; otherwise
// nothing is added, and the error is ErrNewRoot.
func (a *Anchors) AddIntermediates(name string, file []byte) (added []byte, known int, err error) {
	certs, err := readPEM(file)
	if err != nil {
		return nil, 0, fmt.Errorf("adding intermediates %q: %w", name, err)
	}
	for _, c := range certs {
		if slices.ContainsFunc(a.entries, func(e entry) bool { return e.cert.Equal(c) }) {
			known++
			continue
		}
		added = append(added, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	if len(added) == 0 {
		return nil, known, nil
	}
	tried := Anchors{Now: a.Now, entries: slices.Clone(a.entries)}
	if err := tried.AddPEM(name, added); err != nil {
		return nil, 0, err
	}
	for _, e := range tried.entries[len(a.entries):] {
		if e.Kind != KindIntermediate {
			return nil, 0, fmt.Errorf("adding intermediates %q: %s: %w", name, e.Subject, ErrNewRoot)
		}
	}
	a.entries, a.pools = tried.entries, tried.pools
	return added, known, nil
}

// List returns every certificate held, in the order of adding.
func (a *Anchors) List() []Anchor {
	list := make([]Anchor, 0, len(a.entries))
	for _, e := range a.entries {
		e.Uses = slices.Clone(e.Uses)
		list = append(list, e.Anchor)
	}
	return list
}

// readPEM decodes a file that holds certificates and nothing else. Text
// between the blocks is a comment.
func readPEM(file []byte) ([]*x509.Certificate, error) {
	if len(file) > maxPEM {
		return nil, fmt.Errorf("file of %d bytes, at most %d", len(file), maxPEM)
	}
	var certs []*x509.Certificate
	for rest := file; ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		if strings.Contains(block.Type, "PRIVATE KEY") {
			return nil, errors.New("the file holds a private key: take it out and keep it secret")
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a block of type %q is no certificate", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, c)
	}
	// pem.Decode steps over a damaged block without a word, so that a file
	// would lose certificates, or show a private key to nobody.
	if n := bytes.Count(file, []byte("-----BEGIN")); n != len(certs) {
		return nil, fmt.Errorf("%d of %d blocks are readable", len(certs), n)
	}
	if len(certs) == 0 {
		if _, err := x509.ParseCertificate(file); err == nil {
			return nil, errors.New("the file is DER: openssl x509 -inform der makes PEM of it")
		}
		return nil, errors.New("no certificate in PEM is in the file")
	}
	if len(certs) > maxPEMCert {
		return nil, fmt.Errorf("%d certificates, at most %d", len(certs), maxPEMCert)
	}
	return certs, nil
}

// checkCA says whether c may stand above other certificates.
func checkCA(c *x509.Certificate, now time.Time) error {
	if !c.BasicConstraintsValid || !c.IsCA || c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0 {
		return errors.New("not the certificate of a CA")
	}
	// Only the signature makes a root of it. SHA-1 is allowed here and nowhere
	// else: nobody gains by forging what the user trusts by hand.
	if isSelfIssued(c) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil {
		return errors.New("names itself as issuer and has not signed itself")
	}
	if now.IsZero() {
		return nil
	}
	if now.After(c.NotAfter) {
		return fmt.Errorf("expired on %s", c.NotAfter.Format(time.DateOnly))
	}
	if now.Before(c.NotBefore) {
		return fmt.Errorf("not valid before %s", c.NotBefore.Format(time.DateOnly))
	}
	return nil
}

func isSelfIssued(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

// place finds each certificate's kind and returns the entries with the new
// ones added.
func (a *Anchors) place(name string, certs []*x509.Certificate) ([]entry, error) {
	entries := slices.Clone(a.entries)
	add := func(c *x509.Certificate, k Kind) {
		if slices.ContainsFunc(entries, func(e entry) bool { return e.cert.Equal(c) }) {
			return
		}
		sum := sha256.Sum256(c.Raw)
		entries = append(entries, entry{cert: c, Anchor: Anchor{
			Name: name, Kind: k, Uses: usesOf(c), Subject: c.Subject.String(),
			SHA256: hex.EncodeToString(sum[:]), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		}})
	}
	var waiting []*x509.Certificate
	for _, c := range certs {
		if isSelfIssued(c) {
			add(c, KindRoot)
		} else {
			waiting = append(waiting, c)
		}
	}
	for len(waiting) > 0 {
		issued := func(c *x509.Certificate) bool {
			return slices.ContainsFunc(entries, func(e entry) bool {
				return bytes.Equal(c.RawIssuer, e.cert.RawSubject) && c.CheckSignatureFrom(e.cert) == nil
			})
		}
		i := slices.IndexFunc(waiting, issued)
		switch {
		case i >= 0:
			add(waiting[i], KindIntermediate)
			waiting = slices.Delete(waiting, i, i+1)
		case len(certs) == 1:
			add(waiting[0], KindPinned)
			return entries, nil
		default:
			return nil, fmt.Errorf("%s: %w or in this file; to trust it for itself, add it alone",
				waiting[0].Subject, ErrNewRoot)
		}
	}
	return entries, nil
}

// fillPools is done when adding, so that verifying only reads.
func (a *Anchors) fillPools() {
	a.pools = make(map[Use]pools)
	for _, use := range []Use{UseFIDO, UsePIV} {
		p := pools{x509.NewCertPool(), x509.NewCertPool()}
		for _, e := range a.entries {
			switch {
			case !slices.Contains(e.Uses, use):
			case e.Kind == KindIntermediate:
				p.intermediates.AddCert(e.cert)
			default:
				p.roots.AddCert(e.cert)
			}
		}
		a.pools[use] = p
	}
}

// pool never returns nil pools: to crypto/x509, no roots means the system's.
func (a *Anchors) pool(use Use) pools {
	if a != nil {
		if p, ok := a.pools[use]; ok {
			return p
		}
	}
	return pools{x509.NewCertPool(), x509.NewCertPool()}
}
