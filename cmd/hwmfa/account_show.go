package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type accountShowOptions struct {
	account string
	json    bool
}

func newAccountShowCommand(a *app) *cobra.Command {
	var opts accountShowOptions
	cmd := &cobra.Command{
		Use:     "show ACCOUNT",
		Short:   "Show an account, its keys and what was decided about it",
		Long:    "Show an account, its tier, its exception, the keys bound to it, and the artifacts that help to open it." + exitStatusHelp(),
		Example: "  hwmfa account show 123456789012",
		Args:    exactly("ACCOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.account = args[0]
			return runAccountShow(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.account/v1)")
	return cmd
}

func runAccountShow(ctx context.Context, a *app, opts accountShowOptions) error {
	var shown accountJSON
	keys := map[string]inventory.Key{}
	var artifacts []inventory.Artifact
	err := a.view(ctx, func(tx inventory.Tx) error {
		acc, err := inventory.FindAccount(tx, opts.account)
		if err != nil {
			return err
		}
		if shown, err = a.readAccount(tx, acc); err != nil {
			return err
		}
		for _, b := range shown.Bindings {
			if keys[b.KeyID], err = tx.KeyByID(b.KeyID); err != nil {
				return err
			}
		}
		artifacts, err = inventory.ArtifactsOf(tx, acc.ID)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(accountReport(shown))
	}
	var errs []error
	say := func(name, value string) {
		if value != "" {
			errs = append(errs, a.streams.Printf("%-11s %s\n", name, value))
		}
	}
	say("account", shown.AccountID)
	say("name", deref(shown.Name))
	say("tier", deref(shown.Tier))
	if e := shown.Exception; e != nil {
		until := "until "
		if e.Expired {
			until = "expired "
		}
		say("exception", until+timeText(e.Expires))
		say("owner", e.Owner.Name+" ("+e.Owner.ID+")")
		say("approver", e.Approver.Name+" ("+e.Approver.ID+")")
		say("reason", e.Reason)
		say("instead", e.Control)
	}
	for _, b := range shown.Bindings {
		k := keys[b.KeyID]
		say("key", fmt.Sprintf("%s as %s (%s), %s", k.Label(), b.DeviceName, b.How, k.Status))
	}
	for _, of := range artifacts {
		say("artifact", fmt.Sprintf("%s %s", of.Kind, of.Name()))
	}
	return errors.Join(errs...)
}

// readAccount is one account as it is shown.
func (a *app) readAccount(tx inventory.Tx, acc inventory.Account) (accountJSON, error) {
	bindings, err := tx.ListBindings(acc.ID, "")
	if err != nil {
		return accountJSON{}, err
	}
	exceptions, err := tx.ListExceptions(acc.ID)
	if err != nil || len(exceptions) == 0 {
		return a.accountToJSON(acc, bindings, inventory.Exception{}), err
	}
	return a.accountToJSON(acc, bindings, exceptions[0]), nil
}

// accountReport is one account that was changed or asked for.
func accountReport(j accountJSON) any {
	return struct {
		Schema  string      `json:"schema"`
		Account accountJSON `json:"account"`
	}{"hwmfa.account/v1", j}
}
