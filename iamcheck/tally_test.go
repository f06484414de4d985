package iamcheck

import (
	"slices"
	"strings"
	"testing"
)

func people(n int) *int { return &n }

// verdicts are findings of the accounts with a status, and two that demand nothing. Root's credentials could be removed where
// an account's name begins with r; of those with ? it is unknown.
func verdicts(accounts ...string) []Finding {
	findings := []Finding{
		{AccountID: "900000000001", Level2: Level2{Status: NotApplicable}},
		{AccountID: "900000000002", Level2: Level2{Status: Fail, NotRequired: true}},
	}
	for _, a := range accounts {
		f := Finding{AccountID: a, Level2: Level2{Status: Pass}}
		if kind := a[0]; kind != '?' {
			is := kind == 'r'
			f.RootRemovable = &is
		}
		findings = append(findings, f)
	}
	return findings
}

func bind(account, key string) BoundKey { return BoundKey{AccountID: account, KeyID: key} }

// totals sums findings up.
func totals(findings []Finding, bound []BoundKey, census Census, th Thresholds) Totals {
	tally := NewTally()
	for _, f := range findings {
		tally.Add(f)
	}
	return tally.Totals(bound, census, th)
}

func flagOf(t *testing.T, totals Totals, name FlagName) Flag {
	t.Helper()
	i := slices.IndexFunc(totals.Flags, func(f Flag) bool { return f.Flag == name })
	if i < 0 {
		t.Fatalf("no flag %s", name)
	}
	return totals.Flags[i]
}

