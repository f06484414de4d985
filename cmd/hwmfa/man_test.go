package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
)

func TestRoff(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain text stays", "keys of a place", "keys of a place"},
		{"a hyphen is one that can be copied", "--json", `\-\-json`},
		{"a line that begins like a macro is text", ".SH X", `\&.SH X`},
		{"and one that begins with an apostrophe", "'tis", `\&\(aqtis`},
		{"a backslash is one", `a\fB`, `a\efB`},
		{"what is not ASCII has a name", "KEY…", `KEY\[u2026]`},
		{"quotes end no argument", `"x"`, `\(dqx\(dq`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := roff(tt.text); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestManPage holds every page against what its command's help says, and has
// groff read it where that is installed.
func TestManPage(t *testing.T) {
	groff, missing := exec.LookPath("groff")
	var all strings.Builder
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		page := manPage(cmd)
		all.WriteString(page)
		for _, want := range []string{".SH NAME\n" + roff(manName(cmd)), roff(cmd.Short), ".SH OPTIONS\n", roff(strings.TrimSpace(strings.Split(cmd.Example, "\n")[0]))} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page has no %q", cmd.CommandPath(), want)
			}
		}
		if !cmd.HasSubCommands() && !strings.Contains(page, ".SH EXIT STATUS\n") {
			t.Errorf("%s: the page has no exit statuses", cmd.CommandPath())
		}
		for _, child := range documented(cmd) {
			walk(child)
		}
	}
	streams, _ := term.Test()
	walk(newRootCommand(newApp(streams)))
	if missing != nil {
		t.Skip("groff is not installed: it did not read the pages")
	}
	read := exec.CommandContext(t.Context(), groff, "-man", "-Tutf8", "-ww", "-z")
	read.Stdin = strings.NewReader(all.String())
	if out, err := read.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}
