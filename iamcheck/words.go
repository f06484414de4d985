package iamcheck

// Status is a verdict.
type Status string

// The verdicts.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	Unknown       Status = "unknown"
	NotApplicable Status = "not_applicable"
)

// Open reports whether the verdict leaves somebody something to do: the demand is not met, or nobody can say.
func (s Status) Open() bool { return s == Fail || s == Unknown }

// Reason is why a verdict is what it is.
type Reason string

// The reasons, by the rule that gives them. A pass has none: its assurance says what it rests on.
const (
	// Rule 1.
	RootHasNoConsole    Reason = "root_has_no_console"
	NoRootUser          Reason = "no_root_user"
	PartitionUnverified Reason = "partition_unverified"
	AccountClosed       Reason = "account_closed"
	NotAssessable       Reason = "not_assessable"
	// Rule 2.
	ForeignAnswer Reason = "foreign_answer"
	// Rule 3.
	VirtualRootDevice Reason = "virtual_root_device"
	SMSRootDevice     Reason = "sms_root_device"
	// Rule 4.
	RootCredentialsRemoved Reason = "root_credentials_removed"
	CompensatingControl    Reason = "compensating_control"
	PasswordRecoverable    Reason = "password_recoverable"
	RemovalUnverified      Reason = "removal_unverified"
	// Rules 4 to 6.
	SourcesDisagree Reason = "sources_disagree"
	// Rule 5.
	NoMFA Reason = "no_mfa"
	// UnrecognizedDevice: root's own list holds a serial of no form that AWS gives to a root device, so that it is neither
	// known to be hardware nor known not to be.
	UnrecognizedDevice Reason = "unrecognized_device"
	// Rule 7: what was missing.
	RootListUnreadable    Reason = "root_list_unreadable"
	VirtualListIncomplete Reason = "virtual_list_unreadable"
	SummaryMissing        Reason = "summary_unreadable"
	RootDeniedBySCP       Reason = "root_denied_by_scp"
	// The demanded assurance.
	AssuranceTooLow        Reason = "assurance_too_low"
	AssuranceNotObservable Reason = "assurance_not_observable"
)

// Warning is what an auditor should see beside a verdict.
type Warning string

// The warnings.
const (
	SingleDevice             Warning = "single_device"
	RootAccessKeysPresent    Warning = "root_access_keys_present"
	CertificationsUnreadable Warning = "certifications_unreadable"
	VirtualListUnreadable    Warning = "virtual_list_unreadable"
	RootListNotRead          Warning = "root_list_unreadable"
	SummaryUnreadable        Warning = "summary_unreadable"
	DeniedBySCPWarning       Warning = "root_denied_by_scp"
	AbandonedVirtualDevice   Warning = "abandoned_virtual_device"
	// RootNameHeldByUser: an IAM user owns the virtual device that carries root's customary name, so that the literal
	// verdict fails an innocent account.
	RootNameHeldByUser Warning = "root_device_name_held_by_user"
	BoundKeyLost       Warning = "bound_key_lost"
	BoundKeyRetired    Warning = "bound_key_retired"
	BoundKeyAdvisory   Warning = "bound_key_advisory"
	// BoundKeyDistrusted: the attestation of a bound key was verified once and is not today.
	BoundKeyDistrusted Warning = "bound_key_distrusted"
	// BindingContradicted: AWS lists root's devices in full and the bound one is not among them as the binding says.
	BindingContradicted Warning = "binding_contradicted"
	// BindingAmbiguous: two bindings claim one device, or one name fits two devices; none of them is believed.
	BindingAmbiguous Warning = "binding_ambiguous"
	// BoundKeyReset: a bound key was found without its identity credential.
	BoundKeyReset Warning = "bound_key_reset"
	// FormerKeyListed: AWS lists a device under the name of a binding that was removed.
	FormerKeyListed Warning = "former_key_listed"
	// UnenrolledDevice: root has a device that no binding claims, so that nobody may have enrolled it.
	UnenrolledDevice Warning = "unenrolled_device"
	// CertificationContradicted: AWS gives a device a certification that the model of the key bound to it cannot have.
	CertificationContradicted Warning = "certification_contradicted"
	// DeviceOlderThanKey: a device was registered before the inventory first heard of the key bound to it, which was announced
	// by its supplier, or whose registration the tool saw.
	DeviceOlderThanKey Warning = "device_older_than_key"
	// CommercialAccountInScope: the AWS account paired with a GovCloud account has a root user with a console.
	CommercialAccountInScope Warning = "commercial_account_in_scope"
)

