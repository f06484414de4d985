package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/hw/attest"
	"hwmfa/internal/term"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

type trustListOptions struct{ json bool }

func newTrustListCommand(a *app) *cobra.Command {
	var opts trustListOptions
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the certificates whose attestation is believed",
		Long:    "List the certificates whose attestation is believed: the built-in ones and those added." + exitStatusHelp(),
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

func runTrustList(ctx context.Context, a *app, opts trustListOptions) error {
	var added []inventory.Anchor
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		added, err = inventory.Anchors(tx)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNoInventory) {
		return err
	}
	anchors, err := anchorsWith(added, time.Time{})
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
		return a.streams.JSON(struct {
			Schema  string       `json:"schema"`
			Anchors []anchorJSON `json:"anchors"`
		}{"hwmfa.trust/v1", list})
	}
	t := term.NewTable("name", "kind", "valid until", "sha-256", "subject").Limit(0, 20).Limit(4, 40)
	for _, x := range anchors.List() {
		t.Row(term.Plain(x.Name, string(x.Kind), x.NotAfter.UTC().Format(time.DateOnly), x.SHA256[:16]+"…", x.Subject)...)
	}
	return a.streams.Table(t)
}
