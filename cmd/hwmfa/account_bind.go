package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type accountBindOptions struct {
	account, key, deviceName string
	json                     bool
}

func newAccountBindCommand(a *app) *cobra.Command {
	var opts accountBindOptions
	cmd := &cobra.Command{
		Use:   "bind ACCOUNT KEY [--device-name NAME]",
		Short: "Record that a key is a root MFA device of an account",
		Long: `Record that a key is a root MFA device of an account, under the name that it
was given at AWS: NAME of u2f/root/NAME-… in the account's security credentials.
The audit then calls a device of that name "named". KEY is a key's ID, serial
or tag. A TOTP token is listed by its serial there, needs no name, and is for one
account only. Nothing is changed at AWS.` + exitStatusHelp(),
		Example: "  hwmfa account bind 123456789012 12345678 --device-name root-berlin-1",
		Args:    exactly("ACCOUNT", "KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.account, opts.key = args[0], args[1]
			return runAccountBind(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().StringVar(&opts.deviceName, "device-name", "", "`NAME` of the device at AWS")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.binding/v1)")
	return cmd
}

func runAccountBind(ctx context.Context, a *app, opts accountBindOptions) error {
	var key inventory.Key
	var bound inventory.Binding
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if key, err = inventory.FindKey(tx, opts.key); err != nil {
			return err
		}
		if opts.deviceName == "" && key.Type != inventory.TypeToken {
			return usageError{errors.New("--device-name is missing")}
		}
		bound, err = inventory.BindKey(tx, act, inventory.Binding{
			AccountID: opts.account, KeyID: key.ID, DeviceName: opts.deviceName, How: inventory.HowNamed,
		})
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(bindingReport(bound))
	}
	return a.streams.Printf("%s is bound to account %s as %s\n", key.Label(), opts.account, bound.DeviceName)
}
