package main

import (
	"bytes"
	"context"
	"fmt"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/term"
)

// lastTry is what a person types to spend a key's last PIN try.
const lastTry = "last try"

// pinAsker asks on the terminal, or reads the descriptor once. The last try is
// spent only on an explicit yes, which a descriptor cannot give.
func pinAsker(streams *term.Streams, fd int) ceremony.AskPIN {
	read := false
	return func(ctx context.Context, who string, retries int) ([]byte, error) {
		if retries <= 1 {
			if fd >= 0 {
				return nil, fmt.Errorf("one try is left, and --pin-fd cannot confirm it: %w", term.ErrNotConfirmed)
			}
			answer, err := streams.Ask(ctx, fmt.Sprintf("%s has ONE PIN try left; a wrong PIN blocks it. Type %q to go on:", who, lastTry))
			if err != nil {
				return nil, err
			}
			if answer != lastTry {
				return nil, term.ErrNotConfirmed
			}
		}
		if fd >= 0 {
			if read { // it is closed, and its number may be another file's by now
				return nil, fmt.Errorf("--pin-fd was read already: %w", hw.ErrPINRequired)
			}
			read = true
			return term.PINFromFD(fd)
		}
		question := "PIN of " + who
		left := term.Count(retries, "try", "tries") + " left"
		if retries <= 3 {
			left = "only " + left
		}
		question += " (" + left + ")"
		return streams.PIN(ctx, question+":")
	}
}

// newPINAsker asks on the terminal, twice, until the key can take the PIN and
// both are the same; or it reads the descriptor once.
func newPINAsker(streams *term.Streams, fd int) ceremony.AskNewPIN {
	return func(ctx context.Context, who string, check func([]byte) error) ([]byte, error) {
		if fd >= 0 {
			return term.PINFromFD(fd)
		}
		for {
			pin, err := streams.PIN(ctx, "new PIN for "+who+":")
			if err != nil {
				return nil, err
			}
			if err := check(pin); err != nil {
				clear(pin)
				streams.Notice("%v; try another", err)
				continue
			}
			again, err := streams.PIN(ctx, "the new PIN once more:")
			same := bytes.Equal(pin, again)
			clear(again)
			if err == nil && same {
				return pin, nil
			}
			clear(pin)
			if err != nil {
				return nil, err
			}
			streams.Notice("the two are not the same; type it again")
		}
	}
}
