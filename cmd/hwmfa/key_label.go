package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/internal/label"
	"hwmfa/inventory"
)

// maxLabels is how many labels go into one file.
const maxLabels = 10_000

type labelOptions struct {
	names         []string
	all           bool
	place         string // keys only
	format, paper string
	skip          int
	out           string
	force, json   bool
}

const labelHelp = `

--format pdf makes sheets for the label paper that --paper names; print them in
their real size. --skip leaves the labels free that the first sheet lacks.
--format png makes a picture of one label, 600 dots an inch.

PAPER
`

func newKeyLabelCommand(a *app) *cobra.Command {
	var opts labelOptions
	cmd := &cobra.Command{
		Use:   "label [KEY...] -o FILE",
		Short: "Make labels for keys: tag, serial, and a code for the scanner",
		Long: `Make labels for keys: asset tag, serial, and a QR code that hwmfa stocktake count
and hwmfa key declare read back from a scanner. Where serial and tag are too long
for the label, the code is the ID of the key, which hwmfa key declare does not take.` + labelHelp + paperHelp() + exitStatusHelp(),
		Example: `  hwmfa key label YK-17 YK-18 --paper a4-65 -o labels.pdf
  hwmfa key label --place "Berlin/safe 1" --skip 12 -o labels.pdf
  hwmfa key label YK-17 --format png -o YK-17.png`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.names = args
			if err := opts.check(); err != nil {
				return usageError{err}
			}
			return runLabel(cmd.Context(), a, opts, opts.keyLabels)
		},
	}
	cmd.Flags().BoolVar(&opts.all, "all", false, "every key that was not disposed of")
	cmd.Flags().StringVar(&opts.place, "place", "", "the keys of this `place` and below it")
	opts.addFlags(cmd)
	return cmd
}

func newPlaceLabelCommand(a *app) *cobra.Command {
	var opts labelOptions
	cmd := &cobra.Command{
		Use:   "label [PLACE...] -o FILE",
		Short: "Make labels for places, whose code says where counting goes on",
		Long: `Make labels for places: the place, and a QR code by which hwmfa stocktake count
goes on there.` + labelHelp + paperHelp() + exitStatusHelp(),
		Example: `  hwmfa place label --all --paper avery-l7160 -o places.pdf`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.names = args
			if err := opts.check(); err != nil {
				return usageError{err}
			}
			return runLabel(cmd.Context(), a, opts, opts.placeLabels)
		},
	}
	cmd.Flags().BoolVar(&opts.all, "all", false, "every place")
	opts.addFlags(cmd)
	return cmd
}

func paperHelp() string {
	var b strings.Builder
	for _, f := range label.Formats() {
		fmt.Fprintf(&b, "  %-12s %s\n", f.Name, f.About)
	}
	return strings.TrimRight(b.String(), "\n")
}

func (o *labelOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.format, "format", "pdf", "`FORMAT` of the file, pdf or png")
	cmd.Flags().StringVar(&o.paper, "paper", label.Formats()[0].Name, "the label `PAPER`, of the list above")
	cmd.Flags().IntVar(&o.skip, "skip", 0, "leave the first `N` labels of the first sheet free")
	cmd.Flags().StringVarP(&o.out, "output", "o", "", "write to this `FILE`")
	cmd.Flags().BoolVar(&o.force, "force", false, "replace the file if there is one")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON (hwmfa.labels/v1)")
}

func (o *labelOptions) check() error {
	paper, ok := label.FindFormat(o.paper)
	given := 0
	for _, g := range []bool{len(o.names) > 0, o.all, o.place != ""} {
		if g {
			given++
		}
	}
	switch {
	case given == 0:
		return errors.New("say which: name some, or take --all")
	case given > 1:
		return errors.New("names, --all and --place exclude each other")
	case o.out == "":
		return errors.New("--output is missing")
	case o.format != "pdf" && o.format != "png":
		return fmt.Errorf("--format %q: want pdf or png", o.format)
	case !ok:
		return fmt.Errorf("--paper %q: there is no such paper in the list of --help", o.paper)
	case o.skip < 0 || o.skip >= paper.PerSheet():
		return fmt.Errorf("--skip %d: a sheet of this paper has %d labels", o.skip, paper.PerSheet())
	case o.skip > 0 && o.format == "png":
		return errors.New("--skip is for sheets")
	}
	return nil
}

type labelsReport struct {
	Schema string `json:"schema"`
	File   string `json:"file"`
	Format string `json:"format"`
	Paper  string `json:"paper"`
	Labels int    `json:"labels"`
	Sheets *int   `json:"sheets"` // null for a picture
}

func runLabel(ctx context.Context, a *app, opts labelOptions, read func(inventory.Tx) ([]label.Label, error)) error {
	var labels []label.Label
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		labels, err = read(tx)
		return err
	})
	switch {
	case err != nil:
		return err
	case len(labels) == 0:
		return errors.New("there is nothing to label; no file was written")
	case len(labels) > maxLabels:
		return usageError{fmt.Errorf("%d labels are more than %d in a file: take them place by place", len(labels), maxLabels)}
	case len(labels) > 1 && opts.format == "png":
		return usageError{fmt.Errorf("%d labels: a picture is of one; --format pdf takes them all", len(labels))}
	}
	paper, _ := label.FindFormat(opts.paper)
	report := labelsReport{"hwmfa.labels/v1", opts.out, opts.format, opts.paper, len(labels), nil}
	var file bytes.Buffer
	said := "1 label"
	if opts.format == "png" {
		err = label.WritePNG(&file, paper, labels[0])
	} else {
		sheets := (opts.skip + len(labels) + paper.PerSheet() - 1) / paper.PerSheet()
		report.Sheets = &sheets
		said = fmt.Sprintf("labels: %d, sheets: %d", len(labels), sheets)
		err = label.WritePDF(ctx, &file, paper, labels, opts.skip, a.now())
	}
	if err == nil {
		err = writeFile(opts.out, file.Bytes(), opts.force)
	}
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(report)
	}
	return a.streams.Printf("%s: %s\n", opts.out, said)
}

func (o *labelOptions) keyLabels(tx inventory.Tx) ([]label.Label, error) {
	var keys []inventory.Key
	for _, name := range o.names {
		k, err := inventory.FindKey(tx, name)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(o.names) == 0 {
		all, err := inventory.Keys(tx, inventory.KeyFilter{Place: o.place})
		if err != nil {
			return nil, err
		}
		for _, k := range all {
			if k.Status != inventory.StatusDisposed {
				keys = append(keys, k)
			}
		}
	}
	var labels []label.Label
	for _, k := range keys {
		l := label.Label{Codes: []string{k.LabelText(), k.ID}}
		for _, line := range []string{k.Tag, k.Serial} {
			if line != "" {
				l.Lines = append(l.Lines, line)
			}
		}
		if len(l.Lines) == 0 {
			l.Lines = []string{k.ID}
		}
		labels = append(labels, l)
	}
	return labels, nil
}

func (o *labelOptions) placeLabels(tx inventory.Tx) ([]label.Label, error) {
	var places []inventory.Place
	if o.all {
		var err error
		if places, err = inventory.Places(tx); err != nil {
			return nil, err
		}
	}
	for _, name := range o.names {
		p, err := inventory.FindPlace(tx, name)
		if err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	var labels []label.Label
	for _, p := range places {
		labels = append(labels, label.Label{Lines: strings.Split(p.Path, "/"), Codes: p.LabelTexts()})
	}
	return labels, nil
}
