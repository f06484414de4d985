package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
	"hwmfa/internal/term"
)

// printed is what people see of so many accounts, of which every hundredth fails.
func printed(t *testing.T, accounts int, as form) string {
	t.Helper()
	spool, err := report.NewSpool(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	tally, name := iamcheck.NewTally(), "an account"
	for i := range accounts {
		f := iamcheck.Finding{
			AccountID: fmt.Sprintf("%012d", i), Name: &name,
			Level2: iamcheck.Level2{Status: iamcheck.Pass, Literal: iamcheck.Pass, Warnings: []iamcheck.Warning{iamcheck.SingleDevice}},
			Level1: iamcheck.Level1{Status: iamcheck.Pass},
		}
		if i%100 == 7 {
			f.Level2 = iamcheck.Level2{Status: iamcheck.Fail, Literal: iamcheck.Fail, Reasons: []iamcheck.Reason{iamcheck.VirtualRootDevice}}
		}
		tally.Add(f)
		if err := spool.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	s, far := term.Test()
	if err := printAudit(s, spool, tally.Totals(nil, iamcheck.Census{}, iamcheck.Thresholds{}), as); err != nil {
		t.Fatal(err)
	}
	return far.Out.String()
}

func TestOfManyAccountsThoseAreListedThatNeedALook(t *testing.T) {
	newest := form{benchmark: iamcheck.NewestBenchmark()}
	all := newest
	all.all = true
	for _, c := range []struct {
		name           string
		accounts       int
		as             form
		passes, fails  int
		left, attended string
	}{
		{"a hundred are listed all", 100, newest, 99, 1, "", "single_device, 99 accounts"},
		{"of ten thousand the failing ones", 10_000, newest, 0, 100, "9900 accounts that need no attention are not listed; --all lists them all", "single_device, 9900 accounts"},
		{"of ten thousand all, where that is wanted", 10_000, all, 9900, 100, "", "virtual_root_device, 100 accounts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := printed(t, c.accounts, c.as)
			if n := strings.Count(out, "  an account  pass     "); n != c.passes {
				t.Errorf("%d that pass are listed, want %d", n, c.passes)
			}
			if n := strings.Count(out, "  an account  fail     "); n != c.fails {
				t.Errorf("%d that fail are listed, want %d", n, c.fails)
			}
			if n := strings.Count(out, "\n  virtual_root_device: root has a virtual device\n"); n != c.fails {
				t.Errorf("%d reasons, want %d", n, c.fails)
			}
			if strings.Contains(out, "not listed") != (c.left != "") || !strings.Contains(out, c.left) {
				t.Errorf("what is not listed: want %q", c.left)
			}
			if !strings.Contains(out, c.attended) || strings.Count(out, "what to do") != 1 {
				t.Errorf("what to do: want %q", c.attended)
			}
		})
	}
}

// The page on formats shows what is printed of these accounts.
func TestThePageShowsTheText(t *testing.T) {
	spool, err := report.NewSpool(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	certified, denied := iamcheck.Certified, "AccessDenied: User: arn:aws:iam::210000000003:root is not authorized to perform: iam:ListMFADevices"
	names := []string{"payments", "web"}
	tally, recovery := iamcheck.NewTally(), iamcheck.NewRecoverySum()
	for _, f := range []iamcheck.Finding{
		{
			AccountID: "210000000001", Name: &names[0],
			Level2: iamcheck.Level2{Status: iamcheck.Pass, Assurance: &certified, Literal: iamcheck.Pass},
			Level1: iamcheck.Level1{Status: iamcheck.Pass},
		},
		{
			AccountID: "210000000002", Name: &names[1],
			Level2: iamcheck.Level2{
				Status: iamcheck.Fail, Literal: iamcheck.Pass, Reasons: []iamcheck.Reason{iamcheck.VirtualRootDevice}, Warnings: []iamcheck.Warning{iamcheck.SingleDevice},
				Exception: &iamcheck.Exception{
					Owner: "Ada", Approver: "Ben", Reason: "keys are on order", CompensatingControl: "weekly review",
					Expires: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
				},
			},
			Level1:   iamcheck.Level1{Status: iamcheck.Pass},
			Recovery: []iamcheck.Recovery{{Finding: iamcheck.RootAccessKeys, Status: iamcheck.RecoveryFinding, Severity: "critical"}},
		},
		{
			AccountID: "210000000003",
			Level2: iamcheck.Level2{
				Status: iamcheck.Unknown, Literal: iamcheck.Unknown, Reasons: []iamcheck.Reason{iamcheck.RootListUnreadable, iamcheck.SummaryMissing},
			},
			Level1: iamcheck.Level1{Status: iamcheck.Unknown, Reasons: []iamcheck.Reason{iamcheck.SummaryMissing}},
			Calls:  []iamcheck.Call{{Action: "iam:ListMFADevices", Outcome: iamcheck.Denied, Error: &denied}},
		},
	} {
		tally.Add(f)
		recovery.Add(f, "")
		if err := spool.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	s, far := term.Test()
	totals := tally.Totals(nil, iamcheck.Census{}, iamcheck.Thresholds{})
	totals.Recovery = recovery.Totals()
	if err := printAudit(s, spool, totals, form{benchmark: iamcheck.NewestBenchmark()}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "audit-formats.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parts := regexp.MustCompile("(?s)^(.*<!-- printed: text -->\n```text\n)(.*?)(```\n.*)$").FindStringSubmatch(string(page))
	switch {
	case parts == nil:
		t.Error("the page has no place for the text")
	case parts[2] != far.Out.String() && *update:
		if err := os.WriteFile(path, []byte(parts[1]+far.Out.String()+parts[3]), 0o644); err != nil {
			t.Fatal(err)
		}
	case parts[2] != far.Out.String():
		t.Errorf("the page shows\n%s\nand printed is\n%s\n(-update writes it)", parts[2], far.Out.String())
	}
}

func TestTheFiguresStandInOneColumn(t *testing.T) {
	figure, raised := 7.0, false
	var flags []iamcheck.Flag
	for _, name := range []iamcheck.FlagName{iamcheck.NoBackup, iamcheck.LogisticsBurden, iamcheck.SameSite, iamcheck.CustodianOverload} {
		flags = append(flags, iamcheck.Flag{Flag: name, Raised: &raised, Figure: &figure, Threshold: 20, Text: "so it is"})
	}
	s, far := term.Test()
	if err := printTotals(s, iamcheck.Totals{Flags: flags}, iamcheck.NewestBenchmark()); err != nil {
		t.Fatal(err)
	}
	columns := map[int]int{}
	for line := range strings.SplitSeq(far.Out.String(), "\n") {
		if at := strings.Index(line, " 7, threshold"); at >= 0 {
			columns[at]++
		}
		if len(line) > 100 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	if len(columns) != 1 {
		t.Errorf("the figures stand in the columns %v:\n%s", columns, far.Out.String())
	}
}
