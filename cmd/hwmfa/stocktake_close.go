package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/internal/ceremony"
	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type stocktakeCloseOptions struct {
	id        string
	accept    []string
	acceptAll string
	keepOpen  bool
	json      bool
}

func newStocktakeCloseCommand(a *app) *cobra.Command {
	var opts stocktakeCloseOptions
	cmd := &cobra.Command{
		Use:   "close [ID]",
		Short: "Close a stocktake and write its report down",
		Long: `Close a stocktake and write its report into the journal. The ID can be left out
where only one is open.

Where there are differences, --accept, --accept-all and --keep-open say what
becomes of them. Accepting one changes the inventory to what was found: a missing
key is lost, a misplaced one moves, one that was away is put away, a lost one is
found, a reset one loses its bindings; the others are taken note of. What
--accept-all cannot do, because a place is full or a second person has to confirm
it, stays open.

The status is 3 where there are differences, whatever became of them.` + exitStatusHelp(exitFound),
		Example: `  hwmfa stocktake close
  hwmfa stocktake close --accept YK-7="fell behind the safe" --keep-open
  hwmfa stocktake close --accept-all "counted twice, in March"`,
		Args: atMost("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.id = firstOf(args...)
			return runStocktakeClose(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().StringArrayVar(&opts.accept, "accept", nil, "`KEY=REASON`: take the difference about this key, code or place over; may be repeated")
	cmd.Flags().StringVar(&opts.acceptAll, "accept-all", "", "take over all that --accept does not name, for this `REASON`")
	cmd.Flags().BoolVar(&opts.keepOpen, "keep-open", false, "leave what is not accepted open, as findings of the report")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.stocktake/v1)")
	return cmd
}

func runStocktakeClose(ctx context.Context, a *app, opts stocktakeCloseOptions) (err error) {
	// The report of a hundred thousand differences is in memory as values and as
	// text: what is thrown away beside them is not to double that.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	store, err := a.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	act, err := a.act(store)
	if err != nil {
		return err
	}
	r := inventory.CloseRequest{All: opts.acceptAll, KeepOpen: opts.keepOpen}
	err = store.View(ctx, func(tx inventory.Tx) (err error) {
		r.Accept, err = acceptances(tx, opts.accept)
		return err
	})
	if err != nil {
		return err
	}
	s, report, err := ceremony.CloseStocktake(ctx, store, act, opts.id, r)
	if errors.Is(err, inventory.ErrDifferences) {
		return usageError{fmt.Errorf("%w: see hwmfa stocktake status, and give --accept KEY=REASON, --accept-all REASON or --keep-open", err)}
	}
	if err != nil {
		return err
	}
	if n := report.Expected - report.Present; s.Sample != nil && n > 0 {
		a.streams.Notice("not counted of the sample: %s", term.Count(n, "key", "keys"))
	}
	return a.showStocktake(s, report, opts.json)
}

// acceptances reads what --accept was given: what a key is called becomes its
// ID, anything else is a code or a place.
func acceptances(tx inventory.Tx, flags []string) (map[string]string, error) {
	accept := map[string]string{}
	for _, f := range flags {
		name, reason, ok := strings.Cut(f, "=")
		if !ok || name == "" || reason == "" {
			return nil, usageError{errors.New("--accept wants KEY=REASON")}
		}
		k, err := inventory.FindKey(tx, name)
		switch {
		case err == nil:
			name = k.ID
		case !errors.Is(err, inventory.ErrNotFound) && !errors.Is(err, inventory.ErrInvalid):
			return nil, err
		}
		if _, twice := accept[name]; twice {
			return nil, usageError{fmt.Errorf("--accept names %s twice", name)}
		}
		accept[name] = reason
	}
	return accept, nil
}
