package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type personListOptions struct{ json bool }

func newPersonListCommand(a *app) *cobra.Command {
	var opts personListOptions
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the people",
		Long:    "List the people of the inventory, those who have left too, by name." + exitStatusHelp(),
		Example: "  hwmfa person list\n  hwmfa person list --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runPersonList(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.people/v1)")
	return cmd
}

func runPersonList(ctx context.Context, a *app, opts personListOptions) error {
	var people []inventory.Person
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		people, err = inventory.People(tx)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		list := make([]personJSON, 0, len(people))
		for _, p := range people {
			list = append(list, personToJSON(p))
		}
		return a.streams.JSON(struct {
			Schema string       `json:"schema"`
			People []personJSON `json:"people"`
		}{"hwmfa.people/v1", list})
	}
	if len(people) == 0 {
		a.streams.Notice("no people")
		return nil
	}
	t := term.NewTable("person", "name", "e-mail", "login", "site", "left").Limit(1, 32).Limit(4, 20).Give(4, 8).Give(2, 12).Give(1, 12)
	for _, p := range people {
		left := ""
		if !p.LeftAt.IsZero() {
			left = p.LeftAt.Format(time.DateOnly)
		}
		t.Row(term.Plain(p.ID, p.Name, p.Email, p.Login, p.Site, left)...)
	}
	return a.streams.Table(t)
}
