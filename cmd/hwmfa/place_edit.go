package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type placeEditOptions struct {
	ref       string
	capacity  *int64 // nil: stays
	twoPeople *bool  // nil: stays
	json      bool
}

func newPlaceEditCommand(a *app) *cobra.Command {
	var capacity int64
	var two, one, asJSON bool
	cmd := &cobra.Command{
		Use:   "edit PLACE",
		Short: "Change how many keys fit in a place, and whether it takes two people",
		Long: `Change the rules of a place. PLACE is its path or ID. What no flag names stays
as it is. That a place takes two people is not for one to end: nothing is done
then until a second person runs hwmfa witness confirm, and the status is 3.` + exitStatusHelp(exitFound),
		Example: `  hwmfa place edit "Berlin/safe 1" --capacity 60
  hwmfa place edit P-7Q2M4XRD --two-people`,
		Args: exactly("PLACE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts := placeEditOptions{ref: args[0], json: asJSON}
			if cmd.Flags().Changed("capacity") {
				opts.capacity = &capacity
			}
			switch {
			case two && one:
				return usageError{errors.New("--two-people and --one-person exclude each other")}
			case two || one:
				opts.twoPeople = &two
			case opts.capacity == nil:
				return usageError{errors.New("nothing to change: give --capacity, --two-people or --one-person")}
			}
			return runPlaceEdit(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.Int64Var(&capacity, "capacity", 0, "`NUMBER` of keys that fit in it and below it; 0 for no limit")
	f.BoolVar(&two, "two-people", false, "no key goes in or out without a second person")
	f.BoolVar(&one, "one-person", false, "one person is enough")
	f.BoolVar(&asJSON, "json", false, "print JSON (hwmfa.place/v1)")
	return cmd
}

func runPlaceEdit(ctx context.Context, a *app, opts placeEditOptions) error {
	var shown placeJSON
	var wanted inventory.PlaceChange
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) error {
		p, err := inventory.FindPlace(tx, opts.ref)
		if err != nil {
			return err
		}
		if opts.capacity != nil {
			p.Capacity = *opts.capacity
		}
		if opts.twoPeople != nil {
			p.TwoPeople = *opts.twoPeople
		}
		wanted = inventory.PlaceChange{PlaceID: p.ID, Capacity: p.Capacity, TwoPeople: p.TwoPeople}
		if p, err = inventory.ChangePlace(tx, act, p.ID, p.Capacity, p.TwoPeople); err != nil {
			return err
		}
		shown, err = readPlace(tx, p)
		return err
	})
	if errors.Is(err, inventory.ErrNeedsWitness) {
		return a.askSecond(ctx, err, opts.json, func(tx inventory.Tx, act inventory.Act) (inventory.Request, error) {
			return inventory.AskPlaceChange(tx, act, wanted)
		})
	}
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(placeReport(shown))
	}
	return a.streams.Printf("%s: %s\n", shown.Path, placeRules(shown))
}

// placeRules says in words what goes for a place.
func placeRules(p placeJSON) string {
	people := "one person is enough"
	if p.TwoPeople {
		people = "takes two people"
	}
	return capacityText(p.Capacity) + ", " + people
}
