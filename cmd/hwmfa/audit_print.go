package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
	"hwmfa/internal/term"
)

// listedAlways is how many accounts are few enough to be listed all.
const listedAlways = 100

// printAudit prints a report for people: a table that fits a hundred columns, the
// reasons of every account that has any to tell, and the figures. Of many accounts
// it lists those that somebody has to look at. It reads the findings several times
// and keeps none.
func printAudit(s *term.Streams, findings *report.Spool, totals iamcheck.Totals, as form) error {
	listed := 0
	each := func(print func(iamcheck.Finding) error) error {
		return findings.Each(func(f iamcheck.Finding) error {
			if findings.Len() > listedAlways && !as.all && !f.NeedsAttention() {
				return nil
			}
			return print(f)
		})
	}
	t := term.NewTable("account", "name", "level 2", "assurance", "literal", "level 1").Limit(1, 28).Give(1, 9).Drop(4, 3)
	err := each(func(f iamcheck.Finding) error {
		listed++
		t.Measure(accountRow(f)...)
		return nil
	})
	if err != nil {
		return err
	}
	if listed > 0 {
		rows, err := s.Rows(t)
		if err != nil {
			return err
		}
		if err := each(func(f iamcheck.Finding) error { return rows.Row(accountRow(f)...) }); err != nil {
			return err
		}
	}
	if err := each(func(f iamcheck.Finding) error { return printReasons(s, f) }); err != nil {
		return err
	}
	if left := findings.Len() - listed; left > 0 {
		of := term.Count(left, "account that needs no attention is", "accounts that need no attention are")
		if err := s.Printf("\n%s not listed; --all lists them all\n", of); err != nil {
			return err
		}
	}
	return errors.Join(printTotals(s, totals, as.benchmark), printAdvice(s, totals))
}

func accountRow(f iamcheck.Finding) []term.Cell {
	return []term.Cell{
		{Text: f.AccountID},
		{Text: deref(f.Name)},
		verdictCell(f.Level2.Status),
		{Text: string(deref(f.Level2.Assurance))},
		verdictCell(f.Level2.Literal),
		verdictCell(f.Level1.Status),
	}
}

func verdictCell(s iamcheck.Status) term.Cell {
	colours := map[iamcheck.Status]term.Colour{
		iamcheck.Pass: term.Green, iamcheck.Fail: term.Red, iamcheck.Unknown: term.Yellow,
	}
	return term.Cell{Text: string(s), Colour: colours[s]}
}

func deref[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}

// printReasons prints what stands below the table of one account, each word
// once. Of a plain pass there is nothing to say.
func printReasons(s *term.Streams, f iamcheck.Finding) error {
	var lines []string
	said := map[string]bool{}
	say := func(prefix, word, meaning string) {
		if !said[word] {
			said[word] = true
			lines = append(lines, prefix+withMeaning(word, meaning))
		}
	}
	if f.Level2.Status != iamcheck.Pass {
		for _, r := range f.Level2.Reasons {
			say("", string(r), r.Advice().Text)
		}
	}
	if f.Level1.Status.Open() {
		for _, r := range f.Level1.Reasons {
			say("level 1: ", string(r), r.Advice().Text)
		}
	}
	if f.Level2.NotRequired {
		lines = append(lines, "level 2 is not required: the account's tier"+tierText(f.Level2.Tier)+" does not demand it")
	} else if t := f.Level2.Tier; t != nil && t.By == iamcheck.TierUndecided && f.Level2.Status != iamcheck.Pass {
		lines = append(lines, "level 2 is required: what the policy's rules for tiers look at could not be read")
	}
	if e := f.Level2.Exception; e != nil {
		lines = append(lines, "exception until "+e.Expires.Format(time.DateOnly)+": "+e.Text())
	}
	if e := f.Level2.ExpiredException; e != nil {
		lines = append(lines, "exception expired on "+e.Expires.Format(time.DateOnly)+" and counts no more: "+e.Text())
	}
	for _, w := range f.Level2.Warnings {
		if cases := detailLines(f, w); cases != nil {
			lines = append(lines, cases...)
			continue
		}
		say("warning: ", string(w), w.Advice().Text)
	}
	lines = append(lines, suggestionLines(f)...)
	for _, c := range f.Calls {
		if c.Failed() {
			lines = append(lines, fmt.Sprintf("%s %s: %s", c.Action, c.Outcome, deref(c.Error)))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	title := f.AccountID
	if f.Name != nil {
		title += " " + *f.Name
	}
	if err := errors.Join(s.Print("\n"), s.Paragraph(0, title)); err != nil {
		return err
	}
	for _, l := range lines {
		if err := s.Paragraph(2, l); err != nil {
			return err
		}
	}
	return nil
}

// tierText names a tier that a rule gave; one that somebody gave is known.
func tierText(t *iamcheck.Tier) string {
	if t == nil || t.By != iamcheck.TierByRule {
		return ""
	}
	return fmt.Sprintf(", %s by the policy's rule %s,", *t.Name, *t.Rule)
}

func printTotals(s *term.Streams, t iamcheck.Totals, b iamcheck.Benchmark) error {
	of := term.Count(t.Accounts, "account", "accounts")
	if err := s.Printf("\n%s\n  level 2  %s\n  level 1  %s\n", of, counts(t.Level2), counts(t.Level1)); err != nil {
		return err
	}
	if err := s.Paragraph(2, fmt.Sprintf("by %s %s: level 2 is %s, level 1 is %s", iamcheck.BenchmarkName, b.Version, b.Hardware.ID, b.RootMFA.ID)); err != nil {
		return err
	}
	name := 0
	for _, flag := range t.Flags {
		name = max(name, len(flag.Flag))
	}
	for _, flag := range t.Flags {
		mark := "ok     "
		switch {
		case flag.Raised == nil:
			mark = "unknown"
		case *flag.Raised:
			mark = s.Paint(term.Yellow, "raised ")
		}
		figure := "?"
		if flag.Figure != nil {
			figure = number(*flag.Figure)
		}
		// mark carries our own colour codes and is not escaped.
		if err := s.Print("  " + mark); err != nil {
			return err
		}
		if err := s.Printf("  %-*s %s, threshold %s\n", name, string(flag.Flag), figure, number(flag.Threshold)); err != nil {
			return err
		}
		if err := s.Paragraph(11, flag.Text); err != nil {
			return err
		}
	}
	return printRecovery(s, t.Recovery)
}

func counts(of map[iamcheck.Status]int) string {
	var parts []string
	for _, s := range []iamcheck.Status{iamcheck.Pass, iamcheck.Fail, iamcheck.Unknown, iamcheck.NotApplicable} {
		parts = append(parts, fmt.Sprintf("%d %s", of[s], s))
	}
	return strings.Join(parts, ", ")
}

// number writes a figure without needless decimals.
func number(f float64) string {
	if f == float64(int64(f)) {
		return fmt.Sprintf("%d", int64(f))
	}
	return fmt.Sprintf("%.1f", f)
}
