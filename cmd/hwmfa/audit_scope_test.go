package main

import (
	"strings"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/internal/term"
)

func TestAScopeThatWasCutOffSaysSo(t *testing.T) {
	org, by := "o-exampleorgid", iamcheck.ListedByList
	for _, c := range []struct {
		name    string
		audited int
		want    string
	}{
		{"all but those left out", 8, ""},
		{"some that nobody looked at", 5, "  cut off: nobody has looked at 3 of them\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, far := term.Test()
			scope := iamcheck.Scope{Org: &org, ListedBy: &by, Listed: 10, Audited: c.audited, Excluded: []iamcheck.Exclusion{
				{Filter: iamcheck.FilterTag, Count: 2, Accounts: []string{"111122223333", "222233334444"}},
			}}
			if err := printScope(s, scope, true); err != nil {
				t.Fatal(err)
			}
			if got := far.Out.String(); strings.Contains(got, "cut off") != (c.want != "") || !strings.Contains(got, c.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}