// Because is why a device may be a key of the inventory.
type Because string

// The grounds of a suggestion. None of them is a match: a name is what somebody typed.
const (
	// BecauseTag, BecauseSerial: the device's name carries the key's tag or serial, whatever its letter case, zeros and separators.
	BecauseTag    Because = "tag_in_name"
	BecauseSerial Because = "serial_in_name"
	// BecauseToken: the device's serial is that of a TOTP token.
	BecauseToken Because = "token_serial"
	// BecauseNear: the device's name is nearly that of a binding whose device AWS does not list.
	BecauseNear Because = "near_name"
	// BecauseFormer: the device's name is that of a binding that was removed.
	BecauseFormer Because = "former_binding"
)

// RecoveryName names a finding on the ways around root's MFA. They are no part of the verdict on it.
type RecoveryName string

// The findings on root's recovery path.
const (
	RootEmailUnknown       RecoveryName = "root_email_unknown"
	RootEmailShared        RecoveryName = "root_email_shared_address"
	RootEmailForeignDomain RecoveryName = "root_email_foreign_domain"
	RootEmailPersonal      RecoveryName = "root_email_personal"
	RootEmailPlusAddress   RecoveryName = "root_email_plus_address"
	RootAccessKeys         RecoveryName = "root_access_keys_present"
	RootCertificates       RecoveryName = "root_signing_certificates_present"
	RootPassword           RecoveryName = "root_password_present"
	RootRecoverable        RecoveryName = "root_password_recoverable"
)

// RecoveryStatus is what became of one look at the recovery path.
type RecoveryStatus string

// The statuses of the recovery path. They count for no verdict and no exit status.
const (
	RecoveryOK      RecoveryStatus = "ok"
	RecoveryFinding RecoveryStatus = "finding"
	RecoveryUnknown RecoveryStatus = "unknown"
)

// Assurance is how sure it is that a root device is hardware.
type Assurance string

// The levels of assurance, best first.
const (
	// Proven: a witnessed binding to an attested key that has answered a challenge since and is neither lost nor retired.
	Proven Assurance = "proven"
	// Certified: AWS reports FIDO level 2 or higher, or FIPS. FIDO level 1 does not require hardware.
	Certified Assurance = "certified"
	// HardwareToken: the serial of a TOTP token in root's own list.
	HardwareToken Assurance = "hardware_token"
	// NamedKey: the device's name matches a binding that a person typed.
	NamedKey Assurance = "named"
	// Unproven: a FIDO serial with none of these; it may be a synced passkey.
	Unproven Assurance = "unproven"
	// Inferred: root's own list was not readable; MFA is on and no virtual device is root's.
	Inferred Assurance = "inferred"
)

// Assurances are all levels, best first.
func Assurances() []Assurance {
	return []Assurance{Proven, Certified, HardwareToken, NamedKey, Unproven, Inferred}
}

// FlagName names a flag of the summary.
type FlagName string

// The flags.
const (
	NoBackup        FlagName = "no_backup"
	Concentration   FlagName = "concentration"
	LogisticsBurden FlagName = "logistics_burden"
	// Level2Everywhere: hardware is demanded, or kept, where there is no need for it.
	Level2Everywhere FlagName = "level2_everywhere"
	// The flags below are not judged here: they rest on where keys are and who
	// has them, which only the inventory knows.
	SameSite          FlagName = "same_site"
	CustodianOverload FlagName = "custodian_overload"
	SparePoolLow      FlagName = "spare_pool_low"
)
