package iamcheck

import "strings"

// verdict is a rule's answer.
type verdict struct {
	status  Status
	reasons []Reason
	// inferred marks a pass that root's own list does not support.
	inferred bool
}

// rule decides, or leaves the account to the next rule.
type rule func(*evidence, Options) (verdict, bool)

// level2Rules are the rules of hardware MFA for root, in order; the first that matches decides. What none of them decides
// is unknown.
var level2Rules = []rule{
	partition, state, foreign, wrongKind, removed, noMFA, unrecognized, ownList, inferred,
}

// level1Rules are those of root MFA of any kind.
var level1Rules = []rule{
	partition, state, foreign, removed, noMFA, anyMFA,
}

// decide runs the rules.
func decide(rules []rule, e *evidence, o Options) verdict {
	for _, r := range rules {
		if v, ok := r(e, o); ok {
			return v
		}
	}
	return verdict{status: Unknown, reasons: e.missing()}
}

func say(s Status, reasons ...Reason) (verdict, bool) {
	return verdict{status: s, reasons: reasons}, true
}

// partition is rule 1: where there is no root user with a console, the control does not apply; a partition nobody has
// verified is not judged.
func partition(e *evidence, _ Options) (verdict, bool) {
	switch e.facts.Partition {
	case "aws":
		return verdict{}, false
	case "aws-us-gov":
		return say(NotApplicable, RootHasNoConsole)
	case "aws-cn":
		return say(NotApplicable, NoRootUser)
	case "":
		if e.unanswered() {
			// Nobody said which partition it is because nothing was answered: that is what is missing, and no partition.
			return verdict{}, false
		}
	}
	return say(Unknown, PartitionUnverified)
}

// state is rule 1's second half. A state that is missing or new is audited.
func state(e *evidence, _ Options) (verdict, bool) {
	switch s := e.facts.State; {
	case s == "CLOSED":
		return say(NotApplicable, AccountClosed)
	case s == "SUSPENDED", strings.HasPrefix(s, "PENDING_"):
		return say(Unknown, NotAssessable)
	}
	return verdict{}, false
}

// Auditable reports whether rule 1 leaves the account to the rules that look at AWS's answers, and GovCloud, whose root
// access keys are reported: whether asking about the account is worth a call.
func Auditable(partitionName, accountState string) bool {
	e := evidence{facts: Facts{Partition: partitionName, State: accountState}}
	if _, decided := state(&e, Options{}); decided {
		return false
	}
	return partitionName == "aws" || partitionName == "aws-us-gov"
}

// foreign is rule 2: an answer about another account proves nothing about this one.
func foreign(e *evidence, _ Options) (verdict, bool) {
	if e.foreign {
		return say(Unknown, ForeignAnswer)
	}
	return verdict{}, false
}

// wrongKind is rule 3: positive evidence of a device that is not hardware, be it on one page of a list that broke off.
func wrongKind(e *evidence, _ Options) (verdict, bool) {
	var reasons []Reason
	if len(e.virtual) > 0 || e.ownHas(Virtual) {
		reasons = append(reasons, VirtualRootDevice)
	}
	if e.ownHas(SMS) {
		reasons = append(reasons, SMSRootDevice)
	}
	if reasons == nil {
		return verdict{}, false
	}
	return say(Fail, reasons...)
}

// removed is rule 4: an account whose counters say that root has no credentials at all. That is no proof that nobody can
// have some: whoever controls the root e-mail address can set a password unless the organization removed it centrally.
func removed(e *evidence, o Options) (verdict, bool) {
	c := e.facts.Credentials
	if !e.facts.Summary.NoCredentials() {
		return verdict{}, false
	}
	switch on := e.facts.CentralRemoval; {
	case e.anyDevice():
		return say(Unknown, SourcesDisagree)
	case c.LoginProfile == Present,
		on != nil && !*on,
		e.facts.Membership == Management, e.facts.Membership == Standalone:
		return say(Fail, PasswordRecoverable)
	case c.AccessKeys == Present || c.SigningCertificates == Present:
		return say(Unknown, SourcesDisagree)
	case on == nil || e.facts.Membership != Member || e.ownReading != Complete,
		c.LoginProfile != Absent, c.AccessKeys != Absent, c.SigningCertificates != Absent:
		if e.rootDenied() {
			return say(Unknown, RemovalUnverified, RootDeniedBySCP)
		}
		return say(Unknown, RemovalUnverified)
	case !o.benchmark().ExemptsRemoved:
		return say(Fail, RootCredentialsRemoved, CompensatingControl)
	}
	return say(NotApplicable, RootCredentialsRemoved)
}

// noMFA is rule 5.
func noMFA(e *evidence, _ Options) (verdict, bool) {
	switch {
	case !e.mfaIs(0):
		return verdict{}, false
	case !e.anyDevice():
		return say(Fail, NoMFA)
	case e.nonVirtual():
		return say(Unknown, SourcesDisagree)
	}
	return verdict{}, false
}

// unrecognized keeps a device of unknown form from passing as hardware by rule 6 or 7.
func unrecognized(e *evidence, _ Options) (verdict, bool) {
	if e.unrecognized() {
		return say(Unknown, UnrecognizedDevice)
	}
	return verdict{}, false
}

// ownList is rule 6: root's own list is complete, and rule 3 has found nothing wrong in it.
func ownList(e *evidence, _ Options) (verdict, bool) {
	switch {
	case e.ownReading != Complete:
		return verdict{}, false
	case len(e.own) > 0:
		return say(Pass)
	case e.mfaIs(1):
		return say(Unknown, SourcesDisagree)
	}
	return verdict{}, false
}

// inferred is rule 7: MFA is on, and it is none of the account's virtual devices.
func inferred(e *evidence, _ Options) (verdict, bool) {
	if e.ownReading != Complete && e.mfaIs(1) && e.virtualReading == Complete {
		return verdict{status: Pass, inferred: true}, true
	}
	return verdict{}, false
}

// anyMFA is the last rule of Level 1.
func anyMFA(e *evidence, _ Options) (verdict, bool) {
	if e.mfaIs(1) || e.anyDevice() {
		return say(Pass)
	}
	return verdict{}, false
}

// missing names the evidence without which the rules could not decide.
func (e *evidence) missing() []Reason {
	var reasons []Reason
	if e.rootDenied() {
		reasons = append(reasons, RootDeniedBySCP)
	}
	if e.ownReading != Complete {
		reasons = append(reasons, RootListUnreadable)
	}
	if e.mfa == nil {
		reasons = append(reasons, SummaryMissing)
	}
	if e.virtualReading != Complete {
		reasons = append(reasons, VirtualListIncomplete)
	}
	return reasons
}

// zero reports whether a counter was sent and is zero.
func zero(n *int) bool { return n != nil && *n == 0 }
