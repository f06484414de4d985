package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type keyListOptions struct {
	json  bool
	place string
}

func newKeyListCommand(a *app) *cobra.Command {
	var opts keyListOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the keys of the inventory",
		Long:  "List the keys of the inventory, in the order they were enrolled." + exitStatusHelp(),
		Example: `  hwmfa key list
  hwmfa key list --place "Berlin/safe 1" --json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runKeyList(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.keys/v1)")
	cmd.Flags().StringVar(&opts.place, "place", "", "only keys at this `place` or below it")
	return cmd
}

func runKeyList(ctx context.Context, a *app, opts keyListOptions) error {
	var keys []inventory.Key
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		keys, err = inventory.Keys(tx, inventory.KeyFilter{Place: opts.place})
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		report := keysReport{Schema: "hwmfa.keys/v1", Keys: make([]keyJSON, 0, len(keys))}
		for _, k := range keys {
			report.Keys = append(report.Keys, keyToJSON(k))
		}
		return a.streams.JSON(report)
	}
	if len(keys) == 0 {
		a.streams.Notice("no keys")
		return nil
	}
	t := term.NewTable("key", "serial", "tag", "status", "place", "holder", "attestation").Limit(4, 28).Limit(5, 20).
		Give(4, 12).Give(5, 8)
	for _, k := range keys {
		row := term.Plain(k.ID, k.Serial, k.Tag, string(k.Status), k.Place, k.Holder)
		status := k.Attestation.Status()
		t.Row(append(row, term.Cell{Text: string(status), Colour: statusColour(status)})...)
	}
	return a.streams.Table(t)
}
