package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

type keyResetOptions struct {
	key  string
	json bool
}

func newKeyResetCommand(a *app) *cobra.Command {
	var opts keyResetOptions
	cmd := &cobra.Command{
		Use:   "reset SERIAL",
		Short: "Erase the FIDO side of a key that is plugged in",
		Long: `Erase everything that FIDO keeps on a key of the inventory: every registration
made with it, AWS's included, its PIN and its settings. PIV, OTP and the serial
stay. A key without a serial is named by its ID.

The key is asked to prove that it is the enrolled one. It is refused while it
is bound to an account that no other working key, bound and proved since, is
there for. What is lost is shown, and the serial has to be typed back. Then the
key is unplugged and plugged in again, because it takes a reset only within
seconds of that (YubiKeys: about five), and touched. Its bindings end with it,
in the inventory; at AWS the dead devices stay until somebody removes them. To
use the key again, enroll it again.` +
			exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused) + `

Status 3: it was reset, but could not be asked whether its identity credential
is gone.`,
		Example: `  hwmfa key reset 12345678
  hwmfa key reset K-7Q2M4XRD     # a key without a serial`,
		Args: exactly("SERIAL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.key = args[0]
			return runKeyReset(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.reset/v1)")
	return cmd
}

func runKeyReset(ctx context.Context, a *app, opts keyResetOptions) error {
	// A key of no inventory cannot be reset: none is made for it.
	if err := a.view(ctx, func(tx inventory.Tx) error {
		_, err := inventory.FindKey(tx, opts.key)
		return err
	}); err != nil {
		return err
	}
	bench, s, act, err := a.openDesk(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	done, err := ceremony.ResetFIDO(ctx, bench, s, ceremony.ResetRequest{
		Ref: opts.key, Actor: act.Actor, Now: a.now, Confirm: a.confirmReset, Tell: a.tellReset,
	})
	if err != nil {
		return err
	}
	if opts.json {
		err = a.streams.JSON(resetReport(done))
	} else {
		err = printReset(a, done)
	}
	if err == nil && !done.Proved {
		return errFound
	}
	return err
}

// confirmReset says what dies and wants the key's name typed back.
func (a *app) confirmReset(ctx context.Context, k inventory.Key, bound []inventory.Binding) error {
	loss := fmt.Sprintf("a reset ends every FIDO registration of %s, AWS's included, and erases its PIN", k.Label())
	if len(bound) > 0 {
		var accounts []string
		for _, b := range bound {
			accounts = append(accounts, b.AccountID+" as "+b.DeviceName)
		}
		loss += "; it is a root MFA device of " + strings.Join(accounts, ", ")
	}
	return a.streams.ConfirmSerial(ctx, loss, cmp.Or(k.Serial, k.ID))
}

// tellReset says what the person is to do now.
func (a *app) tellReset(step ceremony.Step, who ceremony.Seen) {
	switch {
	case step == ceremony.StepUnplug:
		a.streams.Notice("unplug %s now", who.Name())
	case step == ceremony.StepPlug:
		a.streams.Notice("plug it in again, and touch it as soon as you are asked: it takes a reset only for seconds")
	case step == ceremony.StepTouch && who.FIDO.LongTouchForReset:
		a.streams.Notice("touch %s now and keep your finger on it until this goes on", who.Name())
	default:
		a.tellTouch(step, who)
	}
}

func printReset(a *app, d *ceremony.ResetDone) error {
	credential := "gone: no registration made with it works any more"
	if !d.Proved {
		credential = "the key could not be asked whether it is gone"
	}
	lines := [][2]string{{"reset", d.Key.Label()}, {"identity", credential}}
	for _, b := range d.Ended {
		lines = append(lines, [2]string{"ended", "root MFA device of " + b.AccountID + " as " + b.DeviceName + "; remove it at AWS"})
	}
	return a.labelled(lines)
}

// resetJSON is the schema hwmfa.reset/v1.
type resetJSON struct {
	Schema         string        `json:"schema"`
	KeyID          string        `json:"key_id"`
	Serial         *string       `json:"serial"`
	CredentialGone bool          `json:"credential_gone"`
	Ended          []bindingJSON `json:"ended"`
}

func resetReport(d *ceremony.ResetDone) resetJSON {
	j := resetJSON{
		Schema: "hwmfa.reset/v1", KeyID: d.Key.ID, Serial: null(d.Key.Serial),
		CredentialGone: d.Proved, Ended: []bindingJSON{},
	}
	for _, b := range d.Ended {
		j.Ended = append(j.Ended, bindingToJSON(b))
	}
	return j
}
