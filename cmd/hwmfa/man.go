package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newManCommand makes what packages install; people have --help.
func newManCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "man DIRECTORY",
		Short:   "Write the manual pages of every command",
		Long:    "Write the manual pages of every command into a directory, for a package." + exitStatusHelp(),
		Example: "  hwmfa man /usr/local/share/man/man1",
		Hidden:  true,
		Args:    exactly("DIRECTORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := newRootCommand(a)
			root.InitDefaultHelpCmd()
			return runMan(cmd.Context(), a, root, args[0])
		},
	}
}

func runMan(ctx context.Context, _ *app, cmd *cobra.Command, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	// Others read it: not the mode of what people write of their inventory.
	if err := os.WriteFile(filepath.Join(dir, manName(cmd)+".1"), []byte(manPage(cmd)), 0o644); err != nil {
		return err
	}
	for _, child := range documented(cmd) {
		if err := runMan(ctx, nil, child, dir); err != nil {
			return err
		}
	}
	return nil
}

// documented are the commands below one that have a page.
func documented(cmd *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool { return c.Hidden })
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is a command's page in the man macros. It has no date, so that the same
// program makes the same page.
func manPage(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH \"%s\" 1 \"\" \"hwmfa %s\" \"hwmfa\"\n", strings.ToUpper(roff(manName(cmd))), roff(currentVersion().Version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.nf\n%s\n.fi\n.SH DESCRIPTION\n", roff(cmd.UseLine()))
	about, status, _ := strings.Cut(firstOf(cmd.Long, cmd.Short+"."), "\n\nEXIT STATUS\n")
	roffText(&b, about)
	roffFlags(&b, "OPTIONS", cmd.NonInheritedFlags())
	roffFlags(&b, "OPTIONS OF EVERY COMMAND", cmd.InheritedFlags())
	if status != "" {
		b.WriteString(".SH EXIT STATUS\n")
		roffText(&b, status)
	}
	if cmd.Example != "" {
		b.WriteString(".SH EXAMPLES\n")
		roffText(&b, cmd.Example)
	}
	var also []string
	if cmd.HasParent() {
		also = append(also, manName(cmd.Parent()))
	}
	for _, child := range documented(cmd) {
		also = append(also, manName(child))
	}
	if len(also) > 0 {
		b.WriteString(".SH SEE ALSO\n")
		for i, name := range also {
			fmt.Fprintf(&b, ".BR %s (1)%s\n", roff(name), strings.Repeat(",", min(1, len(also)-1-i)))
		}
	}
	return b.String()
}

// roffText writes help text: paragraphs, which are filled, and lines that are
// indented or belong to a list, which stay as they are.
func roffText(b *strings.Builder, text string) {
	for _, paragraph := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		lines := strings.Split(paragraph, "\n")
		asIs := slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, " ") })
		b.WriteString(".PP\n")
		if asIs {
			b.WriteString(".nf\n")
		}
		for _, line := range lines {
			b.WriteString(roff(line) + "\n")
		}
		if asIs {
			b.WriteString(".fi\n")
		}
	}
}

func roffFlags(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if value != "" {
			value = " \\fI" + roff(value) + "\\fR"
		}
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR%s\n%s\n", roff(name), value, roff(usage))
	})
}

// roff makes text of one line mean itself: backslashes and hyphens, what would be
// a macro at the beginning, and what is not ASCII.
func roff(text string) string {
	var b strings.Builder
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		b.WriteString(`\&`)
	}
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '"':
			b.WriteString(`\(dq`)
		case r == '`':
			b.WriteString(`\(ga`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
