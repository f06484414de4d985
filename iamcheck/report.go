package iamcheck

import (
	"cmp"
	"slices"
	"time"
)

// NewReport sorts the findings by account and sums them up. bound are the bindings of all accounts; a threshold of zero or
// less is the default one.
func NewReport(at time.Time, findings []Finding, bound []BoundKey, census Census, th Thresholds) Report {
	findings = orEmpty(slices.Clone(findings))
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.AccountID, b.AccountID) })
	th = th.orDefault()

	t := Totals{
		Accounts:  len(findings),
		Level2:    map[Status]int{Pass: 0, Fail: 0, Unknown: 0, NotApplicable: 0},
		Level1:    map[Status]int{Pass: 0, Fail: 0, Unknown: 0, NotApplicable: 0},
		Literal:   map[Status]int{Pass: 0, Fail: 0, Unknown: 0},
		Assurance: map[Assurance]int{},
	}
	for _, a := range Assurances() {
		t.Assurance[a] = 0
	}
	for _, f := range findings {
		t.Level2[f.Level2.Status]++
		t.Level1[f.Level1.Status]++
		t.Literal[f.Level2.Literal]++
		if f.Level2.Assurance != nil {
			t.Assurance[*f.Level2.Assurance]++
		}
	}
	accounts := scope(findings)
	t.Flags = []Flag{
		noBackup(accounts, bound, th),
		concentration(bound, th),
		logisticsBurden(accounts, bound, census, th),
	}
	return Report{Schema: Schema, GeneratedAt: at.UTC(), Accounts: findings, Summary: t}
}
