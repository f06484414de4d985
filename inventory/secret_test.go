package inventory

import (
	"errors"
	"strings"
	"testing"
)

func TestSecretIn(t *testing.T) {
	for _, s := range []string{
		"12345678", "K-7Q2M4XRD", "2fc0579f-8113-47ea-b116-bb5a8db9202a", "Berlin HQ/Safe 2/Slot 14", "YubiKey 5C NFC FIPS",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", strings.Repeat("ab", 32),
		"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ", "Main Safe Room Left", "otpauth", "",
		"arn:aws:iam::123456789012:mfa/root-account-mfa-device", "GAHT12345678-A2C4",
	} {
		if what := SecretIn(s); what != "" {
			t.Errorf("%q is taken for %s", s, what)
		}
	}
	const seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	for _, s := range []string{
		"otpauth://totp/x?secret=abc", "see OTPAUTH-MIGRATION://offline?data=x", seed, strings.ToLower(seed), seed + "====", " " + seed,
		"JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", "-----BEGIN PRIVATE KEY-----", "wJalrXUtnFEMIaK7MDENGabPxRfiCYEXAMPLEKEY",
	} {
		if SecretIn(s) == "" {
			t.Errorf("%q is taken for no secret", s)
		}
		for name, check := range map[string]func(string) (string, error){
			"serial": NormalizeSerial, "tag": NormalizeTag, "place": NormalizePlace, "seal": NormalizeSeal,
			"reason": func(s string) (string, error) { return required("reason", s, maxReason) },
		} {
			got, err := check(s)
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %q is taken as %q", name, s, got)
			} else if strings.Contains(err.Error(), strings.TrimSpace(s)) {
				t.Errorf("%s: %v repeats it", name, err)
			}
		}
	}
}
