package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type checkoutOptions struct {
	movesOptions
	key, to, until string
	keep           bool
}

func newCheckoutCommand(a *app) *cobra.Command {
	var opts checkoutOptions
	cmd := &cobra.Command{
		Use:   "checkout KEY --to PERSON --reason R",
		Short: "Hand a key out to a person",
		Long: `Hand a key of the inventory out to a person, who brings it back or, with
--keep, keeps it. KEY is a key's ID, serial or tag; PERSON an ID, e-mail address,
login or name. A key in a sealed bag is not handed out: the bag is opened first.

TIME is RFC 3339, a day (its end), or how long from now: 90m, 8h, 3d, 2w.` + witnessHelp +
			exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa checkout YK-17 --to ada@example.org --reason "close account" --until 8h
  hwmfa checkout 12345678 --to Ben --reason "on call" --keep --witness-key YK-3`,
		Args: exactly("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.key = args[0]
			return runCheckout(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.to, "to", "", "the `PERSON` who takes it")
	f.StringVar(&opts.until, "until", "", "the `TIME` by which it has to be back")
	f.BoolVar(&opts.keep, "keep", false, "the person keeps it")
	opts.addFlags(cmd, "hwmfa.moved/v1")
	opts.addWitness(cmd)
	return cmd
}

func runCheckout(ctx context.Context, a *app, opts checkoutOptions) error {
	if err := given([2]string{"to", opts.to}, [2]string{"reason", opts.reason}); err != nil {
		return err
	}
	m := inventory.Move{Verb: inventory.VerbCheckOut, Keep: opts.keep, Reason: opts.reason, Ticket: opts.ticket}
	if opts.until != "" {
		var err error
		if m.Until, err = until(opts.until, a.now()); err != nil {
			return usageError{err}
		}
	}
	return runMoves(ctx, a, opts.movesOptions, func(tx inventory.Tx, act inventory.Act) ([]inventory.Move, error) {
		p, err := inventory.FindPerson(tx, opts.to)
		if err != nil {
			return nil, err
		}
		m.PersonID = p.ID
		return eachKey([]string{opts.key}, m)(tx, act)
	})
}
