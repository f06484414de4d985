package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

type importOptions struct {
	file  tableFile
	apply bool
	plan  string
	json  bool
}

func newImportCommand(a *app) *cobra.Command {
	group := newGroup("import", "Read a table into the inventory, after showing what that changes")
	for _, kind := range exchange.Kinds() {
		group.AddCommand(newImportKindCommand(a, kind, kind.Name, "hwmfa import "+kind.Name))
	}
	return group
}

// newImportKindCommand is "import KIND", and the same command under the group
// of its kind, "key import".
func newImportKindCommand(a *app, kind exchange.Kind, use, line string) *cobra.Command {
	var opts importOptions
	cmd := &cobra.Command{
		Use:     use + " FILE",
		Short:   "Read " + kind.Name + " from a CSV, JSON or XLSX file",
		Long:    importHelp(kind, "") + exitStatusHelp(exitFound),
		Example: "  " + line + " list.csv\n  " + line + " list.xlsx --column " + kind.Columns()[0] + "='Name in the file' --apply",
		Args:    exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.file.path = args[0]
			return runImport(cmd.Context(), a, kind, opts)
		},
	}
	opts.addFlags(cmd)
	return cmd
}

func (o *importOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.apply, "apply", false, "change the inventory")
	cmd.Flags().StringVar(&o.plan, "plan", "", "apply only what was shown under this `NAME`")
	o.file.addFlags(cmd)
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON (hwmfa.import/v1)")
}

// check holds flags together.
func (o importOptions) check() error {
	if o.plan != "" && !o.apply {
		return usageError{errors.New("--plan is for --apply")}
	}
	return nil
}

// importHelp is the help page of an import, with what is to be said beside it.
func importHelp(kind exchange.Kind, more string) string {
	return `Compare a CSV, JSON or XLSX file of ` + kind.Name + ` with the inventory and show what would
change, row by row. Every step is tried by the inventory's own rules, and taken
back. --apply does it: all rows, or none where one is refused; with --plan, only
if it is still the plan of that name, which the comparison ended with. What a
cell leaves empty stays as it is; nothing is ever removed. A file that was
imported comes to nothing the second time.

The first row names the columns; --column says what the file calls one that has
another name. Columns that are not known are refused unless
--ignore-unknown-columns leaves them out. A file with a column or a cell of
secrets (MFA seeds, passwords, PINs) is always refused. See docs/exchange.md.` + more +
		"\n\nCOLUMNS\n  " + strings.Join(kind.Columns(), "\n  ") +
		"\n\nWithout --apply the status is 3 where the file and the inventory differ."
}

// errTried ends the transaction in which a plan was only tried.
var errTried = errors.New("only tried")

func runImport(ctx context.Context, a *app, kind exchange.Kind, opts importOptions) error {
	if err := opts.check(); err != nil {
		return err
	}
	var table exchange.Table
	err := opts.file.read(a, func(r io.Reader, o exchange.Options) (err error) {
		table, err = exchange.Read(r, kind.Schema, o)
		return err
	})
	if err != nil {
		return err
	}
	return a.importPlan(ctx, opts, func(tx inventory.Tx) (exchange.Plan, error) { return kind.Plan(tx, table) })
}

// importPlan makes a plan, tries or applies it, and shows it.
func (a *app) importPlan(ctx context.Context, opts importOptions, make func(inventory.Tx) (exchange.Plan, error)) error {
	var plan exchange.Plan
	err := a.update(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if plan, err = make(tx); err != nil {
			return err
		}
		switch {
		case opts.apply && opts.plan != "" && opts.plan != plan.Digest():
			return exchange.ErrChanged
		case opts.apply:
			return plan.Apply(tx, act)
		case plan.Count(exchange.ActionConflict) == 0:
			if err := plan.Try(tx, act); err != nil {
				return err
			}
		}
		return errTried
	})
	if err != nil && !errors.Is(err, errTried) {
		return fmt.Errorf("import %s: %w", opts.file.path, err)
	}
	if err := a.printPlan(plan, opts); err != nil {
		return err
	}
	if !opts.apply && plan.Differs() {
		return errFound
	}
	return nil
}
