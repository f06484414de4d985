package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type stocktakeCountOptions struct {
	stocktake, place string
	touch            bool
	pinFD            int
	seals            []string
	from             string
	stdin            bool
	json             bool
}

func newStocktakeCountCommand(a *app) *cobra.Command {
	opts := stocktakeCountOptions{}
	cmd := &cobra.Command{
		Use:   "count [-]",
		Short: "Count keys: those plugged in, sealed bags, or scanned codes",
		Long: `Count keys for an open stocktake.

Without --seal, --from or -, every plugged key is challenged to prove that it is
itself, without a touch. Those that want a touch or a PIN are named; --touch asks
for it. Plug the next keys in and run it again.

--seal counts the keys of a sealed bag by its number. With - it reads what a
barcode scanner types on standard input, with --from a file: a serial, tag or key
ID a line; seal:NUMBER; place:SITE/SAFE where counting goes on at another place.
A one-time password that a touched key types is left out.

The status is 3 where something was left out, names no key, or is not the key
that it shows.` + exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa stocktake count --place "Berlin/safe 1"
  hwmfa stocktake count --place "Berlin/safe 1" --seal A-1001 --seal A-1002
  hwmfa stocktake count --place "Berlin/safe 1" -
  hwmfa stocktake count --from scans.txt`,
		Args: func(_ *cobra.Command, args []string) error {
			opts.stdin = len(args) == 1 && args[0] == "-"
			if len(args) > 0 && !opts.stdin {
				return usageError{fmt.Errorf("unexpected argument %q: - is standard input", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := opts.check(); err != nil {
				return usageError{err}
			}
			if opts.codes() {
				return runCountCodes(cmd.Context(), a, opts)
			}
			return runCountPlugged(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().StringVar(&opts.stocktake, "stocktake", "", "`ID` of the stocktake, where several are open")
	cmd.Flags().StringVar(&opts.place, "place", "", "`place` that is counted, where the stocktake has several")
	cmd.Flags().BoolVar(&opts.touch, "touch", false, "ask plugged keys that want it for a touch or PIN")
	cmd.Flags().IntVar(&opts.pinFD, "pin-fd", -1, "read the PIN from this file `DESCRIPTOR` instead of asking")
	cmd.Flags().StringArrayVar(&opts.seals, "seal", nil, "`number` of a sealed bag; may be repeated")
	cmd.Flags().StringVar(&opts.from, "from", "", "read codes from `FILE`; all are recorded, or none")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.count/v1)")
	return cmd
}

// codes says whether codes are counted and not plugged keys.
func (o stocktakeCountOptions) codes() bool { return o.stdin || o.from != "" || len(o.seals) > 0 }

func (o stocktakeCountOptions) check() error {
	sources := 0
	for _, given := range []bool{o.stdin, o.from != "", len(o.seals) > 0} {
		if given {
			sources++
		}
	}
	switch {
	case sources > 1:
		return errors.New("--seal, --from and - exclude each other")
	case o.codes() && (o.touch || o.pinFD >= 0):
		return errors.New("--touch and --pin-fd are for plugged keys")
	case !o.touch && o.pinFD >= 0:
		return errors.New("--pin-fd is for --touch")
	}
	return nil
}

// Bounds on counting codes: how many are taken from a file, which is recorded
// as a whole, and how many lines that were left out are named.
const (
	maxCodes = 1_000_000
	maxNamed = 50
)

// codeCount counts what is read for a stocktake.
type codeCount struct {
	a        *app
	counting *inventory.Counting
	pending  []inventory.Count
	countReport
}

func runCountCodes(ctx context.Context, a *app, opts stocktakeCountOptions) (err error) {
	in := a.streams.In
	switch {
	case len(opts.seals) > 0:
		in = strings.NewReader("seal:" + strings.Join(opts.seals, "\nseal:"))
	case opts.from != "":
		f, err := os.Open(opts.from)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	store, err := a.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	c := codeCount{a: a}
	err = store.View(ctx, func(tx inventory.Tx) (err error) {
		c.counting, err = inventory.NewCounting(tx, opts.stocktake, opts.place)
		return err
	})
	if err != nil {
		return err
	}
	c.stocktake = c.counting.Stocktake
	codes := term.NewScanner(in)
	for {
		batch, err := c.next(ctx, codes, opts.stdin)
		done := errors.Is(err, io.EOF)
		if err != nil && !done {
			return err
		}
		err = c.take(batch)
		// What comes from a scanner is recorded when it pauses, and what came
		// before an error too; a file as a whole.
		if pause := len(batch) == 0 || len(c.pending) >= maxPending; done && err == nil || opts.stdin && (pause || err != nil) {
			err = errors.Join(err, c.record(ctx, store))
		}
		if err != nil {
			return err
		}
		if done {
			return c.finish(a, opts.json)
		}
	}
}

// How long a scanner pauses before what it gave is recorded, and how much that
// may be.
const (
	scanPause  = 200 * time.Millisecond
	maxPending = 5000
)

// next waits for codes, and where some are to be recorded no longer than a
// scanner pauses: then there are none.
func (c *codeCount) next(ctx context.Context, codes *term.Scanner, live bool) ([]term.Scan, error) {
	if !live || len(c.pending) == 0 {
		return codes.Batch(ctx, maxCodes)
	}
	pause, stop := context.WithTimeout(ctx, scanPause)
	defer stop()
	batch, err := codes.Batch(pause, maxCodes)
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, nil
	}
	return batch, err
}

// take counts what was read.
func (c *codeCount) take(batch []term.Scan) error {
	for _, scan := range batch {
		if scan.Fault != "" {
			c.leaveOut(scan.Line, string(scan.Fault), scan.Fault.Words())
			continue
		}
		counts, fault, err := c.counting.Code(scan.Text)
		switch {
		case err != nil:
			return fmt.Errorf("line %d: %w", scan.Line, err)
		case fault != "":
			c.leaveOut(scan.Line, string(fault), faultWords[fault])
			continue
		case len(counts) == 0:
			continue // a place
		}
		c.codes++
		for _, count := range counts {
			c.add(count)
			if count.KeyID == "" && !hidden(c.stocktake) && c.unexpected <= maxNamed {
				c.a.streams.Notice("line %d: %s names no key of the inventory", scan.Line, count.Code)
			}
		}
		if c.pending = append(c.pending, counts...); len(c.pending) > maxCodes {
			return usageError{fmt.Errorf("line %d: more than %d keys at once: split the file", scan.Line, maxCodes)}
		}
	}
	return nil
}

// faultWords say why a code is left out.
var faultWords = map[inventory.CodeFault]string{
	inventory.CodeAmbiguous: "names several keys: scan the ID of the key",
	inventory.CodeSecret:    "is the secret of a one-time password generator; ignored",
}

func (c *codeCount) leaveOut(line int, why, words string) {
	c.ignored = append(c.ignored, ignoredJSON{line, why})
	if len(c.ignored) <= maxNamed {
		c.a.streams.Notice("line %d: %s", line, words)
	}
}

func (c *codeCount) record(ctx context.Context, store inventory.Store) error {
	if len(c.pending) == 0 {
		return nil
	}
	act, err := c.a.act(store)
	if err != nil {
		return err
	}
	err = store.Update(ctx, func(tx inventory.Tx) error {
		return inventory.RecordCounts(tx, act, c.stocktake.ID, c.pending)
	})
	c.pending = c.pending[:0]
	return err
}
