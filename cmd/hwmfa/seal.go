package main

import (
	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

func newSealCommand(a *app) *cobra.Command {
	var opts movesOptions
	cmd := &cobra.Command{
		Use:   "seal NUMBER KEY…",
		Short: "Put keys into a sealed bag, and open it",
		Long: `Put keys that lie at one place into a bag, and seal it. NUMBER is that of the
seal: letters, digits and - . _ / : #, in any letter case and spacing. It names
one bag and is used once for ever.` + witnessHelp + exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa seal A-0042 YK-17 YK-18
  hwmfa seal open A-0042 --reason "quarterly test"`,
		Args: atLeast("NUMBER", "KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m := inventory.Move{Verb: inventory.VerbSeal, Seal: args[0], Reason: opts.reason, Ticket: opts.ticket}
			return runMoves(cmd.Context(), a, opts, eachKey(args[1:], m))
		},
	}
	opts.addFlags(cmd, "hwmfa.moved/v1")
	opts.addWitness(cmd)
	cmd.AddCommand(
		newSealEndCommand(a, inventory.VerbUnseal, &cobra.Command{
			Use:   "open NUMBER --reason R",
			Short: "Open a sealed bag: an act of two people",
			Long: `Open a sealed bag. Its keys lie in their place then, one by one, and its number
is used up. It takes two people.` + witnessHelp + exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
			Example: `  hwmfa seal open A-0042 --reason "quarterly test"`,
		}),
		newSealEndCommand(a, inventory.VerbBreak, &cobra.Command{
			Use:   "broken NUMBER --reason R",
			Short: "Record that a bag was found open",
			Long: `Record that a bag was found open, or its seal broken. Whoever did it may have
had the keys, or left others: they count as found, and are not relied on until
each was plugged in and proved by hwmfa verify to be itself. Those that are not
there are lost: see hwmfa key lose. One person is enough to raise the alarm.` + exitStatusHelp(),
			Example: `  hwmfa seal broken A-0042 --reason "cut open, found by the night shift"`,
		}),
		newSealListCommand(a),
	)
	return cmd
}

// newSealEndCommand makes the command by which a bag is no bag any more.
func newSealEndCommand(a *app, verb inventory.Verb, cmd *cobra.Command) *cobra.Command {
	var opts movesOptions
	cmd.Args = exactly("NUMBER")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := given([2]string{"reason", opts.reason}); err != nil {
			return err
		}
		return runMoves(cmd.Context(), a, opts, func(tx inventory.Tx, _ inventory.Act) ([]inventory.Move, error) {
			return inventory.BagKeys(tx, args[0], verb, opts.reason, opts.ticket)
		})
	}
	opts.addFlags(cmd, "hwmfa.moved/v1")
	if verb == inventory.VerbUnseal {
		opts.addWitness(cmd)
	}
	return cmd
}
