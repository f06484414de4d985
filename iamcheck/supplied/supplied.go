// Package supplied takes what an auditor has without this program's own access: the answers that the aws command printed, one
// folder an account. It believes nothing that does not come with a caller identity of that account: a list of MFA devices is
// that of whoever asked, and only root's own list is root's.
package supplied

import (
	"fmt"
	"slices"
	"strings"

	"hwmfa/iamcheck"
)

const (
	// maxDevices bounds a list of root's devices, maxVirtual one of an account's virtual devices.
	maxDevices = 1000
	maxVirtual = 200_000
)

// Account is what is supplied about one account.
type Account struct {
	// Facts are those the files give; their calls are marked as supplied.
	Facts iamcheck.Facts
	// Report is the credential report's line on root; nil where there is none.
	Report *Report
	// Unused names the files that were not used, each with the reason.
	Unused []string
}

// kind is what a file turns out to be.
type kind string

const (
	identity    kind = "sts:GetCallerIdentity"
	summary     kind = "iam:GetAccountSummary"
	ownList     kind = "iam:ListMFADevices"
	virtualList kind = "iam:ListVirtualMFADevices"
	device      kind = "iam:GetMFADevice"
	credentials kind = "iam:GetCredentialReport"
)

// marks are the members by which an answer is known. Whatever else is in it is for later versions of AWS.
var marks = []struct {
	kind    kind
	members []string
}{
	{identity, []string{"Account", "Arn", "UserId"}},
	{summary, []string{"SummaryMap"}},
	{ownList, []string{"MFADevices"}},
	{virtualList, []string{"VirtualMFADevices"}},
	{credentials, []string{"Content", "ReportFormat"}},
	{device, []string{"SerialNumber"}},
}

// kindOf is what an answer is: exactly one thing, or nothing.
func kindOf(o object) (kind, bool) {
	var found []kind
	for _, m := range marks {
		if !slices.ContainsFunc(m.members, func(name string) bool { _, ok := o[name]; return !ok }) {
			found = append(found, m.kind)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// answers are the files of one account, by what they are.
type answers struct {
	account string
	of      map[kind][]named
	unused  []string
}

// named is an answer with the name of its file.
type named struct {
	file string
	object
}

func (a *answers) skip(file, format string, args ...any) {
	a.unused = append(a.unused, file+": "+fmt.Sprintf(format, args...))
}

// Read takes the files of an account, by name. Nothing in them is an error: what cannot be used is named.
func Read(account string, files []File) Account {
	a := &answers{account: account, of: map[kind][]named{}}
	for _, f := range files {
		a.take(f)
	}
	facts := iamcheck.Facts{AccountID: account}
	partition, root, why := a.caller()
	if why != "" {
		facts.Calls = append(facts.Calls, call(identity, iamcheck.ByCaller, iamcheck.Malformed, why))
		return Account{Facts: facts, Unused: a.unused}
	}
	facts.Partition = partition
	facts.Calls = append(facts.Calls, call(identity, iamcheck.ByCaller, iamcheck.OK, ""))
	a.summary(&facts)
	a.ownDevices(&facts, root)
	a.virtualDevices(&facts)
	a.certifications(&facts)
	out := Account{Facts: facts, Report: a.report()}
	out.Unused = a.unused
	out.Report.check(&out.Facts)
	return out
}

// take finds out what a file is.
func (a *answers) take(f File) {
	switch {
	case f.Wrong != "":
		a.skip(f.Name, "%s", f.Wrong)
		return
	case len(strings.TrimSpace(string(f.Data))) == 0:
		a.skip(f.Name, "it is empty, as where the command failed")
		return
	case isReport(f.Data):
		a.of[credentials] = append(a.of[credentials], named{f.Name, object{"csv": string(f.Data)}})
		return
	}
	o, err := parse(f.Data)
	if err != nil {
		a.skip(f.Name, "%v", err)
		return
	}
	k, ok := kindOf(o)
	if !ok {
		a.skip(f.Name, "it is none of the answers that are looked for, or several at once")
		return
	}
	a.of[k] = append(a.of[k], named{f.Name, o})
}

// caller is who asked, as every caller identity says; why is not empty where nobody can be believed.
func (a *answers) caller() (partition string, root bool, why string) {
	if len(a.of[identity]) == 0 {
		return "", false, "supplied without a caller identity: nothing is believed that may be another account's"
	}
	root = true
	for _, n := range a.of[identity] {
		account, _ := n.text("Account")
		arn, _ := n.text("Arn")
		of, owner, ok := arnAccount(arn)
		switch {
		case !ok || owner != a.account || account != a.account:
			return "", false, fmt.Sprintf("supplied with the caller identity of account %.40q, not of %s", account, a.account)
		case partition != "" && of != partition:
			return "", false, "supplied with caller identities of two partitions"
		}
		partition = of
		root = root && (arn == iamcheck.RootARN(of, owner) || strings.HasPrefix(arn, "arn:"+of+":sts::"+owner+":assumed-root/"))
	}
	return partition, root, ""
}

// arnAccount is the partition and account of an ARN of IAM or STS.
func arnAccount(arn string) (partition, account string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] == "" || parts[2] != "iam" && parts[2] != "sts" || parts[3] != "" || parts[5] == "" {
		return "", "", false
	}
	return parts[1], parts[4], iamcheck.IsAccountID(parts[4])
}

// one is the only answer of its kind; of several that say the same any. Where they differ nobody knows which is newer.
func (a *answers) one(k kind) (object, string, bool) {
	all := a.of[k]
	if len(all) == 0 {
		return nil, "", false
	}
	for _, n := range all[1:] {
		if !same(n.object, all[0].object) {
			return nil, fmt.Sprintf("supplied twice, and %s and %s differ", all[0].file, n.file), true
		}
	}
	return all[0].object, "", true
}

// call is a supplied call as a finding shows it.
func call(k kind, by iamcheck.Actor, outcome iamcheck.Outcome, why string) iamcheck.Call {
	c := iamcheck.Call{Action: string(k), By: by, Outcome: outcome, Source: iamcheck.Supplied}
	if why != "" {
		c.Error = &why
	}
	return c
}
