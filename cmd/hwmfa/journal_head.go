package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type journalHeadOptions struct{ json bool }

func newJournalHeadCommand(a *app) *cobra.Command {
	var opts journalHeadOptions
	cmd := &cobra.Command{
		Use:   "head",
		Short: "Print the journal's last event number and hash",
		Long: `Print the number and hash of the journal's last event, as NUMBER:HASH. Kept
outside (printed, signed, mailed to somebody else) it proves later that nothing
before it was changed: see hwmfa journal verify --head.` + exitStatusHelp(),
		Example: "  hwmfa journal head",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runJournalHead(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.journal-head/v1)")
	return cmd
}

type journalHeadReport struct {
	Schema string `json:"schema"`
	Events int64  `json:"events"`
	Head   string `json:"head"`
}

func runJournalHead(ctx context.Context, a *app, opts journalHeadOptions) error {
	var head inventory.Head
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		head, err = inventory.JournalHead(tx)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(journalHeadReport{Schema: "hwmfa.journal-head/v1", Events: head.Seq, Head: head.String()})
	}
	return a.streams.Printf("%s\n", head)
}
