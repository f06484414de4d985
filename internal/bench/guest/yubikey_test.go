//go:build cgo

package guest

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"hwmfa/hw/softkey"
)

func TestYkman(t *testing.T) {
	plug(t, softkey.Config{Serial: serial, Slots: []softkey.Slot{{Slot: 0x9a}}})
	if got := run(t, "", "ykman", "list", "--serials"); got != "12345678\n" {
		t.Errorf("ykman list --serials printed %q", got)
	}
	contains(t, run(t, "", "ykman", "info"), "Serial number: 12345678", "Firmware version: 5.4.3", "Keychain (USB-A)", "FIDO2", "PIV")
	contains(t, run(t, "", "ykman", "piv", "info"), "PIV version: 5.4.3", "PIN tries remaining: 3/3", "Management key algorithm: TDES")
	contains(t, run(t, "", "ykman", "fido", "info"), "PIN is not set")
	contains(t, run(t, "", "ykman", "piv", "keys", "attest", "9a", "-"), "BEGIN CERTIFICATE")
}

func contains(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in:\n%s", w, text)
		}
	}
}

func TestYubicoPIVTool(t *testing.T) {
	k := plug(t, softkey.Config{Serial: serial, Slots: []softkey.Slot{{Slot: 0x9a}}})
	contains(t, run(t, "", "yubico-piv-tool", "-a", "version"), "Application version 5.4.3 found")
	contains(t, run(t, "", "yubico-piv-tool", "-a", "status"), "Version:\t5.4.3", "Serial Number:\t12345678", "PIN tries left:\t3")
	contains(t, run(t, "", "yubico-piv-tool", "-a", "list-readers"), "Yubico YubiKey")
	block, _ := pem.Decode([]byte(run(t, "", "yubico-piv-tool", "-a", "attest", "-s", "9a")))
	if block == nil {
		t.Fatal("yubico-piv-tool -a attest printed no certificate")
	}
	slot, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	block, _ = pem.Decode([]byte(run(t, "", "yubico-piv-tool", "-a", "read-certificate", "-s", "f9")))
	if block == nil {
		t.Fatal("yubico-piv-tool read no certificate from f9")
	}
	f9, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(k.ca.PIVRootPEM())
	between.AddCert(f9)
	if _, err := slot.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Errorf("the attestation does not chain to the run's root: %v", err)
	}
	contains(t, run(t, "", "yubico-piv-tool", "-a", "generate", "-A", "ECCP256", "-s", "9c"), "BEGIN PUBLIC KEY")
	contains(t, run(t, "", "yubico-piv-tool", "-a", "attest", "-s", "9c"), "BEGIN CERTIFICATE")
}
