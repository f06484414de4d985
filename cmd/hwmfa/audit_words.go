package main

import "hwmfa/iamcheck"

// reasonTexts says for people what a reason means. The word itself is printed
// in front, so that it can be looked up and compared with the JSON.
var reasonTexts = map[iamcheck.Reason]string{
	iamcheck.RootHasNoConsole:       "root users of this partition have no console access",
	iamcheck.NoRootUser:             "accounts of this partition have no root user",
	iamcheck.PartitionUnverified:    "nobody has verified what root is in this partition",
	iamcheck.AccountClosed:          "the account is closed",
	iamcheck.NotAssessable:          "the account is suspended, or pending activation or closure",
	iamcheck.ForeignAnswer:          "an answer names a device of another account",
	iamcheck.VirtualRootDevice:      "root has a virtual device",
	iamcheck.SMSRootDevice:          "root has an SMS device",
	iamcheck.RootCredentialsRemoved: "root has no credentials, and they are managed centrally",
	iamcheck.CompensatingControl:    "root has no credentials, which this version of the benchmark does not accept instead of MFA",
	iamcheck.PasswordRecoverable:    "whoever controls root's e-mail address can set a password and has to pass no MFA",
	iamcheck.RemovalUnverified:      "root seems to have no credentials, and nobody could look",
	iamcheck.SourcesDisagree:        "AWS's own answers contradict each other",
	iamcheck.NoMFA:                  "root has no MFA device",
	iamcheck.UnrecognizedDevice:     "root has a device of no known kind",
	iamcheck.RootListUnreadable:     "root's own device list was not readable",
	iamcheck.VirtualListIncomplete:  "the list of virtual devices was not readable in full",
	iamcheck.SummaryMissing:         "the account summary was not readable",
	iamcheck.RootDeniedBySCP:        "a service control policy denies root's session",
	iamcheck.AssuranceTooLow:        "the devices are less sure to be hardware than --require demands",
	iamcheck.AssuranceNotObservable: "whether the devices are as sure as --require demands could not be seen",
}

// warningTexts says for people what a warning means.
var warningTexts = map[iamcheck.Warning]string{
	iamcheck.SingleDevice:             "root has one device only: losing it locks root out",
	iamcheck.RootAccessKeysPresent:    "root has access keys, which no MFA guards",
	iamcheck.CertificationsUnreadable: "the certifications of root's FIDO devices were not readable",
	iamcheck.VirtualListUnreadable:    "the list of virtual devices was not readable in full",
	iamcheck.RootListNotRead:          "root's own device list was not readable",
	iamcheck.SummaryUnreadable:        "the account summary was not readable",
	iamcheck.DeniedBySCPWarning:       "a service control policy denies root's session",
	iamcheck.AbandonedVirtualDevice:   "a virtual device of root's customary name belongs to nobody",
	iamcheck.RootNameHeldByUser:       "an IAM user holds the virtual device of root's customary name",
	iamcheck.BoundKeyLost:             "a bound key is lost",
	iamcheck.BoundKeyRetired:          "a bound key is retired",
	iamcheck.BoundKeyAdvisory:         "a security advisory applies to a bound key",
	iamcheck.BoundKeyDistrusted:       "the attestation of a bound key is not believed any more; see hwmfa verify --evidence",
	iamcheck.BindingContradicted:      "a bound key is not among root's devices as the binding says",
	iamcheck.BindingAmbiguous:         "bindings and devices do not match one to one; none of them is believed",
	iamcheck.CommercialAccountInScope: "the paired commercial account has a root user with a console and is in scope",
}

func withMeaning(word, meaning string) string {
	if meaning == "" {
		return word
	}
	return word + ": " + meaning
}
