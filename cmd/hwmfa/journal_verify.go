package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type journalVerifyOptions struct {
	json bool
	head string
}

func newJournalVerifyCommand(a *app) *cobra.Command {
	var opts journalVerifyOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the journal's chain of hashes, and the inventory against it",
		Long: `Check that every event of the journal follows from the one before it, and that
all stored evidence, and the keys, places, people, accounts and all else that the
inventory shows is what the journal recorded. Events cut off at the end, or a
chain rewritten from some event on, show only against a head that was kept
elsewhere: give it with --head. A move whose second person the journal does not
have, and guards of the database that are gone, are wrong too. An event that is
dated long before the one before it is told as a warning.` + exitStatusHelp(exitFound),
		Example: "  hwmfa journal verify\n  hwmfa journal verify --head 42:9f86d081884c7d65…",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runJournalVerify(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.journal-verify/v1)")
	cmd.Flags().StringVar(&opts.head, "head", "", "a `HEAD` that hwmfa journal head printed earlier")
	return cmd
}

type journalVerifyReport struct {
	Schema string  `json:"schema"`
	Intact bool    `json:"intact"`
	Events *int64  `json:"events"`
	Head   *string `json:"head"`
	// Problems are sentences; empty when intact.
	Problems []string `json:"problems"`
	// Warnings are sentences about what may be wrong, and is intact.
	Warnings []string `json:"warnings"`
}

func backdatedText(b inventory.Backdated) string {
	return fmt.Sprintf("event %d by %s is dated %s, %s before the event before it (by %s): a clock was wrong, or it is backdated",
		b.Seq, b.Actor, timeText(b.At), b.Before.Sub(b.At).Round(time.Minute), b.By)
}

func runJournalVerify(ctx context.Context, a *app, opts journalVerifyOptions) error {
	kept, err := parseHead(opts.head)
	if err != nil {
		return usageError{err}
	}
	report := journalVerifyReport{Schema: "hwmfa.journal-verify/v1", Problems: []string{}, Warnings: []string{}}
	err = a.view(ctx, func(tx inventory.Tx) error {
		v, err := inventory.Verify(tx)
		if err != nil {
			return report.note(err)
		}
		if v.Journal == nil {
			text := v.Head.String()
			report.Events, report.Head = &v.Head.Seq, &text
		}
		for _, b := range v.Backdated {
			report.Warnings = append(report.Warnings, backdatedText(b))
		}
		return report.note(append(v.Faults(), compareHead(tx, kept))...)
	})
	if err != nil {
		return err
	}
	report.Intact = len(report.Problems) == 0
	if err := printVerify(a, opts, report); err != nil {
		return err
	}
	if !report.Intact {
		return errFound
	}
	return nil
}

// note takes what was found wrong with the journal into the report and returns
// what kept the check from being made.
func (r *journalVerifyReport) note(errs ...error) error {
	for _, err := range errs {
		switch {
		case err == nil:
		case errors.Is(err, inventory.ErrJournal), errors.Is(err, inventory.ErrDamaged):
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !r.saidOfJournal(err, line) {
					r.Problems = append(r.Problems, line)
				}
			}
		default:
			return err
		}
	}
	return nil
}

// saidOfJournal says whether a line only repeats where the journal breaks: every
// check that reads the journal comes to that place.
func (r *journalVerifyReport) saidOfJournal(err error, line string) bool {
	var broken *inventory.JournalError
	return errors.As(err, &broken) && strings.HasSuffix(line, broken.Error()) && slices.Contains(r.Problems, broken.Error())
}

func printVerify(a *app, opts journalVerifyOptions, r journalVerifyReport) error {
	if opts.json {
		return a.streams.JSON(r)
	}
	for _, p := range r.Problems {
		if err := a.streams.Lead(term.Red, "broken:", " %s\n", p); err != nil {
			return err
		}
	}
	for _, w := range r.Warnings {
		if err := a.streams.Lead(term.Yellow, "warning:", " %s\n", w); err != nil {
			return err
		}
	}
	if !r.Intact {
		return nil
	}
	return a.streams.Printf("intact: %s, head %s\n", term.Count(*r.Events, "event", "events"), *r.Head)
}

// parseHead reads NUMBER:HASH; "" is the zero Head, which asks for nothing.
func parseHead(s string) (inventory.Head, error) {
	if s == "" {
		return inventory.Head{}, nil
	}
	number, hash, _ := strings.Cut(s, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 1 {
		return inventory.Head{}, fmt.Errorf("--head %q: want NUMBER:HASH", s)
	}
	h, err := inventory.ParseHash(hash)
	if err != nil {
		return inventory.Head{}, fmt.Errorf("--head %q: %w", s, err)
	}
	return inventory.Head{Seq: seq, Hash: h}, nil
}

// compareHead holds a head that was kept elsewhere against the event of its
// number.
func compareHead(tx inventory.Tx, kept inventory.Head) error {
	if kept.Seq == 0 {
		return nil
	}
	var found bool
	err := inventory.Journal(tx, kept.Seq, func(e inventory.Event) error {
		if found {
			return nil
		}
		found = true
		switch {
		case e.Seq != kept.Seq:
			return &inventory.JournalError{Seq: kept.Seq, Fault: inventory.FaultMissing}
		case e.Hash != kept.Hash:
			return &inventory.JournalError{Seq: kept.Seq, Fault: inventory.FaultAltered, Detail: "its hash is not that of the head given"}
		}
		return nil
	})
	if err == nil && !found {
		return &inventory.JournalError{Seq: kept.Seq, Fault: inventory.FaultMissing, Detail: "the journal ends before it"}
	}
	return err
}
