package main

import (
	"fmt"
	"strings"
	"testing"

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
		{"of ten thousand the failing ones", 10_000, newest, 0, 100, "9900 accounts that need no attention are not listed; --all lists them", "single_device, 9900 accounts"},
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
