package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

type receiveOptions struct {
	order, supplier, place, from string
	manifest                     tableFile
	counts                       []string
	plugged, json                bool
	serials                      []string
}

func newReceiveCommand(a *app) *cobra.Command {
	var opts receiveOptions
	cmd := &cobra.Command{
		Use:   "receive --order PO [SERIAL...]",
		Short: "Hold a delivery against the supplier's list",
		Long: `Read a supplier's list of what a delivery is to hold (--manifest), and hold what
has come against it: serials that are named, scanned from labels (--from) or
read from the keys that are plugged in (--plugged), and keys that show no serial
by their number (--count). List and keys may be given at once, or the list
first and the keys as they come.

What the list announced is expected, and received once it is here. All else is
told apart and changes no key: over (on no line of this order), substituted (the
list says another product; only a key that is plugged in tells its own),
duplicate (it was received before). What has not come yet is short.

The list is a CSV, JSON or XLSX file whose first row names the columns: serial,
product, quantity (of keys without serials), type, battery_end, order. --column
says what the file calls one. A serial that is on it twice, or that the
inventory has already, refuses the whole list. All of one command is recorded at
once or, where anything is wrong, not at all.` + exitStatusHelp(exitFound, exitNoKey, exitNoAccess),
		Example: `  hwmfa receive --order PO-4711 --manifest list.xlsx --supplier 'Keys & Sons' --column serial='Serial No.'
  hwmfa receive --order PO-4711 --place 'Berlin/safe 1' --from -
  hwmfa receive --order PO-4711 --plugged
  hwmfa receive --order PO-4711 --count 'Security Key NFC=10' 12345678 12345679`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.serials = args
			return runReceive(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.order, "order", "", "number of the purchase order (`PO`)")
	f.StringVar(&opts.manifest.path, "manifest", "", "`FILE` with the supplier's list")
	f.StringVar(&opts.supplier, "supplier", "", "`NAME` of the supplier, kept with the list")
	opts.manifest.addFlags(cmd)
	f.StringVar(&opts.place, "place", "", "`PLACE` that what was received goes to, made on first use")
	f.StringVar(&opts.from, "from", "", "`FILE` of scanned serials, one on a line; - for standard input")
	f.BoolVar(&opts.plugged, "plugged", false, "receive the keys that are plugged in")
	f.StringArrayVar(&opts.counts, "count", nil, "`PRODUCT=N`: so many keys without serials have come; may be repeated")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.delivery/v1)")
	return cmd
}

// delivered is what a command holds against a list.
type delivered struct {
	arrivals []inventory.Arrival
	counts   map[string]int64
	bare     []ceremony.Seen // plugged in, and without a serial
}

func (d delivered) empty() bool { return len(d.arrivals) == 0 && len(d.counts) == 0 }

func (o receiveOptions) check() error {
	switch {
	case o.order == "":
		return errors.New("--order is missing: name the purchase order")
	case o.manifest.path == "" && (o.supplier != "" || o.manifest.sheet != "" || len(o.manifest.columns) > 0 || o.manifest.ignoreUnknown):
		return errors.New("--supplier, --column, --sheet and --ignore-unknown-columns are for --manifest")
	case o.manifest.path == "" && !o.brings():
		return errors.New("give the supplier's list with --manifest, or what has come: serials, --from, --plugged or --count; hwmfa order show says how far an order is")
	case o.place != "" && !o.brings():
		return errors.New("--place is for keys that have come")
	}
	return nil
}

// brings says whether keys are to be received.
func (o receiveOptions) brings() bool {
	return len(o.serials) > 0 || o.from != "" || o.plugged || len(o.counts) > 0
}

