package auditrole

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hwmfa/iamcheck"
)

// Role is the audit role and who may use it. New makes one.
type Role struct {
	// Partition of all ARNs. Templates put their own word for it here.
	Partition string
	// Name of the role, without its path; Path begins and ends with a slash.
	Name, Path string
	// Trust are the auditors: IDs of accounts, or ARNs of their users and
	// roles, in which * may stand.
	Trust []string
	// ExternalID must come with sts:AssumeRole; "" demands none.
	ExternalID string
	// Delegated: the auditors are in the account that is delegated
	// administrator, and not in the management account.
	Delegated bool
	// TagSession allows the tags of hwmfa audit --session-tag.
	TagSession bool
}

// ErrInvalid says that a role cannot be made of what was given.
var ErrInvalid = errors.New("not usable for the audit role")

// What AWS admits beside letters, digits and underscores.
const (
	inName       = "+=,.@-"
	inExternalID = "+=,.@:/-"
	inPrincipal  = "+=,.@/*-" // * stands for any text
)

// only reports whether s is of a length and holds letters, digits, underscores
// and those of more.
func only(s, more string, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for _, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
		if !letter && !strings.ContainsRune(more, c) {
			return false
		}
	}
	return true
}

// splitName takes a name apart into path and name.
func splitName(name string) (path, last string, ok bool) {
	i := strings.LastIndexByte(name, '/') + 1
	path, last = "/"+strings.TrimPrefix(name[:i], "/"), name[i:]
	return path, last, only(last, inName, 1, 64-len(callerSuffix)) && only(path, inName+"/", 1, 512) && !strings.Contains(path, "//")
}

// principal takes the ARN of a user or role apart; ok is false for anything
// else. Wildcards may stand in its name alone.
func principal(arn string) (partition, account, resource string, ok bool) {
	partition, account, ok = iamcheck.ARNAccount(arn)
	parts := strings.SplitN(arn, ":", 6)
	if !ok || parts[2] != "iam" {
		return "", "", "", false
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	return partition, account, parts[5], (kind == "user" || kind == "role") && only(name, inPrincipal, 1, 576)
}

// callerSuffix makes the name of the auditor's policy of the role's.
const callerSuffix = "-caller"

// maxTrust is how many auditors a trust policy of AWS's default size holds.
const maxTrust = 20

// IsPartition reports whether a partition has root users to audit. China has
// none, and of the others nobody knows; see iamcheck.Auditable.
func IsPartition(name string) bool { return name == "aws" || name == "aws-us-gov" }

// New checks what people gave. name may have a path in front.
func New(r Role, name string) (Role, error) {
	var ok bool
	r.Path, r.Name, ok = splitName(name)
	switch {
	case !ok:
		return r, fmt.Errorf("the name %q: %w: up to %d letters, digits and %s, with a path in front or none", name, ErrInvalid, 64-len(callerSuffix), inName)
	case !IsPartition(r.Partition):
		return r, fmt.Errorf("the partition %q: %w: aws or aws-us-gov", r.Partition, ErrInvalid)
	case r.ExternalID != "" && !only(r.ExternalID, inExternalID, 2, 1224):
		return r, fmt.Errorf("the external ID: %w: 2 to 1224 letters, digits and +=,.@:/-", ErrInvalid)
	case len(r.Trust) == 0:
		return r, fmt.Errorf("nobody to trust: %w: name the auditor's account, user or role", ErrInvalid)
	case len(r.Trust) > maxTrust:
		return r, fmt.Errorf("%d auditors: %w: at most %d", len(r.Trust), ErrInvalid, maxTrust)
	}
	accounts := 0
	for _, who := range r.Trust {
		partition, _, _, isARN := principal(who)
		switch {
		case iamcheck.IsAccountID(who):
			accounts++
		case !isARN:
			return r, fmt.Errorf("the auditor %q: %w: want an account ID, or the ARN of a user or role", who, ErrInvalid)
		case partition != r.Partition:
			return r, fmt.Errorf("the auditor %q: %w: its partition is not %s", who, ErrInvalid, r.Partition)
		}
	}
	if accounts > 0 && accounts < len(r.Trust) {
		// The condition that admits the ARNs alone would shut the accounts out.
		return r, fmt.Errorf("account IDs beside ARNs: %w: give ARNs for all auditors, or for none", ErrInvalid)
	}
	return r, nil
}

// Auditors are the accounts that auditors are in, sorted.
func (r Role) Auditors() []string {
	var accounts []string
	for _, who := range r.Trust {
		if _, account, _, ok := principal(who); ok {
			who = account
		}
		accounts = append(accounts, who)
	}
	slices.Sort(accounts)
	return slices.Compact(accounts)
}

// principals are the ARNs among those that are trusted, in this role's
// partition; nil where whole accounts are.
func (r Role) principals() []string {
	var arns []string
	for _, who := range r.Trust {
		if _, account, resource, ok := principal(who); ok {
			arns = append(arns, "arn:"+r.Partition+":iam::"+account+":"+resource)
		}
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}
