package iamcheck

import "time"

// Severity is that of both controls: Security Hub calls IAM.6 and IAM.9 critical.
const Severity = "critical"

// Finding is the verdict on one account. Unknown values are null in JSON, never the empty string.
type Finding struct {
	AccountID string  `json:"account_id"`
	Name      *string `json:"name"`
	Partition *string `json:"partition"`
	Level2    Level2  `json:"level2"`
	Level1    Level1  `json:"level1"`
	// RootDevices are root's devices that were seen, sorted by serial; null where nothing that could show them was readable.
	RootDevices []RootDevice `json:"root_devices"`
	// RootRemovable is whether the organization could remove root's credentials centrally instead of guarding them with
	// hardware; null where it is unknown whether the account is a member of one.
	RootRemovable *bool `json:"root_removable"`
	// Recovery are the ways around root's MFA, in a fixed order; what the policy asks nothing about is left out.
	Recovery []Recovery `json:"recovery"`
	Calls    []Call     `json:"calls"`
}

// NeedsAttention reports whether somebody has to do something about the account: it is open on the level that is demanded of it.
func (f Finding) NeedsAttention() bool {
	return NeedsAttention(f.Level2.Status, f.Level1.Status, f.Level2.NotRequired)
}

// NeedsAttention is what a finding with these verdicts says of itself.
func NeedsAttention(level2, level1 Status, notRequired bool) bool {
	if notRequired {
		return level1.Open()
	}
	return level2.Open()
}

// Level2 is the verdict on hardware MFA for root.
type Level2 struct {
	Status   Status `json:"status"`
	Severity string `json:"severity"`
	// Assurance is how sure it is that root's devices are hardware; nil unless the rules found hardware.
	Assurance *Assurance `json:"assurance"`
	// Literal is the verdict of the benchmark's own audit text: pass, fail or unknown.
	Literal  Status    `json:"literal"`
	Reasons  []Reason  `json:"reasons"`
	Warnings []Warning `json:"warnings"`
	// Details say of which key and which device the warnings about bindings speak.
	Details []Detail `json:"details"`
	// NotRequired is set where the account's tier does not demand Level 2; it stands beside the verdict and changes nothing in it.
	NotRequired bool `json:"not_required"`
	// Tier is the account's tier and where it comes from; null where it has none.
	Tier *Tier `json:"tier"`
	// Exception is the unexpired exception of the account, null without one; it never hides the status.
	Exception *Exception `json:"exception"`
	// ExpiredException is the account's exception once it has expired: it counts no more, and nobody ended it.
	ExpiredException *Exception `json:"expired_exception"`
}

// Tier is what an organization calls an account by when it says what is demanded of it.
type Tier struct {
	// Name is null where what a rule looks at could not be read.
	Name *string `json:"name"`
	By   TierBy  `json:"by"`
	// Rule is the rule in words; null where no rule gave the tier.
	Rule *string `json:"rule"`
}

// TierBy is where an account's tier comes from.
type TierBy string

// An account has its tier from the inventory, where somebody gave it, or by a rule; or a rule could not be applied, because
// what it looks at was not read.
const (
	TierByInventory TierBy = "inventory"
	TierByRule      TierBy = "rule"
	TierUndecided   TierBy = "undecided"
)

// Level1 is the verdict on root MFA of any kind.
type Level1 struct {
	Status   Status   `json:"status"`
	Severity string   `json:"severity"`
	Reasons  []Reason `json:"reasons"`
}

// RootDevice is one device of root's.
type RootDevice struct {
	Serial string `json:"serial"`
	// Kind is fido, totp, virtual or sms; null where the serial is of no known form.
	Kind      *Kind      `json:"kind"`
	EnabledAt *time.Time `json:"enabled_at"`
	// Certifications are AWS's, by scheme; null where they were not read, which is always so for anything but FIDO.
	Certifications map[string]string `json:"certifications"`
	// KeyID is the key of the inventory the device matches; null where none does.
	KeyID *string `json:"key_id"`
	// Suggestions are keys that the device may be; they count for no verdict and no assurance.
	Suggestions []Suggestion `json:"suggestions"`
}

