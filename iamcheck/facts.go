// Package iamcheck decides, from what AWS answered and from the keys that are bound to an account, whether its root user
// is protected by hardware (CIS AWS Foundations, Level 2) and by MFA of any kind (Level 1).
//
// It is values in, values out: it asks nobody, reads no clock, and refuses to guess. A call that failed never counts as an
// empty answer and a counter that is missing never counts as zero, so that what could not be seen ends as `unknown`.
package iamcheck

import "time"

// Facts are what AWS answered about one account. The zero value says that nothing was answered.
type Facts struct {
	// AccountID is twelve digits.
	AccountID string
	// Name is the account's name in its organization; "" is unknown.
	Name string
	// Email is the root user's e-mail address as organizations:ListAccounts gives it; "" is unknown.
	Email string
	// OUs are the IDs of the organizational units the account is in, the organization's root first; nil is unknown.
	OUs []string
	// Tags are the account's tags in its organization; nil where they were not read.
	Tags map[string]string
	// Partition is the ARN partition the account lives in, such as aws or aws-us-gov; "" is unknown.
	Partition string
	// State is Account.State of organizations:ListAccounts (ACTIVE, SUSPENDED, …); "" where AWS gave none.
	State string
	// Membership is the account's part in its organization; "" is unknown.
	Membership Membership
	// CentralRemoval is whether the organization's RootCredentialsManagement feature is on; nil is unknown. Being on
	// removes nothing by itself.
	CentralRemoval *bool
	// Calls are the calls that were made or, with a reason, not made, in the order of the collection.
	Calls []Call
	// Summary is the answer of iam:GetAccountSummary; nil where there is none.
	Summary *Summary
	// Root is root's own device list: iam:ListMFADevices with root's credentials or a root session.
	Root RootList
	// Virtual is the account's virtual-device list: iam:ListVirtualMFADevices.
	Virtual VirtualList
	// Certifications are those iam:GetMFADevice reports, by the serial that the answer names. A serial that is missing here was not
	// read; one with an empty map was read and has none.
	Certifications map[string]map[string]string
	// Credentials are root's other credentials as a root session sees them.
	Credentials Credentials
}

// Membership is an account's part in its organization.
type Membership string

// The parts an account can play. Unknown is the empty string.
const (
	Management Membership = "management"
	Member     Membership = "member"
	Standalone Membership = "standalone"
)

// Call is one API call, all of its pages together, and how it ended.
type Call struct {
	// Action is the IAM action name, such as iam:ListMFADevices.
	Action string `json:"action"`
	// Outcome is how the call ended.
	Outcome Outcome `json:"outcome"`
	// Error is AWS's own words where the call did not end well, or why it was not made; nil where it did.
	Error *string `json:"error"`
	// By is whose credentials made the call.
	By Actor `json:"-"`
	// Source is where the answer comes from; "" is AWS.
	Source Source `json:"source,omitempty"`
}

// Source is where an answer comes from.
type Source string

// Supplied answers were handed over as files by somebody who had asked.
const Supplied Source = "supplied"

// Actor is whose credentials make a call.
type Actor string

// The credentials an audit uses: the caller's own, root's (a root session, or a caller who is root), the audit role's.
const (
	ByCaller Actor = "caller"
	ByRoot   Actor = "root"
	ByRole   Actor = "role"
)

// Outcome is how a call ended.
type Outcome string

// The ways a call ends. Everything but OK is an answer that is missing, in whole or from some page on.
const (
	OK          Outcome = "ok"
	Denied      Outcome = "denied"
	DeniedBySCP Outcome = "denied_by_scp"
	Throttled   Outcome = "throttled"
	Malformed   Outcome = "malformed"
	Failed      Outcome = "error"
	Skipped     Outcome = "skipped"
	// Contradicted: another answer says otherwise, and counts.
	Contradicted Outcome = "contradicted"
)

// Failed reports whether the call was made and its answer is missing or incomplete.
func (c Call) Failed() bool { return c.Outcome != OK && c.Outcome != Skipped }

// Summary are the four counters of iam:GetAccountSummary that speak of root; nil is a counter AWS did not send.
type Summary struct {
	MFAEnabled          *int // AccountMFAEnabled, 0 or 1
	PasswordPresent     *int // AccountPasswordPresent, 0 or 1
	AccessKeysPresent   *int // AccountAccessKeysPresent
	CertificatesPresent *int // AccountSigningCertificatesPresent
}

// NoCredentials reports whether all four counters were sent and are zero. A summary that was not read says no such thing.
func (s *Summary) NoCredentials() bool {
	return s != nil && zero(s.MFAEnabled) && zero(s.PasswordPresent) && zero(s.AccessKeysPresent) && zero(s.CertificatesPresent)
}

// Reading is how much of a list was read.
type Reading string

// The ways a list was read: not at all, up to a page that failed, or to its last page.
const (
	Unread   Reading = ""
	Partial  Reading = "partial"
	Complete Reading = "complete"
)

// RootList is root's own device list, of every kind.
type RootList struct {
	Reading Reading
	Devices []Device
}

// Device is one entry of root's own device list.
type Device struct {
	Serial    string
	EnabledAt time.Time // zero is unknown
}

// VirtualList is the account's virtual-device list. Devices may leave out what no rule looks at (virtual devices of IAM
// users under other names), so that an account with a hundred thousand of them costs no memory.
type VirtualList struct {
	Reading Reading
	Devices []VirtualDevice
}

// VirtualDevice is one entry of the virtual-device list.
type VirtualDevice struct {
	Serial    string
	Owner     string    // the ARN of the user it is assigned to; "" where it is assigned to nobody
	EnabledAt time.Time // zero is unknown
}

// Presence is whether a credential is there.
type Presence string

// A credential was not looked for (or the look failed), is there, or is not.
const (
	Unseen  Presence = ""
	Present Presence = "present"
	Absent  Presence = "absent"
)

// Credentials are root's credentials other than MFA, as root's own session sees them. They are read only where a rule
// needs them.
type Credentials struct {
	LoginProfile        Presence
	AccessKeys          Presence
	SigningCertificates Presence
}
