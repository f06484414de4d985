package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory/store"
)

// copyOptions are those of every command that copies an inventory.
type copyOptions struct {
	json    bool
	to      string
	replace bool
}

func newInventoryBackupCommand(a *app) *cobra.Command {
	var opts copyOptions
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the inventory to a new file",
		Long: `Write a copy of the inventory, as it is between two changes, to a new file that
nobody else may read; others may go on working. The copy's journal is verified
before the file gets its name. A file that is there is never overwritten.
A backup of PostgreSQL is an SQLite file, too.` + exitStatusHelp(),
		Example: "  hwmfa inventory backup /media/safe/inventory-2026-03-01.db",
		Args:    exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := store.Backup(cmd.Context(), a.settings.Inventory, args[0])
			if err != nil {
				return err
			}
			return printCopy(a, opts, "hwmfa.inventory-backup/v1", "backed up", done, "")
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.inventory-backup/v1)")
	return cmd
}

func newInventoryRestoreCommand(a *app) *cobra.Command {
	var opts copyOptions
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Bring a backup back",
		Long: `Make the inventory what it was in a backup, whose journal has to verify. Where
there is an inventory already nothing is done, unless --replace is given: then a
file is set aside under a name with the time in it, and kept. An inventory on
PostgreSQL has to be empty.

What was recorded after the backup is not in it: compare the head that is
printed with the last one that was kept elsewhere.` + exitStatusHelp(),
		Example: `  hwmfa inventory restore /media/safe/inventory-2026-03-01.db
  hwmfa inventory restore --replace /media/safe/inventory-2026-03-01.db`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, aside, err := store.Restore(cmd.Context(), args[0], a.settings.Inventory, opts.replace, a.now())
			if aside != "" {
				a.streams.Notice("the inventory that was there is now %s", aside)
			}
			if err != nil {
				return err
			}
			return printCopy(a, opts, "hwmfa.inventory-restore/v1", "restored", done, aside)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.inventory-restore/v1)")
	cmd.Flags().BoolVar(&opts.replace, "replace", false, "set the inventory that is there aside")
	return cmd
}

func newInventoryMigrateCommand(a *app) *cobra.Command {
	var opts copyOptions
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Copy the inventory from a file to PostgreSQL",
		Long: `Copy the inventory from a file into an empty one on PostgreSQL, which is made
where there is none yet. Every row and the journal of both are held against each
other, and the copy is kept only if they are equal. The login has to own the
database. The file stays as it is; from then on name the new inventory.` + exitStatusHelp(),
		Example: "  hwmfa inventory migrate --to 'postgres://owner@db.example.com/inventory'",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runInventoryMigrate(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.inventory-migrate/v1)")
	cmd.Flags().StringVar(&opts.to, "to", "", "`URL` of the empty inventory")
	return cmd
}

func runInventoryMigrate(ctx context.Context, a *app, opts copyOptions) error {
	if opts.to == "" {
		return usageError{errors.New("--to is missing")}
	}
	a.warnOfPassword("--to", opts.to)
	done, err := store.Migrate(ctx, a.settings.Inventory, opts.to)
	if err != nil {
		return err
	}
	return printCopy(a, opts, "hwmfa.inventory-migrate/v1", "copied and found equal", done, "")
}

// warnOfPassword says that a password does not belong on a command line.
func (a *app) warnOfPassword(flag, url string) {
	if store.HasPassword(url) {
		a.streams.Notice("warning: everybody on this machine can see the password in %s: keep it in ~/.pgpass", flag)
	}
}

// copyReport is what a copy was found to hold.
type copyReport struct {
	Schema string `json:"schema"`
	Events int64  `json:"events"`
	Head   string `json:"head"`
	Tables int    `json:"tables"`
	Rows   int64  `json:"rows"`
	// SetAside is the path of what was there before, null where nothing was.
	SetAside *string `json:"set_aside"`
}

func printCopy(a *app, opts copyOptions, schema, did string, done store.Copy, aside string) error {
	if opts.json {
		return a.streams.JSON(copyReport{
			Schema: schema, Events: done.Head.Seq, Head: done.Head.String(), Tables: done.Tables, Rows: done.Rows, SetAside: null(aside),
		})
	}
	return a.streams.Printf("%s: %s of %s, head %s\n", did, term.Count(done.Rows, "row", "rows"), term.Count(done.Tables, "table", "tables"), done.Head)
}
