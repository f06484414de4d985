package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/hw/attest"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

type trustRemoveOptions struct {
	anchor string
	json   bool
}

func newTrustRemoveCommand(a *app) *cobra.Command {
	var opts trustRemoveOptions
	cmd := &cobra.Command{
		Use:   "remove ANCHOR",
		Short: "Believe attestations no more that reach a certificate",
		Long: `Take back the trust in certificates that hwmfa trust add or trust update added:
those of a name, or the one with a SHA-256 of which eight or more digits are
given. Intermediates that lead to nothing else go with them. What is built into
the program stays.

The keys whose attestation rests on it are named, and then the name has to be
typed back. What was recorded of them at enrollment stays as it is; hwmfa verify
--evidence judges them anew. To take it back, add the certificate again.` + exitStatusHelp(),
		Example: `  hwmfa trust remove maker-root.pem
  hwmfa trust remove 1a2b3c4d5e6f7890`,
		Args: exactly("ANCHOR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.anchor = args[0]
			return runTrustRemove(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.trust-remove/v1)")
	return cmd
}

func runTrustRemove(ctx context.Context, a *app, opts trustRemoveOptions) error {
	signer, err := attest.FIDOAlliance()
	if err != nil {
		return err
	}
	var planned ceremony.TrustRemoval
	err = a.view(ctx, func(tx inventory.Tx) (err error) {
		planned, err = ceremony.PlanTrustRemoval(tx, signer, opts.anchor, a.now())
		return err
	})
	if err != nil {
		return err
	}
	if len(planned.Keys) > 0 {
		if err := a.confirmTrustRemoval(ctx, opts.anchor, planned); err != nil {
			return err
		}
	}
	err = a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) error {
		return ceremony.RemoveTrust(tx, act, signer, opts.anchor, planned)
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(trustRemoveReport(planned))
	}
	for _, x := range planned.Anchors {
		if err := a.streams.Printf("no longer trusted: %s, SHA-256 %s\n", x.Name, x.SHA256); err != nil {
			return err
		}
	}
	for _, k := range planned.Keys {
		if err := a.streams.Printf("rested on it: %s\n", k.Label()); err != nil {
			return err
		}
	}
	return nil
}

// confirmTrustRemoval names certificates and keys, and wants what was given for
// the certificate typed back.
func (a *app) confirmTrustRemoval(ctx context.Context, anchor string, r ceremony.TrustRemoval) error {
	var certificates, keys []string
	for _, x := range r.Anchors {
		certificates = append(certificates, x.Name+" (SHA-256 "+x.SHA256.String()+")")
	}
	for _, k := range r.Keys {
		keys = append(keys, k.Label())
	}
	return a.streams.ConfirmSerial(ctx, fmt.Sprintf("about to be trusted no longer: %s; the attestation of %s rests on it and will verify no more",
		strings.Join(certificates, ", "), strings.Join(keys, ", ")), anchor)
}

// trustRemoveJSON is the schema hwmfa.trust-remove/v1.
type trustRemoveJSON struct {
	Schema  string        `json:"schema"`
	Removed []addedAnchor `json:"removed"`
	Keys    []restingKey  `json:"keys"`
}

// restingKey is a key whose attestation rested on what was removed.
type restingKey struct {
	ID     string  `json:"id"`
	Serial *string `json:"serial"`
	Tag    *string `json:"tag"`
}

func trustRemoveReport(r ceremony.TrustRemoval) trustRemoveJSON {
	j := trustRemoveJSON{Schema: "hwmfa.trust-remove/v1", Removed: addedAnchors(r.Anchors), Keys: []restingKey{}}
	for _, k := range r.Keys {
		j.Keys = append(j.Keys, restingKey{k.ID, null(k.Serial), null(k.Tag)})
	}
	return j
}
