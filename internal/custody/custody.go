// Package custody holds an inventory against the rules by which keys are kept:
// apart from each other and from what they open an account together with, out
// of the hands of one person alone, proved, and enough of them. It reads one
// snapshot and decides; it changes nothing and asks nobody.
package custody

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

// Rule names a rule, a word.
type Rule string

// The rules, in the order in which they are checked and documented.
const (
	SameSite          Rule = "same_site"          // an account's keys are at too few sites
	KeyWithPassword   Rule = "key_with_password"  // a key lies with a password of an account it opens
	KeyWithPIN        Rule = "key_with_pin"       // a key lies with its PIN envelope
	OnePerson         Rule = "one_person"         // one person alone can open an account
	HolderLeft        Rule = "holder_left"        // somebody who has left has keys
	SealBroken        Rule = "seal_broken"        // a key was in a bag that was found broken
	FoundNotProved    Rule = "found_not_proved"   // a key was found again and has not proved to be itself
	WithPerson        Rule = "with_person"        // a key lives with a person instead of in a place
	OverdueCheckout   Rule = "overdue_checkout"   // a key should be back
	OverdueShipment   Rule = "overdue_shipment"   // a parcel should have arrived
	NotProved         Rule = "not_proved"         // nobody has proved a key for too long
	BatteryEnds       Rule = "battery_ends"       // a token's battery ends
	OverCapacity      Rule = "over_capacity"      // a place holds more than fits
	SparePoolLow      Rule = "spare_pool_low"     // there are too few spare keys
	ReplicaMissing    Rule = "replica_missing"    // an artifact has too few copies at other sites
	CampaignOpen      Rule = "campaign"           // keys are to be swapped
	ExceptionExpired  Rule = "exception_expired"  // an exception counts no more
	CustodianOverload Rule = "custodian_overload" // one person has too many keys to look after
)

// Severity is how bad a finding is, a word.
type Severity string

// The severities, worst first.
const (
	High   Severity = "high"
	Medium Severity = "medium"
	Low    Severity = "low"
)

// Finding is one thing that is not as it should be.
type Finding struct {
	Rule     Rule     `json:"rule"`
	Severity Severity `json:"severity"`
	Subjects Subjects `json:"subjects"`
	// Figure is what was counted, in the rule's own unit, and Threshold what it
	// is held against.
	Figure    float64 `json:"figure"`
	Threshold float64 `json:"threshold"`
	Text      string  `json:"text"`
	Next      string  `json:"next"` // what to do; commands name things by ID
}

// Subjects are whom a finding is about: IDs, and paths of places; sorted.
type Subjects struct {
	Keys      []string `json:"keys"`
	Accounts  []string `json:"accounts"`
	People    []string `json:"people"`
	Places    []string `json:"places"`
	Artifacts []string `json:"artifacts"`
}

// Outcome is what one rule came to.
type Outcome struct {
	Rule Rule `json:"rule"`
	// Checked is false where the policy gives the rule nothing to check.
	Checked  bool `json:"checked"`
	Findings int  `json:"findings"`
	// Figure is the worst that there is, in the rule's own unit; nil where
	// nothing was counted.
	Figure    *float64 `json:"figure"`
	Threshold *float64 `json:"threshold"`
}

// Report is what a check found.
type Report struct {
	Rules    []Outcome
	Findings []Finding // worst first, then in the order of the rules
}

// rules are all of them. checked is nil for those that need nothing of the
// policy.
var rules = []struct {
	rule     Rule
	severity Severity
	check    func(*checking)
	checked  func(policy.Policy) bool
}{
	{SameSite, Medium, (*checking).sameSite, func(p policy.Policy) bool { return p.Custody.SitesPerAccount > 1 }},
	{KeyWithPassword, High, (*checking).keyWithPassword, nil},
	{KeyWithPIN, Medium, (*checking).keyWithPIN, nil},
	{OnePerson, High, (*checking).onePerson, nil},
	{HolderLeft, High, (*checking).holderLeft, nil},
	{SealBroken, High, (*checking).sealBroken, nil},
	{FoundNotProved, High, (*checking).foundNotProved, nil},
	{WithPerson, Medium, (*checking).withPerson, nil},
	{OverdueCheckout, Medium, (*checking).overdueCheckout, nil},
	{OverdueShipment, High, (*checking).overdueShipment, nil},
	{NotProved, Medium, (*checking).notProved, nil},
	{BatteryEnds, Medium, (*checking).batteryEnds, nil},
	{OverCapacity, Low, (*checking).overCapacity, nil},
	{SparePoolLow, Medium, (*checking).sparePoolLow, func(p policy.Policy) bool { return len(p.Custody.Spares) > 0 }},
	{ReplicaMissing, Medium, (*checking).replicaMissing, func(p policy.Policy) bool { return len(p.Custody.Replicas) > 0 }},
	{CampaignOpen, Medium, (*checking).campaigns, func(p policy.Policy) bool { return len(p.Custody.Campaigns) > 0 }},
	{ExceptionExpired, Medium, (*checking).exceptionExpired, nil},
	{CustodianOverload, Low, (*checking).custodianOverload, nil},
}

// Rules lists every rule, in their order.
func Rules() []Rule {
	var all []Rule
	for _, r := range rules {
		all = append(all, r.rule)
	}
	return all
}

// Check holds a snapshot against the rules, or against those that are named.
// advisories gives the IDs of the security advisories that apply to a key.
func Check(s Snapshot, p policy.Policy, advisories func(inventory.Key) []string, now time.Time, only ...Rule) Report {
	c := newChecking(s, p, advisories, now)
	report := Report{Rules: make([]Outcome, 0, len(rules)), Findings: []Finding{}}
	for _, r := range rules {
		if len(only) > 0 && !slices.Contains(only, r.rule) {
			continue
		}
		c.found, c.outcome, c.severity = nil, Outcome{Rule: r.rule}, r.severity
		if r.checked == nil || r.checked(p) {
			c.outcome.Checked = true
			r.check(c)
		}
		c.outcome.Findings = len(c.found)
		report.Rules = append(report.Rules, c.outcome)
		report.Findings = append(report.Findings, c.found...)
	}
	order := []Severity{High, Medium, Low}
	slices.SortStableFunc(report.Findings, func(a, b Finding) int {
		return cmp.Compare(slices.Index(order, a.Severity), slices.Index(order, b.Severity))
	})
	return report
}

// add keeps a finding of the rule that is being checked.
func (c *checking) add(f Finding) {
	f.Rule, f.Severity = c.outcome.Rule, cmp.Or(f.Severity, c.severity)
	s := &f.Subjects
	for _, list := range []*[]string{&s.Keys, &s.Accounts, &s.People, &s.Places, &s.Artifacts} {
		sorted := append([]string{}, *list...)
		slices.Sort(sorted)
		*list = slices.Compact(sorted)
	}
	c.found = append(c.found, f)
}

// measured says what the worst of the rule being checked is, finding or not.
func (c *checking) measured(figure, threshold float64) {
	c.outcome.Figure, c.outcome.Threshold = &figure, &threshold
}

// worse is measured where the figure is larger than any before.
func (c *checking) worse(figure, threshold float64) {
	if c.outcome.Figure == nil || figure > *c.outcome.Figure {
		c.measured(figure, threshold)
	}
}

// some names the first of many, for a sentence.
func some(labels []string) string {
	const shown = 5
	if len(labels) <= shown {
		return strings.Join(labels, ", ")
	}
	return strings.Join(labels[:shown], ", ") + ", …"
}
