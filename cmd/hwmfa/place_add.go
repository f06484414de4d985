package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type placeAddOptions struct {
	path      string
	parents   bool
	capacity  int64
	twoPeople bool
	json      bool
}

func newPlaceAddCommand(a *app) *cobra.Command {
	var opts placeAddOptions
	cmd := &cobra.Command{
		Use:   "add PLACE",
		Short: "Add a site, a safe at a site, or a slot in a safe",
		Long: `Add a place: SITE, SITE/SAFE or SITE/SAFE/SLOT. What it is in has to be there
already, so that a typo makes no second site; --parents makes it too.` + exitStatusHelp(),
		Example: `  hwmfa place add Berlin
  hwmfa place add "Berlin/safe 1" --two-people --capacity 40`,
		Args: exactly("PLACE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.path = args[0]
			return runPlaceAdd(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opts.parents, "parents", false, "add what it is in, too")
	f.Int64Var(&opts.capacity, "capacity", 0, "`NUMBER` of keys that fit in it and below it; 0 for no limit")
	f.BoolVar(&opts.twoPeople, "two-people", false, "no key goes in or out without a second person")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.place/v1)")
	return cmd
}

func runPlaceAdd(ctx context.Context, a *app, opts placeAddOptions) error {
	var shown placeJSON
	err := a.update(ctx, func(tx inventory.Tx, act inventory.Act) error {
		p, err := inventory.AddPlace(tx, act, opts.path, opts.parents)
		if err != nil {
			return err
		}
		if p, err = inventory.ChangePlace(tx, act, p.ID, opts.capacity, opts.twoPeople); err != nil {
			return err
		}
		shown, err = readPlace(tx, p)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(placeReport(shown))
	}
	return a.streams.Printf("%s is added as %s\n", shown.Path, shown.ID)
}