func TestFlags(t *testing.T) {
	lost := bind("1", "k9")
	lost.Lost = true
	retired := bind("1", "k8")
	retired.Retired = true
	for _, c := range []struct {
		name      string
		flag      FlagName
		accounts  []string
		bound     []BoundKey
		census    Census
		th        Thresholds
		raised    string
		figure    float64
		threshold float64
		concerned string
		keys      string
		says      string
	}{
		{"two usable keys are a backup", NoBackup, []string{"1"}, []BoundKey{bind("1", "k1"), bind("1", "k2")}, Census{}, Thresholds{}, "no", 2, 2, "", "", "bound: 0 of 1;"},
		{"one key bound twice is one", NoBackup, []string{"1"}, []BoundKey{bind("1", "k1"), bind("1", "k1")}, Census{}, Thresholds{}, "yes", 1, 2, "1", "k1", "fewest is 1"},
		{"lost and retired keys are none", NoBackup, []string{"1"}, []BoundKey{bind("1", "k1"), lost, retired}, Census{}, Thresholds{}, "yes", 1, 2, "1", "k1", ""},
		{"an account without keys is the fewest", NoBackup, []string{"2", "1"}, []BoundKey{bind("1", "k1"), bind("1", "k2")}, Census{}, Thresholds{}, "yes", 0, 2, "2", "", "bound: 1 of 2;"},
		{"a policy of three", NoBackup, []string{"1"}, []BoundKey{bind("1", "k1"), bind("1", "k2")}, Census{}, Thresholds{Backup: 3}, "yes", 2, 3, "1", "k1 k2", ""},
		{"no account demands keys", NoBackup, nil, nil, Census{}, Thresholds{}, "unknown", 0, 2, "", "", "no account demands"},

		{"a key for as many accounts as it may guard", Concentration, []string{"1", "2"}, []BoundKey{bind("1", "k1"), bind("2", "k1")}, Census{}, Thresholds{Concentration: 2}, "no", 2, 2, "", "", ""},
		{"a key for more", Concentration, []string{"1", "2"}, []BoundKey{bind("2", "k1"), bind("1", "k1"), bind("1", "k2")}, Census{}, Thresholds{Concentration: 1}, "yes", 2, 1, "1 2", "k1", "more accounts than 1: 1;"},
		{"no keys", Concentration, []string{"1"}, nil, Census{}, Thresholds{}, "no", 0, 10, "", "", ""},

		{"nobody to count leaves no figure", LogisticsBurden, []string{"1", "2"}, nil, Census{}, Thresholds{}, "unknown", 0, 20, "", "", "not known"},
		{"custodians who can carry it", LogisticsBurden, []string{"1", "2"}, nil, Census{people(1)}, Thresholds{}, "no", 2, 20, "", "", "pass: 2; keys they need at least: 2; registrations by hand: 4; custodians: 1,"},
		{"custodians who cannot", LogisticsBurden, []string{"1", "2", "3"}, nil, Census{people(2)}, Thresholds{Concentration: 1, Burden: 2}, "yes", 3, 2, "1 2 3", "", "3.0 keys"},
		{"hardware for members", Level2Everywhere, []string{"r2", "r1", "1"}, []BoundKey{bind("r1", "k1"), bind("1", "k2")}, Census{}, Thresholds{}, "yes", 2, 0, "r1 r2", "k1", "2 of 3"},
		{"a policy that lets some have it", Level2Everywhere, []string{"r1", "1"}, nil, Census{}, Thresholds{Avoidable: 1}, "no", 1, 1, "r1", "", "1 of 2"},
		{"hardware only where root stays", Level2Everywhere, []string{"1"}, []BoundKey{bind("1", "k1")}, Census{}, Thresholds{}, "no", 0, 0, "", "", "0 of 1"},
		{"keys for a tier that asks for none", Level2Everywhere, []string{"1"}, []BoundKey{bind("900000000002", "k3")}, Census{}, Thresholds{}, "yes", 1, 0, "900000000002", "k3", "does not ask for: 1"},
		{"nobody knows who is a member", Level2Everywhere, []string{"?1", "1"}, nil, Census{}, Thresholds{}, "unknown", 0, 0, "", "", "of 1 it is not known"},
		{"enough is known", Level2Everywhere, []string{"?1", "r1"}, nil, Census{}, Thresholds{}, "yes", 1, 0, "r1", "", "1 of 2"},
		{"an account that comes twice is one", Level2Everywhere, []string{"r1", "r1"}, nil, Census{}, Thresholds{}, "yes", 1, 0, "r1", "", "1 of 1"},

		{"no custodian at all is not a figure either", LogisticsBurden, []string{"1"}, nil, Census{people(0)}, Thresholds{}, "unknown", 0, 20, "", "", "not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := flagOf(t, totals(verdicts(c.accounts...), c.bound, c.census, c.th), c.flag)
			raised := "unknown"
			if f.Raised != nil {
				raised = map[bool]string{true: "yes", false: "no"}[*f.Raised]
			}
			if raised != c.raised || (f.Figure == nil) != (raised == "unknown") || f.Figure != nil && *f.Figure != c.figure || f.Threshold != c.threshold {
				t.Errorf("got raised %s, figure %v, threshold %g; want %s, %g, %g", raised, f.Figure, f.Threshold, c.raised, c.figure, c.threshold)
			}
			if got := strings.Join(f.Accounts, " "); got != c.concerned || f.Accounts == nil {
				t.Errorf("accounts: got %q, want %q", got, c.concerned)
			}
			if got := strings.Join(f.Keys, " "); got != c.keys || f.Keys == nil {
				t.Errorf("keys: got %q, want %q", got, c.keys)
			}
			if !strings.Contains(f.Text, c.says) || f.Text == "" {
				t.Errorf("text: %q does not say %q", f.Text, c.says)
			}
		})
	}
}

func TestTheBurdenCountsWhatLevel2Needs(t *testing.T) {
	var accounts []string
	for i := range 25 {
		accounts = append(accounts, string(rune('a'+i)))
	}
	r := totals(verdicts(accounts...), []BoundKey{bind("a", "k1"), bind("b", "k1"), bind("z", "k7")}, Census{people(4)}, Thresholds{})
	b := flagOf(t, r, LogisticsBurden).Burden
	if b.Accounts != 25 || b.Registrations != 50 || b.KeysNeeded != 5 || b.KeysBound != 1 ||
		*b.KeysPerAccount != 1.0/25 || *b.KeysPerCustodian != 1.25 || *b.RegistrationsPerCustodian != 12.5 || *b.Custodians != 4 {
		t.Errorf("got %+v", *b)
	}
}

