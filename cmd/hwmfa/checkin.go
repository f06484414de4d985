package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type checkinOptions struct {
	movesOptions
	keys        []string
	place, seal string
}

func newCheckinCommand(a *app) *cobra.Command {
	var opts checkinOptions
	cmd := &cobra.Command{
		Use:   "checkin KEY… --place P",
		Short: "Put keys away",
		Long: `Put keys away at a place: keys that people bring back, that were just enrolled,
or that were found again and have proved since to be themselves. All of them or,
where one is refused, none. With --seal they go into a bag with that number.` + witnessHelp +
			exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa checkin YK-17 --place "Berlin/safe 1/slot 4"
  hwmfa checkin YK-17 YK-18 --place "Berlin/safe 1" --seal A-0042`,
		Args: atLeast("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.keys = args
			return runCheckin(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().StringVar(&opts.place, "place", "", "the `place` where they go")
	cmd.Flags().StringVar(&opts.seal, "seal", "", "the `number` of the bag that they go into")
	opts.addFlags(cmd, "hwmfa.moved/v1")
	opts.addWitness(cmd)
	return cmd
}

func runCheckin(ctx context.Context, a *app, opts checkinOptions) error {
	if err := given([2]string{"place", opts.place}); err != nil {
		return err
	}
	m := inventory.Move{Verb: inventory.VerbCheckIn, Reason: opts.reason, Ticket: opts.ticket}
	return runMoves(ctx, a, opts.movesOptions, func(tx inventory.Tx, act inventory.Act) ([]inventory.Move, error) {
		moves, err := toPlace(opts.place, opts.keys, m)(tx, act)
		if err != nil || opts.seal == "" {
			return moves, err
		}
		seal := inventory.Move{Verb: inventory.VerbSeal, Seal: opts.seal, Reason: opts.reason, Ticket: opts.ticket}
		sealed, err := eachKey(opts.keys, seal)(tx, act)
		return append(moves, sealed...), err
	})
}

// toPlace plans the same move to a place for several keys.
func toPlace(path string, refs []string, m inventory.Move) plan {
	return func(tx inventory.Tx, act inventory.Act) ([]inventory.Move, error) {
		p, err := inventory.FindPlace(tx, path)
		if err != nil {
			return nil, err
		}
		m.PlaceID = p.ID
		return eachKey(refs, m)(tx, act)
	}
}