func runReceive(ctx context.Context, a *app, opts receiveOptions) error {
	if err := opts.check(); err != nil {
		return usageError{err}
	}
	var lines []inventory.ManifestLine
	var sum inventory.Hash
	if opts.manifest.path != "" {
		err := opts.manifest.read(a, func(r io.Reader, o exchange.Options) (err error) {
			lines, sum, err = exchange.ReadManifest(r, opts.order, o)
			return err
		})
		if err != nil {
			return err
		}
	}
	come, err := a.delivered(ctx, opts)
	if err != nil {
		return err
	}
	var arrived []inventory.Received
	var d inventory.Delivery
	change := func(tx inventory.Tx, act inventory.Act) (err error) {
		if opts.manifest.path != "" {
			_, err := inventory.ListDelivery(tx, act, inventory.Manifest{Order: opts.order, Supplier: opts.supplier, SHA256: sum, Lines: lines})
			if err != nil {
				return err
			}
		}
		if arrived, err = receiveArrivals(tx, act, opts, come); err != nil {
			return err
		}
		d, err = inventory.DeliveryOf(tx, opts.order)
		return err
	}
	if opts.manifest.path != "" {
		err = a.update(ctx, change)
	} else {
		err = a.updateExisting(ctx, change)
	}
	if err != nil {
		return err
	}
	report := deliveryReport(d, arrived, come.bare)
	if !opts.brings() && !opts.json {
		return a.streams.Printf("%s: announced %d\n", report.Order.title(), report.Order.Announced)
	}
	if err := a.printDelivery(report, opts.json); err != nil {
		return err
	}
	if opts.brings() && (!d.Complete() || !allReceived(arrived) || len(come.bare) > 0) {
		return errFound
	}
	return nil
}

func receiveArrivals(tx inventory.Tx, act inventory.Act, opts receiveOptions, come delivered) ([]inventory.Received, error) {
	if come.empty() {
		return nil, nil
	}
	if opts.place != "" {
		if _, err := inventory.EnsurePlace(tx, act, opts.place); err != nil {
			return nil, err
		}
	}
	return inventory.ReceiveDelivery(tx, act, opts.order, opts.place, come.arrivals, come.counts)
}

func allReceived(arrived []inventory.Received) bool {
	for _, r := range arrived {
		if r.Outcome != inventory.OutcomeReceived {
			return false
		}
	}
	return true
}

// delivered collects what has come. Nothing that is wrong with it is passed over
// but a one-time password among the scans.
func (a *app) delivered(ctx context.Context, opts receiveOptions) (d delivered, err error) {
	if d.counts, err = countMap(opts.counts); err != nil {
		return d, usageError{err}
	}
	codes := opts.serials
	if opts.from != "" {
		scanned, err := a.scannedCodes(ctx, opts.from)
		if err != nil {
			return d, err
		}
		codes = append(codes, scanned...)
	}
	var plugged []ceremony.Seen
	if opts.plugged {
		if plugged, err = a.pluggedKeys(ctx); err != nil {
			return d, err
		}
	}
	d.arrivals, d.bare, err = ceremony.Arrivals(codes, plugged)
	return d, err
}

// countMap reads what --count was given.
func countMap(flags []string) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, f := range flags {
		i := strings.LastIndexByte(f, '=')
		if i < 0 {
			return nil, errors.New("--count wants PRODUCT=N")
		}
		product := strings.TrimSpace(f[:i])
		n, err := strconv.ParseInt(strings.TrimSpace(f[i+1:]), 10, 64)
		if _, twice := counts[product]; err != nil || n < 1 || product == "" || twice {
			return nil, errors.New("--count wants PRODUCT=N, N from 1, once for each product")
		}
		counts[product] = n
	}
	return counts, nil
}

// pluggedKeys reads the keys that are plugged in, all of them or none.
func (a *app) pluggedKeys(ctx context.Context) ([]ceremony.Seen, error) {
	bench, err := a.openBench(ctx)
	if err != nil {
		return nil, err
	}
	seen, missing := ceremony.Detect(ctx, bench, ceremony.Quick)
	if errors.Is(missing, context.Canceled) {
		return nil, missing
	}
	if err := denied(seen); err != nil {
		return nil, err
	}
	if len(seen) == 0 {
		return nil, errors.Join(fmt.Errorf("--plugged: %w", hw.ErrNoDevice), missing)
	}
	if missing != nil {
		a.notices("warning: ", missing)
	}
	return seen, nil
}
