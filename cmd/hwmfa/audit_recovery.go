package main

import (
	"fmt"
	"strings"

	"hwmfa/iamcheck"
	"hwmfa/internal/term"
)

// detailLines are the cases of a warning, which say more than the warning itself;
// nil where it has none.
func detailLines(f iamcheck.Finding, w iamcheck.Warning) (lines []string) {
	for _, d := range f.Level2.Details {
		if d.Warning == w {
			lines = append(lines, "warning: "+withMeaning(string(w), d.Text))
		}
	}
	return lines
}

// suggestionLines are the keys that devices of the account may be.
func suggestionLines(f iamcheck.Finding) (lines []string) {
	for _, d := range f.RootDevices {
		for _, s := range d.Suggestions {
			lines = append(lines, "suggestion for "+d.Serial+": "+s.Text)
		}
	}
	return lines
}

// printRecovery prints what was found on the ways around root's MFA, and of how
// many accounts. It stands below the verdicts, of which it is no part; which
// accounts have a finding is in the JSON.
func printRecovery(s *term.Streams, t iamcheck.RecoveryTotals) error {
	var lines []string
	for _, r := range t.Findings {
		// Most accounts have these, and they say nothing by themselves.
		if r.Findings == 0 || r.Finding == iamcheck.RootPassword || r.Finding == iamcheck.RootEmailPlusAddress {
			continue
		}
		more := ""
		if n := r.Findings - len(r.First); n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s%s", r.Finding, term.Count(r.Findings, "account", "accounts"), strings.Join(r.First, " "), more))
	}
	if len(lines) == 0 {
		return nil
	}
	if err := s.Print("\nways around root's MFA, which count for no verdict\n"); err != nil {
		return err
	}
	for _, l := range lines {
		if err := s.Paragraph(2, l); err != nil {
			return err
		}
	}
	return nil
}
