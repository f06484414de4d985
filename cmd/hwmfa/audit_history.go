package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/iamcheck"
	"hwmfa/internal/history"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// historyOptions say what a run has to do with those before it.
type historyOptions struct {
	failOn   string
	noRecord bool
}

// What ends an audit with exit status 3.
const (
	failOnAny = "any"
	failOnNew = "new"
)

func (o *historyOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.failOn, "fail-on", failOnAny, "end with status 3 on `WHAT`: any finding, or new ones since the last run of the same scope")
	f.BoolVar(&o.noRecord, "no-record", false, "do not record the run in the inventory")
	completeWords(cmd, "fail-on", []string{failOnAny, failOnNew})
}

// check refuses what is no word. again: the run decides on what another had seen.
func (o *historyOptions) check(again bool) error {
	if again && o.failOn == failOnNew {
		return errors.New("--fail-on new: of evidence that is decided on again nothing is new; hwmfa audit diff compares runs")
	}
	if o.failOn != failOnAny && o.failOn != failOnNew {
		return fmt.Errorf("--fail-on %q: want %s or %s", o.failOn, failOnAny, failOnNew)
	}
	return nil
}

// caller is who AWS says is asking; of several profiles the last.
type caller struct{ account, arn string }

// recordTimeout is how long an audit that was interrupted waits to be recorded.
const recordTimeout = time.Minute

// remember says whether the run found what ends it with status 3, and records
// it. It is called once the verdicts are printed: whatever becomes of the record
// changes nothing in them, nor in the status, and is told.
func (r *audit) remember(ctx context.Context, missing error) (found bool, err error) {
	run := r.entry(missing)
	found = r.attention
	if r.opts.history.failOn == failOnNew {
		found, err = r.anythingNew(ctx, run)
	}
	if failed := r.record(ctx, run); failed != nil {
		r.app.notices("this run was not recorded: ", failed)
	}
	return found, err
}

// entry is the run as it is recorded; missing is what kept it from being all of
// its scope.
func (r *audit) entry(missing error) inventory.AuditRun {
	run := inventory.AuditRun{
		Started: r.started, Finished: r.app.now(), CallerAccount: r.caller.account, CallerARN: r.caller.arn,
		Benchmark: r.form.benchmark.Version, Require: string(r.require), PacketHead: r.packetHead,
	}
	if missing != nil {
		run.Incomplete = missing.Error()
	}
	if r.opts.packet.supplied != "" {
		// What somebody supplied is seen otherwise than what AWS answers now.
		run.Scope.Filters = append(run.Scope.Filters, "--supplied")
	}
	if !r.what.Org {
		if len(r.what.Profiles) > 1 {
			for _, p := range r.what.Profiles {
				run.Scope.Filters = append(run.Scope.Filters, "--profile "+p)
			}
		} else {
			run.Scope.Account = r.caller.account
		}
		return run
	}
	if r.scope.Org != nil {
		run.Scope.Organization = *r.scope.Org
	} else {
		// Two organizations that AWS does not name are not one.
		run.Scope.Filters = append(run.Scope.Filters, "--org of "+r.caller.account)
	}
	for _, t := range r.scope.Filters {
		run.Scope.Filters = append(run.Scope.Filters, fmt.Sprintf("--%s %s", t.Filter, t.Value))
	}
	if r.scope.ListedBy != nil {
		excluded := 0
		for _, x := range r.scope.Excluded {
			excluded += x.Count
		}
		run.Listed, run.Excluded = &r.scope.Listed, &excluded
	}
	return run
}

// record writes the run into the inventory; where there is none, or none is to be
// written, nothing, and nothing of an audit that decided again on what another
// had seen. It does so too when the audit was interrupted.
func (r *audit) record(ctx context.Context, run inventory.AuditRun) error {
	again := r.evidence.packet != nil // AWS was not asked
	if again || r.opts.history.noRecord || r.app.settings.Inventory == "" {
		return nil
	}
	verdicts := &inventory.AuditVerdicts{}
	for v, err := range r.verdicts() {
		if err == nil {
			err = verdicts.Add(v)
		}
		if err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	err := r.app.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) error {
		_, err := inventory.RecordAudit(tx, act, run, verdicts)
		return err
	})
	if errors.Is(err, store.ErrNoInventory) {
		r.app.log.Debug("the run is not recorded", "reason", err)
		return nil
	}
	return err
}

// anythingNew says whether anything is worse than in the last run of the same
// scope, and names what is on the terminal's page. Without such a run everything
// that needs attention is new.
func (r *audit) anythingNew(ctx context.Context, run inventory.AuditRun) (found bool, err error) {
	fresh := 0
	before, err := r.since(ctx, run, func(before inventory.AuditRun, d history.Difference) error {
		if !d.New {
			return nil
		}
		fresh++
		if !r.forPeople() {
			return nil
		}
		if fresh == 1 {
			if err := r.app.streams.Printf("\nnew since %s\n", runText(before)); err != nil {
				return err
			}
		}
		return r.app.printChanged(d)
	})
	switch {
	case err != nil:
		return true, fmt.Errorf("compare with the run before: %w", err)
	case before == nil:
		r.app.streams.Notice("there is no run of the same scope before this one: everything is new")
		return r.attention, nil
	case fresh == 0 && r.forPeople():
		err = r.app.streams.Printf("\nnothing new since %s\n", runText(*before))
	}
	return fresh > 0, err
}

// since compares this run with the last of the same scope and hands over that
// and every difference, in the order of accounts; nil where there is no such run.
func (r *audit) since(ctx context.Context, run inventory.AuditRun, each func(inventory.AuditRun, history.Difference) error) (*inventory.AuditRun, error) {
	if r.app.settings.Inventory == "" {
		return nil, nil
	}
	var before inventory.AuditRun
	var list iter.Seq2[inventory.AuditVerdict, error]
	err := r.app.view(context.WithoutCancel(ctx), func(tx inventory.Tx) (err error) {
		if before, err = inventory.PreviousAudit(tx, run); err == nil {
			list, err = inventory.ReadAudit(tx, before)
		}
		return err
	})
	if errors.Is(err, store.ErrNoInventory) || errors.Is(err, inventory.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, err = history.Compare(
		history.Verdicts{List: list, Complete: before.Complete()}, history.Verdicts{List: r.verdicts(), Complete: run.Complete()},
		func(d history.Difference) error { return each(before, d) })
	return &before, err
}

// verdicts are the findings of the run in the order of their accounts.
func (r *audit) verdicts() iter.Seq2[inventory.AuditVerdict, error] {
	return func(yield func(inventory.AuditVerdict, error) bool) {
		err := r.spool.Each(func(f iamcheck.Finding) error {
			if !yield(history.VerdictOf(f), nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(inventory.AuditVerdict{}, err)
		}
	}
}

// forPeople says whether the report is one that people read.
func (r *audit) forPeople() bool { return r.form.format == "" }
