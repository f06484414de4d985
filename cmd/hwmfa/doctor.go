package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/doctor"
	"hwmfa/internal/term"
)

type doctorOptions struct {
	aws, json bool
	roleName  string
}

func newDoctorCommand(a *app) *cobra.Command {
	var opts doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine lacks, and the command that mends it",
		Long: `Look at everything that the work with keys rests on, and say line by line what
is well (ok), what will be in the way (warn), what is (fail), and what was not
looked at (skip), with the command that mends it: libraries, the kernel's nodes
and their permissions, udev rules, the smart-card service, programs that hold
keys, the inventory and its journal, FIDO metadata, the clock, core dumps.

Keys are listed and nothing else, nothing is changed, and nobody is asked over
the network: the inventory is, where it is on a server, and AWS with --aws, by
one call of each kind that an audit makes. What each line means is in
docs/doctor.md, under its name.` + exitStatusHelp(exitFound),
		Example: "  hwmfa doctor\n  hwmfa doctor --aws\n  hwmfa doctor --json | jq '.findings[] | select(.status == \"fail\")'",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDoctor(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opts.aws, "aws", false, "ask AWS which of the audit's calls it allows")
	f.StringVar(&opts.roleName, "role-name", "", "with --aws, try the `ROLE` that the audit is to assume in member accounts")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.doctor/v1)")
	return cmd
}

type doctorReport struct {
	Schema   string          `json:"schema"`
	Findings []doctorFinding `json:"findings"`
	// Summary counts the findings of each status.
	Summary doctorSummary `json:"summary"`
}

type doctorFinding struct {
	ID     string  `json:"id"`
	Status string  `json:"status"`
	Text   string  `json:"text"`
	Mend   *string `json:"mend"`
}

type doctorSummary struct {
	OK   int `json:"ok"`
	Warn int `json:"warn"`
	Fail int `json:"fail"`
	Skip int `json:"skip"`
}

func runDoctor(ctx context.Context, a *app, opts doctorOptions) error {
	if opts.roleName != "" && !awsapi.IsRoleName(opts.roleName) {
		return usageError{errRoleName(opts.roleName)}
	}
	machine, err := a.machine(opts)
	if err != nil {
		return err
	}
	facts, err := doctor.Look(ctx, machine)
	if err != nil {
		return err
	}
	for _, u := range facts.Unread {
		a.log.Debug("could not look", "at", u.What, "error", u.Err)
	}
	findings := doctor.Judge(facts)
	if opts.json {
		err = a.streams.JSON(doctorToJSON(findings))
	} else {
		err = printDoctor(a.streams, findings)
	}
	if err == nil && doctor.Failed(findings) {
		err = errFound
	}
	return err
}

func doctorToJSON(findings []doctor.Finding) doctorReport {
	report := doctorReport{Schema: "hwmfa.doctor/v1", Findings: []doctorFinding{}}
	count := map[doctor.Status]*int{
		doctor.OK: &report.Summary.OK, doctor.Warn: &report.Summary.Warn, doctor.Fail: &report.Summary.Fail, doctor.Skip: &report.Summary.Skip,
	}
	for _, f := range findings {
		*count[f.Status]++
		report.Findings = append(report.Findings, doctorFinding{f.ID, string(f.Status), f.Text, null(f.Mend)})
	}
	return report
}

// statusColours are how the lines' first word is painted; what is not here is
// not.
var statusColours = map[doctor.Status]term.Colour{doctor.OK: term.Green, doctor.Warn: term.Yellow, doctor.Fail: term.Red}

func printDoctor(streams *term.Streams, findings []doctor.Finding) error {
	for _, f := range findings {
		if err := streams.Lead(statusColours[f.Status], string(f.Status), "%*s%s: %s\n", 6-len(f.Status), "", f.ID, f.Text); err != nil {
			return err
		}
		if f.Mend == "" {
			continue
		}
		lead := "mend it with"
		if f.Status == doctor.Skip {
			lead = "next"
		}
		if err := streams.Printf("      %s: %s\n", lead, f.Mend); err != nil {
			return err
		}
	}
	return nil
}
