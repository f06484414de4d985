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
	ctx, stop := signal.NotifyContext(context.Background(), interrupts()...)
	// The first signal cancels; a second one ends the process as usual.
	context.AfterFunc(ctx, stop)
	status := run(ctx, os.Args[1:], term.System())
	stop()
	os.Exit(status)
}

// interrupts are the signals that interrupt a command, which then says what became
// of the key that it was changing. That the terminal is gone is one of them, unless
// whoever started it has that ignored (nohup).
func interrupts() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}
