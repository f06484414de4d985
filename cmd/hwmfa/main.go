// Command hwmfa provisions and verifies hardware MFA: it reads USB security
// keys, keeps their serials and verified attestation in an inventory, and
// proves account by account whether AWS root users are protected by hardware.
// This package holds flags, words and exit statuses; it decides nothing.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"hwmfa/internal/term"
)

func main() {
	disableCoreDumps()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal cancels; a second one ends the process as usual.
	context.AfterFunc(ctx, stop)
	status := run(ctx, os.Args[1:], term.System())
	stop()
	os.Exit(status)
}
