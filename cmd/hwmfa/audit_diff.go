package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/history"
	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type auditDiffOptions struct {
	since, like string
	json        bool
}

func newAuditDiffCommand(a *app) *cobra.Command {
	var opts auditDiffOptions
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Show what changed between two runs of the audit",
		Long: `Show what changed between the last run of the audit and an earlier one of the
same scope, benchmark and --require: the one before it or, with --since, the first
since a time, or the run that is named. Runs that are not all of their scope are
passed over, unless they are named; accounts that such a run did not reach are
neither gone nor new. --like takes the last run of another scope.

Worse are accounts that fail or are unknown and were not before, also those that
are new, and those that pass with less assurance. See docs/audit-history.md.

The status is 3 where something got worse.` + exitStatusHelp(exitFound),
		Example: `  hwmfa audit diff
  hwmfa audit diff --since 30d
  hwmfa audit diff --since AR-7Q2M4XRD --json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runAuditDiff(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().StringVar(&opts.since, "since", "", "compare with the first run since `WHEN`: a time, a day, how long ago (30d), or a run")
	cmd.Flags().StringVar(&opts.like, "like", "", "the last run of the scope of `RUN`, not the last of all")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.audit-diff/v1)")
	return cmd
}

// auditPair are two runs and their verdicts.
type auditPair struct {
	before, after inventory.AuditRun
	lists         [2]iter.Seq2[inventory.AuditVerdict, error]
}

func runAuditDiff(ctx context.Context, a *app, opts auditDiffOptions) error {
	since, err := opts.moment(a.now())
	if err != nil {
		return usageError{err}
	}
	var pair auditPair
	err = a.view(ctx, func(tx inventory.Tx) (err error) {
		if pair.after, err = lastAudit(tx, opts.like); err != nil {
			return err
		}
		switch {
		case opts.since == "":
			pair.before, err = inventory.PreviousAudit(tx, pair.after)
			if errors.Is(err, inventory.ErrNotFound) {
				err = fmt.Errorf("%s: %w", runText(pair.after), errAlone)
			}
		case !since.IsZero():
			pair.before, err = inventory.FirstAuditSince(tx, pair.after, since)
		default:
			pair.before, err = inventory.FindAudit(tx, opts.since)
		}
		if err != nil {
			return err
		}
		for i, r := range []inventory.AuditRun{pair.before, pair.after} {
			if pair.lists[i], err = inventory.ReadAudit(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("audit diff: %w", err)
	case !pair.before.Comparable(pair.after):
		return fmt.Errorf("audit diff: %s and %s: %w", pair.before.ID, pair.after.ID, errNotComparable)
	case pair.before.Event >= pair.after.Event:
		return fmt.Errorf("audit diff: %s is not before %s: %w", pair.before.ID, pair.after.ID, errNotComparable)
	}
	sum, err := pair.sum()
	switch {
	case err != nil:
	case opts.json:
		err = a.diffJSON(pair, sum)
	default:
		err = a.printDiff(pair, sum)
	}
	if err != nil {
		return fmt.Errorf("audit diff: %w", err)
	}
	if sum.worse > 0 {
		return errFound
	}
	return nil
}

// each hands over every account that differs, in the order of accounts, and says
// how many were compared. It keeps none of them: an organization may have changed
// as a whole.
func (p auditPair) each(fn func(history.Difference) error) (both int, err error) {
	return history.Compare(
		history.Verdicts{List: p.lists[0], Complete: p.before.Complete()},
		history.Verdicts{List: p.lists[1], Complete: p.after.Complete()}, fn)
}

// diffSum counts what differs.
type diffSum struct {
	both, differ, worse int
	changes             map[history.Change]int
}

func (p auditPair) sum() (sum diffSum, err error) {
	sum.changes = map[history.Change]int{}
	for _, c := range history.Changes() {
		sum.changes[c] = 0
	}
	sum.both, err = p.each(func(d history.Difference) error {
		sum.differ++
		if d.Worse {
			sum.worse++
		}
		for _, c := range d.Changes {
			sum.changes[c]++
		}
		return nil
	})
	return sum, err
}

// errNotComparable: a difference between the runs would say nothing of accounts.
var errNotComparable = errors.New("not two runs of the same scope and rules, one before the other")

// errAlone: there is nothing to compare a run with.
var errAlone = errors.New("no earlier run of the same scope and rules is recorded")

// moment is the time that --since gives; zero where it names a run, or nothing.
func (o auditDiffOptions) moment(now time.Time) (time.Time, error) {
	if o.since == "" || strings.HasPrefix(strings.ToUpper(o.since), "AR-") {
		return time.Time{}, nil
	}
	at, err := moment(o.since, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("--since %w, or a run", err)
	}
	return at, nil
}

// lastAudit is the last run that is all of its scope: of the scope of a run, or
// of the newest.
func lastAudit(tx inventory.Tx, like string) (inventory.AuditRun, error) {
	r, err := runLike(tx, like)
	if err != nil {
		return r, err
	}
	all, err := tx.ListAuditRuns(r.Scope.Key())
	for _, last := range slices.Backward(all) {
		if last.Complete() && last.Comparable(r) {
			return last, nil
		}
	}
	return r, err
}

// auditDiffJSON is one account that differs.
type auditDiffJSON struct {
	AccountID      string           `json:"account_id"`
	Name           *string          `json:"name"`
	Changes        []history.Change `json:"changes"`
	New            bool             `json:"new"`
	Worse          bool             `json:"worse"`
	Before         *verdictJSON     `json:"before"`
	After          *verdictJSON     `json:"after"`
	DevicesAdded   []string         `json:"devices_added"`
	DevicesRemoved []string         `json:"devices_removed"`
}

// verdictJSON is a verdict as the history keeps it.
type verdictJSON struct {
	Level2      string   `json:"level2"`
	Level1      string   `json:"level1"`
	Assurance   *string  `json:"assurance"`
	NotRequired bool     `json:"not_required"`
	Reasons     []string `json:"reasons"`
	Warnings    []string `json:"warnings"`
	Devices     []string `json:"devices"`
}

func verdictToJSON(v *inventory.AuditVerdict) *verdictJSON {
	if v == nil {
		return nil
	}
	return &verdictJSON{v.Level2, v.Level1, null(v.Assurance), v.NotRequired, append([]string{}, v.Reasons...), append([]string{}, v.Warnings...), v.Devices}
}

// diffJSON writes the comparison, one account after the other.
func (a *app) diffJSON(p auditPair, sum diffSum) error {
	var failed error
	accounts := func(yield func(any) bool) {
		_, failed = p.each(func(d history.Difference) error {
			if !yield(differenceToJSON(d)) {
				return errEnough
			}
			return nil
		})
	}
	err := a.streams.JSONLists(struct {
		Schema   string                 `json:"schema"`
		Before   auditRunJSON           `json:"before"`
		After    auditRunJSON           `json:"after"`
		Compared int                    `json:"compared"`
		Worse    int                    `json:"worse"`
		Changes  map[history.Change]int `json:"changes"`
		Accounts []auditDiffJSON        `json:"accounts"`
	}{"hwmfa.audit-diff/v1", auditRunToJSON(p.before), auditRunToJSON(p.after), sum.both, sum.worse, sum.changes, []auditDiffJSON{}},
		term.List{Name: "accounts", Elements: accounts})
	return errors.Join(err, failed)
}

func differenceToJSON(d history.Difference) auditDiffJSON {
	return auditDiffJSON{
		AccountID: d.AccountID(), Name: null(d.Name()), Changes: d.Changes, New: d.New, Worse: d.Worse,
		Before: verdictToJSON(d.Before), After: verdictToJSON(d.After),
		DevicesAdded: append([]string{}, d.DevicesAdded...), DevicesRemoved: append([]string{}, d.DevicesRemoved...),
	}
}

// printDiff prints what got worse, then the rest.
func (a *app) printDiff(p auditPair, sum diffSum) error {
	err := a.streams.Printf("%s\nfrom %s\nto   %s\n", scopeText(p.after.Scope), runText(p.before), runText(p.after))
	if err != nil {
		return err
	}
	for _, worse := range []bool{true, false} {
		if worse && sum.worse == 0 || !worse && sum.worse == sum.differ {
			continue
		}
		_, err := p.each(func(d history.Difference) error {
			if d.Worse != worse {
				return nil
			}
			return a.printChanged(d)
		})
		if err != nil {
			return err
		}
	}
	return a.streams.Printf("\n%s compared, %s, %d got worse\n",
		term.Count(sum.both, "account", "accounts"), term.Count(sum.differ, "differs", "differ"), sum.worse)
}

// printChanged prints how an account differs.
func (a *app) printChanged(d history.Difference) error {
	mark := "  "
	if d.Worse {
		mark = a.streams.Paint(term.Red, "! ")
	}
	// mark carries our own colour codes and is not escaped.
	if err := a.streams.Print("\n" + mark); err != nil {
		return err
	}
	if err := a.streams.Printf("%s %s\n", d.AccountID(), d.Name()); err != nil {
		return err
	}
	for _, line := range differenceLines(d) {
		if err := a.streams.Paragraph(4, line); err != nil {
			return err
		}
	}
	return nil
}

// differenceLines say in words how an account differs.
func differenceLines(d history.Difference) []string {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	words := func(what string, added, gone []string) {
		if len(added) > 0 {
			say("%s now: %s", what, strings.Join(added, ", "))
		}
		if len(gone) > 0 {
			say("%s no more: %s", what, strings.Join(gone, ", "))
		}
	}
	b, n := d.Before, d.After
	for _, c := range d.Changes {
		switch c {
		case history.Appeared:
			say("was not there before: level 2 %s, level 1 %s", n.Level2, n.Level1)
			words("reason", n.Reasons, nil)
		case history.Gone:
			say("is not there any more: level 2 was %s, level 1 %s", b.Level2, b.Level1)
		case history.NewFailure, history.NewUnknown, history.Mended, history.StatusChanged:
			say("level 2: %s → %s", b.Level2, n.Level2)
			if n.Level2 != "pass" {
				words("reason", n.Reasons, nil)
			}
		case history.Level1Failure, history.Level1Unknown, history.Level1Mended, history.Level1Changed:
			say("level 1: %s → %s", b.Level1, n.Level1)
		case history.NowRequired:
			say("level 2 is required now")
		case history.NoMoreRequired:
			say("level 2 is no longer required")
		case history.Weaker, history.Stronger:
			say("assurance: %s → %s", b.Assurance, n.Assurance)
		case history.ReasonsChanged:
			words("reason", d.ReasonsAdded, d.ReasonsDropped)
		case history.WarningChanged:
			words("warning", d.WarningsAdded, d.WarningsEnded)
		case history.DeviceAdded:
			words("device", d.DevicesAdded, nil)
		case history.DeviceRemoved:
			words("device", nil, d.DevicesRemoved)
		}
	}
	return lines
}
