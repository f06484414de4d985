package main

import (
	"time"

	"github.com/spf13/cobra"

	"hwmfa/hw/attest"
	"hwmfa/inventory"
)

func newTrustCommand(a *app) *cobra.Command {
	return newGroup("trust", "Say whose attestation is believed",
		newTrustAddCommand(a),
		newTrustListCommand(a),
	)
}

// anchorsWith are the built-in anchors and those of the inventory, given as
// certificates. now, unless zero, makes what is added later be valid then.
func anchorsWith(added []inventory.Anchor, now time.Time) (*attest.Anchors, error) {
	anchors, err := attest.Yubico()
	if err != nil {
		return nil, err
	}
	for _, a := range added {
		if err := anchors.AddPEM(a.Name, []byte(a.PEM)); err != nil {
			return nil, err
		}
	}
	anchors.Now = now
	return anchors, nil
}
