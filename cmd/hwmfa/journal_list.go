package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type journalListOptions struct {
	json bool
	from int64
}

func newJournalListCommand(a *app) *cobra.Command {
	var opts journalListOptions
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the events of the journal",
		Long:    "List the events of the journal, oldest first, unchecked (see hwmfa journal verify)." + exitStatusHelp(),
		Example: "  hwmfa journal list\n  hwmfa journal list --from 120 --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runJournalList(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.journal/v1)")
	cmd.Flags().Int64Var(&opts.from, "from", 1, "begin with the event of this `number`")
	return cmd
}

func runJournalList(ctx context.Context, a *app, opts journalListOptions) error {
	events := []inventory.Event{}
	err := a.view(ctx, func(tx inventory.Tx) error {
		return inventory.Journal(tx, opts.from, func(e inventory.Event) error {
			if !opts.json {
				e.Payload = "" // is not shown, and can be a megabyte
			}
			events = append(events, e)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if opts.json {
		list := make([]eventJSON, 0, len(events))
		for _, e := range events {
			list = append(list, eventToJSON(e))
		}
		return a.streams.JSON(struct {
			Schema string      `json:"schema"`
			Events []eventJSON `json:"events"`
		}{"hwmfa.journal/v1", list})
	}
	if len(events) == 0 {
		a.streams.Notice("no events")
		return nil
	}
	t := term.NewTable("event", "time", "by", "what", "about").Limit(4, 40).Give(4, 11).Give(2, 8)
	for _, e := range events {
		t.Row(term.Plain(strconv.FormatInt(e.Seq, 10), timeText(e.Time), e.Actor, e.Kind, e.Subject)...)
	}
	return a.streams.Table(t)
}
