package attest

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hwmfa/hw"
)

// Extensions of Yubico's PIV attestation certificates (Yubico, "PIV
// attestation"). Most values are raw bytes and no DER.
var (
	oidPIVFirmware   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 3}  // raw 3 bytes
	oidPIVSerial     = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 7}  // DER INTEGER of 4 bytes; since 4.4
	oidPIVPolicies   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 8}  // raw: PIN policy, touch policy
	oidPIVFormFactor = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 9}  // raw 1 byte; since 5.0
	oidPIVFIPS       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 10} // on f9 of the FIPS series
	oidPIVCSPN       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 11} // on f9 of the CSPN series
)

var pinPolicies = map[byte]string{1: "never", 2: "once", 3: "always", 4: "match_once", 5: "match_always"}

var touchPolicies = map[byte]string{1: "never", 2: "always", 3: "cached"}

// The two high bits of a form factor byte.
const (
	formFIPS        = 0x80
	formSecurityKey = 0x40
)

// isSlot says whether a key in this slot can be attested: 9a, 9c, 9d, 9e, and
// the retired ones.
func isSlot(b byte) bool {
	return slices.Contains([]byte{0x9a, 0x9c, 0x9d, 0x9e}, b) || b >= 0x82 && b <= 0x95
}

// checkF9 tells the f9 certificate from every other one that chains to the same
// roots: a slot's, a FIDO key's, an intermediate.
func checkF9(c *x509.Certificate) error {
	if len(c.Subject.Names) != 1 || !slices.Contains(f9Names, c.Subject.CommonName) {
		return faultf(ReasonNotF9, "subject %s is no f9 certificate", c.Subject)
	}
	if c.BasicConstraintsValid && !c.IsCA {
		return faultf(ReasonNotF9, "basic constraints forbid this certificate to vouch for a slot")
	}
	return nil
}

// slotOf reads which slot a certificate attests from its subject,
// "CN=YubiKey PIV Attestation 9a".
func slotOf(c *x509.Certificate) (byte, error) {
	digits, ok := strings.CutPrefix(c.Subject.CommonName, "YubiKey PIV Attestation ")
	slot, err := hex.DecodeString(digits)
	if !ok || err != nil || len(slot) != 1 || fmt.Sprintf("%02x", slot) != digits || len(c.Subject.Names) != 1 || c.IsCA {
		return 0, faultf(ReasonNotSlotCertificate, "subject %s attests no slot", c.Subject)
	}
	return slot[0], nil
}

// checkIssued verifies f9's signature on a slot's certificate. Not with
// CheckSignatureFrom, which wants the basic constraints that some f9 lack, and
// not with CheckSignature alone, which takes SHA-1.
func checkIssued(f9, slot *x509.Certificate) error {
	switch slot.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.PureEd25519:
	default:
		return faultf(ReasonUnsupportedAlgorithm, "slot certificate signed with %s", slot.SignatureAlgorithm)
	}
	if err := f9.CheckSignature(slot.SignatureAlgorithm, slot.RawTBSCertificate, slot.Signature); err != nil {
		return faultf(ReasonBadSignature, "not signed by the key of f9: %v", err)
	}
	return nil
}

// readSlot takes the facts out of a slot's certificate. Firmware and policies
// are in every one; serial and form factor came later.
func readSlot(c *x509.Certificate) (hw.PIVStatement, error) {
	var s hw.PIVStatement
	raw, _ := extension(c, oidPIVFirmware)
	var err error
	if s.Firmware, err = versionOf(raw); err != nil {
		return s, err
	}
	policies, _ := extension(c, oidPIVPolicies)
	if len(policies) != 2 {
		return s, faultf(ReasonBadExtension, "policies of %d bytes", len(policies))
	}
	s.PINPolicy, s.Touch = pinPolicies[policies[0]], touchPolicies[policies[1]]
	if raw, ok := extension(c, oidPIVFormFactor); ok {
		if len(raw) != 1 {
			return s, faultf(ReasonBadExtension, "form factor of %d bytes", len(raw))
		}
		s.FormFactor = hw.FormFactor(raw[0] &^ (formFIPS | formSecurityKey))
		s.FIPS = raw[0]&formFIPS != 0
	}
	if raw, ok := extension(c, oidPIVSerial); ok {
		if s.Serial, err = parseSerial(raw); err != nil {
			return s, err
		}
	}
	return s, nil
}

// parseSerial reads the INTEGER of a serial number. encoding/asn1 would refuse
// it: the key writes four bytes always, so that a small number begins with zeros
// that DER forbids, and a large one looks negative.
func parseSerial(der []byte) (string, error) {
	const tagInteger = 2
	if len(der) < 3 || len(der) > 2+8 || der[0] != tagInteger || int(der[1]) != len(der)-2 {
		return "", faultf(ReasonBadExtension, "serial number %x", der)
	}
	n := bigEndian(der[2:])
	if n == 0 {
		return "", faultf(ReasonBadExtension, "serial number 0")
	}
	return strconv.FormatUint(n, 10), nil
}
