package main

import (
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
have to be retired before it.` + exitStatusHelp(),
		Example: `  hwmfa artifact retire A-7Q2M4XRD --reason "shredded; the password was changed"`,
		Args:    exactly("ARTIFACT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeArtifact(cmd.Context(), a, args[0], asJSON,
				func(tx inventory.Tx, act inventory.Act, of inventory.Artifact) (inventory.Artifact, string, error) {
					of, err := inventory.RetireArtifact(tx, act, of.ID, reason)
					return of, "is retired", err
				})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`REASON`, a line")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.artifact/v1)")
	return cmd
}
