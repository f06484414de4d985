package inventory

import "slices"

// Status is where a key stands in its life, a word.
type Status string

// The statuses of a key, in the order of its life.
const (
	// StatusExpected: on a delivery list; nobody has seen it yet.
	StatusExpected Status = "expected"
	// StatusReceived: seen on arrival, as the delivery list said.
	StatusReceived Status = "received"
	// StatusDeclared: known by a scan or a list, and not attested.
	StatusDeclared Status = "declared"
	// StatusEnrolled: in hand, evidence recorded, not put away yet.
	StatusEnrolled Status = "enrolled"
	// StatusInSafe: in the place it belongs to.
	StatusInSafe Status = "in_safe"
	// StatusSealed: in its place, in a numbered bag.
	StatusSealed Status = "sealed"
	// StatusInTransit: in a parcel between two places.
	StatusInTransit Status = "in_transit"
	// StatusCheckedOut: with a person who brings it back.
	StatusCheckedOut Status = "checked_out"
	// StatusInUse: with a person who keeps it.
	StatusInUse Status = "in_use"
	// StatusLost: nobody knows where it is; it may be found again.
	StatusLost Status = "lost"
	// StatusFound: found again, and not proved to be itself since.
	StatusFound Status = "found"
	// StatusCompromised: somebody else may have used it.
	StatusCompromised Status = "compromised"
	// StatusRetired: out of use for good.
	StatusRetired Status = "retired"
	// StatusDisposed: gone, and nothing that it opened is left on it.
	StatusDisposed Status = "disposed"
)

var (
	statuses = []Status{
		StatusExpected, StatusReceived, StatusDeclared, StatusEnrolled, StatusInSafe, StatusSealed, StatusInTransit,
		StatusCheckedOut, StatusInUse, StatusLost, StatusFound, StatusCompromised, StatusRetired, StatusDisposed,
	}
	// resting keys lie somewhere and can be taken.
	resting = []Status{StatusReceived, StatusDeclared, StatusEnrolled, StatusInSafe, StatusSealed}
	// present keys are where the inventory says.
	present = append([]Status{StatusInTransit, StatusCheckedOut, StatusInUse, StatusFound}, resting...)
)

// Statuses lists every status, in the order of a key's life.
func Statuses() []Status { return slices.Clone(statuses) }

// Usable says whether a key in this status may guard an account.
func (s Status) Usable() bool {
	switch s {
	case StatusDeclared, StatusEnrolled, StatusInSafe, StatusSealed, StatusInTransit, StatusCheckedOut, StatusInUse:
		return true
	}
	return false
}

// Missing says whether a key in this status may be in other hands: it is not to
// be relied on until it proved to be itself again.
func (s Status) Missing() bool {
	return s == StatusLost || s == StatusFound || s == StatusCompromised
}

// Resting says whether a key in this status is to be found at its place.
func (s Status) Resting() bool { return slices.Contains(resting, s) }

// Known says whether the word is one of the statuses.
func (s Status) Known() bool { return slices.Contains(statuses, s) }
