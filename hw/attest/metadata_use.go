package attest

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"

	"hwmfa/hw"
)

// judgeModel finds the anchor of an attestation whose signature and leaf hold,
// and says what the metadata knows of its model.
//
// A model that is revoked or compromised is refused whatever it chains to.
func (v Verifier) judgeModel(certs []*x509.Certificate, facts leafFacts, s *hw.FIDOStatement) (anchor string, err error) {
	models := v.Metadata.find(facts.aaguid, certs[0])
	anchor, err = v.chain(UseFIDO, certs[0], certs[1:])
	if f, ok := errors.AsType[*fault](err); ok && f.reason == ReasonNoAnchor {
		for _, m := range models {
			if a := v.chainToModel(m, certs, facts); a != "" {
				anchor, err = a, nil
				break
			}
		}
	} else if err != nil && !isDoubt(err) {
		return "", err
	}
	for _, m := range models {
		if word := m.compromised(v.Now); word != "" {
			s.Model = m.description
			return "", faultf(ReasonModelCompromised, "%s: %s, says FIDO metadata no. %d", m.description, word, v.Metadata.Number)
		}
	}
	if err != nil {
		return "", err
	}
	for _, m := range models {
		s.Model = cmp.Or(s.Model, m.description)
		s.Certification = cmp.Or(s.Certification, m.certified(v.Now))
		s.FIPSLevel = cmp.Or(s.FIPSLevel, m.fips(v.Now))
	}
	return anchor, nil
}

// chainToModel finds a path from the leaf to one of the anchors that the
// metadata names for this very model, and names it; "" without one. These
// anchors vouch for that model alone. Where a root is several models', the
// certificate must say which it is for (WebAuthn §8.2.1): the key's own word
// would let one model pass for another.
func (v Verifier) chainToModel(m *model, certs []*x509.Certificate, facts leafFacts) string {
	if !m.hardware {
		return ""
	}
	extra := x509.NewCertPool()
	for _, c := range certs[1:] {
		extra.AddCert(c)
	}
	for _, text := range m.roots {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(der) > maxCertificate {
			continue // one broken anchor takes nothing from the others
		}
		root, err := x509.ParseCertificate(der)
		if err != nil || !slices.Contains(usesOf(root), UseFIDO) {
			continue
		}
		// The specification allows the attestation certificate itself.
		itself := root.Equal(certs[0])
		if !itself && (checkCA(root, v.Now) != nil || v.Metadata.shared[text] > 1 && !m.aaguid.IsZero() && !facts.named) {
			continue
		}
		roots := x509.NewCertPool()
		roots.AddCert(root)
		_, err = certs[0].Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: extra, CurrentTime: v.Now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err == nil {
			return root.Subject.String()
		}
	}
	return ""
}
