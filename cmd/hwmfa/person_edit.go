package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type personEditOptions struct {
	ref                      string
	name, email, login, site *string // nil: stays
	json                     bool
}

func newPersonEditCommand(a *app) *cobra.Command {
	var opts personEditOptions
	var name, email, login, site string
	var noEmail, noLogin, noSite, asJSON bool
	cmd := &cobra.Command{
		Use:   "edit PERSON",
		Short: "Change what is kept of a person",
		Long: `Change what is kept of a person. PERSON is an ID, e-mail address, login or
name. What no flag names stays as it is.` + exitStatusHelp(),
		Example: "  hwmfa person edit ada@example.com --site Rome\n  hwmfa person edit ada --no-login",
		Args:    exactly("PERSON"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts = personEditOptions{ref: args[0], json: asJSON}
			none := ""
			for _, field := range []struct {
				flag    string
				value   *string
				removed bool
				to      **string
			}{
				{"name", &name, false, &opts.name}, {"email", &email, noEmail, &opts.email},
				{"login", &login, noLogin, &opts.login}, {"site", &site, noSite, &opts.site},
			} {
				switch given := cmd.Flags().Changed(field.flag); {
				case given && field.removed:
					return usageError{errors.New("--" + field.flag + " and --no-" + field.flag + " exclude each other")}
				case given:
					*field.to = field.value
				case field.removed:
					*field.to = &none
				}
			}
			return runPersonEdit(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "another `name`")
	f.StringVar(&email, "email", "", "another e-mail `address`")
	f.StringVar(&login, "login", "", "another `login`")
	f.StringVar(&site, "site", "", "another `site`")
	f.BoolVar(&noEmail, "no-email", false, "no e-mail address")
	f.BoolVar(&noLogin, "no-login", false, "no login")
	f.BoolVar(&noSite, "no-site", false, "no site")
	f.BoolVar(&asJSON, "json", false, "print JSON (hwmfa.person/v1)")
	return cmd
}

func runPersonEdit(ctx context.Context, a *app, opts personEditOptions) error {
	if opts.name == nil && opts.email == nil && opts.login == nil && opts.site == nil {
		return usageError{errors.New("nothing to change: give --name, --email, --login or --site")}
	}
	var p inventory.Person
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if p, err = inventory.FindPerson(tx, opts.ref); err != nil {
			return err
		}
		for _, field := range []struct{ from, to *string }{
			{opts.name, &p.Name}, {opts.email, &p.Email}, {opts.login, &p.Login}, {opts.site, &p.Site},
		} {
			if field.from != nil {
				*field.to = *field.from
			}
		}
		p, err = inventory.SavePerson(tx, act, p)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(personReport(p))
	}
	return a.streams.Printf("%s is now %s\n", p.ID, p.Label())
}
