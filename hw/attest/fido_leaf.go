package attest

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"strconv"

	"hwmfa/hw"
)

// Extensions of a FIDO attestation certificate.
var (
	// id-fido-gen-ce-aaguid (WebAuthn §8.2.1): OCTET STRING of 16 bytes.
	oidAAGUID = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}
	// id-fido-gen-ce-sernum (WebAuthn §8.2.2): OCTET STRING, big-endian, in
	// enterprise attestation only.
	oidFIDOSerial = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 2}
	// Yubico: firmware, OCTET STRING of 3 bytes.
	oidFIDOFirmware = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 13, 1}
	// Yubico: there on keys of the FIPS series.
	oidFIDOFIPS = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 12}
)

// maxSerial bounds a serial in a certificate, in bytes. WebAuthn names no bound.
const maxSerial = 64

// leafFacts is what a FIDO attestation certificate says of its key.
type leafFacts struct {
	aaguid   hw.AAGUID
	firmware hw.Version
	fips     bool
	serial   string
	named    bool // the certificate itself says which model it is for
}

// checkLeaf holds the attestation certificate to its role and reads it.
func (a *attestation) checkLeaf() (leafFacts, error) {
	leaf := a.certs[0]
	var err error
	if a.format == formatPacked {
		err = checkPackedLeaf(leaf)
	} else {
		err = checkU2FLeaf(leaf)
	}
	if err != nil {
		return leafFacts{}, err
	}
	f := leafFacts{aaguid: a.data.aaguid}
	if err := f.read(leaf, a.format); err != nil {
		return leafFacts{}, err
	}
	return f, nil
}

// checkPackedLeaf is WebAuthn §8.2.1. Only X.509 version 3 has basic
// constraints, so that the version need not be asked for.
func checkPackedLeaf(c *x509.Certificate) error {
	s := c.Subject
	switch {
	case len(s.Country) != 1 || len(s.Country[0]) != 2:
		return faultf(ReasonCertificateRequirements, "subject %s: country %q", s, s.Country)
	case len(s.Organization) != 1 || s.Organization[0] == "":
		return faultf(ReasonCertificateRequirements, "subject %s: organization %q", s, s.Organization)
	case len(s.OrganizationalUnit) != 1 || s.OrganizationalUnit[0] != "Authenticator Attestation":
		return faultf(ReasonCertificateRequirements, "subject %s: unit %q", s, s.OrganizationalUnit)
	case s.CommonName == "":
		return faultf(ReasonCertificateRequirements, "subject %s: no common name", s)
	case !c.BasicConstraintsValid || c.IsCA:
		return faultf(ReasonCertificateRequirements, "subject %s: basic constraints must say that it is no CA", s)
	}
	return nil
}

// checkU2FLeaf is what WebAuthn §8.6 leaves: U2F's certificates are free in
// their subject and mostly without basic constraints. The curve is checked with
// the signature.
func checkU2FLeaf(c *x509.Certificate) error {
	if c.IsCA {
		return faultf(ReasonCertificateRequirements, "subject %s: a CA's certificate in a key's place", c.Subject)
	}
	return nil
}

func (f *leafFacts) read(c *x509.Certificate, format string) error {
	id, err := octets(c, oidAAGUID, 16, 16)
	if err != nil {
		return err
	}
	if id != nil {
		named := hw.AAGUID(id)
		if format == formatPacked && named != f.aaguid {
			return faultf(ReasonAAGUIDMismatch, "the certificate is for %s, the credential from %s", named, f.aaguid)
		}
		f.aaguid, f.named = named, true
	}
	version, err := octets(c, oidFIDOFirmware, 3, 3)
	if err != nil {
		return err
	}
	if version != nil {
		if f.firmware, err = versionOf(version); err != nil {
			return err
		}
	}
	serial, err := octets(c, oidFIDOSerial, 1, maxSerial)
	if err != nil {
		return err
	}
	switch {
	case len(serial) > 8: // not every maker's serial is a number
		f.serial = hex.EncodeToString(serial)
	case serial != nil:
		f.serial = strconv.FormatUint(bigEndian(serial), 10)
	}
	_, f.fips = extension(c, oidFIDOFIPS)
	return nil
}

// bigEndian reads up to eight bytes.
func bigEndian(b []byte) (n uint64) {
	for _, x := range b {
		n = n<<8 | uint64(x)
	}
	return n
}
