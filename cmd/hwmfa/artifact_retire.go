package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

func newArtifactRetireCommand(a *app) *cobra.Command {
	var reason string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "retire ARTIFACT --reason REASON",
		Short: "Record that an artifact is destroyed or worthless",
		Long: `Record that an artifact is destroyed or was made worthless, and why. Its copies
have to be retired before it.` + exitStatusHelp(exitFound),
		Example: `  hwmfa artifact retire A-7Q2M4XRD --reason "shredded; the password was changed"`,
		Args:    exactly("ARTIFACT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runArtifactRetire(cmd.Context(), a, args[0], reason, asJSON)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`REASON`, a line")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.artifact/v1)")
	return cmd
}

func runArtifactRetire(ctx context.Context, a *app, ref, reason string, asJSON bool) error {
	var of inventory.Artifact
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) error {
		found, err := inventory.FindArtifact(tx, ref)
		if err != nil {
			return err
		}
		of = found
		retired, err := inventory.RetireArtifact(tx, act, of.ID, reason)
		if err == nil {
			of = retired
		}
		return err
	})
	if errors.Is(err, inventory.ErrNeedsWitness) {
		return a.askSecond(ctx, err, asJSON, func(tx inventory.Tx, act inventory.Act) (inventory.Request, error) {
			return inventory.AskArtifactRetired(tx, act, of.ID, reason)
		})
	}
	if err != nil {
		return err
	}
	return printArtifact(a, of, "is retired", asJSON)
}
