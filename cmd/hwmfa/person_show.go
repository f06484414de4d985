package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type personShowOptions struct {
	ref  string
	json bool
}

func newPersonShowCommand(a *app) *cobra.Command {
	var opts personShowOptions
	cmd := &cobra.Command{
		Use:   "show PERSON",
		Short: "Show a person, and what they have and may open",
		Long: `Show a person: the keys they have, the accounts that these open, the places and
artifacts they may open, and the exceptions they own; each with the command that
takes it back.` + exitStatusHelp(),
		Example: "  hwmfa person show ada@example.com\n  hwmfa person show U-7Q2M4XRD --json",
		Args:    exactly("PERSON"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ref = args[0]
			return runPersonShow(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.holdings/v1)")
	return cmd
}

func runPersonShow(ctx context.Context, a *app, opts personShowOptions) error {
	var p inventory.Person
	var h inventory.Holdings
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		if p, err = inventory.FindPerson(tx, opts.ref); err != nil {
			return err
		}
		h, err = inventory.HoldingsOf(tx, p.ID)
		return err
	})
	if err != nil {
		return err
	}
	report := holdingsToJSON(p, h, false)
	if opts.json {
		return a.streams.JSON(report)
	}
	return printHoldings(a.streams, report)
}

// holdingsJSON is the schema hwmfa.holdings/v1: what a person has, may open and
// answers for, each with what to do to take it back.
type holdingsJSON struct {
	Schema     string              `json:"schema"`
	Person     personJSON          `json:"person"`
	Keys       []heldKeyJSON       `json:"keys"`
	Accounts   []heldAccountJSON   `json:"accounts"`
	Places     []heldPlaceJSON     `json:"places"`
	Artifacts  []heldArtifactJSON  `json:"artifacts"`
	Exceptions []heldExceptionJSON `json:"exceptions"`
}

type heldKeyJSON struct {
	ID     string           `json:"id"`
	Serial *string          `json:"serial"`
	Tag    *string          `json:"tag"`
	Status inventory.Status `json:"status"`
	Since  time.Time        `json:"since"`
	Due    *time.Time       `json:"due"`
	Next   string           `json:"next"`

	label string
}

// heldAccountJSON is an account that a key which the person has is bound to.
type heldAccountJSON struct {
	AccountID  string `json:"account_id"`
	KeyID      string `json:"key_id"`
	DeviceName string `json:"device_name"`
	Next       string `json:"next"`
}

type heldPlaceJSON struct {
	ID    string `json:"id"`
	Path  string `json:"path"`
	Ended bool   `json:"ended"` // the grant, just now
	Next  string `json:"next"`
}

type heldArtifactJSON struct {
	ID    string                 `json:"id"`
	Kind  inventory.ArtifactKind `json:"kind"`
	Label string                 `json:"label"`
	Place *string                `json:"place"`
	Ended bool                   `json:"ended"`
	Next  string                 `json:"next"`
}

type heldExceptionJSON struct {
	AccountID string    `json:"account_id"`
	Expires   time.Time `json:"expires"`
	Next      string    `json:"next"`
}

// holdingsToJSON says what to do about what a person has. Commands name
// everything by ID: a name could hold what a shell obeys. left says that what
// they might open has just been ended in the inventory; what they know has not.
func holdingsToJSON(p inventory.Person, h inventory.Holdings, left bool) holdingsJSON {
	j := holdingsJSON{
		Schema: "hwmfa.holdings/v1", Person: personToJSON(p), Keys: []heldKeyJSON{}, Accounts: []heldAccountJSON{},
		Places: []heldPlaceJSON{}, Artifacts: []heldArtifactJSON{}, Exceptions: []heldExceptionJSON{},
	}
	for _, k := range h.Keys {
		next := "hwmfa checkin " + k.ID + " --place PLACE"
		switch {
		case k.Status.Missing():
			next = "hwmfa key find " + k.ID + ", or hwmfa key retire " + k.ID
		case k.Status == inventory.StatusRetired:
			next = "hwmfa key dispose " + k.ID
		}
		j.Keys = append(j.Keys, heldKeyJSON{
			ID: k.ID, Serial: null(k.Serial), Tag: null(k.Tag), Status: k.Status, Since: k.Since.UTC(), Due: nullTime(k.Due), Next: next, label: k.Label(),
		})
	}
	for _, b := range h.Bindings {
		j.Accounts = append(j.Accounts, heldAccountJSON{
			AccountID: b.AccountID, KeyID: b.KeyID, DeviceName: b.DeviceName,
			Next: "where the key does not come back, remove the device at AWS, then hwmfa account unbind " + b.AccountID + " " + b.KeyID,
		})
	}
	for _, at := range h.Access {
		next := "hwmfa place revoke " + at.PlaceID + " " + p.ID
		if left {
			next = "change its code or lock"
		}
		j.Places = append(j.Places, heldPlaceJSON{ID: at.PlaceID, Path: at.Place, Ended: left, Next: next})
	}
	for _, of := range h.Artifacts {
		next := "hwmfa artifact revoke " + of.ID + " " + p.ID
		if left {
			next = "change what it holds, or what opens it"
		}
		j.Artifacts = append(j.Artifacts, heldArtifactJSON{ID: of.ID, Kind: of.Kind, Label: of.Label, Place: null(of.Place), Ended: left, Next: next})
	}
	for _, e := range h.Exceptions {
		j.Exceptions = append(j.Exceptions, heldExceptionJSON{
			AccountID: e.AccountID, Expires: e.Expires.UTC(), Next: "hwmfa account except " + e.AccountID + " --end, then another with an owner who is there",
		})
	}
	return j
}

func printHoldings(s *term.Streams, j holdingsJSON) error {
	var errs []error
	say := func(format string, args ...any) { errs = append(errs, s.Printf(format+"\n", args...)) }
	say("%-11s %s", "person", j.Person.ID+" "+j.Person.Name)
	for _, field := range []struct {
		name  string
		value *string
	}{{"e-mail", j.Person.Email}, {"login", j.Person.Login}, {"site", j.Person.Site}} {
		if field.value != nil {
			say("%-11s %s", field.name, *field.value)
		}
	}
	if j.Person.LeftAt != nil {
		say("%-11s %s", "left", j.Person.LeftAt.Format(time.DateOnly))
	}
	item := func(kind, what, next string) {
		say("%-11s %s", kind, what)
		errs = append(errs, s.Paragraph(14, next))
	}
	for _, k := range j.Keys {
		due := ""
		if k.Due != nil {
			due = ", due " + k.Due.Format(time.DateOnly)
		}
		item("key", fmt.Sprintf("%s, %s since %s%s", k.label, k.Status, k.Since.Format(time.DateOnly), due), k.Next)
	}
	for _, acc := range j.Accounts {
		item("account", acc.AccountID+" as "+acc.DeviceName+", by "+acc.KeyID, acc.Next)
	}
	for _, p := range j.Places {
		item("may open", p.Path, p.Next)
	}
	for _, of := range j.Artifacts {
		item("may open", string(of.Kind)+" "+of.ID+" "+of.Label, of.Next)
	}
	for _, e := range j.Exceptions {
		item("exception", "account "+e.AccountID+" until "+e.Expires.Format(time.DateOnly), e.Next)
	}
	return errors.Join(errs...)
}
