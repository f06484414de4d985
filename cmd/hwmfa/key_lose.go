package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

func newKeyLoseCommand(a *app) *cobra.Command {
	return newKeyEndCommand(a, inventory.VerbLose, &cobra.Command{
		Use:   "lose KEY --reason R",
		Short: "Report a key lost",
		Long: `Report a key lost. What it opens is listed, account by account, with what is to be
done, in order: take the accounts first that no other key is known to open.` + exitStatusHelp(),
		Example: `  hwmfa key lose YK-17 --reason "left in a taxi" --ticket SEC-4711`,
	})
}

func newKeyCompromiseCommand(a *app) *cobra.Command {
	return newKeyEndCommand(a, inventory.VerbCompromise, &cobra.Command{
		Use:   "compromise KEY --reason R",
		Short: "Report that somebody else may have used a key",
		Long: `Report that somebody else may have used a key. What it opens is listed, account
by account, with what is to be done, in order. It is never relied on again.` + exitStatusHelp(),
		Example: `  hwmfa key compromise YK-17 --reason "was in another's hands for an hour"`,
	})
}

func newKeyRetireCommand(a *app) *cobra.Command {
	return newKeyEndCommand(a, inventory.VerbRetire, &cobra.Command{
		Use:   "retire KEY --reason R",
		Short: "Take a key out of use for good",
		Long: `Take a key out of use for good. The accounts that it is registered with still
are listed, with what is to be done. Then hwmfa key reset erases it, and hwmfa
key dispose ends its life. A key that is expected and will not come any more is
taken off its delivery list by it.` + exitStatusHelp(),
		Example: `  hwmfa key retire YK-17 --reason "worn out"`,
	})
}

func newKeyEndCommand(a *app, verb inventory.Verb, cmd *cobra.Command) *cobra.Command {
	var opts movesOptions
	cmd.Args = exactly("KEY")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := given([2]string{"reason", opts.reason}); err != nil {
			return err
		}
		return runKeyEnd(cmd.Context(), a, opts, args[0], verb)
	}
	opts.addFlags(cmd, "hwmfa.exposure/v1")
	return cmd
}

func runKeyEnd(ctx context.Context, a *app, opts movesOptions, ref string, verb inventory.Verb) error {
	var e inventory.Exposures
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) error {
		k, err := inventory.FindKey(tx, ref)
		if err != nil {
			return err
		}
		if _, err := inventory.MoveKey(tx, act, inventory.Move{Verb: verb, KeyID: k.ID, Reason: opts.reason, Ticket: opts.ticket}, nil); err != nil {
			return err
		}
		e, err = inventory.Exposed(tx, k.ID)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(exposureReport(e))
	}
	if err := a.streams.Printf("%s: %s\n", e.Key.Label(), whereabouts(e.Key)); err != nil {
		return err
	}
	if len(e.Accounts) == 0 {
		return a.streams.Printf("It is bound to no account.\n")
	}
	if err := a.streams.Printf("It opens %s:\n", term.Count(len(e.Accounts), "account", "accounts")); err != nil {
		return err
	}
	for _, x := range e.Accounts {
		if err := a.streams.Printf("\n%s, device %s: %s\n", accountName(x.Account), x.DeviceName, spareText(x)); err != nil {
			return err
		}
		for i, line := range todo(e, x) {
			if err := a.streams.Paragraph(2, fmt.Sprintf("%d. %s", i+1, line)); err != nil {
				return err
			}
		}
	}
	return nil
}

// accountName names an account for people, with its tier.
func accountName(acc inventory.Account) string {
	s := "account " + acc.ID
	var more []string
	for _, m := range []string{acc.Name, acc.Tier} {
		if m != "" {
			more = append(more, m)
		}
	}
	if len(more) > 0 {
		s += " (" + strings.Join(more, ", ") + ")"
	}
	return s
}

