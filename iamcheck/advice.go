package iamcheck

import "strings"

// Advice says for people what a reason or a warning means and what to do about it.
type Advice struct {
	// Text is what it means.
	Text string `json:"text"`
	// Remedy is what to do, in at most 512 characters: the steps, and what other guides get wrong.
	Remedy string `json:"remediation"`
	// URL is AWS's own page on the steps; "" where there is none.
	URL string `json:"url,omitempty"`
}

// Told is the advice on a word, and how many accounts have it.
type Told struct {
	Accounts int `json:"accounts"`
	Advice
}

// Advice is that on a reason; the zero Advice for a word that is none.
func (r Reason) Advice() Advice { return reasonAdvice[r] }

// Advice is that on a warning; the zero Advice for a word that is none.
func (w Warning) Advice() Advice { return warningAdvice[w] }

// Advice is that on a finding on the recovery path, of which it says what is demanded; the zero Advice for a word that is none.
func (r RecoveryName) Advice() Advice { return recoveryAdvice[r] }

// userGuide is AWS's guide to IAM.
const userGuide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"

// AWS's own pages.
const (
	pageRegister = userGuide + "enable-fido-mfa-for-root.html"
	pageCentral  = userGuide + "id_root-enable-root-access.html"
	pageTasks    = userGuide + "id_root-user-privileged-task.html"
	pageLost     = userGuide + "id_credentials_mfa_lost-or-broken.html"
	pageEmail    = "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-root-user-email.html"
	pageKeys     = userGuide + "id_root-user_manage_delete-key.html"
)

// Steps that several remedies share.
const (
	signIn   = "As root in the console, open Security credentials (below the account name at the top right), Multi-factor authentication (MFA)"
	register = "assign two keys there (Assign MFA device, Passkey or security key)"
	onlyHere = "No API registers a device for root: neither the AWS CLI nor AssumeRoot can."
	removal  = "Or remove a member account's root credentials altogether (IAM, Root access management)."
)

// nothing begins a remedy where there is nothing to remedy.
const nothing = "Nothing to do"

// Needed reports whether there is anything to do.
func (a Advice) Needed() bool { return !strings.HasPrefix(a.Remedy, nothing) }

var reasonAdvice = map[Reason]Advice{
	RootHasNoConsole: {"root users of this partition have no console access", nothing + " here. Audit the commercial account that is paired with this one.", ""},
	NoRootUser:       {"accounts of this partition have no root user", nothing + ".", ""},
	PartitionUnverified: {
		"nobody has verified what root is in this partition",
		"Let a person find out whether accounts of this partition have a root user with a console, and audit this one by hand.", "",
	},
	AccountClosed: {"the account is closed", nothing + ". A closed account can be reopened by AWS Support for 90 days: audit it then.", ""},
	NotAssessable: {
		"the account is suspended, or pending activation or closure",
		"Audit it again once it is active or closed. Who pays for a suspended account can have it reactivated through AWS Support; root may still sign in to it.", "",
	},
	ForeignAnswer: {
		"an answer names a device of another account",
		"Believe no answer of this run. Look for a proxy, an AWS_ENDPOINT_URL or a profile that sends calls elsewhere, then audit again.", "",
	},
	VirtualRootDevice: {
		"root has a virtual device",
		signIn + "; " + register + ", then remove the virtual device: last of all, so that root is never without MFA. " + onlyHere, pageRegister,
	},
	SMSRootDevice: {
		"root has an SMS device",
		signIn + "; " + register + ", then remove the SMS device: AWS has long ceased to offer them. " + onlyHere, pageRegister,
	},
	RootCredentialsRemoved: {
		"root has no credentials, and they are managed centrally",
		nothing + ": keep central root credentials management on, and let a policy deny sts:AssumeRoot to all but a few.", pageCentral,
	},
	CompensatingControl: {
		"root has no credentials, which this version of the benchmark does not accept instead of MFA",
		"Nothing in the account is wrong. Record the central removal as a compensating control, or audit by version 5.0 or later, which exempts such accounts.", pageCentral,
	},
	PasswordRecoverable: {
		"whoever controls root's e-mail address can set a password and has to pass no MFA",
		"Member account: in the management account (or IAM's delegated administrator) open IAM, Root access management, enable it, and delete the account's root " +
			"credentials. Management or standalone account: its own cannot be removed; set a password by Forgot password? and register two keys. " +
			"Until then, guard the mailbox.", pageCentral,
	},
	RemovalUnverified: {
		"root seems to have no credentials, and nobody could look",
		"Run the audit from the management account, or from IAM's delegated administrator, with sts:AssumeRoot and iam:ListOrganizationsFeatures allowed, and " +
			"root sessions on: aws iam enable-organizations-root-sessions.", pageCentral,
	},
	SourcesDisagree: {
		"AWS's own answers contradict each other",
		"Audit again after some minutes: IAM's answers follow a change late. If they still differ, look at root's Security credentials page.", "",
	},
	NoMFA: {"root has no MFA device", signIn + "; " + register + ". " + onlyHere + " " + removal, pageRegister},
	UnrecognizedDevice: {
		"root has a device of no known kind",
		"Look at root's Security credentials page what the device is. Replace it by a security key, or report the form of its serial to whoever maintains this program.", "",
	},
	RootListUnreadable: {
		"root's own device list was not readable",
		"Member account: allow the caller sts:AssumeRoot with the task policy IAMAuditRootUserCredentials, with root sessions on. Management or standalone account: " +
			"hwmfa policy root-capture prints what root runs in CloudShell: aws iam list-mfa-devices without --user-name. (root is no user name: --user-name root ends " +
			"in NoSuchEntity.)", pageTasks,
	},
	VirtualListIncomplete: {
		"the list of virtual devices was not readable in full",
		"Give the audit role iam:ListVirtualMFADevices in the account, name the role with --role-name, and audit again. A root session cannot read this list.", "",
	},
	SummaryMissing: {
		"the account summary was not readable",
		"Allow iam:GetAccountSummary to the audit role, or a root session that has it, and audit again.", "",
	},
	RootDeniedBySCP: {"a service control policy denies root's session", scpRemedy, pageTasks},
	AssuranceTooLow: {
		"the devices are less sure to be hardware than --require demands",
		"Enroll the keys (hwmfa enroll) and bind them to the account (hwmfa account bind), or register keys whose certification AWS reports; remove root's weaker " +
			"devices at the console.", pageRegister,
	},
	AssuranceNotObservable: {
		"whether the devices are as sure as --require demands could not be seen",
		"Give an audit role iam:GetMFADevice in the account, which a root session is denied; or enroll the keys and bind them to the account.", "",
	},
}

