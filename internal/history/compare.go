// Package history holds runs of the audit against each other: what of a finding is kept, what has changed from one run to the
// next, and what has become worse. It keeps nothing itself (the inventory does) and asks nobody.
package history

import (
	"iter"
	"slices"
	"strings"

	"hwmfa/iamcheck"
	"hwmfa/inventory"
)

// VerdictOf is what of a finding a later run is compared with.
func VerdictOf(f iamcheck.Finding) inventory.AuditVerdict {
	v := inventory.AuditVerdict{
		AccountID: f.AccountID, Level2: string(f.Level2.Status), Level1: string(f.Level1.Status), NotRequired: f.Level2.NotRequired,
	}
	if f.Name != nil {
		v.Name = *f.Name
	}
	if f.Level2.Assurance != nil {
		v.Assurance = string(*f.Level2.Assurance)
	}
	for _, r := range f.Level2.Reasons {
		v.Reasons = append(v.Reasons, string(r))
	}
	for _, w := range f.Level2.Warnings {
		v.Warnings = append(v.Warnings, string(w))
	}
	if f.RootDevices != nil {
		v.Devices = []string{}
	}
	for _, d := range f.RootDevices {
		v.Devices = append(v.Devices, shortSerial(d.Serial, f.AccountID))
	}
	return v
}

// shortSerial leaves out of an ARN what those of all devices of an account have
// in common. What follows is not empty, so that no two serials become one.
func shortSerial(serial, account string) string {
	if strings.HasPrefix(serial, "arn:") {
		if _, rest, ok := strings.Cut(serial, ":iam::"+account+":"); ok && rest != "" {
			return rest
		}
	}
	return serial
}

// NeedsAttention says whether a verdict is one that somebody has to do something
// about: a failure or an unknown of the level that is demanded of the account.
func NeedsAttention(v inventory.AuditVerdict) bool {
	return iamcheck.NeedsAttention(iamcheck.Status(v.Level2), iamcheck.Status(v.Level1), v.NotRequired)
}

// Change is one way in which two verdicts on an account differ, a word.
type Change string

// What can differ between two verdicts. Those that speak of no level are about
// Level 2.
const (
	NewFailure     Change = "new_failure"
	NewUnknown     Change = "newly_unknown"
	Mended         Change = "mended"         // a failure or an unknown before, neither now
	StatusChanged  Change = "status_changed" // between pass and not_applicable
	Level1Failure  Change = "level1_new_failure"
	Level1Unknown  Change = "level1_newly_unknown"
	Level1Mended   Change = "level1_mended"
	Level1Changed  Change = "level1_changed"
	Appeared       Change = "appeared" // the account was not there before
	Gone           Change = "gone"     // the account is not there any more
	NowRequired    Change = "now_required"
	NoMoreRequired Change = "no_longer_required"
	Weaker         Change = "assurance_weaker"
	Stronger       Change = "assurance_stronger"
	ReasonsChanged Change = "reasons_changed" // of the same status
	WarningChanged Change = "warnings_changed"
	DeviceAdded    Change = "device_added"
	DeviceRemoved  Change = "device_removed"
)

// Changes lists every change, in the order in which an account's are listed.
func Changes() []Change {
	return []Change{
		NewFailure, NewUnknown, Mended, StatusChanged, Level1Failure, Level1Unknown, Level1Mended, Level1Changed, Appeared, Gone,
		NowRequired, NoMoreRequired, Weaker, Stronger, ReasonsChanged, WarningChanged, DeviceAdded, DeviceRemoved,
	}
}

// Difference is how the verdict on one account changed between two runs.
type Difference struct {
	Before, After *inventory.AuditVerdict // nil: the account was not there, is not there any more
	Changes       []Change
	// New: the account needs attention for what was not so before. Worse: that,
	// or a pass that is less sure.
	New, Worse                   bool
	DevicesAdded, DevicesRemoved []string
	WarningsAdded, WarningsEnded []string
	ReasonsAdded, ReasonsDropped []string
}

// AccountID is the account that it is about.
func (d Difference) AccountID() string {
	if d.After != nil {
		return d.After.AccountID
	}
	return d.Before.AccountID
}

// Name is the account's name, the newer where both are known; "" is not known.
func (d Difference) Name() string {
	if d.After != nil && d.After.Name != "" || d.Before == nil {
		return d.After.Name
	}
	return d.Before.Name
}

