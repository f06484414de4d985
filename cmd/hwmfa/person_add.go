package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type personAddOptions struct {
	person inventory.Person
	json   bool
}

func newPersonAddCommand(a *app) *cobra.Command {
	var opts personAddOptions
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a person",
		Long: `Add a person. --login is the name by which the system or the database knows
them, as it stands in the journal: it tells who acts from who confirms or
approves. An e-mail address or login that another person has is refused.` + exitStatusHelp(),
		Example: `  hwmfa person add "Ada Lovelace" --email ada@example.com --login ada --site Berlin`,
		Args:    exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.person.Name = args[0]
			return runPersonAdd(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.person.Email, "email", "", "e-mail `address`")
	f.StringVar(&opts.person.Login, "login", "", "`login` in the system or the database")
	f.StringVar(&opts.person.Site, "site", "", "`site` they work at")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.person/v1)")
	return cmd
}

func runPersonAdd(ctx context.Context, a *app, opts personAddOptions) error {
	var added inventory.Person
	var same []inventory.Person
	err := a.update(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if added, err = inventory.SavePerson(tx, act, opts.person); err != nil {
			return err
		}
		same, err = inventory.Namesakes(tx, added)
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range same {
		a.streams.Notice("%s has the same name: from now on, name each by ID or e-mail address", p.ID+" ("+p.Label()+")")
	}
	if opts.json {
		return a.streams.JSON(personReport(added))
	}
	return a.streams.Printf("%s is added as %s\n", added.Label(), added.ID)
}
