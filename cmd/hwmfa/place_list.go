package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type placeListOptions struct{ json bool }

func newPlaceListCommand(a *app) *cobra.Command {
	var opts placeListOptions
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the places, how full they are, and who may open them",
		Long:    "List the places, how full they are, and who may open them. Keys below a place count in it." + exitStatusHelp(),
		Example: "  hwmfa place list\n  hwmfa place list --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runPlaceList(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.places/v1)")
	return cmd
}

func runPlaceList(ctx context.Context, a *app, opts placeListOptions) error {
	list := []placeJSON{}
	err := a.view(ctx, func(tx inventory.Tx) error {
		places, err := inventory.Places(tx)
		if err != nil {
			return err
		}
		keys, err := inventory.KeysByPlace(tx)
		if err != nil {
			return err
		}
		access, err := inventory.AccessList(tx)
		for _, p := range places {
			list = append(list, placeToJSON(p, keys[p.ID], access))
		}
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(struct {
			Schema string      `json:"schema"`
			Places []placeJSON `json:"places"`
		}{"hwmfa.places/v1", list})
	}
	if len(list) == 0 {
		a.streams.Notice("no places")
		return nil
	}
	t := term.NewTable("place", "id", "keys", "two people", "may open").Limit(0, 40).Limit(4, 40).Give(4, 12).Give(0, 16)
	for _, p := range list {
		keys, two := fmt.Sprint(p.Keys), ""
		if p.Capacity != nil {
			keys = fmt.Sprintf("%d of %d", p.Keys, *p.Capacity)
		}
		if p.TwoPeople {
			two = "yes"
		}
		t.Row(term.Plain(p.Path, p.ID, keys, two, openerNames(p.Openers))...)
	}
	return a.streams.Table(t)
}

func openerNames(openers []namedJSON) string {
	var names []string
	for _, o := range openers {
		names = append(names, o.Name)
	}
	return strings.Join(names, ", ")
}

func capacityText(capacity *int64) string {
	if capacity == nil {
		return "no limit"
	}
	return term.Count(*capacity, "key fits", "keys fit")
}
