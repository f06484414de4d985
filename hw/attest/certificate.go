package attest

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"time"

	"hwmfa/hw"
)

// parseCertificate reads one DER certificate that a key sent.
func parseCertificate(der []byte) (*x509.Certificate, error) {
	if len(der) == 0 || len(der) > maxCertificate {
		return nil, faultf(ReasonMalformed, "certificate of %d bytes, at most %d", len(der), maxCertificate)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, faultf(ReasonUnreadableCertificate, "%v", err)
	}
	return c, nil
}

// checkDates wants c valid at now. Yubico's newer certificates end on
// 9999-12-31, RFC 5280's way of saying never.
func checkDates(c *x509.Certificate, now time.Time) error {
	switch {
	case now.Before(c.NotBefore):
		return faultf(ReasonCertificateNotYetValid, "%s: valid from %s", c.Subject, c.NotBefore.UTC().Format(time.DateOnly))
	case now.After(c.NotAfter):
		return faultf(ReasonCertificateExpired, "%s: valid until %s", c.Subject, c.NotAfter.UTC().Format(time.DateOnly))
	}
	return nil
}

// chain finds a path from leaf to an anchor that may vouch for use, and names
// that anchor. extra are the intermediates that came with the leaf: hostile,
// and held to the same restrictions as our own.
func (v Verifier) chain(use Use, leaf *x509.Certificate, extra []*x509.Certificate) (anchor string, err error) {
	if err := checkDates(leaf, v.Now); err != nil {
		return "", err
	}
	p := v.Anchors.pool(use)
	if len(extra) > 0 {
		p.intermediates = p.intermediates.Clone()
		for _, c := range extra {
			if slices.Contains(usesOf(c), use) {
				p.intermediates.AddCert(c)
			}
		}
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots:         p.roots,
		Intermediates: p.intermediates,
		CurrentTime:   v.Now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if _, ok := errors.AsType[x509.UnhandledCriticalExtension](err); ok {
		return "", faultf(ReasonCertificateRequirements, "%s: %v", leaf.Subject, err)
	}
	if err != nil {
		return "", faultf(ReasonNoAnchor, "%s, issued by %s: %v", leaf.Subject, leaf.Issuer, err)
	}
	// An anchor in the leaf's place is a chain of one: it vouches for others,
	// never for itself.
	path := slices.IndexFunc(chains, func(c []*x509.Certificate) bool { return len(c) > 1 })
	if path < 0 {
		return "", faultf(ReasonNoAnchor, "%s is an anchor, and no key's certificate", leaf.Subject)
	}
	top := chains[path][len(chains[path])-1]
	return top.Subject.String(), nil
}

// extension returns the value of one extension, and whether c has it.
// crypto/x509 refuses certificates that have one twice, and, when it builds the
// chain, those that mark one critical which it does not know.
func extension(c *x509.Certificate, id asn1.ObjectIdentifier) (value []byte, ok bool) {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return e.Value, true
		}
	}
	return nil, false
}

// octets reads an extension whose value is one DER OCTET STRING of between
// min and max bytes; nil where c has no such extension.
func octets(c *x509.Certificate, id asn1.ObjectIdentifier, min, max int) ([]byte, error) {
	value, ok := extension(c, id)
	if !ok {
		return nil, nil
	}
	var b []byte
	rest, err := asn1.Unmarshal(value, &b)
	if err != nil || len(rest) != 0 || len(b) < min || len(b) > max {
		return nil, faultf(ReasonBadExtension, "extension %s holds %x", id, value)
	}
	return b, nil
}

// versionOf reads a firmware version of three bytes.
func versionOf(b []byte) (hw.Version, error) {
	v, err := hw.VersionFromBytes(b)
	if err != nil {
		return v, faultf(ReasonBadExtension, "%v", err)
	}
	return v, nil
}