// scpRemedy keeps the denial for everybody but the sessions that only look.
const scpRemedy = "Exempt root sessions from the policy that denies root: add the condition BoolIfExists aws:AssumedRoot \"false\" to its Deny " +
	"(in Control Tower, the parameter ExemptAssumeRoot). Signing in as root stays denied. The policy does not replace MFA: it can be detached, and it " +
	"does not bind the management account."

var warningAdvice = map[Warning]Advice{
	SingleDevice: {
		"root has one device only: losing it locks root out",
		"Register a second key, to be kept at another place. " + signIn + ", Assign MFA device. Root may have eight.", pageRegister,
	},
	RootAccessKeysPresent: {
		"root has access keys, which no MFA guards",
		"As root, open Security credentials, Access keys; look when each was last used, deactivate it, and delete it once nothing has broken. Member accounts: a root " +
			"session with IAMDeleteRootUserCredentials deletes them too. GovCloud: aws iam delete-access-key without --user-name, with the key itself.", pageKeys,
	},
	CertificationsUnreadable: {
		"the certifications of root's FIDO devices were not readable",
		"Give an audit role iam:GetMFADevice in the account; a root session is denied it.", "",
	},
	VirtualListUnreadable: {
		"the list of virtual devices was not readable in full",
		"Give the audit role iam:ListVirtualMFADevices in the account and name it with --role-name.", "",
	},
	RootListNotRead: {
		"root's own device list was not readable",
		"Enable root sessions in the organization and allow the caller sts:AssumeRoot with IAMAuditRootUserCredentials; in the management account, run " +
			"in root's CloudShell what hwmfa policy root-capture prints.", pageTasks,
	},
	SummaryUnreadable: {
		"the account summary was not readable",
		"Allow iam:GetAccountSummary to the audit role, or a root session that has it.", "",
	},
	DeniedBySCPWarning: {"a service control policy denies root's session", scpRemedy, pageTasks},
	AbandonedVirtualDevice: {
		"a virtual device of root's customary name belongs to nobody",
		"In the account, with iam:DeleteVirtualMFADevice: aws iam delete-virtual-mfa-device --serial-number arn:aws:iam::ACCOUNT:mfa/root-account-mfa-device. It is " +
			"assigned to nobody, so that nobody loses it; the benchmark's own procedure fails the account while it is there.", "",
	},
	RootNameHeldByUser: {
		"an IAM user holds the virtual device of root's customary name",
		"Let the user register another device; then aws iam deactivate-mfa-device --user-name USER --serial-number ARN and aws iam delete-virtual-mfa-device " +
			"--serial-number ARN. The benchmark's own procedure takes it for root's.", "",
	},
	BoundKeyLost: {
		"a bound key is lost",
		"Sign in as root with another key and remove the lost one from Security credentials, then hwmfa account unbind it, and register a spare. Without " +
			"another key: at the sign-in page, Troubleshoot MFA, by root's e-mail address and telephone number.", pageLost,
	},
	BoundKeyRetired: {
		"a bound key is retired",
		"Register a key that is in use, remove the retired one from root's Security credentials, and hwmfa account unbind it.", pageRegister,
	},
	BoundKeyAdvisory: {
		"a security advisory applies to a bound key",
		"Read the advisory (hwmfa key show KEY names it). Firmware of most keys cannot be updated: register a key without it, remove the old one, and rebind.", pageRegister,
	},
	BoundKeyDistrusted: {
		"the attestation of a bound key is not believed any more; see hwmfa verify --evidence",
		"Find out by hwmfa verify --evidence which root or model is no longer trusted, and replace the key where that is right.", "",
	},
	BindingContradicted: {
		"a bound key is not among root's devices as the binding says",
		"Compare the binding (hwmfa account show) with root's devices. Where the device was renamed or registered anew: hwmfa account unbind, then bind it as it is.", "",
	},
	BindingAmbiguous: {
		"bindings and devices do not match one to one; none of them is believed",
		"Give each device of root's a name of its own, and each one binding: hwmfa account unbind what is too much, then bind with --device-name.", "",
	},
	CommercialAccountInScope: {
		"the paired commercial account has a root user with a console and is in scope",
		"Audit the commercial account that this GovCloud account was made from: its root user closes and pays for both.", "",
	},
	BoundKeyReset: {
		"a bound key was found without its identity credential",
		"Assume that the key was reset, and its registration at AWS gone with it: try it as root. If it fails, remove the device, enroll the key anew, register it and bind it.", pageRegister,
	},
	FormerKeyListed: {
		"AWS lists a device under the name of a binding that was removed",
		"Remove the device from root's Security credentials; or, if the key is still to guard the account, hwmfa account bind it again.", pageRegister,
	},
	UnenrolledDevice: {
		"root has a device that nobody has enrolled",
		"Find out whose it is. Enroll the key and bind it to the account, or remove the device from root's Security credentials.", pageRegister,
	},
	CertificationContradicted: {
		"AWS gives a device a certification that the key bound to it cannot have",
		"The device is another key than the binding says. Find out which, correct the binding, and remove a device that nobody can account for.", "",
	},
	DeviceOlderThanKey: {
		"a device was registered before the key bound to it was announced by its supplier, or enrolled for its registration",
		"Check with the key in hand that it opens root's sign-in; if it does not, the binding names the wrong key: unbind it.", "",
	},
}

