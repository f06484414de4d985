package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

type keySetOptions struct {
	key  string
	pin  pinOptions
	json bool
}

func newKeySetCommand(a *app) *cobra.Command {
	var opts keySetOptions
	cmd := &cobra.Command{
		Use:   "set KEY",
		Short: "Change the PIN or settings of a key that is plugged in",
		Long: `Change the PIN or settings of a key of the inventory that is plugged in. KEY is
an ID, serial or tag. The key first proves with its identity credential that it
is the enrolled one, with a touch and its PIN where it wants them. What was
changed goes into the journal; a PIN never does.

--set-pin and --change-pin ask for the new PIN twice: 4 characters to 63 bytes,
and what the key wants. --min-pin-length, --force-pin-change and --always-uv can
only be taken back by a reset and can end registrations: they are refused for the
key of an account that no other working key is proved for, and the serial has to
be typed back.` + exitStatusHelp(exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa key set YK-0001 --change-pin
  hwmfa key set 12345678 --min-pin-length 6 --always-uv
  hwmfa key set 12345678 --set-pin --pin-fd 3 3<new`,
		Args: exactly("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.key = args[0]
			return runKeySet(cmd.Context(), a, opts)
		},
	}
	opts.pin.addFlags(cmd.Flags())
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.key-set/v1)")
	return cmd
}

func runKeySet(ctx context.Context, a *app, opts keySetOptions) error {
	pinFD, newPINFD, err := opts.pin.check()
	if err != nil {
		return err
	}
	if !opts.pin.changes() {
		return usageError{errors.New("nothing to change: give --set-pin, --change-pin, --min-pin-length, --force-pin-change or --always-uv")}
	}
	bench, s, act, err := a.openDesk(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	done, err := ceremony.ChangeKey(ctx, bench, s, ceremony.ChangeRequest{
		Ref: opts.key, Actor: act.Actor, Now: a.now,
		PIN: pinAsker(a.streams, pinFD), Tell: a.tellTouch,
		SetPIN: opts.pin.setPIN, ChangePIN: opts.pin.changePIN, NewPIN: newPINAsker(a.streams, newPINFD),
		Settings: opts.pin.settings,
		Confirm: func(ctx context.Context, k inventory.Key, bound []inventory.Binding) error {
			return a.confirmSettings(ctx, opts.pin.settings, k, bound)
		},
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(keySetReport(done))
	}
	return printKeySet(a, done)
}

// confirmSettings says what only a reset takes back, and wants the key's name
// typed back.
func (a *app) confirmSettings(ctx context.Context, want ceremony.Settings, k inventory.Key, bound []inventory.Binding) error {
	var changes []string
	if want.AlwaysUV {
		changes = append(changes, "want its PIN for every use, and end use by U2F")
	}
	if want.MinPINLength > 0 {
		changes = append(changes, fmt.Sprintf("refuse PINs of fewer than %d characters", want.MinPINLength))
	}
	if want.ForcePINChange {
		changes = append(changes, "want another PIN before it is used")
	}
	text := fmt.Sprintf("%s is about to %s; only a reset takes that back", k.Label(), strings.Join(changes, ", and to "))
	if len(bound) > 0 {
		var accounts []string
		for _, b := range bound {
			accounts = append(accounts, b.AccountID+" as "+b.DeviceName)
		}
		text += "; it is a root MFA device of " + strings.Join(accounts, ", ")
	}
	return a.streams.ConfirmSerial(ctx, text, cmp.Or(k.Serial, k.ID))
}

func printKeySet(a *app, d *ceremony.KeyChanged) error {
	lines := [][2]string{{"key", d.Key.Label()}}
	for _, c := range d.Changes {
		lines = append(lines, [2]string{"changed", string(c)})
	}
	if len(d.Changes) == 0 {
		lines = append(lines, [2]string{"changed", "nothing: it was so already"})
	}
	for _, w := range d.Warnings {
		lines = append(lines, [2]string{"warning", w.Text})
	}
	return a.labelled(lines)
}

// keySetJSON is the schema hwmfa.key-set/v1.
type keySetJSON struct {
	Schema   string            `json:"schema"`
	Key      keyJSON           `json:"key"`
	Changes  []ceremony.Change `json:"changes"`
	Warnings []warningJSON     `json:"warnings"`
}

func keySetReport(d *ceremony.KeyChanged) keySetJSON {
	return keySetJSON{"hwmfa.key-set/v1", keyToJSON(d.Key), append([]ceremony.Change{}, d.Changes...), warningsJSON(d.Warnings)}
}
