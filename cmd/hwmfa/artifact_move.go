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
there already.` + exitStatusHelp(exitFound),
		Example: `  hwmfa artifact move A-7Q2M4XRD --place "Rome/safe 1" --seal 4712`,
		Args:    exactly("ARTIFACT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ref = args[0]
			if opts.place == "" && opts.seal == "" {
				return usageError{errors.New("--place or --seal is missing")}
			}
			return changeArtifact(cmd.Context(), a, opts.ref, opts.json, opts.move, liesText)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.place, "place", "", "`PLACE` where it lies now")
	f.StringVar(&opts.seal, "seal", "", "`NUMBER` on its new seal")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.artifact/v1)")
	return cmd
}

func (o artifactMoveOptions) move(tx inventory.Tx, of inventory.Artifact) (inventory.Artifact, error) {
	if o.place != "" {
		p, err := inventory.FindPlace(tx, o.place)
		if err != nil {
			return of, err
		}
		of.PlaceID = p.ID
	}
	of.Seal = cmp.Or(o.seal, of.Seal)
	return of, nil
}

func liesText(of inventory.Artifact) string {
	said := "lies at " + of.Place
	if of.Seal != "" {
		said += ", seal " + of.Seal
	}
	return said
}

// changeArtifact finds an artifact, changes it and says what was done.
func changeArtifact(ctx context.Context, a *app, ref string, asJSON bool,
	change func(inventory.Tx, inventory.Artifact) (inventory.Artifact, error), said func(inventory.Artifact) string,
) error {
	var of, wanted inventory.Artifact
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if of, err = inventory.FindArtifact(tx, ref); err != nil {
			return err
		}
		if wanted, err = change(tx, of); err != nil {
			return err
		}
		of, err = inventory.SaveArtifact(tx, act, wanted)
		return err
	})
	if errors.Is(err, inventory.ErrNeedsWitness) {
		return a.askArtifact(ctx, err, asJSON, wanted)
	}
	if err != nil {
		return err
	}
	return printArtifact(a, of, said(of), asJSON)
}

// askArtifact leaves a change of an artifact to a second person.
func (a *app) askArtifact(ctx context.Context, why error, asJSON bool, wanted inventory.Artifact) error {
	return a.askSecond(ctx, why, asJSON, func(tx inventory.Tx, act inventory.Act) (inventory.Request, error) {
		return inventory.AskArtifact(tx, act, wanted)
	})
}

func printArtifact(a *app, of inventory.Artifact, said string, asJSON bool) error {
	if asJSON {
		return a.streams.JSON(artifactReport(of))
	}
	return a.streams.Printf("%s %s\n", of.Name(), said)
}
