package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/hw/attest"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/term"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

type trustListOptions struct{ json bool }

func newTrustListCommand(a *app) *cobra.Command {
	var opts trustListOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the certificates whose attestation is believed",
		Long: `List the certificates whose attestation is believed, the built-in ones and those
added, and the FIDO metadata that models are judged with.` + exitStatusHelp(),
		Example: "  hwmfa trust list\n  hwmfa trust list --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runTrustList(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.trust/v1)")
	return cmd
}

type anchorJSON struct {
	Name      string       `json:"name"`
	Kind      attest.Kind  `json:"kind"`
	Uses      []attest.Use `json:"uses"`
	Subject   string       `json:"subject"`
	SHA256    string       `json:"sha256"`
	NotBefore time.Time    `json:"not_before"`
	NotAfter  time.Time    `json:"not_after"`
	BuiltIn   bool         `json:"built_in"`
}

// keptMetadataJSON adds when the inventory got it, and by whom.
type keptMetadataJSON struct {
	*metadataJSON
	AddedAt time.Time `json:"added_at"`
	AddedBy string    `json:"added_by"`
}

func runTrustList(ctx context.Context, a *app, opts trustListOptions) error {
	signer, err := attest.FIDOAlliance()
	if err != nil {
		return err
	}
	var anchors *attest.Anchors
	var metadata *attest.Metadata
	var kept *inventory.Metadata
	err = a.view(ctx, func(tx inventory.Tx) (err error) {
		if anchors, err = ceremony.Anchors(tx, time.Time{}); err != nil {
			return err
		}
		metadata, kept, err = ceremony.Metadata(tx, signer, a.now())
		return err
	})
	if errors.Is(err, store.ErrNoInventory) {
		anchors, err = attest.Yubico()
	}
	if err != nil {
		return err
	}
	if opts.json {
		list := []anchorJSON{}
		for _, x := range anchors.List() {
			list = append(list, anchorJSON{
				Name: x.Name, Kind: x.Kind, Uses: append([]attest.Use{}, x.Uses...), Subject: x.Subject, SHA256: x.SHA256,
				NotBefore: x.NotBefore.UTC(), NotAfter: x.NotAfter.UTC(), BuiltIn: x.BuiltIn,
			})
		}
		var about *keptMetadataJSON
		if metadata != nil {
			about = &keptMetadataJSON{metadataToJSON(metadata, a.now()), kept.At.UTC(), kept.By}
		}
		return a.streams.JSON(struct {
			Schema   string            `json:"schema"`
			Anchors  []anchorJSON      `json:"anchors"`
			Metadata *keptMetadataJSON `json:"metadata"`
		}{"hwmfa.trust/v1", list, about})
	}
	t := term.NewTable("name", "kind", "valid until", "sha-256", "subject").Limit(0, 20).Limit(4, 40).
		Give(4, 16).Give(3, 9).Give(0, 12)
	for _, x := range anchors.List() {
		t.Row(term.Plain(x.Name, string(x.Kind), x.NotAfter.UTC().Format(time.DateOnly), x.SHA256[:16]+"…", x.Subject)...)
	}
	if err := a.streams.Table(t); err != nil {
		return err
	}
	if metadata == nil {
		return a.streams.Printf("\nno FIDO metadata: see hwmfa trust update\n")
	}
	return a.streams.Printf("\nFIDO metadata no. %d: %s, %s, added %s by %s\n",
		metadata.Number, term.Count(metadata.Models, "model", "models"), metadataDate(metadata, a.now()), timeText(kept.At), kept.By)
}
