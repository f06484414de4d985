package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type personLeaveOptions struct {
	ref  string
	json bool
}

func newPersonLeaveCommand(a *app) *cobra.Command {
	var opts personLeaveOptions
	cmd := &cobra.Command{
		Use:   "leave PERSON",
		Short: "Record that a person has left, and list what to take back",
		Long: `Record that a person has left: no key is handed to them again, and what they
might open by the inventory ends. Listed is what somebody has to see to: the keys
they have, the accounts that these open, the codes they know, the exceptions they
own; each with the command or the deed that does it. hwmfa person show lists the
same before, and what is left of it after.` + exitStatusHelp(),
		Example: "  hwmfa person leave ada@example.com",
		Args:    exactly("PERSON"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ref = args[0]
			return runPersonLeave(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.holdings/v1)")
	return cmd
}

func runPersonLeave(ctx context.Context, a *app, opts personLeaveOptions) error {
	var p inventory.Person
	var h inventory.Holdings
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if p, err = inventory.FindPerson(tx, opts.ref); err != nil {
			return err
		}
		p, h, err = inventory.PersonLeaves(tx, act, p.ID)
		return err
	})
	if err != nil {
		return err
	}
	report := holdingsToJSON(p, h, true)
	if opts.json {
		return a.streams.JSON(report)
	}
	return printHoldings(a.streams, report)
}