const mailboxRemedy = "As root, open the account name at the top right, Account, Edit beside the account settings, and change the address; of a member account the " +
	"management account may too (aws account start-primary-email-update). Both need a code that is sent to the new address."

var recoveryAdvice = map[RecoveryName]Advice{
	RootEmailUnknown: {
		"root's e-mail address should be known",
		"Audit with --org from the management account or a delegated administrator: only organizations:ListAccounts tells the address.", "",
	},
	RootEmailShared: {
		"root's mailbox should be that of no other account",
		"Give each account an address of its own, so that one mailbox opens one account. " + mailboxRemedy, pageEmail,
	},
	RootEmailForeignDomain: {
		"root's e-mail address should be at a domain of the organization's own",
		"Move the address to your own domain: whoever has the foreign one can set root's password. " + mailboxRemedy, pageEmail,
	},
	RootEmailPersonal: {
		"root's e-mail address should be that of a group mailbox",
		"Use a group mailbox that outlives people and that several watch. " + mailboxRemedy, pageEmail,
	},
	RootEmailPlusAddress: {
		"root's e-mail address should be no plus-address",
		nothing + ". Count whoever reads the mailbox before the plus as able to set root's password.", "",
	},
	RootAccessKeys: {"root should have no access keys", warningAdvice[RootAccessKeysPresent].Remedy, pageKeys},
	RootCertificates: {
		"root should have no signing certificates",
		"As root, open Security credentials, X.509 certificates, and delete them; of a member account, a root session with IAMDeleteRootUserCredentials does: " +
			"aws iam delete-signing-certificate --certificate-id ID, without --user-name.", pageTasks,
	},
	RootPassword: {
		"root should have no password",
		nothing + " in the management account. Member accounts need none: remove it centrally (IAM, Root access management).", pageCentral,
	},
	RootRecoverable: {
		"root's password should not be recoverable through its mailbox",
		"Member accounts: enable central root credentials management and delete root's credentials; recovery ends with them. Elsewhere recovery cannot be " +
			"switched off: let few read the mailbox, guard it and its domain with hardware MFA, and keep MFA on root.", pageCentral,
	},
}
