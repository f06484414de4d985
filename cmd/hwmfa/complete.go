package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

// Bounds on what is offered to a shell, and on how long it waits.
const (
	maxOffers    = 500
	completeTime = 2 * time.Second
)

// errEnough ends a search that found as much as is offered.
var errEnough = errors.New("enough")

// offer takes something that a word may stand for: about says what it is, names
// are what it may be called by, the best first.
type offer func(about string, names ...string) error

// completers list what the words in usage lines and flags stand for, in whatever
// case they stand there. What has no row is not completed.
var completers = map[string]func(inventory.Tx, offer) error{
	"ACCOUNT": func(tx inventory.Tx, o offer) error {
		all, err := inventory.Accounts(tx)
		return offerAll(all, err, func(a inventory.Account) error { return o(a.Name, a.ID) })
	},
	"ARTIFACT": func(tx inventory.Tx, o offer) error {
		all, err := inventory.Artifacts(tx)
		return offerAll(all, err, func(a inventory.Artifact) error { return o(a.Label, a.ID) })
	},
	"KEY": func(tx inventory.Tx, o offer) error {
		return tx.EachKeyStand(func(k inventory.KeyStand) error { return o(string(k.Status), k.Tag, k.Serial, k.ID) })
	},
	"PERSON": func(tx inventory.Tx, o offer) error {
		all, err := inventory.People(tx)
		return offerAll(all, err, func(p inventory.Person) error { return o(p.Email, p.Name, p.Email, p.Login, p.ID) })
	},
	"PLACE": completePlaces,
	"PO": func(tx inventory.Tx, o offer) error {
		all, err := inventory.Orders(tx)
		return offerAll(all, err, func(p inventory.Order) error { return o(p.Supplier, p.Number) })
	},
	"REQUEST": func(tx inventory.Tx, o offer) error {
		all, err := inventory.Requests(tx)
		return offerAll(all, err, func(r inventory.Request) error { return o("", r.ID) })
	},
	"RUN": func(tx inventory.Tx, o offer) error {
		all, err := inventory.AuditRuns(tx)
		return offerAll(all, err, func(r inventory.AuditRun) error { return o(timeText(r.Finished), r.ID) })
	},
	"SERIAL": func(tx inventory.Tx, o offer) error {
		return tx.EachKeyStand(func(k inventory.KeyStand) error { return o(k.Tag, k.Serial) })
	},
	"SITE": completePlaces,
}

func completePlaces(tx inventory.Tx, o offer) error {
	all, err := inventory.Places(tx)
	return offerAll(all, err, func(p inventory.Place) error { return o(p.ID, p.Path) })
}

func offerAll[T any](all []T, err error, each func(T) error) error {
	for _, one := range all {
		if err == nil {
			err = each(one)
		}
	}
	return err
}

// addCompletions has a shell complete arguments and flags from the inventory.
// It is called only where a shell asks.
func (a *app) addCompletions(cmd *cobra.Command) {
	if words := argumentWords(cmd.Use); !cmd.HasSubCommands() {
		cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			word := ""
			switch {
			case len(args) < len(words):
				word = words[len(args)]
			case len(words) > 0 && repeats(cmd.Use):
				word = words[len(words)-1]
			}
			return a.complete(cmd, word, args, begun)
		}
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		word, _ := pflag.UnquoteUsage(f)
		// It fails only for flags that are not there, or have been added before.
		_ = cmd.RegisterFlagCompletionFunc(f.Name, func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
			return a.complete(cmd, strings.ToUpper(word), nil, begun)
		})
	})
	for _, child := range cmd.Commands() {
		a.addCompletions(child)
	}
}

// completeWords has a shell complete a flag that takes one of a few words.
func completeWords(cmd *cobra.Command, flag string, words []string) {
	// It fails only for flags that are not there.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// argumentWords are the words for arguments in a usage line: those before the
// first flag.
func argumentWords(use string) []string {
	var words []string
	for _, word := range strings.Fields(use)[1:] {
		word = strings.Trim(word, "[].…")
		if strings.HasPrefix(word, "-") {
			break
		}
		words = append(words, word)
	}
	return words
}

func repeats(use string) bool { return strings.Contains(use, "…") || strings.Contains(use, "...") }

// complete offers what a word may stand for, nothing where the inventory cannot
// be read: a shell has nowhere to show why. It makes and migrates none.
func (a *app) complete(cmd *cobra.Command, word string, given []string, begun string) ([]string, cobra.ShellCompDirective) {
	switch word {
	case "FILE", "DIR", "DIRECTORY":
		return nil, cobra.ShellCompDirectiveDefault
	}
	list := completers[word]
	// The flags of the command are known only now.
	if list == nil || a.configure(cmd, nil) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, stop := context.WithTimeout(cmd.Context(), completeTime)
	defer stop()
	var found []string
	err := a.view(ctx, func(tx inventory.Tx) error {
		return list(tx, func(about string, names ...string) error {
			if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(given, name) }) {
				return nil
			}
			for _, name := range names {
				if name == "" || !strings.HasPrefix(name, begun) || term.Escape(name) != name {
					continue
				}
				if about != "" {
					name += "\t" + term.Escape(about)
				}
				if found = append(found, name); len(found) == maxOffers {
					return errEnough
				}
				break
			}
			return nil
		})
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
