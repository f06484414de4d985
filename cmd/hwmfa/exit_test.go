package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"hwmfa/hw"
	"hwmfa/internal/term"
)

// tables are what docs/exit-status.md has to say, made from exit.go.
func tables() string {
	var b strings.Builder
	b.WriteString("| status | meaning |\n|---|---|\n")
	for _, s := range statuses {
		fmt.Fprintf(&b, "| %d | %s |\n", s.status, s.meaning)
	}
	b.WriteString("\n| error | status | hint |\n|---|---|---|\n")
	for _, e := range endings {
		fmt.Fprintf(&b, "| %s | %d | %s |\n", e.name, e.status, e.hint)
	}
	return b.String()
}

func TestExitStatusPage(t *testing.T) {
	const begin, end = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"
	path := filepath.Join("..", "..", "docs", "exit-status.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	got, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no tables between its marks", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+tables()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		got = tables()
	}
	if got != tables() {
		t.Errorf("%s differs from exit.go (refresh with -update):\ngot:\n%s\nwant:\n%s", path, got, tables())
	}
}

func TestExit(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want int
		says string // part of standard error, "" for silence
	}{
		{"nothing wrong", nil, 0, ""},
		{"a finding is no failure and says nothing", errFound, 3, ""},
		{"an unknown error is a failure", errors.New("disk full"), 1, "hwmfa: disk full\n"},
		{"a usage error", usageError{errors.New("no such flag")}, 2, "hwmfa: hint: add --help"},
		{"no key, wrapped", fmt.Errorf("detect: %w", hw.ErrNoDevice), 4, "hwmfa: detect: no security key found\n"},
		{"no key and a dead backend: the key counts", errors.Join(hw.ErrNoDevice, hw.ErrService), 4, "hwmfa: smart-card service not reachable\n"},
		{"no permission", fmt.Errorf("open: %w", hw.ErrPermission), 5, "udev install"},
		{"a wrong PIN", fmt.Errorf("enroll: %w", &hw.PINError{Retries: 2}), 6, "wrong PIN, 2 tries left"},
		{"the wrong PIN that blocked it", fmt.Errorf("enroll: %w: %w", hw.ErrPINBlocked, &hw.PINError{}), 6, "hint: only a reset unblocks it"},
		{"an interrupt beats what it broke", fmt.Errorf("touch: %w: %w", hw.ErrTouchTimeout, context.Canceled), 130, "hwmfa: touch"},
		{"a hostile error cannot draw", errors.New("\x1b[31mred"), 1, `hwmfa: \x1b[31mred`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			streams, far := term.Test()
			if got := exit(streams, false, tt.err); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
			if tt.says == "" && far.Err.Len() > 0 || !strings.Contains(far.Err.String(), tt.says) {
				t.Errorf("standard error is %q, want %q in it", far.Err.String(), tt.says)
			}
			if far.Out.Len() > 0 {
				t.Errorf("standard output is %q, want nothing", far.Out.String())
			}
		})
	}
}

func TestExit_asJSON(t *testing.T) {
	streams, far := term.Test()
	if got := exit(streams, true, fmt.Errorf("enroll: %w", hw.ErrTouchTimeout)); got != exitRefused {
		t.Errorf("got %d", got)
	}
	var got map[string]any
	if err := json.Unmarshal(far.Err.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"schema": "hwmfa.error/v1", "error": "enroll: touch not given in time",
		"hint": "run it again and touch the key when it blinks", "exit": 6.0,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// A finding under --json is no failure: nothing but the report.
	streams, far = term.Test()
	if got := exit(streams, true, errFound); got != exitFound || far.Err.Len() > 0 {
		t.Errorf("a finding gives %d and %q", got, far.Err.String())
	}
}

// Every status of an ending is one that the help pages explain.
func TestEndingsHaveKnownStatuses(t *testing.T) {
	for _, e := range endings {
		known := false
		for _, s := range statuses {
			known = known || s.status == e.status
		}
		if !known {
			t.Errorf("%s ends with %d, which has no meaning", e.name, e.status)
		}
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	streams, _ := term.Test()
	root := newRootCommand(newApp(streams))
	for _, c := range leaves(root) {
		if !strings.Contains(c.Long, "EXIT STATUS") {
			t.Errorf("%s has no EXIT STATUS section", c.CommandPath())
		}
		if c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		// These print a page, a show, or what other programs read: a script, a policy, a filter.
		text := []string{"help", "print", "roles", "bash", "fish", "zsh", "demo", "man", "alarm-filter", "audit-role", "root-capture"}
		if slices.Contains(text, c.Name()) {
			continue
		}
		if f := c.Flags().Lookup("json"); f == nil || !regexp.MustCompile(`^print JSON \(hwmfa\.[a-z-]+/v1`).MatchString(f.Usage) {
			t.Errorf("%s has no --json that names its schema", c.CommandPath())
		}
	}
}

// leaves lists the commands that hold no others, and those that do something by themselves as well: they take flags.
func leaves(c *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	if !c.HasSubCommands() || c.Flags().HasFlags() {
		all = append(all, c)
	}
	for _, child := range c.Commands() {
		all = append(all, leaves(child)...)
	}
	return all
}
