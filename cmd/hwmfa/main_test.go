package main

import (
	"context"
	"os"
	"os/signal"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hwmfa/internal/term"
)

// TestMain makes the test binary stand in for hwmfa, with the keys of the
// script in place of this machine's.
func TestMain(m *testing.M) {
	testscript.Main(servedTests{m}, map[string]func(){
		"serve-fleet": serveFleet,
		"aws":         standInAWS,
		"hwmfa": func() {
			disableCoreDumps()
			testOnlyOpenBench = dialBench
			testOnlyRoot = os.Getenv("TEST_ROOT")
			testOnlyUser = func() string { return os.Getenv("TEST_USER") }
			ctx, stop := signal.NotifyContext(context.Background(), interrupts()...)
			context.AfterFunc(ctx, stop)
			os.Exit(run(ctx, os.Args[1:], term.System()))
		},
	})
}