// spareText says what else opens the account.
func spareText(x inventory.Exposure) string {
	switch {
	case len(x.Spares) > 0:
		return "also opened by " + labels(x.Spares)
	case len(x.Unproved) > 0:
		return "NO OTHER KEY IS PROVED; " + labels(x.Unproved) + " is bound to it and was not asked since"
	}
	return "NO OTHER KEY IS BOUND TO IT"
}

func labels(keys []inventory.Key) string {
	var names []string
	for _, k := range keys {
		names = append(names, k.Label())
	}
	return strings.Join(names, ", ")
}

// todo is what is to be done about one account, in order.
func todo(e inventory.Exposures, x inventory.Exposure) []string {
	var lines []string
	switch {
	case len(x.Spares) > 0:
		lines = append(lines, "Sign in to the AWS console as the root user of "+x.Account.ID+", with "+x.Spares[0].Label()+".")
	case len(x.Unproved) > 0:
		lines = append(lines, "Fetch "+x.Unproved[0].Label()+", plug it in and run hwmfa verify; then sign in with it to the AWS console as the root user of "+x.Account.ID+".")
	default:
		lines = append(lines, "Sign in to the AWS console as the root user of "+x.Account.ID+" with another MFA device, if AWS knows one; else choose “Troubleshoot MFA” on the "+
			"sign-in page: AWS checks the root user's e-mail address and phone number.")
	}
	lines = append(lines, "Open the account menu, Security credentials, Multi-factor authentication (MFA); mark "+x.DeviceName+" and choose Remove.")
	for _, art := range x.Beside {
		lines = append(lines, fmt.Sprintf("Look whether %s, which holds its password, still lies unopened at %s; else change the root user's password: Security credentials, Password, Edit.", art.Name(), art.Place))
	}
	for _, art := range e.Envelopes {
		lines = append(lines, fmt.Sprintf("Look whether %s, which holds the PIN of the key, still lies unopened at %s; else its PIN is no protection: change the root user's password.", art.Name(), firstOf(art.Place, "its place")))
	}
	lines = append(lines,
		"Enroll another key (hwmfa enroll), register it there (Assign MFA device), and record it: hwmfa account bind "+x.Account.ID+" KEY --device-name NAME",
		"Record that this one is gone from it: hwmfa account unbind "+x.Account.ID+" "+e.Key.ID)
	return lines
}

// exposureJSON is the schema hwmfa.exposure/v1.
type exposureJSON struct {
	Schema    string          `json:"schema"`
	Key       keyJSON         `json:"key"`
	Envelopes []string        `json:"pin_envelopes"`
	Accounts  []exposedByJSON `json:"accounts"`
}

type exposedByJSON struct {
	AccountID  string   `json:"account_id"`
	Name       *string  `json:"name"`
	Tier       *string  `json:"tier"`
	DeviceName string   `json:"device_name"`
	Spare      bool     `json:"spare"`         // another key is proved to open it
	Spares     []string `json:"spare_keys"`    // these
	Unproved   []string `json:"unproved_keys"` // bound, and not asked since
	Beside     []string `json:"passwords_beside"`
	Todo       []string `json:"todo"`
}

func exposureReport(e inventory.Exposures) exposureJSON {
	j := exposureJSON{Schema: "hwmfa.exposure/v1", Key: keyToJSON(e.Key), Envelopes: artifactIDs(e.Envelopes), Accounts: []exposedByJSON{}}
	for _, x := range e.Accounts {
		j.Accounts = append(j.Accounts, exposedByJSON{
			AccountID: x.Account.ID, Name: null(x.Account.Name), Tier: null(x.Account.Tier), DeviceName: x.DeviceName,
			Spare: len(x.Spares) > 0, Spares: keyIDs(x.Spares), Unproved: keyIDs(x.Unproved), Beside: artifactIDs(x.Beside), Todo: todo(e, x),
		})
	}
	return j
}

func keyIDs(keys []inventory.Key) []string {
	ids := []string{}
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids
}

func artifactIDs(all []inventory.Artifact) []string {
	ids := []string{}
	for _, a := range all {
		ids = append(ids, a.ID)
	}
	return ids
}
