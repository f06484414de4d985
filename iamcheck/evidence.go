package iamcheck

import (
	"cmp"
	"slices"
)

// evidence is what the facts say about root's devices, read once for all rules.
type evidence struct {
	facts Facts
	// own are the devices of root's own list, in its order.
	own []ownDevice
	// ownReading is how much of root's own list was read.
	ownReading Reading
	// virtual are the devices of the virtual list that root owns.
	virtual []VirtualDevice
	// virtualReading is how much of the virtual list was read and understood.
	virtualReading Reading
	// foreign: an ARN of another account, or of another partition, in any answer.
	foreign bool
	// literalName: the virtual list holds root's customary serial.
	literalName bool
	// mfa is AccountMFAEnabled; nil where it is missing or no such counter can be.
	mfa *int
}

// ownDevice is a device of root's own list with its serial taken apart; known is false where that failed.
type ownDevice struct {
	Device
	serial Serial
	known  bool
}

// weigh reads the facts.
func weigh(f Facts) evidence {
	e := evidence{facts: f, ownReading: f.Root.Reading, virtualReading: f.Virtual.Reading, mfa: flagCounter(f.Summary)}
	for _, d := range f.Root.Devices {
		if slices.ContainsFunc(e.own, func(o ownDevice) bool { return o.Serial == d.Serial }) {
			continue // a list that changes while it is read may show an entry on two pages
		}
		serial, err := ParseSerial(d.Serial)
		e.own = append(e.own, ownDevice{Device: d, serial: serial, known: err == nil && serial.Kind != ""})
		e.foreign = e.foreign || err == nil && e.isForeign(serial)
	}
	for answered := range f.Certifications {
		serial, err := ParseSerial(answered)
		e.foreign = e.foreign || err == nil && e.isForeign(serial)
	}
	root := RootARN(f.Partition, f.AccountID)
	for _, d := range f.Virtual.Devices {
		serial, err := ParseSerial(d.Serial)
		if err != nil || serial.Kind != Virtual {
			e.misread()
		}
		e.foreign = e.foreign || err == nil && e.isForeign(serial)
		if d.Owner != "" {
			partition, account, ok := ARNAccount(d.Owner)
			if !ok {
				e.misread()
			}
			e.foreign = e.foreign || ok && (partition != f.Partition || account != f.AccountID)
		}
		if d.Owner == root {
			e.virtual = append(e.virtual, d)
		}
		if d.Serial == CustomarySerial(f.Partition, f.AccountID) {
			e.literalName = true
		}
	}
	return e
}

// misread takes the virtual list's completeness away: an entry that cannot be understood may be root's, so that the list
// no longer shows that root has none.
func (e *evidence) misread() {
	if e.virtualReading == Complete {
		e.virtualReading = Partial
	}
}

// isForeign reports whether a serial names another account than the facts are about. A TOTP token's names none.
func (e *evidence) isForeign(s Serial) bool {
	return s.Account != "" && (s.Account != e.facts.AccountID || s.Partition != e.facts.Partition)
}

// flagCounter is AccountMFAEnabled where it is one of the two values it can have.
func flagCounter(s *Summary) *int {
	if s == nil || s.MFAEnabled == nil || *s.MFAEnabled < 0 || *s.MFAEnabled > 1 {
		return nil
	}
	return s.MFAEnabled
}

// mfaIs reports whether the MFA counter was read and is n.
func (e *evidence) mfaIs(n int) bool { return e.mfa != nil && *e.mfa == n }

// ownHas reports whether root's own list, as far as it was read, holds a device of the kind.
func (e *evidence) ownHas(kind Kind) bool {
	return slices.ContainsFunc(e.own, func(d ownDevice) bool { return d.known && d.serial.Kind == kind })
}

// nonVirtual reports whether root's own list, as far as it was read, holds anything but virtual devices.
func (e *evidence) nonVirtual() bool {
	return slices.ContainsFunc(e.own, func(d ownDevice) bool { return !d.known || d.serial.Kind != Virtual })
}

// unrecognized reports whether root's own list holds a serial of no known form.
func (e *evidence) unrecognized() bool {
	return slices.ContainsFunc(e.own, func(d ownDevice) bool { return !d.known })
}

// anyDevice reports whether any device of root's was seen, in either list.
func (e *evidence) anyDevice() bool { return len(e.own) > 0 || len(e.virtual) > 0 }

// unanswered reports whether neither list nor the counters were answered.
func (e *evidence) unanswered() bool {
	return e.ownReading == Unread && e.facts.Virtual.Reading == Unread && e.facts.Summary == nil
}

// rootDenied reports whether AWS named a service control policy as what keeps root from being read: in the root session, or
// from having one.
func (e *evidence) rootDenied() bool {
	return slices.ContainsFunc(e.facts.Calls, func(c Call) bool {
		return c.Outcome == DeniedBySCP && (c.By == ByRoot || c.Action == "sts:AssumeRoot")
	})
}

// rootDevices are the devices of both lists for the finding, sorted by serial; nil where no list could have shown them all
// and none was seen.
func (e *evidence) rootDevices(m matches, keys *Keys) []RootDevice {
	if !e.anyDevice() && e.ownReading != Complete {
		return nil
	}
	devices := make([]RootDevice, 0, len(e.own)+len(e.virtual))
	for _, d := range e.own {
		r := RootDevice{Serial: d.Serial, EnabledAt: timeOrNil(d.EnabledAt), Suggestions: suggestions(e, m, keys, d)}
		if d.known {
			kind := d.serial.Kind
			r.Kind = &kind
			if kind == FIDO {
				r.Certifications = e.facts.Certifications[d.Serial]
			}
		}
		if key, ok := m.byDevice[d.Serial]; ok {
			r.KeyID = &key.KeyID
		}
		devices = append(devices, r)
	}
	for _, d := range e.virtual {
		if !slices.ContainsFunc(devices, func(r RootDevice) bool { return r.Serial == d.Serial }) {
			kind := Virtual
			devices = append(devices, RootDevice{Serial: d.Serial, Kind: &kind, EnabledAt: timeOrNil(d.EnabledAt), Suggestions: []Suggestion{}})
		}
	}
	slices.SortStableFunc(devices, func(a, b RootDevice) int { return cmp.Compare(a.Serial, b.Serial) })
	return devices
}
