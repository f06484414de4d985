package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

func newOrderCommand(a *app) *cobra.Command {
	return newGroup("order", "See what suppliers announced and what has come",
		newOrderListCommand(a),
		newOrderShowCommand(a),
		newOrderCutCommand(a),
	)
}

func newOrderListCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the orders and how far each has come",
		Long: `List the orders whose delivery list was read (hwmfa receive --manifest), by
time, and how far each has come. The status is 3 where one is not complete.` + exitStatusHelp(exitFound),
		Example: "  hwmfa order list\n  hwmfa order list --json",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runOrderList(cmd.Context(), a, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.orders/v1)")
	return cmd
}

// ordersJSON is the schema hwmfa.orders/v1.
type ordersJSON struct {
	Schema string      `json:"schema"`
	Orders []orderJSON `json:"orders"`
}

func runOrderList(ctx context.Context, a *app, asJSON bool) error {
	report := ordersJSON{Schema: "hwmfa.orders/v1", Orders: []orderJSON{}}
	complete := true
	err := a.view(ctx, func(tx inventory.Tx) error {
		orders, err := inventory.Orders(tx)
		if err != nil {
			return err
		}
		for _, o := range orders {
			d, err := inventory.DeliveryOf(tx, o.Number)
			if err != nil {
				return err
			}
			complete = complete && d.Complete()
			report.Orders = append(report.Orders, orderToJSON(d))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := a.printOrders(report, asJSON); err != nil {
		return err
	}
	if !complete {
		return errFound
	}
	return nil
}

func (a *app) printOrders(report ordersJSON, asJSON bool) error {
	if asJSON {
		return a.streams.JSON(report)
	}
	if len(report.Orders) == 0 {
		a.streams.Notice("no orders")
		return nil
	}
	t := term.NewTable("order", "supplier", "listed", "announced", "received", "enrolled", "complete").Limit(1, 28)
	for _, o := range report.Orders {
		supplier, complete := "", term.Cell{Text: "yes", Colour: term.Green}
		if o.Supplier != nil {
			supplier = *o.Supplier
		}
		if !o.Complete {
			complete = term.Cell{Text: "no", Colour: term.Yellow}
		}
		row := term.Plain(o.Number, supplier, timeText(o.ListedAt), strconv.FormatInt(o.Announced, 10), strconv.FormatInt(o.Received, 10), strconv.Itoa(o.Enrolled))
		t.Row(append(row, complete)...)
	}
	return a.streams.Table(t)
}

func newOrderShowCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show PO",
		Short: "Show what of an order is short, over or not as announced",
		Long: `Show how far an order has come: what is short, and what came over, substituted
or twice. The status is 3 where it is not complete; a label that was scanned twice
does not count.` + exitStatusHelp(exitFound),
		Example: "  hwmfa order show PO-4711\n  hwmfa order show PO-4711 --json",
		Args:    exactly("PO"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runOrderShow(cmd.Context(), a, args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.delivery/v1)")
	return cmd
}

func runOrderShow(ctx context.Context, a *app, number string, asJSON bool) error {
	var d inventory.Delivery
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		d, err = inventory.DeliveryOf(tx, number)
		return err
	})
	if err != nil {
		return err
	}
	if err := a.printDelivery(deliveryReport(d, nil, nil), asJSON); err != nil {
		return err
	}
	if !d.Complete() {
		return errFound
	}
	return nil
}