func TestTotalsCountEveryFinding(t *testing.T) {
	f := hardwareFacts()
	none := f
	none.Root.Devices, none.Summary = nil, &Summary{number(0), number(1), number(0), number(0)}
	s := totals([]Finding{Evaluate(f, nil, Options{}), Evaluate(none, nil, Options{})}, nil, Census{}, Thresholds{})
	if s.Accounts != 2 || s.Level2[Pass] != 1 || s.Level2[Fail] != 1 || s.Level1[Pass] != 1 || s.Level1[Fail] != 1 ||
		s.Literal[Pass] != 1 || s.Literal[Fail] != 1 || s.Assurance[Unproven] != 1 || len(s.Assurance) != len(Assurances()) {
		t.Errorf("got %+v", s)
	}
}

// The fewest keys are few enough that none may be left out, and many enough that the accounts can share them.
func TestTheKeysNeededAreTheFewestThatDo(t *testing.T) {
	for accounts := range 30 {
		for backup := 1; backup <= 4; backup++ {
			for most := 1; most <= 12; most++ {
				n := burdenOf(make([]string, accounts), nil, Census{}, Thresholds{Backup: backup, Concentration: most}).KeysNeeded
				if accounts == 0 {
					if n != 0 {
						t.Fatalf("%d keys for no account", n)
					}
					continue
				}
				if fewer := n - 1; fewer >= backup && fewer*most >= accounts*backup {
					t.Errorf("%d accounts of %d keys, %d accounts a key: %d are said to be needed, and %d do", accounts, backup, most, n, fewer)
				}
				guards := make([]int, n)
				for i := range accounts * backup {
					guards[i%n]++
				}
				if n < backup || slices.Max(guards) > most {
					t.Errorf("%d accounts of %d keys, %d accounts a key: %d do not do", accounts, backup, most, n)
				}
			}
		}
	}
}

func TestTheSumSaysWhatToDoOnceForAllAccounts(t *testing.T) {
	tally := NewTally()
	for range 3 {
		tally.Add(Finding{
			Level2: Level2{Status: Fail, Reasons: []Reason{NoMFA}, Warnings: []Warning{SingleDevice}},
			Level1: Level1{Status: Fail, Reasons: []Reason{NoMFA}},
		})
	}
	tally.Add(Finding{Level2: Level2{Status: Unknown, Reasons: []Reason{SummaryMissing}}})
	got := tally.Totals(nil, Census{}, Thresholds{})
	if len(got.Reasons) != 2 || len(got.Warnings) != 1 || got.Reasons[NoMFA] != (Told{3, NoMFA.Advice()}) ||
		got.Reasons[SummaryMissing].Accounts != 1 || got.Warnings[SingleDevice] != (Told{3, SingleDevice.Advice()}) {
		t.Errorf("got %+v, %+v", got.Reasons, got.Warnings)
	}
}

func TestAKeyThatWasFoundResetIsNoBackup(t *testing.T) {
	bound := []BoundKey{{AccountID: here, DeviceName: "yk-1", KeyID: "k1"}, {AccountID: here, DeviceName: "yk-2", KeyID: "k2"}}
	findings := []Finding{Evaluate(hardwareFacts(), bound, Options{})}
	if f := flagOf(t, totals(findings, bound, Census{}, Thresholds{}), NoBackup); *f.Raised {
		t.Errorf("two keys are raised: %+v", f)
	}
	bound[1].Reset = true
	if f := flagOf(t, totals(findings, bound, Census{}, Thresholds{}), NoBackup); !*f.Raised || *f.Figure != 1 {
		t.Errorf("one of two keys was reset: %+v", f)
	}
}
