package main

import (
	"fmt"
	"strings"
	"time"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

// differenceTexts say what each kind of difference means.
var differenceTexts = map[inventory.DifferenceKind]string{
	inventory.DiffOtherKey:     "another key shows the name of this one",
	inventory.DiffResetOrOther: "it was reset, or another key shows its name",
	inventory.DiffFIDOReset:    "the key is there and its FIDO side was reset: what it was registered for is dead",
	inventory.DiffMissing:      "had to be there, and was not counted",
	inventory.DiffCountedTwice: "counted at two places",
	inventory.DiffMisplaced:    "counted, and belongs to another place",
	inventory.DiffAway:         "counted, and the inventory has it elsewhere: see its status",
	inventory.DiffFound:        "counted, and the inventory has it as lost",
	inventory.DiffUnexpected:   "names no key of the inventory",
	inventory.DiffOneCounter:   "takes two people, and was counted by one",
}

// printReport prints what a stocktake comes to, no wider than 100 columns as
// long as names are not.
func (a *app) printReport(s inventory.Stocktake, r inventory.Report) error {
	if err := a.printStocktake(s); err != nil {
		return err
	}
	if !hidden(s) {
		if err := a.printNumbers(s, r); err != nil {
			return err
		}
	}
	for _, c := range r.Counters {
		if err := a.streams.Printf("%-12s %d at %s by %s\n", "count", c.Counted, c.Place, c.By); err != nil {
			return err
		}
	}
	if hidden(s) {
		return nil
	}
	if err := a.printDifferences(r); err != nil {
		return err
	}
	return a.printAbsences(r)
}

func (a *app) printNumbers(s inventory.Stocktake, r inventory.Report) error {
	counted := fmt.Sprintf("%d proved, %d sealed, %d claimed", r.Proved, r.Sealed, r.Claimed)
	if r.NotSampled > 0 {
		counted += fmt.Sprintf("; %d of them not in the sample", r.NotSampled)
	}
	if r.Repeated > 0 {
		counted += fmt.Sprintf("; %d more than once", r.Repeated)
	}
	var kinds []string
	for _, kind := range inventory.DifferenceKinds() {
		if n := r.Number(kind); n > 0 {
			kinds = append(kinds, fmt.Sprintf("%d %s", n, kind))
		}
	}
	if len(kinds) == 0 {
		kinds = []string{"none"}
	}
	expected := term.Count(r.Expected, "key", "keys")
	if s.Sample != nil {
		expected += " of the sample"
	}
	for _, l := range [][2]string{
		{"expected", fmt.Sprintf("%s, %d counted, %d not", expected, r.Present, r.Expected-r.Present)},
		{"counted", counted}, {"differences", strings.Join(kinds, ", ")},
	} {
		if err := a.streams.Printf("%-12s %s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printDifferences(r inventory.Report) error {
	if len(r.Differences) == 0 {
		return nil
	}
	t := term.NewTable("difference", "about", "serial", "tag", "expected", "counted at", "outcome").
		Limit(1, 20).Limit(2, 12).Limit(3, 10).Limit(4, 16).Limit(5, 16)
	// There can be a hundred thousand: no row is kept.
	row := func(d inventory.Difference) []term.Cell {
		cells := term.Plain(string(d.Kind), d.Subject(), deref(d.Serial), deref(d.Tag), deref(d.Expected), strings.Join(d.Counted, ", "), string(deref(d.Resolution)))
		cells[0].Colour = term.Red
		return cells
	}
	for _, d := range r.Differences {
		t.Measure(row(d)...)
	}
	if err := a.streams.Print("\n"); err != nil {
		return err
	}
	rows, err := a.streams.Rows(t)
	for _, d := range r.Differences {
		if err != nil {
			return err
		}
		err = rows.Row(row(d)...)
	}
	if err != nil {
		return err
	}
	return a.printDetails(r)
}

// printDetails says what the table of differences has no room for, and what its
// words mean.
func (a *app) printDetails(r inventory.Report) error {
	if err := a.streams.Print("\n"); err != nil {
		return err
	}
	for _, d := range r.Differences {
		if line := differenceLine(d); line != "" {
			if err := a.streams.Printf("%s: %s\n", d.Subject(), line); err != nil {
				return err
			}
		}
	}
	for _, kind := range inventory.DifferenceKinds() {
		if r.Number(kind) > 0 {
			if err := a.streams.Printf("%s: %s\n", kind, differenceTexts[kind]); err != nil {
				return err
			}
		}
	}
	return nil
}

// differenceLine says of a difference what the table has no room for.
func differenceLine(d inventory.Difference) string {
	var parts []string
	if d.Kind == inventory.DiffAway || d.Kind == inventory.DiffMissing && d.Holder != nil {
		parts = append(parts, "the inventory has it as "+string(deref(d.Status)))
	}
	if d.Holder != nil {
		parts = append(parts, "with "+*d.Holder)
	}
	if d.Detail != nil {
		parts = append(parts, *d.Detail)
	}
	if d.Reason != nil {
		parts = append(parts, *d.Reason)
	}
	return strings.Join(parts, ", ")
}

func (a *app) printAbsences(r inventory.Report) error {
	if len(r.Absences) == 0 {
		return nil
	}
	t := term.NewTable("rightly absent", "key", "serial", "tag", "with", "since", "due").Limit(2, 12).Limit(3, 10).Limit(4, 20)
	for _, x := range r.Absences {
		row := term.Plain(x.Why, x.KeyID, deref(x.Serial), deref(x.Tag), deref(x.Holder), day(x.Since), "")
		if x.Due != nil {
			row[6].Text = day(*x.Due)
		}
		if x.Overdue {
			row[6] = term.Cell{Text: row[6].Text + " overdue", Colour: term.Yellow}
		}
		t.Row(row...)
	}
	if err := a.streams.Print("\n"); err != nil {
		return err
	}
	return a.streams.Table(t)
}

// day is the day of a time as the inventory writes it.
func day(at string) string {
	t, err := inventory.ParseTime(at)
	if err != nil {
		return at
	}
	return t.Format(time.DateOnly)
}
