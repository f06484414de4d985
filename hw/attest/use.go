package attest

import (
	"crypto/x509"
	"slices"
	"strings"
)

// Use is what a certificate may vouch for.
type Use string

// The uses of an Anchor.
const (
	UseFIDO Use = "fido"
	UsePIV  Use = "piv"
)

// yubicoUses restricts Yubico's CAs to what their names say, by the beginning
// of the common name. All of them hang under the same few roots, and the OpenPGP,
// Security Domain and YubiHSM branches certify keys whose names or use the
// owner of a device can influence: none of those may pass for a FIDO or PIV key.
//
// Source: the names of https://developers.yubico.com/PKI/. The U2F root also
// issued the f9 certificates of the YubiKey 4.
var yubicoUses = []struct {
	prefix string
	uses   []Use
}{
	{"Yubico U2F Root CA ", []Use{UseFIDO, UsePIV}},
	{"Yubico Attestation ", []Use{UseFIDO, UsePIV}},
	{"Yubico FIDO ", []Use{UseFIDO}},
	{"Yubico PIV ", []Use{UsePIV}},
	{"Yubico OpenPGP ", nil},
	{"Yubico OPGP ", nil},
	{"Yubico SD ", nil},
	{"YubiHSM ", nil},
}

// usesOf says what a CA may vouch for: what its name says where it is one of
// Yubico's, everything otherwise.
func usesOf(c *x509.Certificate) []Use {
	for _, y := range yubicoUses {
		if strings.HasPrefix(c.Subject.CommonName, y.prefix) {
			return slices.Clone(y.uses)
		}
	}
	return []Use{UseFIDO, UsePIV}
}
