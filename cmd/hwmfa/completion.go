package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// newCompletionCommand stands in the place of cobra's own, which succeeds for a
// shell that it does not know.
func newCompletionCommand(a *app) *cobra.Command {
	shells := []struct {
		name, example string
		write         func(*cobra.Command, io.Writer) error
	}{
		{"bash", "  source <(hwmfa completion bash)\n  hwmfa completion bash | sudo tee /etc/bash_completion.d/hwmfa", func(root *cobra.Command, w io.Writer) error {
			if _, err := io.WriteString(w, bashWithoutPackage); err != nil {
				return err
			}
			return root.GenBashCompletionV2(w, true)
		}},
		{"fish", "  hwmfa completion fish > ~/.config/fish/completions/hwmfa.fish", func(root *cobra.Command, w io.Writer) error {
			return root.GenFishCompletion(w, true)
		}},
		{"zsh", `  hwmfa completion zsh > "${fpath[1]}/_hwmfa"`, func(root *cobra.Command, w io.Writer) error {
			return root.GenZshCompletion(w)
		}},
	}
	group := newGroup("completion", "Print a script that has a shell complete commands, flags, keys and people")
	for _, s := range shells {
		group.AddCommand(&cobra.Command{
			Use:     s.name,
			Short:   "Print the script for " + s.name,
			Long:    "Print the script that has " + s.name + " complete commands and flags and, from the inventory, keys,\nplaces, people, accounts, artifacts and orders." + exitStatusHelp(),
			Example: s.example,
			Args:    exactly(),
			RunE: func(cmd *cobra.Command, _ []string) error {
				return s.write(cmd.Root(), a.streams.Out)
			},
		})
	}
	return group
}

// bashWithoutPackage stands in for the one function of the package
// bash-completion that the script needs, where that is not installed: each TAB
// would write an error onto the command line.
const bashWithoutPackage = `# completion for hwmfa, also without the package bash-completion
declare -F _get_comp_words_by_ref >/dev/null || _get_comp_words_by_ref() {
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD-1]}
    words=("${COMP_WORDS[@]}")
    cword=$COMP_CWORD
}

`

// newHelpCommand stands in the place of cobra's own, which succeeds for a
// command that there is none of.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Show the help page of a command",
		Long:    "Show the help page of a command, as its flag --help does." + exitStatusHelp(),
		Example: "  hwmfa help key show",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return usageError{err}
			}
			if len(rest) > 0 {
				return usageError{fmt.Errorf("unknown command %q for %q", rest[0], about.CommandPath())}
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
