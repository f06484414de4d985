package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

func newStocktakeStatusCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [ID]",
		Short: "Show what an open stocktake comes to so far",
		Long: `Show what an open stocktake comes to so far: what is missing, unexpected,
misplaced, counted twice, and what is rightly not there. The ID can be left out
where only one is open. Of a blind one it shows who counted, and nothing else.

The status is 3 where there are differences.` + exitStatusHelp(exitFound),
		Example: "  hwmfa stocktake status\n  hwmfa stocktake status ST-7Q2M4XRD --json",
		Args:    atMost("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runStocktakeReport(cmd.Context(), a, asJSON, func(tx inventory.Tx) (inventory.Stocktake, error) {
				return inventory.OpenStocktake(tx, firstOf(args...))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.stocktake/v1)")
	return cmd
}

func newStocktakeShowCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show [ID]",
		Short: "Show the report of a stocktake",
		Long: `Show the report of a stocktake, without an ID of the newest: of a closed one, the
report that was written down when it was closed; of an open one, what it comes to
so far.

The status is 3 where there are differences.` + exitStatusHelp(exitFound),
		Example: "  hwmfa stocktake show\n  hwmfa stocktake show ST-7Q2M4XRD --json",
		Args:    atMost("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runStocktakeReport(cmd.Context(), a, asJSON, func(tx inventory.Tx) (inventory.Stocktake, error) {
				return inventory.FindStocktake(tx, firstOf(args...))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.stocktake/v1)")
	return cmd
}

func runStocktakeReport(ctx context.Context, a *app, asJSON bool, find func(inventory.Tx) (inventory.Stocktake, error)) error {
	var s inventory.Stocktake
	var r inventory.Report
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		if s, err = find(tx); err == nil {
			r, err = inventory.StocktakeReport(tx, s, a.now())
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.showStocktake(s, r, asJSON)
}

// showStocktake prints a report and ends in errFound where it has differences
// that may be shown.
func (a *app) showStocktake(s inventory.Stocktake, r inventory.Report, asJSON bool) error {
	var err error
	if asJSON {
		frame := r
		frame.Absences, frame.Differences = []inventory.Absence{}, []inventory.Difference{}
		err = a.streams.JSONLists(stocktakeToJSON(s, &frame), term.ListOf("absences", r.Absences), term.ListOf("differences", r.Differences))
	} else {
		err = a.printReport(s, r)
	}
	if err == nil && len(r.Differences) > 0 && !hidden(s) {
		err = errFound
	}
	return err
}

func newStocktakeListCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the stocktakes",
		Long:    "List the stocktakes, the oldest first." + exitStatusHelp(),
		Example: "  hwmfa stocktake list",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runStocktakeList(cmd.Context(), a, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.stocktakes/v1)")
	return cmd
}

// stocktakeRow is one stocktake of hwmfa.stocktakes/v1.
type stocktakeRow struct {
	ID          string   `json:"id"`
	Status      string   `json:"status"`
	Places      []string `json:"places"`
	Blind       bool     `json:"blind"`
	Sample      *int     `json:"sample"` // how many keys; null: all
	StartedAt   string   `json:"started_at"`
	StartedBy   string   `json:"started_by"`
	ClosedAt    *string  `json:"closed_at"`
	ClosedBy    *string  `json:"closed_by"`
	Differences *int     `json:"differences"` // null: open
}

func runStocktakeList(ctx context.Context, a *app, asJSON bool) error {
	var all []inventory.Stocktake
	var differences []int
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		all, err = inventory.Stocktakes(tx)
		differences = make([]int, len(all))
		for i, s := range all {
			if s.Closing == nil || err != nil {
				continue
			}
			differences[i], err = inventory.CountDifferences(tx, s)
		}
		return err
	})
	if err != nil {
		return err
	}
	rows := make([]stocktakeRow, 0, len(all))
	t := term.NewTable("stocktake", "status", "started", "by", "places", "differences").Limit(3, 16).Limit(4, 36).Give(4, 12).Give(3, 8)
	for i, s := range all {
		j := stocktakeToJSON(s, nil)
		row := stocktakeRow{
			ID: j.ID, Status: j.Status, Places: j.Places, Blind: j.Blind, StartedAt: j.StartedAt, StartedBy: j.StartedBy,
			ClosedAt: j.ClosedAt, ClosedBy: j.ClosedBy,
		}
		found := ""
		if s.Closing != nil {
			row.Differences, found = &differences[i], strconv.Itoa(differences[i])
		}
		if s.Sample != nil {
			n := len(s.Sample.Keys)
			row.Sample = &n
		}
		rows = append(rows, row)
		t.Row(term.Plain(s.ID, row.Status, timeText(s.At), s.By, placePaths(s), found)...)
	}
	if asJSON {
		return a.streams.JSON(struct {
			Schema     string         `json:"schema"`
			Stocktakes []stocktakeRow `json:"stocktakes"`
		}{"hwmfa.stocktakes/v1", rows})
	}
	if len(all) == 0 {
		a.streams.Notice("no stocktakes")
		return nil
	}
	return a.streams.Table(t)
}
