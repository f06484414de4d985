package iamcheck

import (
	"strings"
	"testing"
)

func TestSummaryOfNamesWhatIsWrong(t *testing.T) {
	const mfa, password, keys, certificates = "AccountMFAEnabled", "AccountPasswordPresent", "AccountAccessKeysPresent", "AccountSigningCertificatesPresent"
	for _, c := range []struct {
		name     string
		counters map[string]int32
		wrong    string
	}{
		{"nothing", map[string]int32{mfa: 1, password: 1, keys: 100, certificates: 0}, ""},
		{"one is missing", map[string]int32{mfa: 1, password: 1, keys: 0}, "no " + certificates},
		{"two are missing", map[string]int32{password: 1, certificates: 0}, "no " + mfa + ", no " + keys},
		{"all are missing", nil, "no " + mfa + ", no " + password + ", no " + keys + ", no " + certificates},
		{"one is missing, the others cannot be", map[string]int32{mfa: 2, password: -1, keys: 101}, mfa + " is 2, " + password + " is -1, " + keys + " is 101, no " + certificates},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, wrong := SummaryOf(c.counters)
			if got := strings.Join(wrong, ", "); got != c.wrong {
				t.Errorf("got %q, want %q", got, c.wrong)
			}
			known := 0
			for _, n := range []*int{s.MFAEnabled, s.PasswordPresent, s.AccessKeysPresent, s.CertificatesPresent} {
				if n != nil {
					known++
				}
			}
			if known != 4-len(wrong) {
				t.Errorf("%d counters are known, and %d wrong", known, len(wrong))
			}
		})
	}
}
