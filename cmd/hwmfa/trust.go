package main

import "github.com/spf13/cobra"

func newTrustCommand(a *app) *cobra.Command {
	return newGroup("trust", "Say whose attestation is believed",
		newTrustAddCommand(a),
		newTrustListCommand(a),
		newTrustRemoveCommand(a),
		newTrustUpdateCommand(a),
	)
}
