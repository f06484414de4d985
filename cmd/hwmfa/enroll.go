package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/term"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

type enrollOptions struct {
	place, tag, serial string
	pinFD              int
	json               bool
}

func newEnrollCommand(a *app) *cobra.Command {
	var opts enrollOptions
	cmd := &cobra.Command{
		Use:   "enroll --place PLACE",
		Short: "Record a key with its verified attestation",
		Long: `Record the key that is plugged in: its serial by every path it offers, an
attested credential made with one touch, and what its card attests. The
evidence is verified against Yubico's roots and those added with hwmfa trust
add, then kept together with what it proved. Nothing is recorded when a step
fails, and nothing is written to the key but one credential that takes no
storage on it.

The place is made on first use: a site, a safe, a slot, as in "Berlin/safe 1".
A key that reaches no trust anchor is recorded as untrusted, and the command
ends with status 3.` +
			exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa enroll --place "Berlin/safe 1" --tag YK-0001
  hwmfa enroll --place Berlin --serial 12345678
  hwmfa enroll --place Berlin --pin-fd 3 3<pin.txt`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runEnroll(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.place, "place", "", "`PLACE` where the key is kept: site[/safe[/slot]]")
	f.StringVar(&opts.tag, "tag", "", "asset `TAG` to give it")
	f.StringVar(&opts.serial, "serial", "", "`SERIAL` of the key, where several are plugged in")
	f.IntVar(&opts.pinFD, "pin-fd", -1, "read the PIN from this file `DESCRIPTOR` instead of asking")
	f.BoolVar(&opts.json, "json", false, "print JSON")
	return cmd
}

func runEnroll(ctx context.Context, a *app, opts enrollOptions) error {
	if opts.place == "" {
		return usageError{errors.New("--place is missing: say where the key is kept, as in --place \"Berlin/safe 1\"")}
	}
	bench, err := a.openBench(ctx)
	if err != nil {
		return err
	}
	act, err := a.act()
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, a.settings.Inventory)
	if err != nil {
		return err
	}
	defer s.Close()
	done, err := ceremony.Enroll(ctx, bench, s, ceremony.EnrollRequest{
		Place: opts.place, Tag: opts.tag, Serial: opts.serial,
		Actor: act.Actor, Now: a.now,
		PIN: pinAsker(a.streams, opts.pinFD), UsePIN: opts.pinFD >= 0,
		Tell: a.tellTouch,
	})
	if err != nil {
		return err
	}
	if opts.json {
		err = a.streams.JSON(enrolledReport(done))
	} else {
		err = printEnrolled(a, done)
	}
	if err == nil && done.FIDO.Status != hw.StatusVerified {
		return errFound
	}
	return err
}

// lastTry is what a person types to spend a key's last PIN try.
const lastTry = "last try"

// pinAsker asks on the terminal, or reads the descriptor once. The last try is
// spent only on an explicit yes, which a descriptor cannot give.
func pinAsker(streams *term.Streams, fd int) ceremony.AskPIN {
	return func(ctx context.Context, who string, retries int) ([]byte, error) {
		if retries <= 1 {
			if fd >= 0 {
				return nil, fmt.Errorf("one try is left, and --pin-fd cannot confirm it: %w", term.ErrNotConfirmed)
			}
			answer, err := streams.Ask(ctx, fmt.Sprintf("%s has ONE PIN try left; a wrong PIN blocks it. Type %q to go on: ", who, lastTry))
			if err != nil {
				return nil, err
			}
			if answer != lastTry {
				return nil, term.ErrNotConfirmed
			}
		}
		if fd >= 0 {
			return term.PINFromFD(fd)
		}
		question := "PIN of " + who
		if retries <= 3 {
			question += fmt.Sprintf(" (only %d tries left)", retries)
		} else {
			question += fmt.Sprintf(" (%d tries left)", retries)
		}
		return streams.PIN(ctx, question+": ")
	}
}

func printEnrolled(a *app, e *ceremony.Enrolled) error {
	k := e.Key
	lines := [][2]string{
		{"key", k.Label()},
		{"product", firstOf(k.Product, "unknown")},
		{"place", k.Place},
		{"fido", statement(e.FIDO.Status, e.FIDO.Anchor, e.FIDO.Reason, e.FIDO.Detail)},
	}
	if text := modelText(e.FIDO); text != "" {
		lines = append(lines, [2]string{"model", text})
	}
	for _, p := range e.PIV {
		word := "piv"
		if p.Slot != 0 {
			word = fmt.Sprintf("piv %02x", p.Slot)
		}
		lines = append(lines, [2]string{word, statement(p.Status, p.Anchor, p.Reason, p.Detail)})
	}
	lines = append(lines, [2]string{"silent", silentText(e.Silent)})
	for _, w := range e.Warnings {
		lines = append(lines, [2]string{"warning", w.Text})
	}
	for _, l := range lines {
		if err := a.streams.Printf("%-8s %s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	return nil
}

// statement is a status with what it rests on or why it is not better.
func statement(status hw.Status, anchor, reason, detail string) string {
	switch {
	case status == hw.StatusVerified:
		return string(status) + " to " + anchor
	case detail != "":
		return string(status) + ": " + reason + ", " + detail
	case reason != "":
		return string(status) + ": " + reason
	}
	return string(status)
}

func silentText(s inventory.Silent) string {
	switch s {
	case inventory.SilentYes:
		return "yes, it can prove itself later without a touch"
	case inventory.SilentNo:
		return "no, it wants a touch to prove itself"
	case inventory.SilentNeedsPIN:
		return "needs_pin, it wants its PIN to prove itself"
	}
	return "unknown"
}

// The JSON of hwmfa enroll (schema hwmfa.enroll/v1).

type enrollJSON struct {
	Schema   string        `json:"schema"`
	Key      keyJSON       `json:"key"`
	FIDO     fidoProved    `json:"fido"`
	PIV      []pivProved   `json:"piv"`
	Silent   string        `json:"silent"`
	Warnings []warningJSON `json:"warnings"`
}

func enrolledReport(e *ceremony.Enrolled) enrollJSON {
	return enrollJSON{
		Schema:   "hwmfa.enroll/v1",
		Key:      keyToJSON(e.Key),
		FIDO:     fidoProvedJSON(e.FIDO),
		PIV:      pivProvedJSON(e.PIV),
		Silent:   string(e.Silent),
		Warnings: warningsJSON(e.Warnings),
	}
}
