package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type orderCutOptions struct {
	order, reason string
	counts        []string
	json          bool
}

func newOrderCutCommand(a *app) *cobra.Command {
	var opts orderCutOptions
	cmd := &cobra.Command{
		Use:   "cut PO",
		Short: "Take keys without serials off an order's list",
		Long: `Take off an order's list keys without serials that will not come any more, and
show how far the order has come then. The status is 3 where it is still not
complete. A key with a serial is taken off by hwmfa key retire.` + exitStatusHelp(exitFound),
		Example: "  hwmfa order cut PO-4711 --count 'Security Key NFC=2' --reason 'the supplier cancelled them'",
		Args:    exactly("PO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.order = args[0]
			return runOrderCut(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&opts.counts, "count", nil, "this `PRODUCT=N` will not come; may be given several times")
	f.StringVar(&opts.reason, "reason", "", "why: a `line` for the journal")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.delivery/v1)")
	return cmd
}

func runOrderCut(ctx context.Context, a *app, opts orderCutOptions) error {
	counts, err := countMap(opts.counts)
	if err != nil {
		return usageError{err}
	}
	err = a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) error {
		_, err := inventory.CutOrder(tx, act, opts.order, counts, opts.reason)
		return err
	})
	if err != nil {
		return err
	}
	return runOrderShow(ctx, a, opts.order, opts.json)
}
