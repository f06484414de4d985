package iamcheck

import "slices"

// Tally sums findings up as they come, so that the sum of a run of any size takes the memory of its counts and of the
// account IDs it names.
type Tally struct {
	totals Totals
	// scope are the accounts that Level 2 is demanded of: it applies to them, and their tier asks for it.
	scope []string
	// removable are those of scope whose root credentials could be removed instead; of undecided it is unknown.
	removable []string
	undecided int
	// spared are the accounts whose tier does not ask for Level 2.
	spared []string
}

// NewTally is the sum of no findings: every verdict is there, with the count zero.
func NewTally() *Tally {
	t := &Tally{totals: Totals{
		Level2:    map[Status]int{Pass: 0, Fail: 0, Unknown: 0, NotApplicable: 0},
		Level1:    map[Status]int{Pass: 0, Fail: 0, Unknown: 0, NotApplicable: 0},
		Literal:   map[Status]int{Pass: 0, Fail: 0, Unknown: 0},
		Assurance: map[Assurance]int{},
		Reasons:   map[Reason]Told{},
		Warnings:  map[Warning]Told{},
	}}
	for _, a := range Assurances() {
		t.totals.Assurance[a] = 0
	}
	return t
}

// Add counts one finding.
func (t *Tally) Add(f Finding) {
	t.totals.Accounts++
	t.totals.Level2[f.Level2.Status]++
	t.totals.Level1[f.Level1.Status]++
	t.totals.Literal[f.Level2.Literal]++
	if f.Level2.Assurance != nil {
		t.totals.Assurance[*f.Level2.Assurance]++
	}
	counted := map[string]bool{} // one reason may stand on both levels
	for _, r := range slices.Concat(f.Level2.Reasons, f.Level1.Reasons) {
		if !counted[string(r)] {
			counted[string(r)] = true
			t.totals.Reasons[r] = Told{t.totals.Reasons[r].Accounts + 1, r.Advice()}
		}
	}
	for _, w := range f.Level2.Warnings {
		t.totals.Warnings[w] = Told{t.totals.Warnings[w].Accounts + 1, w.Advice()}
	}
	switch {
	case f.Level2.Status == NotApplicable:
		return
	case f.Level2.NotRequired:
		t.spared = append(t.spared, f.AccountID)
		return
	case f.RootRemovable == nil:
		t.undecided++
	case *f.RootRemovable:
		t.removable = append(t.removable, f.AccountID)
	}
	t.scope = append(t.scope, f.AccountID)
}

// Totals are the counts, and the flags over the accounts counted. bound are the bindings of all accounts; a threshold of
// zero or less is the default one.
func (t *Tally) Totals(bound []BoundKey, census Census, th Thresholds) Totals {
	th = th.orDefault()
	slices.Sort(t.scope)
	t.scope = slices.Compact(t.scope)
	accounts := append([]string{}, t.scope...)
	totals := t.totals
	totals.Flags = []Flag{
		noBackup(accounts, bound, th),
		concentration(bound, th),
		logisticsBurden(accounts, bound, census, th),
		t.level2Everywhere(len(accounts), bound, th),
	}
	return totals
}
