package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type accountUnbindOptions struct {
	account, key string
	json         bool
}

func newAccountUnbindCommand(a *app) *cobra.Command {
	var opts accountUnbindOptions
	cmd := &cobra.Command{
		Use:   "unbind ACCOUNT KEY",
		Short: "Record that a key is no longer a root MFA device of an account",
		Long: `Record that a key is no longer a root MFA device of an account. Only the
inventory is told: the registration at AWS stays until somebody removes it there.` + exitStatusHelp(),
		Example: "  hwmfa account unbind 123456789012 12345678",
		Args:    exactly("ACCOUNT", "KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.account, opts.key = args[0], args[1]
			return runAccountUnbind(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.binding/v1): the binding there was")
	return cmd
}

func runAccountUnbind(ctx context.Context, a *app, opts accountUnbindOptions) error {
	var key inventory.Key
	var gone inventory.Binding
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if key, err = inventory.FindKey(tx, opts.key); err != nil {
			return err
		}
		gone, err = inventory.UnbindKey(tx, act, opts.account, key.ID)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(bindingReport(gone))
	}
	return a.streams.Printf("%s is no longer bound to account %s as %s\n", key.Label(), opts.account, gone.DeviceName)
}