// Compare compares the verdicts before with those after, both in the order of
// accounts, and hands over each account that differs. An account that is only on
// one side is a difference where the other side is all of its scope. It says how
// many accounts were on both sides. One verdict of each is in memory at a time.
func Compare(before, after Verdicts, each func(Difference) error) (both int, err error) {
	next, stop := iter.Pull2(before.List)
	defer stop()
	old, errOld, more := next()
	gone := func() error {
		if !after.Complete {
			return nil
		}
		v := old
		return each(Difference{Before: &v, Changes: []Change{Gone}})
	}
	for now, err := range after.List {
		if err != nil {
			return both, err
		}
		for ; more && errOld == nil && old.AccountID < now.AccountID; old, errOld, more = next() {
			if err := gone(); err != nil {
				return both, err
			}
		}
		if errOld != nil {
			return both, errOld
		}
		switch {
		case more && old.AccountID == now.AccountID:
			both++
			if d := difference(old, now); len(d.Changes) > 0 {
				if err := each(d); err != nil {
					return both, err
				}
			}
			old, errOld, more = next()
		case before.Complete:
			isNew := NeedsAttention(now)
			if err := each(Difference{After: &now, Changes: []Change{Appeared}, New: isNew, Worse: isNew}); err != nil {
				return both, err
			}
		}
	}
	for ; more && errOld == nil; old, errOld, more = next() {
		if err := gone(); err != nil {
			return both, err
		}
	}
	return both, errOld
}

// Verdicts are those of one run.
type Verdicts struct {
	List     iter.Seq2[inventory.AuditVerdict, error]
	Complete bool // all of the run's scope is there
}

// difference compares two verdicts on one account.
func difference(old, now inventory.AuditVerdict) Difference {
	d := Difference{Before: &old, After: &now}
	add := func(c Change, when bool) {
		if when {
			d.Changes = append(d.Changes, c)
		}
	}
	status := func(from, to string, failure, unknown, mended, other Change) bool {
		if from == to {
			return false
		}
		switch {
		case to == string(iamcheck.Fail):
			add(failure, true)
		case to == string(iamcheck.Unknown):
			add(unknown, true)
		case iamcheck.Status(from).Open():
			add(mended, true)
		default:
			add(other, true)
		}
		return iamcheck.Status(to).Open()
	}
	level2 := status(old.Level2, now.Level2, NewFailure, NewUnknown, Mended, StatusChanged)
	level1 := status(old.Level1, now.Level1, Level1Failure, Level1Unknown, Level1Mended, Level1Changed)
	add(NowRequired, old.NotRequired && !now.NotRequired)
	add(NoMoreRequired, !old.NotRequired && now.NotRequired)
	// What is not demanded does not make it worse.
	d.New = level1 || level2 && !now.NotRequired || NeedsAttention(now) && !NeedsAttention(old)

	from, to := rank(old.Assurance), rank(now.Assurance)
	known := from >= 0 && to >= 0
	add(Weaker, known && to > from)
	add(Stronger, known && to < from)
	d.Worse = d.New || known && to > from && !now.NotRequired
	if old.Level2 == now.Level2 {
		d.ReasonsAdded, d.ReasonsDropped = missing(now.Reasons, old.Reasons), missing(old.Reasons, now.Reasons)
	}
	add(ReasonsChanged, len(d.ReasonsAdded)+len(d.ReasonsDropped) > 0)
	d.WarningsAdded, d.WarningsEnded = missing(now.Warnings, old.Warnings), missing(old.Warnings, now.Warnings)
	if blinder(old, now) {
		d.WarningsEnded = slices.DeleteFunc(d.WarningsEnded, func(w string) bool { return !ofReading(w) })
	}
	add(WarningChanged, len(d.WarningsAdded)+len(d.WarningsEnded) > 0)
	if old.Devices != nil && now.Devices != nil {
		d.DevicesAdded, d.DevicesRemoved = missing(now.Devices, old.Devices), missing(old.Devices, now.Devices)
	}
	add(DeviceAdded, len(d.DevicesAdded) > 0)
	add(DeviceRemoved, len(d.DevicesRemoved) > 0)
	return d
}

// blinder reports whether less could be seen of an account than before: what was
// warned of then may be there as well, and nobody could look.
func blinder(old, now inventory.AuditVerdict) bool {
	if old.Devices != nil && now.Devices == nil {
		return true
	}
	return slices.ContainsFunc(missing(now.Warnings, old.Warnings), ofReading)
}

// ofReading reports whether a warning says that something was not readable, and
// nothing of what is there.
func ofReading(warning string) bool {
	switch iamcheck.Warning(warning) {
	case iamcheck.RootListNotRead, iamcheck.VirtualListUnreadable, iamcheck.SummaryUnreadable, iamcheck.CertificationsUnreadable, iamcheck.DeniedBySCPWarning:
		return true
	}
	return false
}

// rank is the place of an assurance, the best first; -1 for none.
func rank(assurance string) int {
	return slices.Index(iamcheck.Assurances(), iamcheck.Assurance(assurance))
}

// missing are those of a list that another does not have.
func missing(list, other []string) (all []string) {
	for _, s := range list {
		if !slices.Contains(other, s) {
			all = append(all, s)
		}
	}
	return all
}
