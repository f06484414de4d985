package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type artifactShowOptions struct {
	ref  string
	json bool
}

func newArtifactShowCommand(a *app) *cobra.Command {
	var opts artifactShowOptions
	cmd := &cobra.Command{
		Use:     "show ARTIFACT",
		Short:   "Show an artifact and its history",
		Long:    "Show an artifact and its history. ARTIFACT is an ID or a label." + exitStatusHelp(),
		Example: "  hwmfa artifact show A-7Q2M4XRD",
		Args:    exactly("ARTIFACT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ref = args[0]
			return runArtifactShow(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.artifact/v1)")
	return cmd
}

func runArtifactShow(ctx context.Context, a *app, opts artifactShowOptions) error {
	var of inventory.Artifact
	var events []inventory.Event
	names := map[string]string{}
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		if of, err = inventory.FindArtifact(tx, opts.ref); err != nil {
			return err
		}
		people, err := inventory.People(tx)
		if err != nil {
			return err
		}
		for _, p := range people {
			names[p.ID] = p.Label()
		}
		events, err = tx.EventsAbout(of.ID)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(artifactReport(of))
	}
	var errs []error
	say := func(name, value string) {
		if value != "" {
			errs = append(errs, a.streams.Printf("%-11s %s\n", name, value))
		}
	}
	say("artifact", of.Name())
	say("kind", string(of.Kind))
	say("opens", strings.TrimPrefix(opensText(of), "opens "))
	say("place", of.Place)
	say("seal", of.Seal)
	say("copy of", of.ReplicaOf)
	for _, id := range of.Openers {
		say("may open", names[id]+" ("+id+")")
	}
	if !of.RetiredAt.IsZero() {
		say("retired", timeText(of.RetiredAt))
	}
	for _, e := range events {
		say("event", e.Time.UTC().Format(time.RFC3339)+" "+e.Kind+" by "+e.Actor)
	}
	return errors.Join(errs...)
}

// opensText says what an artifact helps to open.
func opensText(of inventory.Artifact) string {
	var opens []string
	if of.KeyID != "" {
		opens = append(opens, "key "+of.KeyID)
	}
	for _, id := range of.Accounts {
		opens = append(opens, "account "+id)
	}
	if len(opens) == 0 {
		return "opens no account"
	}
	return "opens " + strings.Join(opens, ", ")
}
