package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type accountListOptions struct{ json bool }

func newAccountListCommand(a *app) *cobra.Command {
	var opts accountListOptions
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the accounts, what is demanded of them, and the keys bound to them",
		Long:    "List the accounts of the inventory, their tiers and exceptions, and the keys bound to their root users." + exitStatusHelp(),
		Example: "  hwmfa account list\n  hwmfa account list --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runAccountList(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.accounts/v1)")
	return cmd
}

type accountJSON struct {
	AccountID string         `json:"account_id"`
	Name      *string        `json:"name"`
	Tier      *string        `json:"tier"`
	Exception *exceptionJSON `json:"exception"`
	Bindings  []bindingJSON  `json:"bindings"`
}

func runAccountList(ctx context.Context, a *app, opts accountListOptions) error {
	var accounts []inventory.Account
	var bindings []inventory.Binding
	labels, excepted := map[string]string{}, map[string]inventory.Exception{}
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		if accounts, err = inventory.Accounts(tx); err != nil {
			return err
		}
		if bindings, err = inventory.Bindings(tx); err != nil {
			return err
		}
		exceptions, err := inventory.Exceptions(tx)
		if err != nil {
			return err
		}
		for _, e := range exceptions {
			excepted[e.AccountID] = e
		}
		keys, err := inventory.Keys(tx, inventory.KeyFilter{})
		for _, k := range keys {
			labels[k.ID] = k.Label()
		}
		return err
	})
	if err != nil {
		return err
	}
	of := map[string][]inventory.Binding{}
	for _, b := range bindings {
		of[b.AccountID] = append(of[b.AccountID], b)
	}
	if opts.json {
		return a.streams.JSON(a.accountsReport(accounts, of, excepted))
	}
	if len(accounts) == 0 {
		a.streams.Notice("no accounts")
		return nil
	}
	t := term.NewTable("account", "name", "tier", "exception", "key", "device name", "how").Limit(1, 24).
		Give(4, 11).Give(1, 12).Give(5, 16)
	for _, acc := range accounts {
		row := []string{acc.ID, acc.Name, acc.Tier, a.exceptionText(excepted[acc.ID])}
		if len(of[acc.ID]) == 0 {
			t.Row(term.Plain(append(row, "", "", "")...)...)
		}
		for _, b := range of[acc.ID] {
			t.Row(term.Plain(append(row[:4:4], labels[b.KeyID], b.DeviceName, string(b.How))...)...)
		}
	}
	return a.streams.Table(t)
}

func (a *app) accountsReport(accounts []inventory.Account, of map[string][]inventory.Binding, excepted map[string]inventory.Exception) any {
	list := make([]accountJSON, 0, len(accounts))
	for _, acc := range accounts {
		list = append(list, a.accountToJSON(acc, of[acc.ID], excepted[acc.ID]))
	}
	return struct {
		Schema   string        `json:"schema"`
		Accounts []accountJSON `json:"accounts"`
	}{"hwmfa.accounts/v1", list}
}

// accountToJSON takes an exception without an account for none.
func (a *app) accountToJSON(acc inventory.Account, bindings []inventory.Binding, e inventory.Exception) accountJSON {
	j := accountJSON{AccountID: acc.ID, Name: null(acc.Name), Tier: null(acc.Tier), Bindings: []bindingJSON{}}
	for _, b := range bindings {
		j.Bindings = append(j.Bindings, bindingToJSON(b))
	}
	if e.AccountID != "" {
		shown := a.exceptionToJSON(e)
		j.Exception = &shown
	}
	return j
}
