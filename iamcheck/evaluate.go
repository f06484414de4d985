package iamcheck

import (
	"maps"
	"time"
)

// Options are what the auditor asks for.
type Options struct {
	// Require is the weakest assurance a pass may have; "" asks for none.
	Require Assurance
	// Benchmark is the version of CIS AWS Foundations, such as 4.0.1; "" and one that BenchmarkOf does not know are the
	// newest. By one that does not exempt removed credentials, an account without any fails, with a compensating control.
	Benchmark string
	// NotRequired says that the account's tier does not demand Level 2.
	NotRequired bool
	// Tier is the account's tier, shown beside the verdict; nil: it has none.
	Tier *Tier
	// Exception is the account's exception; it is shown as expired once it is at Now.
	Exception *Exception
	// Keys are all keys of the inventory, for suggestions; nil: there is no inventory, so that nothing is said of devices that
	// it does not know.
	Keys *Keys
	// Email are the rules for root's e-mail address.
	Email EmailRules
	// Now is the time of the audit; it decides whether the exception has expired.
	Now time.Time
}

// Evaluate decides on one account. Bound keys of other accounts are ignored.
func Evaluate(f Facts, bound []BoundKey, opts Options) Finding {
	e := weigh(f)
	m := match(&e, bound)
	hardware, level1 := decide(level2Rules, &e, opts), decide(level1Rules, &e, opts)

	details := details(&e, m, opts.Keys)
	level2 := Level2{
		Severity:    Severity,
		Literal:     literal(&e),
		Warnings:    warnings(&e, m, details),
		Details:     details,
		NotRequired: opts.NotRequired,
		Tier:        copied(opts.Tier),
	}
	if opts.Exception != nil && !opts.Now.Before(opts.Exception.Expires) {
		level2.ExpiredException = copied(opts.Exception)
	} else {
		level2.Exception = copied(opts.Exception)
	}
	if hardware.status == Pass {
		grade := gradeOf(&e, m, hardware.inferred)
		level2.Assurance = &grade.seen
		hardware = grade.demand(opts.Require, hardware)
	}
	level2.Status, level2.Reasons = hardware.status, orEmpty(hardware.reasons)
	return Finding{
		AccountID:   f.AccountID,
		Name:        stringOrNil(f.Name),
		Partition:   stringOrNil(f.Partition),
		Level2:      level2,
		Level1:      Level1{Status: level1.status, Severity: Severity, Reasons: orEmpty(level1.reasons)},
		RootDevices: cloneCertifications(e.rootDevices(m, opts.Keys)),

		RootRemovable: removable(f, level2.Status),

		Recovery: recovery(&e, level1.status, opts.Email),
		Calls:    orEmpty(f.Calls),
	}
}

// removable is whether root's credentials could be removed: those of a member account, unless they are gone or there is no root
// to sign in. Central root access is for members only.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management
func removable(f Facts, level2 Status) *bool {
	if f.Membership == "" && level2 != NotApplicable {
		return nil
	}
	is := f.Membership == Member && level2 != NotApplicable
	return &is
}

// literal is the verdict of the benchmark's own audit text: the counter must be 1, and the virtual list must not hold the
// customary serial, whoever owns it. It fails as soon as one step fails, and passes on no list in which another account
// appears. An entry that cannot be understood does not carry the serial, so that it matters here to nobody.
func literal(e *evidence) Status {
	switch {
	case e.mfaIs(0), e.literalName:
		return Fail
	case e.mfaIs(1) && e.facts.Virtual.Reading == Complete && !e.foreign:
		return Pass
	}
	return Unknown
}

// copied keeps a finding from sharing what the options point to.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

func stringOrNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// timeOrNil takes a time that JSON cannot write (a year before 0 or after 9999) for unknown: it is no date of AWS's, and one
// such date would cost the whole report.
func timeOrNil(t time.Time) *time.Time {
	t = t.UTC()
	if t.IsZero() || t.Year() < 0 || t.Year() > 9999 {
		return nil
	}
	return &t
}

// orEmpty makes a list that says "none" of one that says nothing: JSON knows the two apart.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// cloneCertifications keeps the finding from sharing maps with the facts.
func cloneCertifications(devices []RootDevice) []RootDevice {
	for i := range devices {
		devices[i].Certifications = maps.Clone(devices[i].Certifications)
	}
	return devices
}
