package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newRootCommand is the list of every command there is.
func newRootCommand(a *app) *cobra.Command {
	root := newGroup("hwmfa", "Provision and verify hardware MFA",
		newDetectCommand(a),
		newEnrollCommand(a),
		newVerifyCommand(a),
		newReceiveCommand(a),
		newOrderCommand(a),
		newKeyCommand(a),
		newCheckoutCommand(a),
		newCheckinCommand(a),
		newMoveCommand(a),
		newSealCommand(a),
		newShipCommand(a),
		newCustodyCommand(a),
		newWitnessCommand(a),
		newAccountCommand(a),
		newStocktakeCommand(a),
		newPersonCommand(a),
		newPlaceCommand(a),
		newArtifactCommand(a),
		newAuditCommand(a),
		newPolicyCommand(a),
		newExportCommand(a),
		newImportCommand(a),
		newTrustCommand(a),
		newJournalCommand(a),
		newInventoryCommand(a),
		newUdevCommand(a),
		newDoctorCommand(a),
		newConfigCommand(a),
		newDemoCommand(a),
		newCompletionCommand(a),
		newManCommand(a),
		newVersionCommand(a),
	)
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
