package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

func newArtifactGrantCommand(a *app) *cobra.Command {
	return newArtifactOpenerCommand(a, true, &cobra.Command{
		Use:     "grant ARTIFACT PERSON",
		Short:   "Record that a person may open an artifact",
		Long:    "Record that a person may open an artifact." + exitStatusHelp(exitFound),
		Example: "  hwmfa artifact grant A-7Q2M4XRD ada@example.com",
	})
}

func newArtifactRevokeCommand(a *app) *cobra.Command {
	return newArtifactOpenerCommand(a, false, &cobra.Command{
		Use:   "revoke ARTIFACT PERSON",
		Short: "Record that a person may not open an artifact any more",
		Long: `Record that a person may not open an artifact any more. Only the inventory is
told: who knows what it holds knows it until somebody changes that.` + exitStatusHelp(),
		Example: "  hwmfa artifact revoke A-7Q2M4XRD ada@example.com",
	})
}

func newArtifactOpenerCommand(a *app, may bool, cmd *cobra.Command) *cobra.Command {
	var asJSON bool
	cmd.Args = exactly("ARTIFACT", "PERSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return runArtifactOpener(cmd.Context(), a, args[0], args[1], may, asJSON)
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.artifact/v1)")
	return cmd
}

func runArtifactOpener(ctx context.Context, a *app, ref, person string, may, asJSON bool) error {
	var of, wanted inventory.Artifact
	var said string
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if wanted, err = inventory.FindArtifact(tx, ref); err != nil {
			return err
		}
		p, err := inventory.FindPerson(tx, person)
		if err != nil {
			return err
		}
		if said = "may not be opened by " + p.Name + " any more"; may {
			said = "may be opened by " + p.Name
		}
		of, err = inventory.LetOpen(tx, act, wanted.ID, p.ID, may)
		wanted.Openers = append(wanted.Openers, p.ID)
		return err
	})
	if errors.Is(err, inventory.ErrNeedsWitness) {
		return a.askArtifact(ctx, err, asJSON, wanted)
	}
	if err != nil {
		return err
	}
	return printArtifact(a, of, said, asJSON)
}
