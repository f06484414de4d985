package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type placeShowOptions struct {
	ref  string
	json bool
}

func newPlaceShowCommand(a *app) *cobra.Command {
	var opts placeShowOptions
	cmd := &cobra.Command{
		Use:     "show PLACE",
		Short:   "Show a place, who may open it, and what belongs there",
		Long:    "Show a place, who may open it, and the keys and artifacts that belong there or below. PLACE is its path or ID." + exitStatusHelp(),
		Example: `  hwmfa place show "Berlin/safe 1"`,
		Args:    exactly("PLACE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ref = args[0]
			return runPlaceShow(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.place-content/v1)")
	return cmd
}

func runPlaceShow(ctx context.Context, a *app, opts placeShowOptions) error {
	var place placeJSON
	var keys []inventory.Key
	var artifacts []inventory.Artifact
	err := a.view(ctx, func(tx inventory.Tx) error {
		p, err := inventory.FindPlace(tx, opts.ref)
		if err != nil {
			return err
		}
		if place, err = readPlace(tx, p); err != nil {
			return err
		}
		if keys, err = inventory.Keys(tx, inventory.KeyFilter{Place: p.Path}); err != nil {
			return err
		}
		artifacts, err = inventory.ArtifactsAt(tx, p)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(placeContent(place, keys, artifacts))
	}
	var errs []error
	say := func(name, value string) { errs = append(errs, a.streams.Printf("%-11s %s\n", name, value)) }
	say("place", place.Path+" ("+place.ID+")")
	say("rules", placeRules(place))
	for _, o := range place.Openers {
		say("may open", o.Name+" ("+o.ID+")")
	}
	for _, k := range keys {
		say("key", fmt.Sprintf("%s, %s, at %s", k.Label(), k.Status, k.Place))
	}
	for _, of := range artifacts {
		say("artifact", fmt.Sprintf("%s %s, at %s", of.Kind, of.Name(), of.Place))
	}
	return errors.Join(errs...)
}

// placeContent is the schema hwmfa.place-content/v1.
func placeContent(p placeJSON, keys []inventory.Key, artifacts []inventory.Artifact) any {
	content := struct {
		Schema    string         `json:"schema"`
		Place     placeJSON      `json:"place"`
		Keys      []keyJSON      `json:"keys"`
		Artifacts []artifactJSON `json:"artifacts"`
	}{"hwmfa.place-content/v1", p, []keyJSON{}, []artifactJSON{}}
	for _, k := range keys {
		content.Keys = append(content.Keys, keyToJSON(k))
	}
	for _, of := range artifacts {
		content.Artifacts = append(content.Artifacts, artifactToJSON(of))
	}
	return content
}
