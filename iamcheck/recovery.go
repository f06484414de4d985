package iamcheck

import (
	"path"
	"slices"
	"strings"
)

// EmailRules are what an organization asks of the e-mail addresses of its root users.
type EmailRules struct {
	// Domains are the organization's own, in any letter case; none: the domain is not looked at.
	Domains []string
	// GroupPattern is what the address of a group mailbox looks like, as path.Match takes it, in any letter case; "": it is
	// not looked at.
	GroupPattern string
}

// RecoveryNames are all findings on the recovery path, in the order in which they are shown.
func RecoveryNames() []RecoveryName {
	return []RecoveryName{
		RootEmailUnknown, RootEmailShared, RootEmailForeignDomain, RootEmailPersonal, RootEmailPlusAddress,
		RootAccessKeys, RootCertificates, RootPassword, RootRecoverable,
	}
}

// recovery looks at the ways around root's MFA. Where there is no root user with a console, or no account any more, there is
// nothing to recover. What is said here changes no verdict: the control asks for a device, and this is about what is beside
// it. level1 is the verdict on MFA of any kind.
func recovery(e *evidence, level1 Status, rules EmailRules) []Recovery {
	f := e.facts
	list := []Recovery{}
	switch {
	case f.State == "CLOSED", f.Partition == "aws-cn":
		return list
	case f.Partition != "aws-us-gov":
		list = append(list, emailFindings(f.Email, rules)...)
	}
	var counters Summary
	var seen Credentials
	if !e.foreign { // else they may be another account's
		seen = f.Credentials
		if f.Summary != nil {
			counters = *f.Summary
		}
	}
	keys := presence(seen.AccessKeys, counters.AccessKeysPresent)
	certificates := presence(seen.SigningCertificates, counters.CertificatesPresent)
	list = append(list,
		look(RootAccessKeys, keys, "critical", "root has access keys, which no MFA guards",
			"root has no access keys", "whether root has access keys could not be read"),
		look(RootCertificates, certificates, "high", "root has signing certificates, which no MFA guards",
			"root has no signing certificates", "whether root has signing certificates could not be read"),
	)
	if f.Partition == "aws-us-gov" {
		return list
	}
	password := presence(seen.LoginProfile, counters.PasswordPresent)
	return append(list,
		look(RootPassword, password, "informational", "root has a password", "root has no password", "whether root has a password could not be read"),
		recoverable(f, password, level1),
	)
}

// presence is what two sources say of one credential: either may show it, and it is absent where none shows it and one of
// them denies it. The counters and the session are read moments apart.
func presence(seen Presence, counter *int) Presence {
	switch {
	case seen == Present, counter != nil && *counter > 0:
		return Present
	case seen == Absent, zero(counter):
		return Absent
	}
	return Unseen
}

// look is the finding that a credential is there.
func look(name RecoveryName, p Presence, severity, present, absent, unseen string) Recovery {
	switch p {
	case Present:
		return Recovery{name, RecoveryFinding, severity, present}
	case Absent:
		return Recovery{name, RecoveryOK, severity, absent}
	}
	return Recovery{name, RecoveryUnknown, severity, unseen}
}

// recoverable says whether whoever controls root's mailbox can set a password. Central removal of root's credentials ends
// that for a member account that has no password any more; nothing does for the management account.
func recoverable(f Facts, password Presence, level1 Status) Recovery {
	severity, guard := "medium", "whether there is MFA to pass could not be seen"
	switch level1 {
	case Pass:
		guard = "MFA is what is left to pass"
	case Fail:
		severity, guard = "high", "there is no MFA to pass"
	}
	r := Recovery{Finding: RootRecoverable, Severity: severity, Status: RecoveryFinding}
	on := f.CentralRemoval
	switch {
	case f.Partition != "aws":
		r.Status, r.Text = RecoveryUnknown, "nobody has verified whether root's password can be recovered in this partition"
	case password == Present:
		r.Text = "whoever controls root's mailbox can reset the password; " + guard
	case f.Membership == Management, f.Membership == Standalone, on != nil && !*on && password == Absent:
		r.Text = "whoever controls root's mailbox can set a password; " + guard
	case password == Absent && f.Membership == Member && on != nil && *on:
		r.Status, r.Text = RecoveryOK, "root has no password, and its credentials are managed centrally"
	default:
		r.Status, r.Text = RecoveryUnknown, "whether root's password can be recovered could not be seen"
	}
	return r
}

// emailFindings are those of one address. That several accounts have it is for a Mailboxes to say, which sees them all.
func emailFindings(email string, rules EmailRules) []Recovery {
	address, ok := parseEmail(email)
	if !ok {
		return []Recovery{{RootEmailUnknown, RecoveryUnknown, "informational", "root's e-mail address is not known: only an organization tells it"}}
	}
	var list []Recovery
	add := func(name RecoveryName, bad bool, severity, is, isNot string) {
		p := Absent
		if bad {
			p = Present
		}
		list = append(list, look(name, p, severity, is, isNot, ""))
	}
	if len(rules.Domains) > 0 {
		own := slices.ContainsFunc(rules.Domains, func(d string) bool { return strings.EqualFold(d, address.domain) })
		add(RootEmailForeignDomain, !own, "high", "root's e-mail address is at "+address.domain+", which is not the organization's", "root's e-mail address is at "+address.domain)
	}
	if rules.GroupPattern != "" {
		add(RootEmailPersonal, !address.matches(rules.GroupPattern), "medium",
			"root's e-mail address is not that of a group mailbox, as the policy writes them", "root's e-mail address is that of a group mailbox")
	}
	add(RootEmailPlusAddress, address.plus, "informational",
		"root's e-mail address is a plus-address: what comes before the plus gets its mail", "root's e-mail address is no plus-address")
	return list
}

// email is an address taken apart.
type email struct {
	// whole is the address and mailbox the one without its plus-tag, in lower case.
	whole, mailbox, domain string
	plus                   bool
}

// maxEmail bounds an address, in bytes (RFC 5321 §4.5.3.1).
const maxEmail = 320

// parseEmail takes an address apart; ok is false where it is none, or unknown. What a provider drops beside the plus-tag,
// such as dots, is its own affair.
func parseEmail(s string) (email, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 || len(s) > maxEmail {
		return email{}, false
	}
	local, _, plus := strings.Cut(s[:at], "+")
	if local == "" {
		local, plus = s[:at], false
	}
	return email{whole: s, mailbox: local + s[at:], domain: s[at+1:], plus: plus}, true
}

// matches holds the address, and the mailbox behind it, against a pattern.
func (a email) matches(pattern string) bool {
	pattern = strings.ToLower(pattern)
	whole, err := path.Match(pattern, a.whole)
	box, err2 := path.Match(pattern, a.mailbox)
	return whole && err == nil || box && err2 == nil
}
