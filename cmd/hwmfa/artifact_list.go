package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type artifactListOptions struct{ all, json bool }

func newArtifactListCommand(a *app) *cobra.Command {
	var opts artifactListOptions
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the artifacts",
		Long:    "List the artifacts in use, by label; with --all those that are retired too." + exitStatusHelp(),
		Example: "  hwmfa artifact list\n  hwmfa artifact list --all --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runArtifactList(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.all, "all", false, "list retired ones too")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.artifacts/v1)")
	return cmd
}

func runArtifactList(ctx context.Context, a *app, opts artifactListOptions) error {
	var shown []inventory.Artifact
	err := a.view(ctx, func(tx inventory.Tx) error {
		all, err := inventory.Artifacts(tx)
		for _, of := range all {
			if opts.all || of.RetiredAt.IsZero() {
				shown = append(shown, of)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		list := make([]artifactJSON, 0, len(shown))
		for _, of := range shown {
			list = append(list, artifactToJSON(of))
		}
		return a.streams.JSON(struct {
			Schema    string         `json:"schema"`
			Artifacts []artifactJSON `json:"artifacts"`
		}{"hwmfa.artifacts/v1", list})
	}
	if len(shown) == 0 {
		a.streams.Notice("no artifacts")
		return nil
	}
	t := term.NewTable("artifact", "kind", "label", "place", "opens", "seal", "retired").Limit(2, 28).Limit(3, 28).Give(3, 12).Give(2, 12)
	for _, of := range shown {
		retired := ""
		if !of.RetiredAt.IsZero() {
			retired = of.RetiredAt.Format(time.DateOnly)
		}
		opens := fmt.Sprint(len(of.Accounts), " accounts")
		switch {
		case of.KeyID != "":
			opens = of.KeyID
		case len(of.Accounts) == 1:
			opens = of.Accounts[0]
		case len(of.Accounts) == 0:
			opens = "no account"
		}
		t.Row(term.Plain(of.ID, string(of.Kind), of.Label, of.Place, opens, of.Seal, retired)...)
	}
	return a.streams.Table(t)
}