// Detail is one case of a warning.
type Detail struct {
	Warning Warning `json:"warning"`
	// KeyID is the key of the inventory; null where the warning is about a device of nobody's.
	KeyID *string `json:"key_id"`
	// Device is the serial of the device of root's that is concerned; null where AWS lists none, or none is known.
	Device *string `json:"device"`
	// Text says it in a sentence.
	Text string `json:"text"`
}

// Suggestion is a key that a device may be.
type Suggestion struct {
	KeyID   string  `json:"key_id"`
	Because Because `json:"because"`
	// Text says it in a sentence, with the command that binds the key where it can be bound.
	Text string `json:"text"`
}

// Recovery is one look at the ways around root's MFA.
type Recovery struct {
	Finding RecoveryName   `json:"finding"`
	Status  RecoveryStatus `json:"status"`
	// Severity is informational, low, medium, high or critical: that of the finding, where it is one.
	Severity string `json:"severity"`
	Text     string `json:"text"`
}

// Exception is a documented decision to live without Level 2 for a time.
type Exception struct {
	Owner               string    `json:"owner"`
	Approver            string    `json:"approver"`
	Reason              string    `json:"reason"`
	CompensatingControl string    `json:"compensating_control"`
	Expires             time.Time `json:"expires"`
}

// Text says why the exception is made, what is done instead, and whose it is.
func (e Exception) Text() string {
	return e.Reason + "; instead: " + e.CompensatingControl + "; owned by " + e.Owner + ", approved by " + e.Approver
}

// Totals count the findings of a run.
type Totals struct {
	Accounts  int               `json:"accounts"`
	Level2    map[Status]int    `json:"level2"`
	Level1    map[Status]int    `json:"level1"`
	Literal   map[Status]int    `json:"literal"`
	Assurance map[Assurance]int `json:"assurance"`
	// Reasons and Warnings say of each word that an account has what it means, what to do about it, and how many have it.
	Reasons  map[Reason]Told  `json:"reasons"`
	Warnings map[Warning]Told `json:"warnings"`
	Flags    []Flag           `json:"flags"`
	// Recovery sums the recovery path up.
	Recovery RecoveryTotals `json:"recovery"`
}

// RecoveryTotals sum up the ways around root's MFA over a run.
type RecoveryTotals struct {
	Findings []RecoveryTotal `json:"findings"`
	// SharedMailboxes are the mailboxes that most accounts share, at most ten of them.
	SharedMailboxes []SharedMailbox `json:"shared_mailboxes"`
}

// RecoveryTotal counts one finding on the recovery path.
type RecoveryTotal struct {
	Finding  RecoveryName `json:"finding"`
	OK       int          `json:"ok"`
	Findings int          `json:"findings"`
	Unknown  int          `json:"unknown"`
	// First are the accounts with the finding, sorted; at most five.
	First []string `json:"first"`
}

// SharedMailbox is one mailbox that gets the mail of several root users. The address itself is not shown.
type SharedMailbox struct {
	Accounts int `json:"accounts"`
	// First are accounts that have it, sorted; at most five.
	First []string `json:"first"`
}

// Flag is one figure about the ratio of keys to accounts, held against its threshold.
type Flag struct {
	Flag FlagName `json:"flag"`
	// Raised is whether the figure is on the wrong side of its threshold; null where the figure is unknown.
	Raised *bool `json:"raised"`
	// Figure is what was counted, in the flag's own unit; null where something it needs is unknown.
	Figure    *float64 `json:"figure"`
	Threshold float64  `json:"threshold"`
	// Accounts and Keys are those concerned, sorted.
	Accounts []string `json:"accounts"`
	Keys     []string `json:"keys"`
	// Text says the flag in a sentence.
	Text string `json:"text"`
	// Burden are the numbers behind logistics_burden; no other flag has them.
	Burden *Burden `json:"burden,omitempty"`
}
