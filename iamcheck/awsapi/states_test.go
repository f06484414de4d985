package awsapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
)

// state is one state of an account, as AWS serves it, and what the audit has to say of it.
type state struct {
	name string
	// account is the member account; its ID and role are filled in. root is its root user.
	root    awstest.Root
	account func(*awstest.Account)
	org     func(*awstest.Organization)
	// own audits the caller's own account: as "user" or as "root". "delegated" audits the organization as a delegated
	// administrator, who is another member.
	own string
	// of is the account that is looked at; "" is the member.
	of     string
	noRole bool
	bound  []iamcheck.BoundKey
	opts   iamcheck.Options

	status    iamcheck.Status
	reasons   string
	assurance iamcheck.Assurance
	literal   iamcheck.Status
	level1    iamcheck.Status
	reasons1  string
	warnings  string
	// recovery is what is found on the recovery path, without what is ok; "" is not looked at, none is nothing.
	recovery string
	// calls are those the finding must name, as ACTION=OUTCOME; says is a word of an error's text.
	calls []string
	says  string
}

func hardware(devices ...awstest.Device) awstest.Root {
	return awstest.Root{Password: true, Devices: devices}
}

func two() awstest.Root { return hardware(awstest.Key("yk-1"), awstest.Key("yk-2")) }

func certified() awstest.Root {
	return hardware(awstest.Key("yk-1", "FIDO", "L2"), awstest.Key("yk-2", "FIDO", "L3plus"))
}

func fault(faults ...any) func(*awstest.Account) {
	return func(a *awstest.Account) {
		a.Faults = map[string]awstest.Fault{}
		for i := 0; i+1 < len(faults); i += 2 {
			f, ok := faults[i+1].(awstest.Fault)
			if !ok {
				f = awstest.Fault{Kind: faults[i+1].(awstest.FaultKind)}
			}
			a.Faults[faults[i].(string)] = f
		}
	}
}

func binding(name, key string, change ...func(*iamcheck.BoundKey)) iamcheck.BoundKey {
	k := iamcheck.BoundKey{AccountID: member, DeviceName: name, KeyID: key, KeySerial: "28299003", Origin: iamcheck.Named}
	for _, c := range change {
		c(&k)
	}
	return k
}

func witnessed(k *iamcheck.BoundKey) {
	k.Origin, k.Attested, k.ProvedSince = iamcheck.Witnessed, true, true
}

const (
	list    = "iam:ListMFADevices"
	virtual = "iam:ListVirtualMFADevices"
	summary = "iam:GetAccountSummary"
	unread  = "certifications_unreadable"
	none    = "nothing"
	// delegate is another member, which may be delegated administrator.
	delegate = "333333333333"
)

