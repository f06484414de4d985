package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/ceremony"
	"hwmfa/internal/custody"
	"hwmfa/internal/policy"
	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type custodyCheckOptions struct{ json bool }

func newCustodyCheckCommand(a *app) *cobra.Command {
	var opts custodyCheckOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find what is not kept as it should be",
		Long: `Hold the inventory against the rules by which keys are kept: apart from each
other and from the passwords and PINs they open an account with, out of the hands
of one person alone, proved, and enough of them. Thresholds, spare pools, copies
and campaigns come from the policy file. Nothing is changed.` + exitStatusHelp(exitFound),
		Example: "  hwmfa custody check\n  hwmfa custody check --policy policy.yaml --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runCustodyCheck(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().StringVar(&a.flags.policy, "policy", "", "`FILE` of thresholds (policy.yaml)")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.custody-check/v1)")
	return cmd
}

// custodyCheckJSON is the schema hwmfa.custody-check/v1.
type custodyCheckJSON struct {
	Schema      string            `json:"schema"`
	GeneratedAt time.Time         `json:"generated_at"`
	Rules       []custody.Outcome `json:"rules"`
	Findings    []custody.Finding `json:"findings"`
}

func runCustodyCheck(ctx context.Context, a *app, opts custodyCheckOptions) error {
	limits, err := policy.Load(a.settings.Policy)
	if err != nil {
		return usageError{err}
	}
	now := a.now().UTC()
	var report custody.Report
	err = a.view(ctx, func(tx inventory.Tx) (err error) {
		report, err = ceremony.CheckCustody(tx, limits, now)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		err = a.streams.JSON(custodyCheckJSON{"hwmfa.custody-check/v1", now, report.Rules, report.Findings})
	} else {
		err = printCustodyCheck(a.streams, report)
	}
	if err == nil && len(report.Findings) > 0 {
		err = errFound
	}
	return err
}

// maxShown is how many findings of one rule are printed for people; JSON has
// all of them.
const maxShown = 20

func printCustodyCheck(s *term.Streams, report custody.Report) error {
	var errs []error
	shown, last := map[custody.Rule]int{}, custody.Finding{}
	for _, f := range report.Findings {
		if shown[f.Rule]++; shown[f.Rule] > maxShown {
			continue
		}
		if f.Rule != last.Rule || f.Severity != last.Severity {
			errs = append(errs, s.Print(s.Paint(severityColour(f.Severity), string(f.Severity))), s.Printf(" %s\n", string(f.Rule)))
		}
		last = f
		errs = append(errs, s.Paragraph(2, f.Text), s.Paragraph(4, f.Next))
	}
	unchecked := 0
	for _, o := range report.Rules {
		if o.Findings > maxShown {
			errs = append(errs, s.Printf("%s: %d more; --json lists them\n", string(o.Rule), o.Findings-maxShown))
		}
		if !o.Checked {
			unchecked++
		}
	}
	what := "no findings"
	if n := len(report.Findings); n > 0 {
		what = term.Count(n, "finding", "findings")
	}
	errs = append(errs, s.Printf("%s by %s\n", what, term.Count(len(report.Rules)-unchecked, "rule", "rules")))
	for _, o := range report.Rules {
		if !o.Checked {
			s.Notice("%s was not checked: the policy asks for nothing", string(o.Rule))
		}
	}
	return errors.Join(errs...)
}

func severityColour(s custody.Severity) term.Colour {
	if s == custody.High {
		return term.Red
	}
	return term.Yellow
}
