package iamcheck

// Thresholds are where a figure becomes a flag.
type Thresholds struct {
	// Backup is the number of usable keys an account needs: fewer raise no_backup.
	Backup int
	// Concentration is the number of accounts one key may guard: more raise concentration.
	Concentration int
	// Burden is the number of keys Level 2 may ask one custodian to look after: more raise logistics_burden.
	Burden int
	// Avoidable is the number of accounts hardware may be demanded of, or kept for, without need: more raise level2_everywhere.
	Avoidable int
}

// DefaultThresholds are those of an organization that set none: two keys an account, so that the loss of one locks nobody
// out; ten accounts a key, so that the loss of one is mended in a day at the console (root's MFA cannot be registered by
// API); twenty keys a custodian, what fits one safe visit; no account without need.
func DefaultThresholds() Thresholds { return Thresholds{Backup: 2, Concentration: 10, Burden: 20} }

// orDefault replaces thresholds that mean nothing.
func (t Thresholds) orDefault() Thresholds {
	d := DefaultThresholds()
	if t.Backup > 0 {
		d.Backup = t.Backup
	}
	if t.Concentration > 0 {
		d.Concentration = t.Concentration
	}
	if t.Burden > 0 {
		d.Burden = t.Burden
	}
	d.Avoidable = max(t.Avoidable, 0)
	return d
}

// Census is what the inventory knows beside the bindings.
type Census struct {
	// Custodians is how many people look after keys; nil is unknown.
	Custodians *int `json:"custodians"`
}
