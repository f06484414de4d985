package ceremony

import (
	"fmt"
	"slices"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/internal/custody"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

// Terms are what an organization has decided about one account.
type Terms struct {
	Tier        string              `json:"tier"`         // "": none is given
	NotRequired bool                `json:"not_required"` // its tier does not demand Level 2
	Exception   *iamcheck.Exception `json:"exception"`    // expired or not; nil: there is none
}

// AccountTerms reads what was decided about each account, by its ID. An account
// that is not there has no terms: Level 2 is demanded of it.
func AccountTerms(tx inventory.Tx, p policy.Policy) (map[string]Terms, error) {
	accounts, err := inventory.Accounts(tx)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	exceptions, err := inventory.Exceptions(tx)
	if err != nil {
		return nil, fmt.Errorf("read exceptions: %w", err)
	}
	terms := make(map[string]Terms, len(accounts))
	for _, a := range accounts {
		terms[a.ID] = Terms{Tier: a.Tier, NotRequired: !p.Level2Required(a.Tier)}
	}
	for _, e := range exceptions {
		t := terms[e.AccountID]
		t.Exception = &iamcheck.Exception{
			Owner: e.Owner, Approver: e.Approver, Reason: e.Reason, CompensatingControl: e.Control, Expires: e.Expires.UTC(),
		}
		terms[e.AccountID] = t
	}
	return terms, nil
}

// TermsOf is what was decided about an account, its tier included: the one that
// somebody gave it or, where nobody did, the one that the policy's rules give it.
func TermsOf(terms map[string]Terms, p policy.Policy, f iamcheck.Facts) (Terms, *iamcheck.Tier) {
	t := terms[f.AccountID]
	if t.Tier != "" {
		return t, &iamcheck.Tier{Name: &t.Tier, By: iamcheck.TierByInventory}
	}
	switch ruled := p.TierByRule(f.OUs, f.Tags); {
	case ruled.Undecided:
		return t, &iamcheck.Tier{By: iamcheck.TierUndecided}
	case ruled.Tier != "":
		t.Tier, t.NotRequired = ruled.Tier, !p.Level2Required(ruled.Tier)
		return t, &iamcheck.Tier{Name: &ruled.Tier, By: iamcheck.TierByRule, Rule: &ruled.Rule}
	}
	return t, nil
}

// CustodyFlags are the flags of an audit that rest on where keys are and who
// has them. The rules are those of the custody check that can be kept.
func CustodyFlags(s custody.Snapshot, p policy.Policy, now time.Time) []iamcheck.Flag {
	words := []struct {
		rule custody.Rule
		flag iamcheck.FlagName
		text func(o custody.Outcome) string
	}{
		{custody.SameSite, iamcheck.SameSite, func(o custody.Outcome) string {
			return fmt.Sprintf("accounts that have all their keys at fewer sites than %d: %d", p.Custody.SitesPerAccount, o.Findings)
		}},
		{custody.CustodianOverload, iamcheck.CustodianOverload, func(o custody.Outcome) string {
			return fmt.Sprintf("people who alone look after more keys than %d: %d; the most is %g", p.KeysPerCustodian, o.Findings, *o.Figure)
		}},
		{custody.SparePoolLow, iamcheck.SparePoolLow, func(o custody.Outcome) string {
			return fmt.Sprintf("%d of %d spare pools are below their level", o.Findings, len(p.Custody.Spares))
		}},
	}
	var flags []iamcheck.Flag
	for _, w := range words {
		report := custody.Check(s, p, advisoryIDs, now, w.rule)
		o := report.Rules[0]
		f := iamcheck.Flag{Flag: w.flag, Figure: o.Figure, Accounts: []string{}, Keys: []string{}, Text: "the policy asks for nothing here"}
		if o.Checked {
			raised := o.Findings > 0
			f.Raised, f.Threshold, f.Text = &raised, *o.Threshold, w.text(o)
		}
		for _, found := range report.Findings {
			f.Accounts = append(f.Accounts, found.Subjects.Accounts...)
			f.Keys = append(f.Keys, found.Subjects.Keys...)
		}
		f.Accounts, f.Keys = sorted(f.Accounts), sorted(f.Keys)
		flags = append(flags, f)
	}
	return flags
}

// CheckCustody takes a snapshot and holds it against every rule.
func CheckCustody(tx inventory.Tx, p policy.Policy, now time.Time) (custody.Report, error) {
	s, err := custody.Read(tx)
	if err != nil {
		return custody.Report{}, err
	}
	return custody.Check(s, p, advisoryIDs, now), nil
}

// advisoryIDs are the advisories that apply to a key, by ID.
func advisoryIDs(k inventory.Key) []string {
	var ids []string
	for _, a := range Advisories(k) {
		ids = append(ids, a.ID)
	}
	return ids
}

// sorted is a list in order, each once.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
