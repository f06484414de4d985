package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type artifactMoveOptions struct {
	ref, place, seal string
	json             bool
}

func newArtifactMoveCommand(a *app) *cobra.Command {
	var opts artifactMoveOptions
	cmd := &cobra.Command{
		Use:   "move ARTIFACT [--place PLACE] [--seal NUMBER]",
		Short: "Record that an artifact lies elsewhere, or has another seal",
		Long: `Record that an artifact lies elsewhere, or has another seal. The place has to be
there already.` + exitStatusHelp(),
		Example: `  hwmfa artifact move A-7Q2M4XRD --place "Rome/safe 1" --seal 4712`,
		Args:    exactly("ARTIFACT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ref = args[0]
			if opts.place == "" && opts.seal == "" {
				return usageError{errors.New("--place or --seal is missing")}
			}
			return changeArtifact(cmd.Context(), a, opts.ref, opts.json, opts.move)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.place, "place", "", "`PLACE` where it lies now")
	f.StringVar(&opts.seal, "seal", "", "`NUMBER` on its new seal")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.artifact/v1)")
	return cmd
}

func (o artifactMoveOptions) move(tx inventory.Tx, act inventory.Act, of inventory.Artifact) (inventory.Artifact, string, error) {
	if o.place != "" {
		p, err := inventory.FindPlace(tx, o.place)
		if err != nil {
			return of, "", err
		}
		of.PlaceID = p.ID
	}
	of.Seal = cmp.Or(o.seal, of.Seal)
	of, err := inventory.SaveArtifact(tx, act, of)
	said := "lies at " + of.Place
	if of.Seal != "" {
		said += ", seal " + of.Seal
	}
	return of, said, err
}

// changeArtifact finds an artifact, changes it and says what was done.
func changeArtifact(ctx context.Context, a *app, ref string, asJSON bool,
	change func(inventory.Tx, inventory.Act, inventory.Artifact) (inventory.Artifact, string, error),
) error {
	var of inventory.Artifact
	var said string
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if of, err = inventory.FindArtifact(tx, ref); err != nil {
			return err
		}
		of, said, err = change(tx, act, of)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		return a.streams.JSON(artifactReport(of))
	}
	return a.streams.Printf("%s %s\n", of.Name(), said)
}
