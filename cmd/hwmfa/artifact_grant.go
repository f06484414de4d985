package main

import (
	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

func newArtifactGrantCommand(a *app) *cobra.Command {
	return newArtifactOpenerCommand(a, true, &cobra.Command{
		Use:     "grant ARTIFACT PERSON",
		Short:   "Record that a person may open an artifact",
		Long:    "Record that a person may open an artifact." + exitStatusHelp(),
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
		return changeArtifact(cmd.Context(), a, args[0], asJSON,
			func(tx inventory.Tx, act inventory.Act, of inventory.Artifact) (inventory.Artifact, string, error) {
				p, err := inventory.FindPerson(tx, args[1])
				if err != nil {
					return of, "", err
				}
				of, err = inventory.LetOpen(tx, act, of.ID, p.ID, may)
				if may {
					return of, "may be opened by " + p.Name, err
				}
				return of, "may not be opened by " + p.Name + " any more", err
			})
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.artifact/v1)")
	return cmd
}
