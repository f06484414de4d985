package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/history"
	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type auditCadenceOptions struct {
	from, to, every, like string
	json                  bool
}

func newAuditCadenceCommand(a *app) *cobra.Command {
	var opts auditCadenceOptions
	cmd := &cobra.Command{
		Use:   "cadence",
		Short: "Show how often the audit was run over a period, and its gaps",
		Long: `Show how often a scope was audited in a period, for an auditor who draws a sample:
the runs and how much of the scope each saw, the times without a complete run, the
longest of them, accounts that no run looked at, and accounts that were unknown
each time. A gap that reaches over an end of the period counts whole. The scope is
that of the last run, or with --like that of another. See docs/audit-history.md.

The status is 3 where a gap is longer than --every.` + exitStatusHelp(exitFound),
		Example: `  hwmfa audit cadence --from 2026-01-01 --to 2026-12-31 --every 90d
  hwmfa audit cadence --from 12w --json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runAuditCadence(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.from, "from", "", "the period begins `WHEN`: a time, a day, or how long ago, as in 52w")
	f.StringVar(&opts.to, "to", "", "the period ends `WHEN`: a time, or a day, which counts whole (now)")
	f.StringVar(&opts.every, "every", "", "the longest `TIME` without a complete run that is allowed, as in 90d")
	f.StringVar(&opts.like, "like", "", "the scope of `RUN`")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.audit-cadence/v1)")
	return cmd
}

// check reads the period and the allowed gap, 0 for none.
func (o auditCadenceOptions) check(now time.Time) (from, to time.Time, every time.Duration, err error) {
	if o.from == "" {
		return from, to, every, errors.New("--from is missing")
	}
	if from, err = moment(o.from, now); err != nil {
		return from, to, every, fmt.Errorf("--from %w", err)
	}
	to = now
	if o.to != "" {
		if to, err = moment(o.to, now); err != nil {
			return from, to, every, fmt.Errorf("--to %w", err)
		}
		if day, err := time.ParseInLocation(time.DateOnly, o.to, now.Location()); err == nil {
			to = day.AddDate(0, 0, 1)
		}
		if to.After(now) {
			to = now // nobody has audited the future, or missed to
		}
	}
	if !from.Before(to) {
		return from, to, every, errors.New("the period ends before it begins")
	}
	if o.every != "" {
		length, ok := ahead(o.every)
		if !ok {
			return from, to, every, fmt.Errorf("--every %q: want a length of time, such as 90d, 12w or 36h", o.every)
		}
		every = length
	}
	return from, to, every, nil
}

func runAuditCadence(ctx context.Context, a *app, opts auditCadenceOptions) error {
	from, to, every, err := opts.check(a.now())
	if err != nil {
		return usageError{err}
	}
	var c history.Cadence
	var like inventory.AuditRun
	err = a.view(ctx, func(tx inventory.Tx) (err error) {
		if like, err = runLike(tx, opts.like); err != nil {
			return err
		}
		c, err = history.ReadCadence(tx, like, from, to)
		return err
	})
	if err != nil {
		return fmt.Errorf("audit cadence: %w", err)
	}
	if opts.json {
		err = a.streams.JSON(cadenceReport(c, like, every))
	} else {
		err = a.printCadence(c, like, every)
	}
	if err == nil && every > 0 && len(c.Longer(every)) > 0 {
		return errFound
	}
	return err
}

// gapJSON is a time without a complete run.
type gapJSON struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Seconds int64     `json:"seconds"`
	After   *string   `json:"after"`
	Before  *string   `json:"before"`
	TooLong *bool     `json:"too_long"`
}

func gapToJSON(g history.Gap, every time.Duration) gapJSON {
	j := gapJSON{g.From.UTC(), g.To.UTC(), int64(g.Length() / time.Second), null(g.After), null(g.Before), nil}
	if every > 0 {
		long := g.Length() > every
		j.TooLong = &long
	}
	return j
}

func cadenceReport(c history.Cadence, like inventory.AuditRun, every time.Duration) any {
	type scope struct {
		AccountID    *string  `json:"account_id"`
		Organization *string  `json:"organization"`
		Filters      []string `json:"filters"`
	}
	r := struct {
		Schema       string         `json:"schema"`
		Scope        scope          `json:"scope"`
		From         time.Time      `json:"from"`
		To           time.Time      `json:"to"`
		EverySeconds *int64         `json:"every_seconds"`
		Runs         []auditRunJSON `json:"runs"`
		Gaps         []gapJSON      `json:"gaps"`
		Longest      gapJSON        `json:"longest_gap"`
		Accounts     *int           `json:"accounts"` // null: none is known
		NeverAudited []string       `json:"never_audited"`
		NeverDecided []string       `json:"never_decided"`
	}{
		Schema: "hwmfa.audit-cadence/v1",
		Scope:  scope{null(like.Scope.Account), null(like.Scope.Organization), append([]string{}, like.Scope.Filters...)},
		From:   c.From.UTC(), To: c.To.UTC(), Runs: []auditRunJSON{}, Longest: gapToJSON(c.Longest(), every),
		NeverAudited: append([]string{}, c.NeverAudited...), NeverDecided: append([]string{}, c.NeverDecided...),
	}
	if c.Population > 0 {
		r.Accounts = &c.Population
	}
	if every > 0 {
		seconds := int64(every / time.Second)
		r.EverySeconds = &seconds
	}
	for _, run := range c.Runs {
		r.Runs = append(r.Runs, auditRunToJSON(run))
	}
	for _, g := range c.Gaps {
		r.Gaps = append(r.Gaps, gapToJSON(g, every))
	}
	return r
}

func (a *app) printCadence(c history.Cadence, like inventory.AuditRun, every time.Duration) error {
	s := a.streams
	err := s.Printf("%s\nfrom %s to %s\n\n", scopeText(like.Scope), timeText(c.From), timeText(c.To))
	if err != nil {
		return err
	}
	if len(c.Runs) > 0 {
		t := term.NewTable("run", "finished", "by", "audited", "level 2").Give(2, 8).Give(4, 16)
		for _, r := range c.Runs {
			t.Row(term.Plain(r.ID, timeText(r.Finished), r.By, coverageText(r), countsText(r.Level2))...)
		}
		if err := s.Table(t); err != nil {
			return err
		}
	}
	complete := 0
	for _, r := range c.Runs {
		if r.Complete() {
			complete++
		}
	}
	lines := []string{
		fmt.Sprintf("%s, %d complete", term.Count(len(c.Runs), "run", "runs"), complete),
		"longest gap: " + gapText(c.Longest()),
	}
	if every > 0 {
		long := c.Longer(every)
		lines = append(lines, fmt.Sprintf("gaps longer than %s: %d", daysText(every), len(long)))
		for _, g := range long {
			lines = append(lines, "  "+gapText(g))
		}
	}
	if c.Population > 0 {
		lines = append(lines, listText(fmt.Sprintf("of %s never audited", term.Count(c.Population, "account", "accounts")), c.NeverAudited))
	} else {
		lines = append(lines, "which accounts there were is not known: neither a run in the period nor one before it tells, nor the inventory")
	}
	lines = append(lines, listText("unknown each time", c.NeverDecided))
	if err := s.Print("\n"); err != nil {
		return err
	}
	for _, l := range lines {
		indent := len(l) - len(strings.TrimLeft(l, " "))
		if err := s.Paragraph(indent, l[indent:]); err != nil {
			return err
		}
	}
	return nil
}

func gapText(g history.Gap) string {
	end := func(id, edge string) string {
		if id == "" {
			return edge
		}
		return id
	}
	return fmt.Sprintf("%s, %s (%s) to %s (%s)", daysText(g.Length()), timeText(g.From), end(g.After, "the beginning"),
		timeText(g.To), end(g.Before, "the end"))
}

// listText counts a list and shows it.
func listText(what string, list []string) string {
	text := fmt.Sprintf("%s: %d", what, len(list))
	if len(list) > 0 {
		text += ": " + strings.Join(list, ", ")
	}
	return text
}
