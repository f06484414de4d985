package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

type verifyOptions struct {
	evidence, key, serial string
	all, noTouch, json    bool
	pinFD                 int
}

func newVerifyCommand(a *app) *cobra.Command {
	var opts verifyOptions
	cmd := &cobra.Command{
		Use:   "verify [--key KEY | --serial SERIAL | --all | --evidence KEY]",
		Short: "Have plugged keys prove that they are the enrolled ones",
		Long: `Have the key that is plugged in prove that it is the one in the inventory: it
signs a fresh challenge with the credential that was attested when it was
enrolled, without a touch where it can, and the proof goes into the journal. A
key that wants a touch or a PIN is asked for it, unless --no-touch skips it.
Keys without a serial are found by their credentials. KEY is an ID, serial or
tag. With --all every plugged key is asked. --pin-fd gives one PIN: where several
keys want theirs it is sent to none of them, because a wrong one costs a try.

VERDICTS
  present         it proved to be the enrolled key
  other_key       it shows the serial of an enrolled key and is another
  fido_reset      the enrolled key after a FIDO reset, its PIV keys as before:
                  its FIDO registrations, AWS's too, are dead
  reset_or_other  one or the other: nothing tells them apart
  not_enrolled    the inventory knows no such key
  unproved        it refused, or could not be asked: nothing is known
  silent_refused  with --no-touch: it refused to answer without a touch
  skipped         with --no-touch: it wants a touch or a PIN
  gone            unplugged, or replaced by another, meanwhile

With --evidence the evidence that the inventory holds for a key is verified
again, from the stored bytes alone and with today's trust anchors. That key need
not be plugged in. The JSON of both has "verified"; the one has "keys", the
other "evidence".` +
			exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa verify
  hwmfa verify --key YK-0001
  hwmfa verify --all --no-touch --json
  hwmfa verify --evidence 12345678`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runVerify(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.key, "key", "", "`KEY` of the inventory that must be plugged in")
	f.StringVar(&opts.serial, "serial", "", "`SERIAL` of the plugged key, where there are several")
	f.BoolVar(&opts.all, "all", false, "every key that is plugged in")
	f.StringVar(&opts.evidence, "evidence", "", "`KEY` whose stored evidence is verified")
	f.BoolVar(&opts.noTouch, "no-touch", false, "skip keys that want a touch or a PIN")
	f.IntVar(&opts.pinFD, "pin-fd", -1, "read the PIN from this file `DESCRIPTOR` instead of asking")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.verify/v1)")
	return cmd
}

func runVerify(ctx context.Context, a *app, opts verifyOptions) error {
	if err := opts.check(); err != nil {
		return usageError{err}
	}
	if opts.evidence != "" {
		return runVerifyEvidence(ctx, a, opts)
	}
	return runVerifyPresence(ctx, a, opts)
}

// check refuses flags that contradict each other.
func (o verifyOptions) check() error {
	chosen := 0
	for _, given := range []bool{o.key != "", o.serial != "", o.all, o.evidence != ""} {
		if given {
			chosen++
		}
	}
	switch {
	case chosen > 1:
		return errors.New("--key, --serial, --all and --evidence exclude each other")
	case o.evidence != "" && (o.noTouch || o.pinFD >= 0):
		return errors.New("--evidence asks no key for anything: it takes neither --no-touch nor --pin-fd")
	case o.noTouch && o.pinFD >= 0:
		return errors.New("--no-touch skips keys that want a PIN: it does not go with --pin-fd")
	}
	return nil
}
