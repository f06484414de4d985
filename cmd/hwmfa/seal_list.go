package main

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type sealListOptions struct{ all, json bool }

func newSealListCommand(a *app) *cobra.Command {
	var opts sealListOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sealed bags",
		Long: `List the sealed bags and what is in them; with --all those too that were opened
or found broken.` + exitStatusHelp(),
		Example: `  hwmfa seal list
  hwmfa seal list --all --json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSealList(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.all, "all", false, "those too that were opened or found broken")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.bags/v1)")
	return cmd
}

// bagJSON is one bag of the schema hwmfa.bags/v1.
type bagJSON struct {
	Number   string             `json:"number"`
	State    inventory.BagState `json:"state"`
	Place    *string            `json:"place"`
	Keys     []string           `json:"keys"`
	SealedAt time.Time          `json:"sealed_at"`
	SealedBy string             `json:"sealed_by"`
	EndedAt  *time.Time         `json:"ended_at"`
	EndedBy  *string            `json:"ended_by"`
	Reason   *string            `json:"reason"`
}

func runSealList(ctx context.Context, a *app, opts sealListOptions) error {
	list := []bagJSON{}
	err := a.view(ctx, func(tx inventory.Tx) error {
		bags, err := inventory.Bags(tx)
		if err != nil {
			return err
		}
		keys, err := inventory.Keys(tx, inventory.KeyFilter{InBag: true})
		in := map[string][]inventory.Key{}
		for _, k := range keys {
			in[k.Seal] = append(in[k.Seal], k)
		}
		list = []bagJSON{}
		for _, b := range bags {
			if opts.all || b.State == inventory.BagIntact {
				list = append(list, bagToJSON(b, in[b.Number]))
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(struct {
			Schema string    `json:"schema"`
			Bags   []bagJSON `json:"bags"`
		}{"hwmfa.bags/v1", list})
	}
	if len(list) == 0 {
		a.streams.Notice("no sealed bags")
		return nil
	}
	t := term.NewTable("seal", "state", "keys", "place", "since", "by", "why").Limit(3, 28).Limit(6, 32).Give(6, 8).Give(3, 10).Give(5, 8)
	for _, b := range list {
		row := term.Plain(b.Number, string(b.State), strconv.Itoa(len(b.Keys)), deref(b.Place),
			timeText(*cmp.Or(b.EndedAt, &b.SealedAt)), deref(cmp.Or(b.EndedBy, &b.SealedBy)), deref(b.Reason))
		if b.State == inventory.BagBroken {
			row[1].Colour = term.Red
		}
		t.Row(row...)
	}
	return a.streams.Table(t)
}

func bagToJSON(b inventory.Bag, keys []inventory.Key) bagJSON {
	j := bagJSON{
		Number: b.Number, State: b.State, Keys: []string{}, SealedAt: b.SealedAt.UTC(), SealedBy: b.SealedBy,
		EndedBy: null(b.EndedBy), Reason: null(b.Reason),
	}
	if !b.EndedAt.IsZero() {
		at := b.EndedAt.UTC()
		j.EndedAt = &at
	}
	if b.State != inventory.BagIntact {
		return j // what was lost with it is in it no more
	}
	for _, k := range keys {
		j.Keys = append(j.Keys, k.ID)
		j.Place = null(k.Place)
	}
	return j
}
