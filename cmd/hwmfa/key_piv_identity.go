package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hwmfa/internal/ceremony"
)

type keyPIVOptions struct {
	key   string
	pinFD int
	piv   pivOptions
	json  bool
}

func newKeyPIVIdentityCommand(a *app) *cobra.Command {
	opts := keyPIVOptions{piv: pivOptions{identity: true}}
	cmd := &cobra.Command{
		Use:   "piv-identity KEY",
		Short: "Give a key that is plugged in a second silent proof",
		Long: `Make a second silent proof on a key of the inventory that is plugged in, as
hwmfa enroll --piv-identity does: an attested key, for use without PIN and touch,
in a retired PIV slot that the card itself says is empty (firmware 5.3 or later).
KEY is an ID, serial or tag. The key first proves with its identity credential
that it is the enrolled one.

That cannot be undone: it says what will be written and wants the serial typed
back. The PIV management key is asked for, unless a descriptor gives it or
--default-management-key says that the card still has the default one.` +
			exitStatusHelp(exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa key piv-identity YK-0001 --default-management-key
  hwmfa key piv-identity 12345678 --management-key-fd 3 3<key.hex`,
		Args: exactly("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.key = args[0]
			return runKeyPIVIdentity(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	opts.piv.addSlotFlags(f, "")
	f.IntVar(&opts.pinFD, "pin-fd", -1, "read the PIN from this file `DESCRIPTOR` instead of asking")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.piv-identity/v1)")
	return cmd
}

func runKeyPIVIdentity(ctx context.Context, a *app, opts keyPIVOptions) error {
	identity, err := opts.piv.request(a.streams)
	if err != nil {
		return err
	}
	bench, s, act, err := a.openDesk(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	done, err := ceremony.GivePIVIdentity(ctx, bench, s, ceremony.IdentityRequest{
		Ref: opts.key, Actor: act.Actor, Now: a.now, PIN: pinAsker(a.streams, opts.pinFD), Tell: a.tellTouch, Identity: *identity,
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(pivIdentityJSON{
			"hwmfa.piv-identity/v1", keyToJSON(done.Key), fmt.Sprintf("%02x", done.Slot), pivProvedJSON(done.PIV), warningsJSON(done.Warnings),
		})
	}
	lines := [][2]string{{"key", done.Key.Label()}}
	for _, p := range done.PIV {
		lines = append(lines, [2]string{fmt.Sprintf("piv %02x", p.Slot), statement(p.Status, p.Anchor, p.Reason, p.Detail)})
	}
	lines = append(lines, [2]string{"written", fmt.Sprintf("PIV slot %02x", done.Slot)})
	for _, w := range done.Warnings {
		lines = append(lines, [2]string{"warning", w.Text})
	}
	return a.labelled(lines)
}

// pivIdentityJSON is the schema hwmfa.piv-identity/v1.
type pivIdentityJSON struct {
	Schema   string        `json:"schema"`
	Key      keyJSON       `json:"key"`
	Slot     string        `json:"slot"` // written
	PIV      []pivProved   `json:"piv"`
	Warnings []warningJSON `json:"warnings"`
}
