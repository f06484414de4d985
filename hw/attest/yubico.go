package attest

import (
	_ "embed"
	"fmt"
)

// Yubico's attestation roots and the intermediates that keys do not send along,
// as the vendor published them on 2025-06-20 (byte for byte the copies in the
// module github.com/go-piv/piv-go/v2@v2.6.0, piv/certs). The intermediates of
// August 2025 ("B2") are younger: add them with AddPEM.
var (
	// https://developers.yubico.com/PKI/yubico-ca-certs.txt: U2F, PIV, OpenPGP,
	// FIDO and Attestation Root 1.
	//go:embed anchors/yubico-ca-certs.txt
	yubicoRoots []byte
	// https://developers.yubico.com/PKI/yubico-ca-1.pem: Attestation Root 1.
	//go:embed anchors/yubico-ca-1.pem
	yubicoRoot1 []byte
	// https://developers.yubico.com/PKI/yubico-intermediate.pem
	//go:embed anchors/yubico-intermediate.pem
	yubicoIntermediates []byte
)

// Yubico returns the anchors built into this program, to be added to with
// AddPEM. Each call returns a set of its own.
func Yubico() (*Anchors, error) {
	a := new(Anchors)
	for _, file := range [][]byte{yubicoRoots, yubicoRoot1, yubicoIntermediates} {
		if err := a.AddPEM("Yubico", file); err != nil {
			return nil, fmt.Errorf("reading built-in anchors: %w", err)
		}
	}
	for i := range a.entries {
		a.entries[i].BuiltIn = true
	}
	return a, nil
}
