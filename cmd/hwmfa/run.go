package main

import (
	"cmp"
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
)

// run carries out one command line and returns the exit status. The shipped
// main and the script tests both call it.
func run(ctx context.Context, args []string, streams *term.Streams) int {
	return runApp(ctx, newApp(streams), args)
}

// runApp is run in a world that is given: the demo's.
func runApp(ctx context.Context, a *app, args []string) int {
	root := newRootCommand(a, args...)
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		a.addCompletions(root)
	}
	root.SetArgs(args)
	page := &firstError{w: a.streams.Out}
	root.SetOut(page)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = page.err
	}
	return exit(a.streams, wantsJSON(args), err)
}

// firstError remembers that a write failed: cobra prints help pages and forgets
// whether they arrived.
type firstError struct {
	w   io.Writer
	err error
}

func (f *firstError) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	f.err = cmp.Or(f.err, err)
	return n, err
}

// wantsJSON says whether a failure is to be reported as JSON. It looks at the
// words themselves, because a command line that does not parse has no flags.
func wantsJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}