var states = []state{
	// Rule 1.
	{name: "GovCloud has no root console, and its root keys are reported", root: awstest.Root{AccessKeys: 1},
		org:    func(o *awstest.Organization) { o.Partition = "aws-us-gov" },
		status: "not_applicable", reasons: "root_has_no_console", literal: "fail", level1: "not_applicable", reasons1: "root_has_no_console",
		warnings: "commercial_account_in_scope root_access_keys_present"},
	{name: "China has no root user", root: two(), org: func(o *awstest.Organization) { o.Partition = "aws-cn" },
		status: "not_applicable", reasons: "no_root_user", literal: "unknown", level1: "not_applicable", reasons1: "no_root_user",
		calls: []string{"sts:AssumeRoot=skipped"}},
	{name: "an isolated partition is unverified", root: two(), org: func(o *awstest.Organization) { o.Partition = "aws-iso-b" },
		status: "unknown", reasons: "partition_unverified", literal: "unknown", level1: "unknown", reasons1: "partition_unverified"},
	{name: "a closed account", root: two(), account: func(a *awstest.Account) { a.State = "CLOSED" },
		status: "not_applicable", reasons: "account_closed", literal: "unknown", level1: "not_applicable", reasons1: "account_closed",
		calls: []string{"sts:AssumeRoot=skipped"}},
	{name: "a suspended account", root: two(), account: func(a *awstest.Account) { a.State = "SUSPENDED" },
		status: "unknown", reasons: "not_assessable", literal: "unknown", level1: "unknown", reasons1: "not_assessable"},
	{name: "an account pending closure", root: two(), account: func(a *awstest.Account) { a.State = "PENDING_CLOSURE" },
		status: "unknown", reasons: "not_assessable", literal: "unknown", level1: "unknown", reasons1: "not_assessable"},
	{name: "an account pending activation", root: two(), account: func(a *awstest.Account) { a.State = "PENDING_ACTIVATION" },
		status: "unknown", reasons: "not_assessable", literal: "unknown", level1: "unknown", reasons1: "not_assessable"},
	{name: "a missing state falls back on the retired status", root: two(),
		account: func(a *awstest.Account) { a.NoState, a.Status = true, "SUSPENDED" },
		status:  "unknown", reasons: "not_assessable", literal: "unknown", level1: "unknown", reasons1: "not_assessable"},
	{name: "a state that is missing altogether is audited", root: certified(), account: func(a *awstest.Account) { a.NoState = true },
		status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "a state that is missing for an account without MFA is audited", root: awstest.Root{Password: true},
		account: func(a *awstest.Account) { a.NoState = true },
		status:  "fail", reasons: "no_mfa", literal: "fail", level1: "fail", reasons1: "no_mfa"},

	{name: "GovCloud without root keys", root: awstest.Root{}, org: func(o *awstest.Organization) { o.Partition = "aws-us-gov" },
		status: "not_applicable", reasons: "root_has_no_console", literal: "fail", level1: "not_applicable", reasons1: "root_has_no_console",
		warnings: "commercial_account_in_scope", recovery: none},
	{name: "GovCloud whose counters are unreadable: whether there are root keys is not known", noRole: true,
		org:     func(o *awstest.Organization) { o.Partition = "aws-us-gov" },
		account: fault(summary, awstest.Deny),
		status:  "not_applicable", reasons: "root_has_no_console", literal: "unknown", level1: "not_applicable", reasons1: "root_has_no_console",
		warnings: "commercial_account_in_scope summary_unreadable", recovery: "access_keys_present? signing_certificates_present?"},
	{name: "a closed account of GovCloud is first of GovCloud", org: func(o *awstest.Organization) { o.Partition = "aws-us-gov" },
		account: func(a *awstest.Account) { a.State = "CLOSED" },
		status:  "not_applicable", reasons: "root_has_no_console", literal: "unknown", level1: "not_applicable", reasons1: "root_has_no_console",
		warnings: "commercial_account_in_scope", recovery: none},
	{name: "a virtual device in GovCloud is not judged", root: hardware(awstest.Virtual("phone")), org: func(o *awstest.Organization) { o.Partition = "aws-us-gov" },
		status: "not_applicable", reasons: "root_has_no_console", literal: "pass", level1: "not_applicable", reasons1: "root_has_no_console",
		warnings: "commercial_account_in_scope"},
	{name: "the European partition is unverified", root: two(), org: func(o *awstest.Organization) { o.Partition = "aws-eusc" },
		status: "unknown", reasons: "partition_unverified", literal: "unknown", level1: "unknown", reasons1: "partition_unverified"},
	{name: "an isolated partition whose account is closed is unverified", org: func(o *awstest.Organization) { o.Partition = "aws-iso" },
		account: func(a *awstest.Account) { a.State = "CLOSED" },
		status:  "unknown", reasons: "partition_unverified", literal: "unknown", level1: "unknown", reasons1: "partition_unverified"},
	{name: "a state that did not exist yet is audited", root: certified(), account: func(a *awstest.Account) { a.State = "HIBERNATING" },
		status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "a pending state that did not exist yet is not assessed", root: certified(), account: func(a *awstest.Account) { a.State = "PENDING_TRANSFER" },
		status: "unknown", reasons: "not_assessable", literal: "unknown", level1: "unknown", reasons1: "not_assessable"},
	{name: "a closed account with a virtual device", root: hardware(awstest.Virtual("phone")), account: func(a *awstest.Account) { a.State = "CLOSED" },
		status: "not_applicable", reasons: "account_closed", literal: "unknown", level1: "not_applicable", reasons1: "account_closed", recovery: none},
	{name: "a suspended account's recovery path is not seen, but its address is", root: two(),
		account: func(a *awstest.Account) { a.State, a.Email = "SUSPENDED", "ada@example.net" },
		opts:    iamcheck.Options{Email: iamcheck.EmailRules{Domains: []string{"example.com"}}},
		status:  "unknown", reasons: "not_assessable", literal: "unknown", level1: "unknown", reasons1: "not_assessable",
		recovery: "email_foreign_domain access_keys_present? signing_certificates_present? password_present? password_recoverable?"},

	// Rule 2.
	{name: "a device of this account in another partition", root: hardware(awstest.Device{Serial: "arn:aws-cn:iam::" + member + ":u2f/root/yk-1-ABC"}),
		status: "unknown", reasons: "foreign_answer", literal: "unknown", level1: "unknown", reasons1: "foreign_answer"},
	{name: "another account's device beside a virtual one of root's", root: hardware(awstest.Virtual("phone"), awstest.Device{Serial: "arn:aws:iam::" + stranger + ":u2f/root/x-ABC"}),
		status: "unknown", reasons: "foreign_answer", literal: "unknown", level1: "unknown", reasons1: "foreign_answer"},
	{name: "another account's device where MFA is off", root: hardware(awstest.Device{Serial: "arn:aws:iam::" + stranger + ":u2f/root/x-ABC"}),
		account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountMFAEnabled": 0} },
		status:  "unknown", reasons: "foreign_answer", literal: "fail", level1: "unknown", reasons1: "foreign_answer"},
	{name: "a bound key in an answer about another account", root: hardware(awstest.Device{Serial: "arn:aws:iam::" + stranger + ":u2f/root/yk-1-ABC"}),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed)},
		status: "unknown", reasons: "foreign_answer", literal: "unknown", level1: "unknown", reasons1: "foreign_answer"},
	{name: "a user of another account who owns a virtual device", root: certified(),
		account: func(a *awstest.Account) {
			a.Unassigned = []awstest.Device{{Serial: "mfa/phone", Owner: "arn:aws:iam::" + stranger + ":user/eve"}}
		},
		status: "unknown", reasons: "foreign_answer", literal: "unknown", level1: "unknown", reasons1: "foreign_answer"},
	{name: "a device of another account in root's own list", root: hardware(awstest.Device{Serial: "arn:aws:iam::" + stranger + ":u2f/root/yk-1-ABC"}),
		status: "unknown", reasons: "foreign_answer", literal: "unknown", level1: "unknown", reasons1: "foreign_answer"},
	{name: "a virtual device of another account in root's own list is foreign before it is virtual",
		root:   hardware(awstest.Device{Serial: "arn:aws:iam::" + stranger + ":mfa/root-account-mfa-device"}),
		status: "unknown", reasons: "foreign_answer", literal: "unknown", level1: "unknown", reasons1: "foreign_answer"},
	{name: "a device of another account in the virtual list", root: certified(),
		account: func(a *awstest.Account) {
			a.Unassigned = []awstest.Device{{Serial: "arn:aws:iam::" + stranger + ":mfa/phone"}}
		},
		status: "unknown", reasons: "foreign_answer", literal: "unknown", level1: "unknown", reasons1: "foreign_answer"},
	{name: "a virtual device owned by root of another account", root: certified(),
		account: func(a *awstest.Account) {
			a.Unassigned = []awstest.Device{{Serial: "mfa/phone", Owner: "arn:aws:iam::" + stranger + ":root"}}
		},
		status: "unknown", reasons: "foreign_answer", literal: "unknown", level1: "unknown", reasons1: "foreign_answer"},

	// Rule 3.
	{name: "a virtual device under its customary name", root: hardware(awstest.Virtual("root-account-mfa-device")),
		status: "fail", reasons: "virtual_root_device", literal: "fail", level1: "pass", warnings: "single_device"},
	{name: "a virtual device under any name", root: hardware(awstest.Virtual("phone")),
		status: "fail", reasons: "virtual_root_device", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "a virtual device beside hardware", root: hardware(awstest.Key("yk-1", "FIDO", "L2"), awstest.Virtual("phone")),
		status: "fail", reasons: "virtual_root_device", literal: "pass", level1: "pass"},
	{name: "a virtual device that only the virtual list shows", root: hardware(awstest.Virtual("phone")),
		account: fault(list, awstest.Deny),
		status:  "fail", reasons: "virtual_root_device", literal: "pass", level1: "pass",
		warnings: "root_list_unreadable", calls: []string{list + "=denied"}},
	{name: "a virtual device that only root's own list shows", root: hardware(awstest.Virtual("phone")),
		account: fault(virtual, awstest.Deny),
		status:  "fail", reasons: "virtual_root_device", literal: "unknown", level1: "pass",
		warnings: "single_device virtual_list_unreadable", calls: []string{virtual + "=denied"}},
	{name: "a virtual device on the first page of a list that breaks off", root: hardware(awstest.Virtual("phone"), awstest.Key("yk-1")),
		org:     func(o *awstest.Organization) { o.PageSize = 1 },
		account: fault(list, awstest.Fault{Kind: awstest.Internal, Page: 2}, virtual, awstest.Deny),
		status:  "fail", reasons: "virtual_root_device", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable", calls: []string{list + "=error"}, says: "page 2: InternalFailure"},
	{name: "a virtual device on the last page of the virtual list", root: hardware(awstest.Virtual("zz-phone")),
		org: func(o *awstest.Organization) { o.PageSize = 2 },
		account: func(a *awstest.Account) {
			fault(list, awstest.Deny)(a)
			a.Root.Devices = slices.Insert(a.Root.Devices, 0, awstest.Key("yk-1"), awstest.Key("yk-2"), awstest.Key("yk-3"))
		},
		status: "fail", reasons: "virtual_root_device", literal: "pass", level1: "pass", warnings: "root_list_unreadable"},
	{name: "a virtual device with every counter unreadable", root: hardware(awstest.Virtual("phone")), account: fault(summary, awstest.Deny),
		status: "fail", reasons: "virtual_root_device", literal: "unknown", level1: "pass", warnings: "summary_unreadable single_device",
		calls: []string{summary + "=denied"}},
	{name: "an SMS device", root: hardware(awstest.SMS("+15550100")),
		status: "fail", reasons: "sms_root_device", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "an SMS and a virtual device", root: hardware(awstest.SMS("+15550100"), awstest.Virtual("phone")),
		status: "fail", reasons: "virtual_root_device sms_root_device", literal: "pass", level1: "pass"},
	{name: "a virtual device with the counter at zero is still one", root: hardware(awstest.Virtual("phone")),
		account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountMFAEnabled": 0} },
		status:  "fail", reasons: "virtual_root_device", literal: "fail", level1: "pass", warnings: "single_device"},

	{name: "a virtual device where all counters are zero", root: awstest.Root{Devices: []awstest.Device{awstest.Virtual("phone")}},
		account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountMFAEnabled": 0} },
		status:  "fail", reasons: "virtual_root_device", literal: "fail", level1: "unknown", reasons1: "sources_disagree", warnings: "single_device"},
	{name: "an SMS device with the counter at zero", root: hardware(awstest.SMS("+15550100")),
		account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountMFAEnabled": 0} },
		status:  "fail", reasons: "sms_root_device", literal: "fail", level1: "unknown", reasons1: "sources_disagree", warnings: "single_device"},
	{name: "an SMS device on the first page of a list that breaks off", root: hardware(awstest.SMS("+15550100"), awstest.Key("yk-1")),
		org:     func(o *awstest.Organization) { o.PageSize = 1 },
		account: fault(list, awstest.Fault{Kind: awstest.Deny, Page: 2}, virtual, awstest.Deny),
		status:  "fail", reasons: "sms_root_device", literal: "unknown", level1: "pass", warnings: "root_list_unreadable virtual_list_unreadable"},
	{name: "an SMS device where root's own list is not readable cannot be seen", root: hardware(awstest.SMS("+15550100")), account: fault(list, awstest.Deny),
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable"},
	{name: "a virtual device beside a token and a key", root: hardware(awstest.Token("GAHT12345678"), awstest.Key("yk-1", "FIDO", "L2"), awstest.Virtual("phone")),
		status: "fail", reasons: "virtual_root_device", literal: "pass", level1: "pass"},
	{name: "a virtual device whose proven keys change nothing", root: hardware(awstest.Key("yk-1"), awstest.Virtual("phone")),
		bound: []iamcheck.BoundKey{binding("yk-1", "k1", witnessed)}, opts: iamcheck.Options{Require: iamcheck.Proven},
		status: "fail", reasons: "virtual_root_device", literal: "pass", level1: "pass"},

	// Rule 4.
	{name: "removed credentials", status: "not_applicable", reasons: "root_credentials_removed", literal: "fail",
		level1: "not_applicable", reasons1: "root_credentials_removed",
		calls: []string{"iam:GetLoginProfile=ok", "iam:ListAccessKeys=ok", "iam:ListSigningCertificates=ok"}},
	{name: "removed credentials before benchmark 5.0", opts: iamcheck.Options{Benchmark: "4.0.1"},
		status: "fail", reasons: "root_credentials_removed compensating_control", literal: "fail",
		level1: "fail", reasons1: "root_credentials_removed compensating_control"},
	{name: "removed credentials by benchmark 5.0", opts: iamcheck.Options{Benchmark: "5.0"},
		status: "not_applicable", reasons: "root_credentials_removed", literal: "fail", level1: "not_applicable", reasons1: "root_credentials_removed"},
	{name: "removed credentials without an audit role", noRole: true,
		status: "not_applicable", reasons: "root_credentials_removed", literal: "fail", level1: "not_applicable", reasons1: "root_credentials_removed",
		warnings: "virtual_list_unreadable"},
	{name: "counters of zero, but a login profile", root: awstest.Root{Password: true},
		account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountPasswordPresent": 0} },
		status:  "fail", reasons: "password_recoverable", literal: "fail", level1: "fail", reasons1: "password_recoverable"},
	{name: "no credentials, but the feature is off", org: func(o *awstest.Organization) { o.Features = []string{awstest.RootSessions} },
		status: "fail", reasons: "password_recoverable", literal: "fail", level1: "fail", reasons1: "password_recoverable"},
	{name: "a management account without credentials", of: management,
		status: "fail", reasons: "password_recoverable", literal: "fail", level1: "fail", reasons1: "password_recoverable",
		warnings: "root_list_unreadable"},
	{name: "an account of no organization without credentials", own: "user",
		org:    func(o *awstest.Organization) { o.Management = "" },
		status: "fail", reasons: "password_recoverable", literal: "fail", level1: "fail", reasons1: "password_recoverable",
		warnings: "root_list_unreadable"},
	{name: "no credentials, but no root session", org: func(o *awstest.Organization) { o.Features = []string{awstest.RootCredentialsManagement} },
		status: "unknown", reasons: "removal_unverified", literal: "fail", level1: "unknown", reasons1: "removal_unverified",
		warnings: "root_list_unreadable", calls: []string{"sts:AssumeRoot=denied"}},
	{name: "no credentials, but the feature is unknown",
		org: func(o *awstest.Organization) {
			o.Faults = map[string]awstest.Fault{"iam:ListOrganizationsFeatures": {Kind: awstest.Deny}}
		},
		status: "unknown", reasons: "removal_unverified", literal: "fail", level1: "unknown", reasons1: "removal_unverified",
		calls: []string{"iam:ListOrganizationsFeatures=denied"}},
	{name: "no credentials, but the organization is unknown",
		org: func(o *awstest.Organization) {
			o.Faults = map[string]awstest.Fault{"organizations:DescribeOrganization": {Kind: awstest.Deny}}
		},
		status: "unknown", reasons: "removal_unverified", literal: "fail", level1: "unknown", reasons1: "removal_unverified",
		calls: []string{"organizations:DescribeOrganization=denied"}},
	{name: "no credentials, but the login profile is unreadable", account: fault("iam:GetLoginProfile", awstest.Deny),
		status: "unknown", reasons: "removal_unverified", literal: "fail", level1: "unknown", reasons1: "removal_unverified",
		calls: []string{"iam:GetLoginProfile=denied"}},
	{name: "no credentials, but the access keys are unreadable", account: fault("iam:ListAccessKeys", awstest.Hollow),
		status: "unknown", reasons: "removal_unverified", literal: "fail", level1: "unknown", reasons1: "removal_unverified",
		calls: []string{"iam:ListAccessKeys=malformed"}},
	{name: "no credentials, but the certificates are unreadable", account: fault("iam:ListSigningCertificates", awstest.Empty),
		status: "unknown", reasons: "removal_unverified", literal: "fail", level1: "unknown", reasons1: "removal_unverified",
		calls: []string{"iam:ListSigningCertificates=malformed"}},
	{name: "no credentials, but root's own list is unreadable by an SCP", account: fault(list, awstest.DenySCP),
		status: "unknown", reasons: "removal_unverified root_denied_by_scp", literal: "fail",
		level1: "unknown", reasons1: "removal_unverified root_denied_by_scp", warnings: "root_denied_by_scp root_list_unreadable"},
	{name: "counters of zero, but an access key", root: awstest.Root{AccessKeys: 1},
		account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountAccessKeysPresent": 0} },
		status:  "unknown", reasons: "sources_disagree", literal: "fail", level1: "unknown", reasons1: "sources_disagree",
		warnings: "root_access_keys_present"},
	{name: "counters of zero, but a certificate", root: awstest.Root{Certificates: 1},
		account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountSigningCertificatesPresent": 0} },
		status:  "unknown", reasons: "sources_disagree", literal: "fail", level1: "unknown", reasons1: "sources_disagree"},
	{name: "counters of zero, but a security key", root: awstest.Root{Devices: certified().Devices},
		account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountMFAEnabled": 0} },
		status:  "unknown", reasons: "sources_disagree", literal: "fail", level1: "unknown", reasons1: "sources_disagree"},
	{name: "a missing counter is no zero", account: func(a *awstest.Account) { a.Omit = []string{"AccountPasswordPresent"} },
		status: "fail", reasons: "no_mfa", literal: "fail", level1: "fail", reasons1: "no_mfa",
		warnings: "summary_unreadable", calls: []string{summary + "=malformed"}, says: "no AccountPasswordPresent"},

	{name: "removed credentials by benchmark 3.0", opts: iamcheck.Options{Benchmark: "3.0"},
		status: "fail", reasons: "root_credentials_removed compensating_control", literal: "fail",
		level1: "fail", reasons1: "root_credentials_removed compensating_control", recovery: "email_plus_address"},
	{name: "removed credentials by benchmark 7.0", opts: iamcheck.Options{Benchmark: "7.0"},
		status: "not_applicable", reasons: "root_credentials_removed", literal: "fail", level1: "not_applicable", reasons1: "root_credentials_removed"},
	{name: "removed credentials as a delegated administrator sees them", own: "delegated", org: func(o *awstest.Organization) { o.Delegated = delegate },
		status: "not_applicable", reasons: "root_credentials_removed", literal: "fail", level1: "not_applicable", reasons1: "root_credentials_removed"},
	{name: "the delegated administrator's own account without credentials", own: "delegated", of: delegate, org: func(o *awstest.Organization) { o.Delegated = delegate },
		status: "unknown", reasons: "removal_unverified", literal: "fail", level1: "unknown", reasons1: "removal_unverified", warnings: "root_list_unreadable"},
	{name: "a login profile, and a device listed", root: awstest.Root{Password: true, Devices: certified().Devices},
		account: func(a *awstest.Account) {
			a.Summary = map[string]int{"AccountMFAEnabled": 0, "AccountPasswordPresent": 0}
		},
		status: "unknown", reasons: "sources_disagree", literal: "fail", level1: "unknown", reasons1: "sources_disagree"},
	{name: "removed credentials, with a device that is nobody's", account: func(a *awstest.Account) { a.Unassigned = []awstest.Device{awstest.Virtual("root-account-mfa-device")} },
		status: "not_applicable", reasons: "root_credentials_removed", literal: "fail", level1: "not_applicable", reasons1: "root_credentials_removed",
		warnings: "abandoned_virtual_device"},
	{name: "removed credentials whose bound key AWS does not list", bound: []iamcheck.BoundKey{binding("yk-1", "k1", witnessed)},
		status: "not_applicable", reasons: "root_credentials_removed", literal: "fail", level1: "not_applicable", reasons1: "root_credentials_removed",
		warnings: "binding_contradicted"},

	// Rule 5.
	{name: "no MFA in an account whose lists break off before anything", root: awstest.Root{Password: true}, noRole: true,
		account: fault(list, awstest.Truncate),
		status:  "fail", reasons: "no_mfa", literal: "fail", level1: "fail", reasons1: "no_mfa", warnings: "root_list_unreadable virtual_list_unreadable"},
	{name: "no MFA, and signing certificates", root: awstest.Root{Password: true, Certificates: 1},
		status: "fail", reasons: "no_mfa", literal: "fail", level1: "fail", reasons1: "no_mfa",
		recovery: "email_plus_address signing_certificates_present password_present password_recoverable"},
	{name: "no MFA in the management account", of: management, org: func(o *awstest.Organization) { o.Accounts[0].Root = awstest.Root{Password: true} },
		status: "fail", reasons: "no_mfa", literal: "fail", level1: "fail", reasons1: "no_mfa", warnings: "root_list_unreadable"},
	{name: "no MFA, and what is demanded", root: awstest.Root{Password: true}, opts: iamcheck.Options{Require: iamcheck.Proven},
		status: "fail", reasons: "no_mfa", literal: "fail", level1: "fail", reasons1: "no_mfa"},
	{name: "no MFA at all", root: awstest.Root{Password: true},
		status: "fail", reasons: "no_mfa", literal: "fail", level1: "fail", reasons1: "no_mfa"},
	{name: "no MFA, and access keys", root: awstest.Root{Password: true, AccessKeys: 1},
		status: "fail", reasons: "no_mfa", literal: "fail", level1: "fail", reasons1: "no_mfa", warnings: "root_access_keys_present"},
	{name: "no MFA, by the counter alone", root: awstest.Root{Password: true}, account: fault(list, awstest.Deny, virtual, awstest.Deny),
		status: "fail", reasons: "no_mfa", literal: "fail", level1: "fail", reasons1: "no_mfa",
		warnings: "root_list_unreadable virtual_list_unreadable"},
	{name: "the counter says no MFA, the list shows a key", root: certified(),
		account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountMFAEnabled": 0} },
		status:  "unknown", reasons: "sources_disagree", literal: "fail", level1: "unknown", reasons1: "sources_disagree"},

	// Rule 6, with each assurance.
	{name: "two keys that are proven", root: two(),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed), binding("yk-2", "k2", witnessed)},
		status: "pass", assurance: "proven", literal: "pass", level1: "pass"},
	{name: "a proven key beside a named one is named", root: two(),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed), binding("yk-2", "k2")},
		status: "pass", assurance: "named", literal: "pass", level1: "pass"},
	{name: "a witnessed key that was not attested is named", root: hardware(awstest.Key("yk-1")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed, func(k *iamcheck.BoundKey) { k.Attested = false })},
		status: "pass", assurance: "named", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "a witnessed key that has not answered since is named", root: hardware(awstest.Key("yk-1")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed, func(k *iamcheck.BoundKey) { k.ProvedSince = false })},
		status: "pass", assurance: "named", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "a witnessed key that is lost proves nothing", root: hardware(awstest.Key("yk-1")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed, func(k *iamcheck.BoundKey) { k.Lost = true })},
		status: "pass", assurance: "named", literal: "pass", level1: "pass", warnings: "single_device bound_key_lost"},
	{name: "a witnessed key that is retired proves nothing", root: hardware(awstest.Key("yk-1")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed, func(k *iamcheck.BoundKey) { k.Retired = true })},
		status: "pass", assurance: "named", literal: "pass", level1: "pass", warnings: "single_device bound_key_retired"},
	{name: "a key with an open advisory", root: hardware(awstest.Key("yk-1")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed, func(k *iamcheck.BoundKey) { k.Advisory = true })},
		status: "pass", assurance: "proven", literal: "pass", level1: "pass", warnings: "single_device bound_key_advisory"},
	{name: "a key whose attestation is not believed any more", root: hardware(awstest.Key("yk-1")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed, func(k *iamcheck.BoundKey) { k.Attested, k.Distrusted = false, true })},
		status: "pass", assurance: "named", literal: "pass", level1: "pass", warnings: "single_device bound_key_distrusted"},
	{name: "certified at level 2 and above", root: certified(), status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "certified by FIPS", root: hardware(awstest.Key("yk-1", "FIDO", "L1", "FIDO-FIPS-140-2", "L1")),
		status: "pass", assurance: "certified", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "FIDO level 1 does not require hardware", root: hardware(awstest.Key("yk-1", "FIDO", "L1"), awstest.Key("yk-2", "FIDO", "L2")),
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass"},
	{name: "a certified key outranks its typed name", root: hardware(awstest.Key("yk-1", "FIDO", "L2")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1")},
		status: "pass", assurance: "certified", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "a hardware token", root: hardware(awstest.Token("GAHT12345678")),
		status: "pass", assurance: "hardware_token", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "a hardware token beside a certified key", root: hardware(awstest.Token("GAHT12345678"), awstest.Key("yk-1", "FIDO", "L2")),
		status: "pass", assurance: "hardware_token", literal: "pass", level1: "pass"},
	{name: "keys under names that a person typed", root: two(),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1"), binding("yk-2", "k2")},
		status: "pass", assurance: "named", literal: "pass", level1: "pass"},
	{name: "a name that only begins like a binding is not it", root: hardware(awstest.Key("yk-1-old")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1")},
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "single_device binding_contradicted"},
	{name: "a binding of another account is not this one's", root: hardware(awstest.Key("yk-1")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", func(k *iamcheck.BoundKey) { k.AccountID = management })},
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "a device registered anew under a witnessed name is contradicted", root: hardware(awstest.Key("yk-1")),
		bound: []iamcheck.BoundKey{binding("yk-1", "k1", witnessed, func(k *iamcheck.BoundKey) {
			k.DeviceSerial = "arn:aws:iam::" + member + ":u2f/root/yk-1-OLDID"
		})},
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "single_device binding_contradicted"},
	{name: "two keys that claim one name are not believed", root: hardware(awstest.Key("yk-1")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1"), binding("yk-1", "k2")},
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "single_device binding_ambiguous"},
	{name: "a bound key that AWS does not list", root: hardware(awstest.Virtual("phone")),
		bound:  []iamcheck.BoundKey{binding("phone", "k1", witnessed)},
		status: "fail", reasons: "virtual_root_device", literal: "pass", level1: "pass", warnings: "single_device binding_contradicted"},
	{name: "a passkey, for all that is known", root: hardware(awstest.Key("laptop")),
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "keys without an audit role: no certifications, no virtual list", root: two(), noRole: true,
		status: "pass", assurance: "unproven", literal: "unknown", level1: "pass",
		warnings: "virtual_list_unreadable " + unread, calls: []string{virtual + "=skipped"}},
	{name: "the summary is unreadable for everybody", root: certified(), account: fault(summary, awstest.Deny),
		status: "pass", assurance: "certified", literal: "unknown", level1: "pass", warnings: "summary_unreadable"},
	{name: "the summary is unreadable for root, and the role answers", root: certified(), account: fault("root:"+summary, awstest.Deny),
		status: "pass", assurance: "certified", literal: "pass", level1: "pass", calls: []string{summary + "=denied", summary + "=ok"}},
	{name: "the certifications are refused", root: certified(), account: fault("iam:GetMFADevice", awstest.Deny),
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: unread, calls: []string{"iam:GetMFADevice=denied"}},
	{name: "root's own list is empty, and MFA is on", root: awstest.Root{Password: true},
		account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountMFAEnabled": 1} },
		status:  "unknown", reasons: "sources_disagree", literal: "pass", level1: "pass"},
	{name: "a device of no known kind", root: hardware(awstest.Device{Serial: "arn:aws:iam::" + member + ":neural/root/implant"}),
		status: "unknown", reasons: "unrecognized_device", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "a user's key in root's own list", root: hardware(awstest.Device{Serial: "u2f/user/root/key-ABC"}),
		status: "unknown", reasons: "unrecognized_device", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "an abandoned virtual device", root: certified(),
		account: func(a *awstest.Account) { a.Unassigned = []awstest.Device{awstest.Virtual("root-account-mfa-device")} },
		status:  "pass", assurance: "certified", literal: "fail", level1: "pass", warnings: "abandoned_virtual_device"},
	{name: "a user who holds root's customary name", root: certified(),
		account: func(a *awstest.Account) {
			a.Users = []awstest.User{{Name: "eve", Devices: []awstest.Device{awstest.Virtual("root-account-mfa-device")}}}
		},
		status: "pass", assurance: "certified", literal: "fail", level1: "pass", warnings: "root_device_name_held_by_user"},
	{name: "users called rootadmin and root, and a path /root/, are not root", root: certified(),
		account: func(a *awstest.Account) {
			a.Users = []awstest.User{
				{Name: "rootadmin", Devices: []awstest.Device{awstest.Virtual("rootadmin")}},
				{Name: "root", Devices: []awstest.Device{awstest.Virtual("root")}},
				{Name: "eve", Path: "/root/", Devices: []awstest.Device{awstest.Virtual("eve")}},
			}
		},
		status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "hardware with root access keys", root: awstest.Root{Password: true, AccessKeys: 2, Devices: certified().Devices},
		status: "pass", assurance: "certified", literal: "pass", level1: "pass", warnings: "root_access_keys_present"},
	{name: "eight keys over many pages",
		root: hardware(awstest.Key("a", "FIDO", "L2"), awstest.Key("b", "FIDO", "L2"), awstest.Key("c", "FIDO", "L2"), awstest.Key("d", "FIDO", "L2"),
			awstest.Key("e", "FIDO", "L2"), awstest.Key("f", "FIDO", "L2"), awstest.Key("g", "FIDO", "L2"), awstest.Key("h", "FIDO", "L2")),
		org:    func(o *awstest.Organization) { o.PageSize = 1 },
		status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "root asks about its own account", root: certified(), own: "root",
		status: "pass", assurance: "certified", literal: "pass", level1: "pass", calls: []string{list + "=ok"}},

	{name: "a proven key beside a certified one is certified", root: hardware(awstest.Key("yk-1"), awstest.Key("yk-2", "FIDO", "L2")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed)},
		status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "a proven key beside a token is a token's", root: hardware(awstest.Key("yk-1"), awstest.Token("GAHT12345678")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed)},
		status: "pass", assurance: "hardware_token", literal: "pass", level1: "pass"},
	{name: "a token beside a named key is named", root: hardware(awstest.Key("yk-1"), awstest.Token("GAHT12345678")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1")},
		status: "pass", assurance: "named", literal: "pass", level1: "pass"},
	{name: "a proven key beside one that nobody knows is unproven", root: two(),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed)},
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass"},
	{name: "a token that is bound stays a token", root: hardware(awstest.Token("GAHT12345678")),
		bound:  []iamcheck.BoundKey{binding("token", "k1", func(k *iamcheck.BoundKey) { k.Token, k.KeySerial = true, "gaht12345678" })},
		status: "pass", assurance: "hardware_token", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "a device that nobody has enrolled", root: two(), bound: []iamcheck.BoundKey{binding("yk-1", "k1", witnessed)},
		opts:   iamcheck.Options{Keys: iamcheck.NewKeys(nil)},
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "unenrolled_device"},
	{name: "a name that carries the tag of a key is no match", root: two(), opts: iamcheck.Options{Keys: iamcheck.NewKeys([]iamcheck.KnownKey{{KeyID: "k1", Tag: "YK-001"}})},
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "unenrolled_device"},
	{name: "a name nearly that of a binding is no match", root: hardware(awstest.Key("Root_Berlin")), bound: []iamcheck.BoundKey{binding("root-berlin", "k1", witnessed)},
		opts:   iamcheck.Options{Keys: iamcheck.NewKeys(nil)},
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "single_device binding_contradicted unenrolled_device"},
	{name: "a device of a binding that ended with a reset", root: two(), bound: []iamcheck.BoundKey{binding("yk-1", "k1", witnessed)},
		opts: iamcheck.Options{Keys: iamcheck.NewKeys([]iamcheck.KnownKey{
			{KeyID: "k2", Former: []iamcheck.FormerBinding{{AccountID: member, DeviceName: "yk-2", Reset: true}}},
		})},
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "former_key_listed unenrolled_device"},
	{name: "a witnessed key that was found reset proves nothing", root: hardware(awstest.Key("yk-1")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed, func(k *iamcheck.BoundKey) { k.Reset, k.ProvedSince = true, false })},
		status: "pass", assurance: "named", literal: "pass", level1: "pass", warnings: "single_device bound_key_reset"},
	{name: "a lost key that AWS lists no more", root: two(),
		bound: []iamcheck.BoundKey{binding("yk-1", "k1", witnessed), binding("yk-2", "k2", witnessed),
			binding("yk-3", "k3", func(k *iamcheck.BoundKey) { k.Lost = true })},
		status: "pass", assurance: "proven", literal: "pass", level1: "pass", warnings: "bound_key_lost binding_contradicted"},
	{name: "a device that was registered before its key was known", root: hardware(awstest.Key("yk-1")),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed, func(k *iamcheck.BoundKey) { k.Since = time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC) })},
		status: "pass", assurance: "proven", literal: "pass", level1: "pass", warnings: "single_device device_older_than_key"},
	{name: "a device of another model than the key bound to it", root: hardware(awstest.Key("yk-1", "FIDO", "L1")),
		bound: []iamcheck.BoundKey{binding("yk-1", "k1", func(k *iamcheck.BoundKey) {
			k.Model = &iamcheck.ModelRecord{Name: "A key", Levels: []iamcheck.LevelSince{{Level: 2}}}
		})},
		status: "pass", assurance: "named", literal: "pass", level1: "pass", warnings: "single_device certification_contradicted"},
	{name: "a FIPS word that gives no level", root: hardware(awstest.Key("yk-1", "FIDO-FIPS-140-2", "pending")),
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "a certification scheme that did not exist yet", root: hardware(awstest.Key("yk-1", "COMMON-CRITERIA", "L4")),
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "the certifications of one key of two are refused", root: certified(), account: fault("iam:GetMFADevice", awstest.Fault{Kind: awstest.Deny, Page: 1}),
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass", warnings: unread},
	{name: "a delegated administrator sees what the management account sees", own: "delegated", root: certified(), org: func(o *awstest.Organization) { o.Delegated = delegate },
		status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "an address at a foreign domain, of a person, changes no verdict", root: certified(), account: func(a *awstest.Account) { a.Email = "ada+aws@example.net" },
		opts:   iamcheck.Options{Email: iamcheck.EmailRules{Domains: []string{"example.com"}, GroupPattern: "aws-root*@example.com"}},
		status: "pass", assurance: "certified", literal: "pass", level1: "pass",
		recovery: "email_foreign_domain email_personal email_plus_address password_present password_recoverable"},
	{name: "a group mailbox of the organization's own", root: certified(), account: func(a *awstest.Account) { a.Email = "AWS-Root@Example.com" },
		opts:   iamcheck.Options{Email: iamcheck.EmailRules{Domains: []string{"example.com"}, GroupPattern: "aws-root*@example.com"}},
		status: "pass", assurance: "certified", literal: "pass", level1: "pass", recovery: "password_present password_recoverable"},
	{name: "an account of one's own: nobody tells its address", root: certified(), own: "root",
		status: "pass", assurance: "certified", literal: "pass", level1: "pass", recovery: "email_unknown? password_present password_recoverable"},

	// Rule 7.
	{name: "a user who asks about the user's own account", own: "user", root: two(),
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable"},
	{name: "the delegated administrator's own account is inferred", own: "delegated", of: delegate,
		org: func(o *awstest.Organization) {
			o.Delegated = delegate
			o.Accounts[2].Root = two()
		},
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable"},
	{name: "a bound key cannot be held against a list that was not read", root: two(), account: fault(list, awstest.Deny),
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed), binding("yk-9", "k9", witnessed)},
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable"},
	{name: "the customary name in a list whose owner is nobody leaves nothing but the literal verdict to fail", root: two(),
		account: func(a *awstest.Account) {
			fault(list, awstest.Deny)(a)
			a.Unassigned = []awstest.Device{awstest.Virtual("root-account-mfa-device")}
		},
		status: "pass", assurance: "inferred", literal: "fail", level1: "pass", warnings: "root_list_unreadable abandoned_virtual_device"},
	{name: "MFA is on and no virtual device is root's", root: two(), account: fault(list, awstest.Deny),
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable"},
	{name: "the management account is inferred", of: management, org: func(o *awstest.Organization) { o.Accounts[0].Root = two() },
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable", calls: []string{list + "=skipped"}},
	{name: "the caller's own devices are never taken for root's", own: "user", root: hardware(awstest.Virtual("phone")),
		account: func(a *awstest.Account) {
			a.Users = []awstest.User{{Name: "auditor", Devices: []awstest.Device{awstest.Key("mine", "FIDO", "L2")}}}
		},
		status: "fail", reasons: "virtual_root_device", literal: "pass", level1: "pass", warnings: "root_list_unreadable", calls: []string{list + "=skipped"}},
	{name: "a list that breaks off after hardware leaves it inferred", root: certified(),
		org:     func(o *awstest.Organization) { o.PageSize = 1 },
		account: fault(list, awstest.Fault{Kind: awstest.Deny, Page: 2}),
		status:  "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable", says: "page 2: AccessDenied"},
	{name: "root is denied by an SCP, and the role sees enough", root: two(), account: fault("root:"+list, awstest.DenySCP, "root:"+summary, awstest.DenySCP),
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_denied_by_scp root_list_unreadable",
		calls: []string{list + "=denied_by_scp", summary + "=denied_by_scp", summary + "=ok"}, says: "service control policy"},
	{name: "root is denied by an SCP, and there is no role", root: two(), noRole: true,
		account: fault("root:"+list, awstest.DenySCP, "root:"+summary, awstest.DenySCP),
		status:  "unknown", reasons: "root_denied_by_scp root_list_unreadable summary_unreadable virtual_list_unreadable", literal: "unknown",
		level1: "unknown", reasons1: "root_denied_by_scp root_list_unreadable summary_unreadable virtual_list_unreadable",
		warnings: "summary_unreadable root_denied_by_scp root_list_unreadable virtual_list_unreadable"},
	{name: "no root session, and the role sees enough", root: two(), org: func(o *awstest.Organization) { o.Features = nil },
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable"},
	{name: "the virtual list is not complete", root: two(), account: fault(list, awstest.Deny, virtual, awstest.Deny),
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable"},
	{name: "the virtual list breaks off before root's device", root: hardware(awstest.Key("yk-1"), awstest.Virtual("zz")),
		org: func(o *awstest.Organization) { o.PageSize = 1 },
		account: func(a *awstest.Account) {
			fault(list, awstest.Deny, virtual, awstest.Fault{Kind: awstest.Deny, Page: 2})(a)
			a.Root.Devices[0], a.Root.Devices[1] = awstest.Virtual("zz"), awstest.Key("yk-1")
			a.Unassigned = []awstest.Device{awstest.Virtual("later")}
		},
		status: "fail", reasons: "virtual_root_device", literal: "unknown", level1: "pass", warnings: "root_list_unreadable virtual_list_unreadable"},
	{name: "nothing is readable", root: two(), account: fault("sts:AssumeRoot", awstest.Deny, "sts:AssumeRole", awstest.Deny),
		status: "unknown", reasons: "root_list_unreadable summary_unreadable virtual_list_unreadable", literal: "unknown",
		level1: "unknown", reasons1: "root_list_unreadable summary_unreadable virtual_list_unreadable",
		warnings: "summary_unreadable root_list_unreadable virtual_list_unreadable", calls: []string{"sts:AssumeRoot=denied", "sts:AssumeRole=denied"}},
	{name: "an empty list without a counter shows nothing", root: awstest.Root{Password: true}, account: fault(summary, awstest.Deny),
		status: "unknown", reasons: "summary_unreadable", literal: "unknown", level1: "unknown", reasons1: "summary_unreadable", warnings: "summary_unreadable"},
	{name: "a virtual device whose owner is no ARN leaves the list unclear", root: two(),
		account: func(a *awstest.Account) {
			fault(list, awstest.Deny)(a)
			a.Unassigned = []awstest.Device{{Serial: "mfa/x", Owner: "root"}}
		},
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "pass", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable"},

	// The demanded assurance.
	{name: "proof is demanded and there", root: two(), opts: iamcheck.Options{Require: iamcheck.Proven},
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed), binding("yk-2", "k2", witnessed)},
		status: "pass", assurance: "proven", literal: "pass", level1: "pass"},
	{name: "proof is demanded, and one key is only certified", root: hardware(awstest.Key("yk-1"), awstest.Key("yk-2", "FIDO", "L2")), opts: iamcheck.Options{Require: iamcheck.Proven},
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1", witnessed)},
		status: "fail", reasons: "assurance_too_low", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "proof is demanded and root's own list was not readable", root: two(), account: fault(list, awstest.Deny), opts: iamcheck.Options{Require: iamcheck.Proven},
		status: "unknown", reasons: "assurance_not_observable", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable"},
	{name: "a token is demanded and there is one", root: hardware(awstest.Token("GAHT12345678")), opts: iamcheck.Options{Require: iamcheck.HardwareToken},
		status: "pass", assurance: "hardware_token", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "a token is demanded, and the certification of a named key was not readable", root: two(), noRole: true, opts: iamcheck.Options{Require: iamcheck.HardwareToken},
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1"), binding("yk-2", "k2")},
		status: "unknown", reasons: "assurance_not_observable", assurance: "named", literal: "unknown", level1: "pass", warnings: "virtual_list_unreadable " + unread},
	{name: "a name is demanded and there", root: two(), opts: iamcheck.Options{Require: iamcheck.NamedKey},
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1"), binding("yk-2", "k2")},
		status: "pass", assurance: "named", literal: "pass", level1: "pass"},
	{name: "a name is demanded, and one key has none", root: two(), opts: iamcheck.Options{Require: iamcheck.NamedKey},
		bound:  []iamcheck.BoundKey{binding("yk-1", "k1")},
		status: "fail", reasons: "assurance_too_low", assurance: "unproven", literal: "pass", level1: "pass"},
	{name: "any device is demanded and there", root: two(), opts: iamcheck.Options{Require: iamcheck.Unproven},
		status: "pass", assurance: "unproven", literal: "pass", level1: "pass"},
	{name: "what is inferred is enough where that is demanded", root: two(), account: fault(list, awstest.Deny), opts: iamcheck.Options{Require: iamcheck.Inferred},
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable"},
	{name: "a suggestion meets no demand", root: hardware(awstest.Key("yk-001")),
		opts:   iamcheck.Options{Require: iamcheck.NamedKey, Keys: iamcheck.NewKeys([]iamcheck.KnownKey{{KeyID: "k1", Tag: "YK-001"}})},
		status: "fail", reasons: "assurance_too_low", assurance: "unproven", literal: "pass", level1: "pass", warnings: "single_device unenrolled_device"},
	{name: "more is demanded than there is", root: two(), opts: iamcheck.Options{Require: iamcheck.Certified},
		status: "fail", reasons: "assurance_too_low", assurance: "unproven", literal: "pass", level1: "pass"},
	{name: "what is demanded is there", root: certified(), opts: iamcheck.Options{Require: iamcheck.HardwareToken},
		status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "a token can never be proven", root: hardware(awstest.Token("GAHT12345678")), opts: iamcheck.Options{Require: iamcheck.Certified},
		status: "fail", reasons: "assurance_too_low", assurance: "hardware_token", literal: "pass", level1: "pass", warnings: "single_device"},
	{name: "certification is demanded and was not readable", root: two(), noRole: true, opts: iamcheck.Options{Require: iamcheck.Certified},
		status: "unknown", reasons: "assurance_not_observable", assurance: "unproven", literal: "unknown", level1: "pass",
		warnings: "virtual_list_unreadable " + unread},
	{name: "proof is demanded, which no certification can give", root: two(), noRole: true, opts: iamcheck.Options{Require: iamcheck.Proven},
		status: "fail", reasons: "assurance_too_low", assurance: "unproven", literal: "unknown", level1: "pass",
		warnings: "virtual_list_unreadable " + unread},
	{name: "a device is demanded and root's own list was not readable", root: two(), account: fault(list, awstest.Deny),
		opts:   iamcheck.Options{Require: iamcheck.Unproven},
		status: "unknown", reasons: "assurance_not_observable", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable"},

	// Answers that are none: each is a call that failed, never an empty list.
	{name: "an HTML page for root's own list", root: two(), account: fault(list, awstest.HTML, virtual, awstest.Deny),
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable", calls: []string{list + "=malformed"}, says: "document type"},
	{name: "an HTML page for the virtual list", root: hardware(awstest.Virtual("phone")), account: fault(list, awstest.Deny, virtual, awstest.HTML),
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable", calls: []string{virtual + "=malformed"}},
	{name: "a proxy's error page", root: two(), account: fault(summary, awstest.HTMLError),
		status: "pass", assurance: "unproven", literal: "unknown", level1: "pass", warnings: "summary_unreadable"},
	{name: "an empty body", root: hardware(awstest.Virtual("phone")), account: fault(list, awstest.Empty, virtual, awstest.Empty),
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable", calls: []string{list + "=malformed", virtual + "=malformed"}},
	{name: "a hollow answer", root: hardware(awstest.Virtual("phone")), account: fault(list, awstest.Hollow, virtual, awstest.Hollow, summary, awstest.Hollow),
		status: "unknown", reasons: "root_list_unreadable summary_unreadable virtual_list_unreadable", literal: "unknown",
		level1: "unknown", reasons1: "root_list_unreadable summary_unreadable virtual_list_unreadable",
		warnings: "summary_unreadable root_list_unreadable virtual_list_unreadable",
		calls:    []string{list + "=malformed", virtual + "=malformed", summary + "=malformed"}},
	{name: "a body that breaks off", root: hardware(awstest.Virtual("phone")), account: fault(list, awstest.Truncate, virtual, awstest.Truncate),
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable", calls: []string{list + "=malformed", virtual + "=malformed"}, says: "broke off"},
	{name: "a document that ends early", root: hardware(awstest.Virtual("phone")), account: fault(list, awstest.Cut, virtual, awstest.Cut),
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable", calls: []string{list + "=malformed", virtual + "=malformed"}, says: "not XML"},
	{name: "an answer without an end", root: two(), account: fault(list, awstest.Huge, virtual, awstest.Deny),
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable", calls: []string{list + "=malformed"}, says: "more than 8388608 bytes"},
	{name: "connections that drop", root: two(), account: fault(list, awstest.Drop),
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable", calls: []string{list + "=error"}},
	{name: "a connection that drops once is tried again", root: certified(), account: fault(list, awstest.Fault{Kind: awstest.Drop, Times: 1}),
		status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "a body that breaks off once is tried again", root: certified(), account: fault(list, awstest.Fault{Kind: awstest.Truncate, Times: 1}),
		status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "throttling that ends", root: certified(), account: fault(list, awstest.Fault{Kind: awstest.Throttle, Times: 1}),
		status: "pass", assurance: "certified", literal: "pass", level1: "pass"},
	{name: "throttling that never ends", root: two(), account: fault(list, awstest.Throttle, virtual, awstest.Throttle),
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable", calls: []string{list + "=throttled", virtual + "=throttled"}, says: "Throttling: Rate exceeded"},
	{name: "a page marker that repeats", root: two(), account: fault(list, awstest.Loop, virtual, awstest.Loop),
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable", calls: []string{list + "=malformed", virtual + "=malformed"}, says: "marker repeats"},
	{name: "pages without an end", root: two(), account: fault(list, awstest.Endless, virtual, awstest.Deny),
		status: "unknown", reasons: "root_list_unreadable virtual_list_unreadable", literal: "unknown", level1: "pass",
		warnings: "root_list_unreadable virtual_list_unreadable", calls: []string{list + "=malformed"}, says: "more than 100 pages"},
	{name: "more pages, and no marker", root: hardware(awstest.Key("yk-1")), account: fault(list, awstest.NoMarker),
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable", calls: []string{list + "=malformed"}, says: "no marker"},
	{name: "a negative counter", root: certified(), account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountMFAEnabled": -1} },
		status: "pass", assurance: "certified", literal: "unknown", level1: "pass", warnings: "summary_unreadable",
		calls: []string{summary + "=malformed"}, says: "AccountMFAEnabled is -1"},
	{name: "a counter that cannot be", root: awstest.Root{Password: true}, account: func(a *awstest.Account) { a.Summary = map[string]int{"AccountMFAEnabled": 2} },
		status: "unknown", reasons: "summary_unreadable", literal: "unknown", level1: "unknown", reasons1: "summary_unreadable", warnings: "summary_unreadable"},
	{name: "a missing MFA counter", root: awstest.Root{Password: true}, account: func(a *awstest.Account) { a.Omit = []string{"AccountMFAEnabled"} },
		status: "unknown", reasons: "summary_unreadable", literal: "unknown", level1: "unknown", reasons1: "summary_unreadable",
		warnings: "summary_unreadable", says: "no AccountMFAEnabled"},
	{name: "a device without a serial", root: hardware(awstest.Key("yk-1"), awstest.Device{}),
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable", calls: []string{list + "=malformed"}},
	{name: "a session that has expired is that call's affair", root: two(), account: fault(list, awstest.Expired),
		status: "pass", assurance: "inferred", literal: "pass", level1: "pass", warnings: "root_list_unreadable", calls: []string{list + "=error"}, says: "ExpiredToken"},
}

func TestEveryStateOfAnAccountServedOverTheWire(t *testing.T) {
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) { s.check(t) })
	}
}

func (s state) check(t *testing.T) {
	account := awstest.Account{ID: member, Name: "member", Role: auditRole, Root: s.root}
	org := awstest.Organization{
		Management: management,
		Features:   []string{awstest.RootCredentialsManagement, awstest.RootSessions},
	}
	if s.account != nil {
		s.account(&account)
	}
	org.Accounts = []awstest.Account{{ID: management, Name: "management"}, account, {ID: delegate, Name: "delegate", Role: auditRole}}
	if s.org != nil {
		s.org(&org)
	}
	server := serve(t, org)
	opts := awsapi.Options{Org: s.own != "user" && s.own != "root", RoleName: auditRole}
	if s.noRole {
		opts.RoleName = ""
	}
	switch s.own {
	case "user":
		callAs(t, server, server.User(member, "auditor"))
	case "root":
		callAs(t, server, server.Root(member))
	case "delegated":
		callAs(t, server, server.User(delegate, "auditor"))
	default:
		callAs(t, server, server.Auditor())
	}
	facts, err := collect(t, opts)
	if err != nil {
		t.Fatal(err)
	}
	of := s.of
	if of == "" {
		of = member
	}
	f, ok := facts[of]
	if !ok {
		t.Fatalf("no facts about %s", of)
	}
	got := iamcheck.Evaluate(f, s.bound, s.opts)
	s.compare(t, got)
}

func (s state) compare(t *testing.T, got iamcheck.Finding) {
	t.Helper()
	if got.Level2.Status != s.status || words(got.Level2.Reasons) != s.reasons {
		t.Errorf("level 2: got %s (%s), want %s (%s)", got.Level2.Status, words(got.Level2.Reasons), s.status, s.reasons)
	}
	if got.Level1.Status != s.level1 || words(got.Level1.Reasons) != s.reasons1 {
		t.Errorf("level 1: got %s (%s), want %s (%s)", got.Level1.Status, words(got.Level1.Reasons), s.level1, s.reasons1)
	}
	var assurance iamcheck.Assurance
	if got.Level2.Assurance != nil {
		assurance = *got.Level2.Assurance
	}
	if assurance != s.assurance {
		t.Errorf("assurance: got %q, want %q", assurance, s.assurance)
	}
	if got.Level2.Literal != s.literal {
		t.Errorf("literal: got %s, want %s", got.Level2.Literal, s.literal)
	}
	if words(got.Level2.Warnings) != s.warnings {
		t.Errorf("warnings: got %q, want %q", words(got.Level2.Warnings), s.warnings)
	}
	if found := recoveryFound(got); s.recovery == none && found != "" || s.recovery != none && s.recovery != "" && found != s.recovery {
		t.Errorf("recovery: got %q, want %q", found, s.recovery)
	}
	made := outcomes(got.Calls)
	for _, want := range s.calls {
		if !slices.Contains(made, want) {
			t.Errorf("calls: %s is not among %v", want, made)
		}
	}
	said := ""
	for _, c := range got.Calls {
		if (c.Outcome == iamcheck.OK) != (c.Error == nil) {
			t.Errorf("%s ended %s and says %v", c.Action, c.Outcome, c.Error)
		}
		if c.Error != nil {
			said += *c.Error + "\n"
		}
	}
	if !strings.Contains(said, s.says) {
		t.Errorf("calls say %q, nowhere %q", said, s.says)
	}
}

// recoveryFound are the findings on the recovery path, without root_, and those that are unknown with a question mark.
func recoveryFound(f iamcheck.Finding) string {
	var found []string
	for _, r := range f.Recovery {
		name := strings.TrimPrefix(string(r.Finding), "root_")
		switch r.Status {
		case iamcheck.RecoveryFinding:
			found = append(found, name)
		case iamcheck.RecoveryUnknown:
			found = append(found, name+"?")
		}
	}
	return strings.Join(found, " ")
}

func words[T ~string](list []T) string {
	var b []string
	for _, w := range list {
		b = append(b, string(w))
	}
	return strings.Join(b, " ")
}

// The table above is only worth something if it covers every word a verdict can use.
func TestTheStatesCoverEveryWord(t *testing.T) {
	used := map[string]bool{}
	for _, s := range states {
		for _, w := range strings.Fields(s.reasons + " " + s.warnings + " " + string(s.assurance) + " " + string(s.status)) {
			used[w] = true
		}
	}
	for _, name := range constants(t, "../words.go", "Reason", "Warning", "Assurance", "Status") {
		if !used[name] {
			t.Errorf("no state has %s", name)
		}
	}
}
