package hw

// Advisory is a maker's published security advisory that applies to a key.
type Advisory struct {
	ID    string // "YSA-2024-03"
	CVE   string // "" without one
	Name  string // "EUCLEAK", "" without one
	Scope string // what is affected, one phrase
	URL   string
	// Certain is false where the ranges come second-hand or firmware alone
	// cannot decide.
	Certain bool
}
