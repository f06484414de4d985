package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// maker makes the command, or the group of commands, that a word names.
type maker struct {
	word string
	make func(*app) *cobra.Command
}

// commands lists every command there is.
func commands() []maker {
	return []maker{
		{"detect", newDetectCommand},
		{"enroll", newEnrollCommand},
		{"verify", newVerifyCommand},
		{"receive", newReceiveCommand},
		{"order", newOrderCommand},
		{"key", newKeyCommand},
		{"checkout", newCheckoutCommand},
		{"checkin", newCheckinCommand},
		{"move", newMoveCommand},
		{"seal", newSealCommand},
		{"ship", newShipCommand},
		{"custody", newCustodyCommand},
		{"witness", newWitnessCommand},
		{"account", newAccountCommand},
		{"stocktake", newStocktakeCommand},
		{"person", newPersonCommand},
		{"place", newPlaceCommand},
		{"artifact", newArtifactCommand},
		{"audit", newAuditCommand},
		{"policy", newPolicyCommand},
		{"export", newExportCommand},
		{"import", newImportCommand},
		{"trust", newTrustCommand},
		{"journal", newJournalCommand},
		{"inventory", newInventoryCommand},
		{"udev", newUdevCommand},
		{"doctor", newDoctorCommand},
		{"config", newConfigCommand},
		{"demo", newDemoCommand},
		{"completion", newCompletionCommand},
		{"man", newManCommand},
		{"version", newVersionCommand},
	}
}

// newRootCommand holds every command or, where the first word of a command line
// names one, that one: to make them all takes longer than to look a key up.
func newRootCommand(a *app, args ...string) *cobra.Command {
	all := commands()
	if len(args) > 0 {
		if i := slices.IndexFunc(all, func(m maker) bool { return m.word == args[0] }); i >= 0 {
			all = all[i : i+1]
		}
	}
	root := newGroup("hwmfa", "Provision and verify hardware MFA")
	for _, m := range all {
		root.AddCommand(m.make(a))
	}
	root.CompletionOptions.DisableDefaultCmd = true // there is one already
	root.Long = `hwmfa reads USB security keys, keeps their serials and verified attestation in
an inventory, and proves account by account whether AWS root users are
protected by hardware MFA (CIS AWS Foundations, Level 2).`
	root.SilenceErrors = true
	root.SilenceUsage = true
	root.PersistentPreRunE = a.configure
	root.SetErr(a.streams.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SetHelpCommand(newHelpCommand())
	a.addFlags(root)
	return root
}

// newGroup makes a command that only holds others. Without one of them, or
// with a word that is none, it is a usage error: a script that misspells a
// command must not succeed.
func newGroup(use, short string, children ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use:   use,
		Short: short,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError{fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())}
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			var names []string
			for _, c := range cmd.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name())
				}
			}
			return usageError{errors.New(cmd.CommandPath() + ": name one of " + strings.Join(names, ", "))}
		},
	}
	group.AddCommand(children...)
	return group
}

// atMost wants no more arguments than there are names.
func atMost(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return usageError{fmt.Errorf("unexpected argument %q", args[len(names)])}
		}
		return nil
	}
}

// exactly wants as many arguments as there are names and says which is
// missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usageError{fmt.Errorf("%s is missing", names[len(args)])}
		case len(args) > len(names):
			return usageError{fmt.Errorf("unexpected argument %q", args[len(names)])}
		}
		return nil
	}
}
