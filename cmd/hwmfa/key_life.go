package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

func newKeyFindCommand(a *app) *cobra.Command {
	var opts movesOptions
	var place string
	cmd := &cobra.Command{
		Use:   "find KEY",
		Short: "Record that a lost key has turned up",
		Long: `Record that a lost key has turned up. It is not relied on until it was plugged in
and has proved, by hwmfa verify, to be itself: then hwmfa checkin puts it away.` + exitStatusHelp(),
		Example: `  hwmfa key find YK-17 --reason "behind the radiator" --place "Berlin/office"`,
		Args:    exactly("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m := inventory.Move{Verb: inventory.VerbFind, Reason: opts.reason, Ticket: opts.ticket}
			what := eachKey(args, m)
			if place != "" {
				what = toPlace(place, args, m)
			}
			return runMoves(cmd.Context(), a, opts, what)
		},
	}
	cmd.Flags().StringVar(&place, "place", "", "the `place` where it turned up")
	opts.addFlags(cmd, "hwmfa.moved/v1")
	return cmd
}

func newKeyDisposeCommand(a *app) *cobra.Command {
	var opts movesOptions
	cmd := &cobra.Command{
		Use:   "dispose KEY --reason R",
		Short: "Record that a retired key was destroyed or given away",
		Long: `Record that a retired key was destroyed or given away. Nothing that it opened may
be left on it: it was reset by hwmfa key reset, which saw that its credential is
gone. Where that was not seen (the key is dead, or cannot be reset), it takes
two people.` + witnessHelp + exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa key reset YK-17
  hwmfa key dispose YK-17 --reason "shredded, certificate 4711"`,
		Args: exactly("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := given([2]string{"reason", opts.reason}); err != nil {
				return err
			}
			return runMoves(cmd.Context(), a, opts, eachKey(args, inventory.Move{Verb: inventory.VerbDispose, Reason: opts.reason, Ticket: opts.ticket}))
		},
	}
	opts.addFlags(cmd, "hwmfa.moved/v1")
	opts.addWitness(cmd)
	return cmd
}

func newKeyTagCommand(a *app) *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:   "tag KEY TAG",
		Short: "Give a key another asset tag",
		Long: `Give a key another asset tag: letters, digits and - . _ / : #, unique in any
letter case. A dash (-) takes the tag away.` + exitStatusHelp(),
		Example: `  hwmfa key tag 12345678 YK-17
  hwmfa key tag YK-17 -`,
		Args: exactly("KEY", "TAG"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runKeyTag(cmd.Context(), a, args[0], args[1], json)
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print JSON (hwmfa.keys/v1)")
	return cmd
}

func runKeyTag(ctx context.Context, a *app, ref, tag string, json bool) error {
	if tag == "" {
		return usageError{errors.New("TAG is empty: a dash (-) takes the tag away")}
	}
	if tag == "-" {
		tag = ""
	}
	var k inventory.Key
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if k, err = inventory.FindKey(tx, ref); err == nil {
			k, err = inventory.TagKey(tx, act, k.ID, tag)
		}
		return err
	})
	if err != nil {
		return err
	}
	if json {
		return a.streams.JSON(keysReport{Schema: "hwmfa.keys/v1", Keys: []keyJSON{keyToJSON(k)}})
	}
	if k.Tag == "" {
		return a.streams.Printf("%s has no tag\n", k.Label())
	}
	return a.streams.Printf("%s has the tag %s\n", k.ID, k.Tag)
}
