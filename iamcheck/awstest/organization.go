// Package awstest is a loopback AWS: it speaks enough of the wire protocols of IAM, STS and Organizations for the real SDK
// to audit an organization that is described by hand, with the faults AWS and the networks before it show. It listens on
// 127.0.0.1 only, knows its callers by their access keys, and grants nothing that is not described.
package awstest

import "time"

// Organization is the described world. The server does not change it.
type Organization struct {
	// Partition of all its ARNs; "" is aws.
	Partition string
	// ID of the organization; "" is o-exampleorgid.
	ID string
	// Management is the ID of the management account; "" describes one account that is in no organization.
	Management string
	// Delegated is the ID of a member account that is delegated administrator for IAM and the account list; "" is none.
	Delegated string
	// Features are those of iam:ListOrganizationsFeatures; see RootCredentialsManagement and RootSessions.
	Features []string
	// Units are the organizational units; an account that names none of them is under the root.
	Units    []Unit
	Accounts []Account
	// PageSize is how many entries IAM lists hold a page; 0 is 100. AccountPageSize is the same of the account list; 0 is 20.
	PageSize, AccountPageSize int
	// EmptyPages puts an empty page with a token before every page of the account list, which AWS may do.
	EmptyPages bool
	// Faults are faults of calls that are about no one account, by action, such as organizations:ListAccounts.
	Faults map[string]Fault
	// Weather is how the network and AWS's limits are, for all calls.
	Weather Weather
}

// RootID is the ID of an organization's root, the parent of its topmost units.
const RootID = "r-exam"

// Unit is an organizational unit.
type Unit struct {
	ID, Name string
	// Parent is the unit it is in; "" is the root.
	Parent string
	// Faults are faults of calls about this unit, by action.
	Faults map[string]Fault
}

// The features of centralized root access.
const (
	RootCredentialsManagement = "RootCredentialsManagement"
	RootSessions              = "RootSessions"
)

// Account is one account of the organization.
type Account struct {
	ID, Name string
	// State as organizations:ListAccounts sends it; "" is ACTIVE. NoState leaves it out, as before it existed.
	State   string
	NoState bool
	// Status is the retired twin of State; "" leaves it out.
	Status string
	// Email is root's address as the list of accounts shows it; "" is aws+ID@example.com.
	Email string
	// Unit is the ID of the unit it is in; "" is the root.
	Unit string
	// Tags are those of the account in its organization.
	Tags map[string]string
	// Root describes the root user.
	Root Root
	// Users are IAM users.
	Users []User
	// Unassigned are virtual devices that belong to nobody.
	Unassigned []Device
	// Summary overrides counters of iam:GetAccountSummary, which otherwise follow from Root; Omit leaves some out.
	Summary map[string]int
	Omit    []string
	// Role is the audit role, with its path where it has one, that callers from the management or delegated account may
	// assume; "" is none. ExternalID is what they must send.
	Role, ExternalID string
	// SessionName and SessionTags are what else they must send with it; empty is no matter.
	SessionName string
	SessionTags map[string]string
	// Regions are those in which STS gives sessions of this account; none is all.
	Regions []string
	// Faults are faults of calls into this account, by action, such as iam:ListMFADevices, or by caller and action, such
	// as root:iam:GetAccountSummary (a root session, or root) and role:iam:GetAccountSummary.
	Faults map[string]Fault
}

// Root is what the root user has.
type Root struct {
	Password                 bool
	AccessKeys, Certificates int
	Devices                  []Device
}

// User is an IAM user.
type User struct {
	// Path is / unless given; it ends in a slash.
	Name, Path string
	Devices    []Device
}

// Device is an MFA device. Serial may leave out the ARN's beginning: u2f/…, mfa/… and sms-mfa/… are completed with the
// account; anything else is sent as it is.
type Device struct {
	Serial  string
	Enabled time.Time // zero leaves it out
	// Certifications as iam:GetMFADevice reports them.
	Certifications map[string]string
	// Owner is the ARN of an owner other than the one the description says; "" is none.
	Owner string
}

// Key is a FIDO device of root's under a name, with certifications as pairs of scheme and level.
func Key(name string, certifications ...string) Device {
	d := Device{Serial: "u2f/root/" + name + "-EXAMPLEID0123456789ABCD", Enabled: enabled, Certifications: map[string]string{}}
	for i := 0; i+1 < len(certifications); i += 2 {
		d.Certifications[certifications[i]] = certifications[i+1]
	}
	return d
}

// Token is a hardware TOTP token.
func Token(serial string) Device { return Device{Serial: serial, Enabled: enabled} }

// Virtual is a virtual device under a name.
func Virtual(name string) Device { return Device{Serial: "mfa/" + name, Enabled: enabled} }

// SMS is a telephone number.
func SMS(number string) Device { return Device{Serial: "sms-mfa/" + number, Enabled: enabled} }

// enabled is when the devices of the helpers above were registered.
var enabled = time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)
