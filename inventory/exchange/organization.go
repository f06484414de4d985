package exchange

import (
	"cmp"
	"fmt"
	"slices"

	"hwmfa/inventory"
)

// OrgAccount is an account as AWS lists it, with what the policy's rules say of
// its tier.
type OrgAccount struct {
	ID, Name string // Name "" is not known
	State    string // AWS's word, such as ACTIVE; "" not known
	Tier     string // "" no rule gives it one
	Rule     string // that gives it, in words
	// Undecided: what a rule looks at was not read.
	Undecided bool
}

// PlanOrganization says what taking in the accounts of an organization comes to.
// A tier that an account has stays, unless retier says otherwise. What AWS does
// not list any more, and what is closed, is told and left as it is.
func PlanOrganization(tx inventory.Tx, listed []OrgAccount, retier bool) (Plan, error) {
	known, err := inventory.Accounts(tx)
	if err != nil {
		return Plan{}, fmt.Errorf("import accounts: %w", err)
	}
	have := make(map[string]inventory.Account, len(known))
	for _, a := range known {
		have[a.ID] = a
	}
	listed = slices.SortedStableFunc(slices.Values(listed), func(a, b OrgAccount) int { return cmp.Compare(a.ID, b.ID) })
	p := Plan{Kind: "accounts"}
	add := func(s Step, where string) {
		s.Row, s.Where = len(p.Steps)+1, where
		s.settle()
		p.Steps = append(p.Steps, s)
	}
	for _, a := range listed {
		old, there := have[a.ID]
		delete(have, a.ID)
		add(a.step(old, there, retier), "listed")
	}
	for _, a := range known {
		if _, left := have[a.ID]; left {
			add(Step{Name: a.ID, Notes: []string{"AWS does not list it; it stays as it is"}}, "not listed")
		}
	}
	return p, nil
}

// step is what one account comes to.
func (a OrgAccount) step(is inventory.Account, known, retier bool) Step {
	s := Step{Name: a.ID}
	note := func(format string, args ...any) { s.Notes = append(s.Notes, fmt.Sprintf(format, args...)) }
	if a.State == "CLOSED" && !known {
		note("is closed; it is not taken in")
		return s
	}
	if a.State != "" && a.State != "ACTIVE" {
		note("AWS says %s", inventory.Code(a.State))
	}
	if !known {
		is.ID, s.Action = a.ID, ActionCreate
	}
	named := is
	named.Name = a.Name
	if err := inventory.CheckAccount(named); err != nil {
		note("its name at AWS is not taken: %v", err)
	} else if s.set("name", is.Name, a.Name) {
		is = named
	}
	switch {
	case a.Undecided && is.Tier == "":
		note("no tier: what the rules look at could not be read")
	case a.Undecided:
		note("tier stays %s; what the rules look at could not be read", is.Tier)
	case a.Tier == "" || a.Tier == is.Tier:
	case is.Tier != "" && !retier:
		note("tier stays %s; %s would give %s", is.Tier, a.Rule, a.Tier)
	case s.set("tier", is.Tier, a.Tier):
		is.Tier = a.Tier
		note("tier by %s", a.Rule)
	}
	s.do = func(tx inventory.Tx, act inventory.Act) error { return inventory.SaveAccount(tx, act, is) }
	return s
}
