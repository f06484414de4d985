package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type keyListOptions struct {
	json          bool
	place, holder string
	statuses      []string
}

func newKeyListCommand(a *app) *cobra.Command {
	var opts keyListOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the keys of the inventory",
		Long: `List the keys of the inventory, in the order in which they came into it. STATUS is
one or more of expected, received, declared, enrolled, in_safe, sealed,
in_transit, checked_out, in_use, lost, found, compromised, retired, disposed.` + exitStatusHelp(),
		Example: `  hwmfa key list
  hwmfa key list --place "Berlin/safe 1" --json
  hwmfa key list --status lost,found`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runKeyList(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.keys/v1)")
	cmd.Flags().StringVar(&opts.place, "place", "", "only keys at this `place` or below it")
	cmd.Flags().StringVar(&opts.holder, "holder", "", "only keys that this `person` has")
	cmd.Flags().StringSliceVar(&opts.statuses, "status", nil, "only keys in this `STATUS`")
	return cmd
}

func runKeyList(ctx context.Context, a *app, opts keyListOptions) error {
	var keys []inventory.Key
	f := inventory.KeyFilter{Place: opts.place}
	for _, s := range opts.statuses {
		f.Statuses = append(f.Statuses, inventory.Status(s))
	}
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		keys, err = keysOf(tx, f, opts.holder)
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
	columns := []string{"key", "serial", "tag", "status", "place", "holder", "attestation"}
	tokens := slices.ContainsFunc(keys, func(k inventory.Key) bool { return k.Type == inventory.TypeToken })
	if tokens {
		columns = append(columns, "battery end")
	}
	t := term.NewTable(columns...).Limit(4, 28).Limit(5, 20).Give(4, 12).Give(5, 8)
	for _, k := range keys {
		row := term.Plain(k.ID, k.Serial, k.Tag, string(k.Status), k.Place, k.Holder)
		status := k.Attestation.Status()
		row = append(row, term.Cell{Text: string(status), Colour: statusColour(status)})
		if tokens {
			row = append(row, term.Cell{Text: dayText(k.BatteryEnd)})
		}
		t.Row(row...)
	}
	return a.streams.Table(t)
}

// keysOf lists the keys that a filter takes, only those that the person has
// whom holder names; "" is anybody.
func keysOf(tx inventory.Tx, f inventory.KeyFilter, holder string) ([]inventory.Key, error) {
	if holder != "" {
		p, err := inventory.FindPerson(tx, holder)
		if err != nil {
			return nil, err
		}
		f.HolderID = p.ID
	}
	return inventory.Keys(tx, f)
}
