package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type shipOptions struct {
	movesOptions
	keys                       []string
	to, carrier, tracking, due string
}

func newShipCommand(a *app) *cobra.Command {
	var opts shipOptions
	cmd := &cobra.Command{
		Use:   "ship KEY… --to PLACE --carrier C --tracking N --due DATE",
		Short: "Send keys to another site",
		Long: `Send keys that lie at a place to another one, in one parcel. They are in transit
until hwmfa ship arrive says that they have come, and overdue after DATE, which
is RFC 3339, a day (its end), or how long from now: 8h, 3d, 2w. The keys of a
sealed bag travel together, and sealed.` + witnessHelp + exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa ship YK-17 YK-18 --to "Rome/safe 1" --carrier DHL --tracking JD0146 --due 2026-12-01
  hwmfa ship arrive JD0146`,
		Args: atLeast("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.keys = args
			return runShip(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.to, "to", "", "the `place` where they go")
	f.StringVar(&opts.carrier, "carrier", "", "`who` carries them")
	f.StringVar(&opts.tracking, "tracking", "", "the carrier's `number` of the parcel")
	f.StringVar(&opts.due, "due", "", "the `date` by which they have to be there")
	opts.addFlags(cmd, "hwmfa.moved/v1")
	opts.addWitness(cmd)
	cmd.AddCommand(newShipArriveCommand(a), newShipListCommand(a))
	return cmd
}

func runShip(ctx context.Context, a *app, opts shipOptions) error {
	if err := given([2]string{"to", opts.to}, [2]string{"carrier", opts.carrier}, [2]string{"tracking", opts.tracking}, [2]string{"due", opts.due}); err != nil {
		return err
	}
	due, err := until(opts.due, a.now())
	if err != nil {
		return usageError{err}
	}
	return runMoves(ctx, a, opts.movesOptions, toPlace(opts.to, opts.keys, inventory.Move{
		Verb: inventory.VerbShip, Carrier: opts.carrier, Tracking: opts.tracking, Until: due, Reason: opts.reason, Ticket: opts.ticket,
	}))
}

type shipArriveOptions struct {
	movesOptions
	shipment, place string
	keys            []string
}

func newShipArriveCommand(a *app) *cobra.Command {
	var opts shipArriveOptions
	cmd := &cobra.Command{
		Use:   "arrive SHIPMENT [KEY…]",
		Short: "Record that a parcel has come, whole or in part",
		Long: `Record that a parcel has come, by its ID or the carrier's number: all keys that
are in it still or, where some are named, these; the others stay in transit. They
lie where they were sent, or at another place with --place.` + witnessHelp +
			exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa ship arrive S-7Q2M4XRD
  hwmfa ship arrive JD0146 YK-17 --place "Rome/safe 2"`,
		Args: atLeast("SHIPMENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.shipment, opts.keys = args[0], args[1:]
			return runShipArrive(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().StringVar(&opts.place, "place", "", "another `place` than the one they were sent to")
	opts.addFlags(cmd, "hwmfa.moved/v1")
	opts.addWitness(cmd)
	return cmd
}

func runShipArrive(ctx context.Context, a *app, opts shipArriveOptions) error {
	return runMoves(ctx, a, opts.movesOptions, func(tx inventory.Tx, act inventory.Act) ([]inventory.Move, error) {
		parcel, err := inventory.FindParcel(tx, opts.shipment)
		if err != nil {
			return nil, err
		}
		refs := opts.keys
		for _, k := range parcel.Keys {
			if len(opts.keys) == 0 {
				refs = append(refs, k.ID)
			}
		}
		if len(refs) == 0 {
			return nil, fmt.Errorf("shipment %s: nothing is in transit with it: %w", parcel.ID, inventory.ErrStatus)
		}
		m := inventory.Move{Verb: inventory.VerbArrive, Reason: opts.reason, Ticket: opts.ticket}
		what := eachKey(refs, m)
		if opts.place != "" {
			what = toPlace(opts.place, refs, m)
		}
		moves, err := what(tx, act)
		for _, m := range moves {
			if !slices.ContainsFunc(parcel.Keys, func(k inventory.Key) bool { return k.ID == m.KeyID }) {
				return nil, fmt.Errorf("%s is not in shipment %s: %w", m.KeyID, parcel.ID, inventory.ErrStatus)
			}
		}
		return moves, err
	})
}

type shipListOptions struct{ all, overdue, json bool }

func newShipListCommand(a *app) *cobra.Command {
	var opts shipListOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the parcels that are on their way",
		Long:  "List the parcels that are on their way; with --all those too that have come." + exitStatusHelp(),
		Example: `  hwmfa ship list
  hwmfa ship list --overdue --json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runShipList(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.all, "all", false, "those too that have come")
	cmd.Flags().BoolVar(&opts.overdue, "overdue", false, "only those that should be there by now")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.shipments/v1)")
	return cmd
}

// shipmentJSON is one parcel of the schema hwmfa.shipments/v1.
type shipmentJSON struct {
	ID       string    `json:"id"`
	Place    string    `json:"place"`
	Carrier  string    `json:"carrier"`
	Tracking string    `json:"tracking"`
	SentAt   time.Time `json:"sent_at"`
	SentBy   string    `json:"sent_by"`
	Due      time.Time `json:"due"`
	Overdue  bool      `json:"overdue"`
	Keys     []string  `json:"keys"` // in transit still
}

func runShipList(ctx context.Context, a *app, opts shipListOptions) error {
	var parcels []inventory.Parcel
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		parcels, err = inventory.Parcels(tx, opts.all)
		return err
	})
	if err != nil {
		return err
	}
	list := []shipmentJSON{}
	t := term.NewTable("shipment", "to", "carrier", "tracking", "due", "in transit").Limit(1, 28).Limit(5, 34).Give(5, 10).Give(1, 10).Give(3, 8)
	for _, p := range parcels {
		late := p.Overdue(a.now())
		if opts.overdue && !late {
			continue
		}
		j := shipmentJSON{p.ID, p.Place, p.Carrier, p.Tracking, p.At.UTC(), p.By, p.Due.UTC(), late, []string{}}
		var names []string
		for _, k := range p.Keys {
			j.Keys, names = append(j.Keys, k.ID), append(names, firstOf(k.Tag, k.Serial, k.ID))
		}
		list = append(list, j)
		row := term.Plain(p.ID, p.Place, p.Carrier, p.Tracking, timeText(p.Due), strings.TrimSpace(strconv.Itoa(len(names))+" "+strings.Join(names, " ")))
		if late {
			row[4].Colour = term.Red
			row[4].Text += " late"
		}
		t.Row(row...)
	}
	switch {
	case opts.json:
		return a.streams.JSON(struct {
			Schema    string         `json:"schema"`
			Shipments []shipmentJSON `json:"shipments"`
		}{"hwmfa.shipments/v1", list})
	case len(list) == 0:
		a.streams.Notice("no shipments")
		return nil
	}
	return a.streams.Table(t)
}
