package attest

import (
	"slices"
	"time"
)

// statusReport is one word about a model (MDS3 §3.1.3).
type statusReport struct {
	Status        string `json:"status"`
	EffectiveDate string `json:"effectiveDate"` // "" or a day: from then on
	SunsetDate    string `json:"sunsetDate"`    // "" or a day: until then
}

// compromises are the words that end the trust in a model (MDS3 §3.1.4).
var compromises = []string{
	"REVOKED",
	"ATTESTATION_KEY_COMPROMISE",
	"USER_KEY_REMOTE_COMPROMISE",
	"USER_KEY_PHYSICAL_COMPROMISE",
	"USER_VERIFICATION_BYPASS",
}

// certifications order the words about FIDO certification: of two given on one
// day, the later in this list says more.
var certifications = []string{
	"SELF_ASSERTION_SUBMITTED", "NOT_FIDO_CERTIFIED", "RETIRED",
	"FIDO_CERTIFIED",
	"FIDO_CERTIFIED_L1", "FIDO_CERTIFIED_L1plus",
	"FIDO_CERTIFIED_L2", "FIDO_CERTIFIED_L2plus",
	"FIDO_CERTIFIED_L3", "FIDO_CERTIFIED_L3plus",
}

// fipsLevels are the words about FIPS 140 (MDS3 §3.1.4), in order.
var fipsLevels = []string{"FIPS140_CERTIFIED_L1", "FIPS140_CERTIFIED_L2", "FIPS140_CERTIFIED_L3", "FIPS140_CERTIFIED_L4"}

// inEffect says whether a report counts at now. A day that cannot be read is
// no reason to overlook what is said.
func (r statusReport) inEffect(now time.Time) bool {
	if from, err := time.Parse(time.DateOnly, r.EffectiveDate); err == nil && from.After(now) {
		return false
	}
	until, err := time.Parse(time.DateOnly, r.SunsetDate)
	return err != nil || until.After(now)
}

// compromised is the latest word that ends the trust in a model, "" without
// one. A later certificate does not take it back: it is for newer firmware,
// and the keys already sold stay what they are. Nor does it matter that a
// report may be about one batch alone.
func (m *model) compromised(now time.Time) string { return m.latest(compromises, now) }

// certified is the model's FIDO certification now, "" where nothing is said.
func (m *model) certified(now time.Time) string { return m.latest(certifications, now) }

// fips is the model's FIPS 140 level now, "" where nothing is said.
func (m *model) fips(now time.Time) string { return m.latest(fipsLevels, now) }

// latest is the newest of the reports in effect that use one of the words; of
// those of one day, the word that stands later in the list. A report without a
// day is older than all others.
func (m *model) latest(words []string, now time.Time) string {
	best, day := -1, ""
	for _, r := range m.reports {
		i := slices.Index(words, r.Status)
		if i < 0 || !r.inEffect(now) {
			continue
		}
		if best < 0 || r.EffectiveDate > day || r.EffectiveDate == day && i > best {
			best, day = i, r.EffectiveDate
		}
	}
	if best < 0 {
		return ""
	}
	return words[best]
}
