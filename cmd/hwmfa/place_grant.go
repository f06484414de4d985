package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type placeGrantOptions struct {
	place, person string
	json          bool
}

func newPlaceGrantCommand(a *app) *cobra.Command {
	return newPlaceAccessCommand(a, &cobra.Command{
		Use:   "grant PLACE PERSON",
		Short: "Record that a person may open a place",
		Long: `Record that a person may open a place and all that is below it: that they know
its code, or have a key to its lock. The custody check finds by it who could open
an account alone. Where two people are needed at the place, or above or below it,
nothing is done until a second one runs hwmfa witness confirm, and the status is 3.` + exitStatusHelp(exitFound),
		Example: `  hwmfa place grant "Berlin/safe 1" ada@example.com`,
	}, inventory.GrantAccess, "%s may open %s\n")
}

func newPlaceRevokeCommand(a *app) *cobra.Command {
	return newPlaceAccessCommand(a, &cobra.Command{
		Use:   "revoke PLACE PERSON",
		Short: "Record that a person may not open a place any more",
		Long: `Record that a person may not open a place any more. Only the inventory is told:
who knows a code knows it until somebody changes it.` + exitStatusHelp(),
		Example: `  hwmfa place revoke "Berlin/safe 1" ada@example.com`,
	}, inventory.RevokeAccess, "%s may not open %s any more: change its code\n")
}

// accessRule is GrantAccess or RevokeAccess.
type accessRule func(tx inventory.Tx, act inventory.Act, placeID, personID string) (inventory.Access, error)

func newPlaceAccessCommand(a *app, cmd *cobra.Command, rule accessRule, said string) *cobra.Command {
	var opts placeGrantOptions
	cmd.Args = exactly("PLACE", "PERSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.place, opts.person = args[0], args[1]
		return runPlaceAccess(cmd.Context(), a, opts, rule, said)
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.place/v1): the place as it is then")
	return cmd
}

func runPlaceAccess(ctx context.Context, a *app, opts placeGrantOptions, rule accessRule, said string) error {
	var access inventory.Access
	var wanted inventory.AccessChange
	var shown placeJSON
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) error {
		place, err := inventory.FindPlace(tx, opts.place)
		if err != nil {
			return err
		}
		person, err := inventory.FindPerson(tx, opts.person)
		if err != nil {
			return err
		}
		wanted = inventory.AccessChange{PlaceID: place.ID, PersonID: person.ID}
		if access, err = rule(tx, act, place.ID, person.ID); err != nil {
			return err
		}
		shown, err = readPlace(tx, place)
		return err
	})
	if errors.Is(err, inventory.ErrNeedsWitness) {
		return a.askSecond(ctx, err, opts.json, func(tx inventory.Tx, act inventory.Act) (inventory.Request, error) {
			return inventory.AskAccess(tx, act, wanted)
		})
	}
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(placeReport(shown))
	}
	return a.streams.Printf(said, access.Person, access.Place)
}
