package iamcheck

import "fmt"

// SummaryOf picks the counters of iam:GetAccountSummary that speak of root. Those that are missing, or that cannot be, are
// unknown and named.
func SummaryOf(counters map[string]int32) (s *Summary, wrong []string) {
	pick := func(name string, most int32) *int {
		n, ok := counters[name]
		switch {
		case !ok:
			wrong = append(wrong, "no "+name)
		case n < 0 || n > most:
			wrong = append(wrong, fmt.Sprintf("%s is %d", name, n))
		default:
			count := int(n)
			return &count
		}
		return nil
	}
	s = &Summary{
		MFAEnabled:          pick("AccountMFAEnabled", 1),
		PasswordPresent:     pick("AccountPasswordPresent", 1),
		AccessKeysPresent:   pick("AccountAccessKeysPresent", 100),
		CertificatesPresent: pick("AccountSigningCertificatesPresent", 100),
	}
	// A statement of its own: in one with the calls, in which order wrong is read and they are made is left open.
	return s, wrong
}
