package main

import (
	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

func newMoveCommand(a *app) *cobra.Command {
	var opts movesOptions
	var place string
	cmd := &cobra.Command{
		Use:   "move KEY… --place P",
		Short: "Take keys from one place to another",
		Long: `Take keys that lie at a place to another one, all of them or none. The keys of
a sealed bag go together. What travels further than a walk is for hwmfa ship.` + witnessHelp +
			exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa move YK-17 YK-18 --place "Berlin/safe 2"`,
		Args:    atLeast("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := given([2]string{"place", place}); err != nil {
				return err
			}
			m := inventory.Move{Verb: inventory.VerbMove, Reason: opts.reason, Ticket: opts.ticket}
			return runMoves(cmd.Context(), a, opts, toPlace(place, args, m))
		},
	}
	cmd.Flags().StringVar(&place, "place", "", "the `place` where they go")
	opts.addFlags(cmd, "hwmfa.moved/v1")
	opts.addWitness(cmd)
	return cmd
}
