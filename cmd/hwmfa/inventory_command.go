package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/inventory/store"
)

func newInventoryCommand(a *app) *cobra.Command {
	return newGroup("inventory", "Make, back up, restore or move the inventory itself",
		newInventoryBackupCommand(a),
		newInventoryInfoCommand(a),
		newInventoryInitCommand(a),
		newInventoryMigrateCommand(a),
		newInventoryRestoreCommand(a),
		newInventoryRolesCommand(a),
	)
}

func newInventoryInitCommand(a *app) *cobra.Command {
	var opts inventoryInfoOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make an empty inventory, or bring one up to date",
		Long: `Make an empty inventory, or bring the schema of an older one up to date, and say
what it holds, as hwmfa inventory info does. A file needs neither: the first
command that writes does it. On PostgreSQL only the owner of the database may,
and does it for everybody.` + exitStatusHelp(),
		Example: "  hwmfa inventory init --inventory 'postgres://owner@db.example.com/inventory'",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := store.Open(cmd.Context(), a.settings.Inventory)
			if err != nil {
				return err
			}
			if err := s.Close(); err != nil {
				return err
			}
			return runInventoryInfo(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.inventory-info/v1)")
	return cmd
}

func newInventoryRolesCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "roles",
		Short: "Print SQL that makes the roles of an inventory on PostgreSQL",
		Long: `Print SQL that makes the roles custodian, manager and auditor for an inventory
on PostgreSQL, and says in its comments what each may do. Nothing is run.` + exitStatusHelp(),
		Example: "  hwmfa inventory roles | psql --set ON_ERROR_STOP=1 inventory",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			return a.streams.Print(store.Roles)
		},
	}
}

type inventoryInfoOptions struct{ json bool }

func newInventoryInfoCommand(a *app) *cobra.Command {
	var opts inventoryInfoOptions
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Say which inventory is used, and what it holds",
		Long: `Say where the inventory is kept, the version of its schema, whom its database
takes the caller for, the head of its journal, and how much it holds.` + exitStatusHelp(),
		Example: "  hwmfa inventory info\n  hwmfa inventory info --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runInventoryInfo(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.inventory-info/v1)")
	return cmd
}

// inventoryInfoReport is the schema hwmfa.inventory-info/v1.
type inventoryInfoReport struct {
	Schema string `json:"schema"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	// Login is null where the database knows nobody.
	Login   *string          `json:"login"`
	Version int64            `json:"schema_version"`
	Head    string           `json:"head"`
	Rows    map[string]int64 `json:"rows"`
}

func runInventoryInfo(ctx context.Context, a *app, opts inventoryInfoOptions) error {
	info, err := store.Look(ctx, a.settings.Inventory)
	if err != nil {
		return err
	}
	if opts.json {
		r := inventoryInfoReport{
			Schema: "hwmfa.inventory-info/v1", Kind: info.Kind, Name: info.Name, Login: null(info.Login),
			Version: info.Schema, Head: info.Head.String(), Rows: map[string]int64{},
		}
		for _, t := range info.Tables {
			r.Rows[t.Table] = t.Rows
		}
		return a.streams.JSON(r)
	}
	if err := a.streams.Printf("%s: %s, schema %d\n", info.Kind, info.Name, info.Schema); err != nil {
		return err
	}
	if info.Login != "" {
		if err := a.streams.Printf("login: %s\n", info.Login); err != nil {
			return err
		}
	}
	if err := a.streams.Printf("head: %s\n", info.Head); err != nil {
		return err
	}
	for _, t := range info.Tables {
		if err := a.streams.Printf("%s: %d\n", t.Table, t.Rows); err != nil {
			return err
		}
	}
	return nil
}
