package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type custodyOptions struct {
	key, holder, place string
	overdue, json      bool
}

func newCustodyCommand(a *app) *cobra.Command {
	var opts custodyOptions
	cmd := &cobra.Command{
		Use:   "custody [KEY]",
		Short: "Say where keys are, who has them, since when and why",
		Long: `Say where keys are, who has them, since when and why; of one key its whole
history from the journal too. Keys that were disposed of are not in the list.` + exitStatusHelp(),
		Example: `  hwmfa custody --overdue
  hwmfa custody --holder ada@example.org
  hwmfa custody YK-17`,
		Args: atMost("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return runCustody(cmd.Context(), a, opts)
			}
			if opts.overdue || opts.holder != "" || opts.place != "" {
				return usageError{errors.New("KEY names one key: --overdue, --holder and --place are for the list")}
			}
			opts.key = args[0]
			return runCustodyOf(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opts.overdue, "overdue", false, "only keys that should be back, or there, by now")
	f.StringVar(&opts.holder, "holder", "", "only keys that this `person` has")
	f.StringVar(&opts.place, "place", "", "only keys at this `place` or below it, or that belong there")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.custody/v1)")
	cmd.AddCommand(newCustodyCheckCommand(a))
	return cmd
}

// custodyJSON is the schema hwmfa.custody/v1.
type custodyJSON struct {
	Schema string           `json:"schema"`
	Keys   []custodyOfJSON  `json:"keys"`
	Steps  []custodyHistory `json:"history"` // of the one key that was named, else null
}

// custodyOfJSON is where one key is.
type custodyOfJSON struct {
	ID       string           `json:"id"`
	Serial   *string          `json:"serial"`
	Tag      *string          `json:"tag"`
	Status   inventory.Status `json:"status"`
	Place    *string          `json:"place"`
	Holder   *string          `json:"holder"`
	HolderID *string          `json:"holder_id"`
	Seal     *string          `json:"seal"`
	Shipment *string          `json:"shipment"`
	Since    time.Time        `json:"since"`
	Due      *time.Time       `json:"due"`
	Overdue  bool             `json:"overdue"`
	Reason   *string          `json:"reason"`
	Ticket   *string          `json:"ticket"`
}

func custodyToJSON(k inventory.Key, now time.Time) custodyOfJSON {
	return custodyOfJSON{
		ID: k.ID, Serial: null(k.Serial), Tag: null(k.Tag), Status: k.Status, Place: null(k.Place), Holder: null(k.Holder), HolderID: null(k.HolderID),
		Seal: null(k.Seal), Shipment: null(k.Shipment), Since: k.Since.UTC(), Due: nullTime(k.Due), Overdue: k.Overdue(now),
		Reason: null(k.Reason), Ticket: null(k.Ticket),
	}
}

// nullTime is nil for the zero time, which stands for "none": JSON then has null.
func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// inLife are the statuses of keys that are not gone for good.
func inLife() []inventory.Status {
	var all []inventory.Status
	for _, s := range inventory.Statuses() {
		if s != inventory.StatusDisposed {
			all = append(all, s)
		}
	}
	return all
}

func runCustody(ctx context.Context, a *app, opts custodyOptions) error {
	now := a.now()
	var keys []inventory.Key
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		f := inventory.KeyFilter{Statuses: inLife(), Place: opts.place}
		if opts.overdue {
			f.DueBefore = now
		}
		keys, err = keysOf(tx, f, opts.holder)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		report := custodyJSON{Schema: "hwmfa.custody/v1", Keys: make([]custodyOfJSON, 0, len(keys))}
		for _, k := range keys {
			report.Keys = append(report.Keys, custodyToJSON(k, now))
		}
		return a.streams.JSON(report)
	}
	if len(keys) == 0 {
		a.streams.Notice("no keys")
		return nil
	}
	t := term.NewTable("key", "status", "where", "who", "since", "due", "why").Limit(2, 28).Limit(3, 20).Limit(6, 32).
		Give(6, 6).Give(2, 10).Give(3, 8)
	for _, k := range keys {
		due := ""
		if !k.Due.IsZero() {
			due = k.Due.UTC().Format(time.DateOnly)
		}
		where := k.Place
		if k.Seal != "" {
			where += " [" + k.Seal + "]"
		}
		row := term.Plain(firstOf(k.Tag, k.Serial, k.ID), string(k.Status), where, k.Holder, k.Since.UTC().Format(time.DateOnly), due, k.Reason)
		if k.Overdue(now) {
			row[5].Colour = term.Red
			row[5].Text += " late"
		}
		if k.Status.Missing() {
			row[1].Colour = term.Red
		}
		t.Row(row...)
	}
	return a.streams.Table(t)
}
