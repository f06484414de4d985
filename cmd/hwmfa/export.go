package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

type exportOptions struct {
	format, output string
	force          bool
	json           bool
}

func newExportCommand(a *app) *cobra.Command {
	group := newGroup("export", "Write a table of the inventory as CSV, JSON or XLSX")
	for _, kind := range exchange.Kinds() {
		group.AddCommand(newExportKindCommand(a, kind, kind.Name, "hwmfa export "+kind.Name))
	}
	return group
}

// newExportKindCommand is "export KIND", and the same command under the group
// of its kind, "key export".
func newExportKindCommand(a *app, kind exchange.Kind, use, line string) *cobra.Command {
	var opts exportOptions
	cmd := &cobra.Command{
		Use:   use,
		Short: "Write the " + kind.Name + " as CSV, JSON or XLSX",
		Long: `Write the ` + kind.Name + ` of the inventory, one row each (` + kind.About + `), as CSV, JSON or
XLSX. Without --output the table goes to standard output. A file is made with
mode 0600, appears only when it is complete, and takes the place of none without
--force. hwmfa import ` + kind.Name + ` reads it back.

In CSV, a text that a spreadsheet would compute gets an apostrophe in front,
which import takes away again.` + "\n\nCOLUMNS\n  " + strings.Join(kind.Columns(), "\n  ") + exitStatusHelp(),
		Example: "  " + line + " --output " + kind.Name + ".xlsx\n  " + line + " --format json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runExport(cmd.Context(), a, kind, opts)
		},
	}
	cmd.Flags().StringVar(&opts.format, "format", "", "csv, json or xlsx (default: what the name of the file says, else csv)")
	cmd.Flags().StringVarP(&opts.output, "output", "o", "", "write to `FILE`")
	cmd.Flags().BoolVar(&opts.force, "force", false, "replace FILE")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON ("+kind.Schema.Name+"), as --format json does")
	return cmd
}

func runExport(ctx context.Context, a *app, kind exchange.Kind, opts exportOptions) error {
	format, err := opts.formatOf()
	if err != nil {
		return usageError{err}
	}
	var table bytes.Buffer
	err = a.view(ctx, func(tx inventory.Tx) error { return kind.Export(tx, &table, format) })
	if err != nil {
		return err
	}
	if opts.output == "" {
		return a.streams.Print(table.String())
	}
	return writeFile(opts.output, table.Bytes(), opts.force)
}

// formatOf is the format that was asked for, or that the name of the file ends
// in.
func (o exportOptions) formatOf() (exchange.Format, error) {
	format := exchange.CSV
	name := strings.ToLower(o.format)
	switch {
	case o.json && name != "" && name != string(exchange.JSON):
		return "", errors.New("--json and --format contradict each other")
	case o.json:
		name = string(exchange.JSON)
	case name == "":
		name = strings.ToLower(strings.TrimPrefix(filepath.Ext(o.output), "."))
		if !slices.Contains(exchange.Formats(), exchange.Format(name)) {
			return format, nil
		}
	}
	format = exchange.Format(name)
	if !slices.Contains(exchange.Formats(), format) {
		return "", fmt.Errorf("--format is none of %s, %s, %s", exchange.CSV, exchange.JSON, exchange.XLSX)
	}
	return format, nil
}
