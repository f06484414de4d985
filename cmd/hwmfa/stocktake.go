package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

func newStocktakeCommand(a *app) *cobra.Command {
	return newGroup("stocktake", "Count the keys of places and hold them against the inventory",
		newStocktakeStartCommand(a),
		newStocktakeCountCommand(a),
		newStocktakeStatusCommand(a),
		newStocktakeCloseCommand(a),
		newStocktakeShowCommand(a),
		newStocktakeListCommand(a),
	)
}

type stocktakeStartOptions struct {
	places []string
	blind  bool
	sample int
	seed   string
	json   bool
}

func newStocktakeStartCommand(a *app) *cobra.Command {
	var opts stocktakeStartOptions
	cmd := &cobra.Command{
		Use:   "start PLACE…",
		Short: "Open a stocktake of places and what is below them",
		Long: `Open a stocktake of places and what is below them. Keys may go on moving while it
is open.

--blind shows nothing of what is expected before it is closed. --sample draws so
many of the keys that rest there, by the seed and their IDs alone, so that an
auditor can draw them again (docs/stocktake.md says how); without --seed one is
made and shown.` + exitStatusHelp(),
		Example: `  hwmfa stocktake start Berlin
  hwmfa stocktake start "Berlin/safe 1" Rome --blind
  hwmfa stocktake start Berlin --sample 25 --seed 2026-03`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("PLACE is missing")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch sampled := cmd.Flags().Changed("sample"); {
			case opts.seed != "" && !sampled:
				return usageError{errors.New("--seed is for --sample")}
			case sampled && opts.sample < 1:
				return usageError{errors.New("--sample is not a number of keys")}
			}
			opts.places = args
			return runStocktakeStart(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.blind, "blind", false, "show nothing of what is expected before it is closed")
	cmd.Flags().IntVar(&opts.sample, "sample", 0, "count only so many `keys`, drawn by the seed")
	cmd.Flags().StringVar(&opts.seed, "seed", "", "what the sample is drawn by: any `text`")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.stocktake/v1)")
	return cmd
}

func runStocktakeStart(ctx context.Context, a *app, opts stocktakeStartOptions) error {
	if opts.sample > 0 && opts.seed == "" {
		seed := make([]byte, 8)
		if _, err := rand.Read(seed); err != nil {
			return fmt.Errorf("make a seed: %w", err)
		}
		opts.seed = hex.EncodeToString(seed)
	}
	var s inventory.Stocktake
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		s, err = inventory.StartStocktake(tx, act, inventory.StartRequest{
			Places: opts.places, Blind: opts.blind, Sample: opts.sample, Seed: opts.seed,
		})
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(stocktakeToJSON(s, nil))
	}
	if err := a.printStocktake(s); err != nil || s.Sample == nil || s.Blind {
		return err
	}
	return a.streams.Printf("\n%s\n", strings.Join(s.Sample.Keys, " "))
}

// placePaths are the places of a stocktake in a line.
func placePaths(s inventory.Stocktake) string {
	var paths []string
	for _, p := range s.Places {
		paths = append(paths, p.Path)
	}
	return strings.Join(paths, ", ")
}

// printStocktake says what is counted, and nothing of what is expected while
// that is not to be shown.
func (a *app) printStocktake(s inventory.Stocktake) error {
	state := "open"
	if s.Closing != nil {
		state = "closed " + timeText(s.Closing.At) + " by " + s.Closing.By
	}
	if s.Blind {
		state += ", blind"
	}
	lines := [][2]string{
		{"stocktake", s.ID}, {"places", placePaths(s)}, {"started", timeText(s.At) + " by " + s.By}, {"state", state},
	}
	if s.Sample != nil {
		lines = append(lines, [2]string{"sample", term.Count(len(s.Sample.Keys), "key", "keys") + ", seed " + s.Sample.Seed})
	}
	if !hidden(s) {
		lines = append(lines, [2]string{"keys", fmt.Sprintf("%d when it began", s.Population)}, [2]string{"population", s.SHA256.String()})
	}
	for _, l := range lines {
		if err := a.streams.Printf("%-12s %s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	return nil
}

// hidden says whether nothing of what is expected is to be shown.
func hidden(s inventory.Stocktake) bool { return s.Blind && s.Closing == nil }
