package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

type enrollOptions struct {
	place, tag, serial string
	order              string
	pin                pinOptions
	piv                pivOptions
	withoutSerial      bool
	batch              batchOptions
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
storage on it, and what the flags below ask for.

The place is made on first use: a site, a safe, a slot, as in "Berlin/safe 1".
A key that reaches no trust anchor is recorded as untrusted, and the command
ends with status 3. The rules under enrollment in the policy file (see
docs/policy.md) refuse a key, or warn of it. Where the policy says
require_delivery, a key has to be on a supplier's delivery list (hwmfa receive);
one that shows no serial is enrolled with --order. A key that was declared
before (hwmfa key declare) stays the key it was: by its serial or, where it shows
none, by its --tag.

--set-pin and --change-pin ask for the new PIN twice: 4 characters to 63 bytes,
and what the key wants. --pin-fd then gives the new PIN of a key that has none,
or the old one. --min-pin-length, --force-pin-change and --always-uv can only be
taken back by a reset, and can end registrations: a key that an account may
depend on is refused. A key from before FIDO2 is enrolled by U2F, and takes
none of these.

--piv-identity makes a second silent proof: an attested key, for use without PIN
and touch, in a retired PIV slot that the card itself says is empty (firmware 5.3
or later). That cannot be undone: it says what will be written and wants the
serial typed back. The PIV management key is asked for, unless a descriptor gives
it or --default-management-key says that the card still has the default one.

--batch enrolls every key that is plugged in, and those that come after it until
an interrupt, --count N, or, with --once or without a terminal, until all are
done. Keys are read and verified beside each other and asked for their touch one
after another. Those that were enrolled before are recognized and left as they
are, so that a batch that was cut off is run again; declared ones keep their tag.
The PIN is asked for once and sent only to keys that want one, until one says
that it is wrong. A first PIN, settings and PIV writes are for one key at a time:
hwmfa key set and hwmfa key piv-identity, once it is enrolled.` +
			exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa enroll --place "Berlin/safe 1" --tag YK-0001
  hwmfa enroll --place Berlin --serial 12345678
  hwmfa enroll --place Berlin --tag YK-0002 --order PO-1
  hwmfa enroll --place Berlin --pin-fd 3 3<pin.txt
  hwmfa enroll --batch --place Berlin --tag-prefix YK-
  hwmfa enroll --place Berlin --set-pin --min-pin-length 6
  hwmfa enroll --place Berlin --change-pin --pin-fd 3 --new-pin-fd 4 3<old 4<new
  hwmfa enroll --place Berlin --piv-identity --default-management-key`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := opts.batch.check(cmd.Flags()); err != nil {
				return usageError{err}
			}
			return runEnroll(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.place, "place", "", "`PLACE` where the key is kept: site[/safe[/slot]]")
	f.StringVar(&opts.tag, "tag", "", "asset `TAG` to give it")
	f.StringVar(&opts.serial, "serial", "", "`SERIAL` of the key, where several are plugged in")
	f.StringVar(&opts.order, "order", "", "purchase order `PO` that the key came with: it has to be on that delivery list")
	opts.pin.addFlags(f)
	f.BoolVar(&opts.withoutSerial, "without-serial", false, "enroll a key whose serial cannot be read by its credential alone")
	opts.piv.addFlags(f)
	opts.batch.addFlags(f)
	f.StringVar(&a.flags.policy, "policy", "", "`FILE` of rules (policy.yaml)")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.enroll/v1; with --batch a line for each key)")
	return cmd
}

func runEnroll(ctx context.Context, a *app, opts enrollOptions) error {
	if opts.place == "" {
		return usageError{errors.New("--place is missing: say where the key is kept, as in --place \"Berlin/safe 1\"")}
	}
	pinFD, newPINFD, err := opts.pin.check()
	if err != nil {
		return err
	}
	identity, err := opts.piv.request(a.streams)
	if err != nil {
		return err
	}
	rules, err := policy.Load(a.settings.Policy)
	if err != nil {
		return usageError{err}
	}
	bench, err := a.openBench(ctx)
	if err != nil {
		return err
	}
	if opts.batch.on {
		return runBatch(ctx, a, opts, rules, bench)
	}
	s, err := a.openForKeys(ctx, bench)
	if err != nil {
		return err
	}
	defer s.Close()
	act, err := a.act(s)
	if err != nil {
		return err
	}
	done, err := ceremony.Enroll(ctx, bench, s, ceremony.EnrollRequest{
		Place: opts.place, Tag: opts.tag, Serial: opts.serial,
		Order: opts.order, RequireDelivery: rules.RequireDelivery,
		Actor: act.Actor, Now: a.now,
		PIN: pinAsker(a.streams, pinFD), UsePIN: pinFD >= 0,
		Tell:   a.tellTouch,
		Rules:  rules.Enrollment,
		SetPIN: opts.pin.setPIN, ChangePIN: opts.pin.changePIN, NewPIN: newPINAsker(a.streams, newPINFD),
		Settings:    opts.pin.settings,
		PIVIdentity: identity, WithoutSerial: opts.withoutSerial,
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
	for _, c := range e.Changes {
		lines = append(lines, [2]string{"changed", string(c)})
	}
	for _, v := range ceremony.Advisories(k) {
		lines = append(lines, [2]string{"advisory", v.ID + ": " + v.Scope})
	}
	for _, w := range e.Warnings {
		lines = append(lines, [2]string{"warning", w.Text})
	}
	return a.labelled(lines)
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
	Schema string      `json:"schema"`
	Key    keyJSON     `json:"key"`
	FIDO   fidoProved  `json:"fido"`
	PIV    []pivProved `json:"piv"`
	Silent string      `json:"silent"`
	// Changes lists what was changed on the key: pin_set, pin_changed,
	// always_uv, min_pin_length, force_pin_change, piv_slot_95 (82 to 95).
	Changes    []ceremony.Change `json:"changes"`
	Advisories []advisoryJSON    `json:"advisories"`
	Warnings   []warningJSON     `json:"warnings"`
}

func enrolledReport(e *ceremony.Enrolled) enrollJSON {
	return enrollJSON{
		Schema:     "hwmfa.enroll/v1",
		Key:        keyToJSON(e.Key),
		FIDO:       fidoProvedJSON(e.FIDO),
		PIV:        pivProvedJSON(e.PIV),
		Silent:     string(e.Silent),
		Changes:    append([]ceremony.Change{}, e.Changes...),
		Advisories: advisoriesJSON(ceremony.Advisories(e.Key)),
		Warnings:   warningsJSON(e.Warnings),
	}
}
