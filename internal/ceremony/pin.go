package ceremony

import (
	"context"
	"errors"
	"fmt"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
)

// AskPIN asks a person for the PIN of the key named by who; retries is the
// number of tries the key has left. At one try it must have the person say yes
// to the last try first. The bytes it returns are zeroed after use.
type AskPIN func(ctx context.Context, who string, retries int) ([]byte, error)

// pinFor gets the PIN for a key that needs one, or that has one where given
// says that the person insists on using it; nil otherwise.
func pinFor(ctx context.Context, bench hw.Bench, s Seen, ask AskPIN, given bool) ([]byte, error) {
	switch {
	case s.FIDO.NeedsPIN() && !s.FIDO.Options["clientPin"]:
		return nil, errPINNeverSet(s)
	case given && !s.FIDO.Options["clientPin"]:
		return nil, fmt.Errorf("%s: %w", s.Name(), hw.ErrPINNotSet)
	case !given && !s.FIDO.NeedsPIN():
		return nil, nil
	}
	return askPIN(ctx, bench, s, ask)
}

// ErrFirstPIN: the key does nothing without a PIN, and has none yet.
var ErrFirstPIN = errors.New("it always wants one and none is set")

func errPINNeverSet(s Seen) error {
	return fmt.Errorf("%s: %w: %w", s.Name(), hw.ErrPINRequired, ErrFirstPIN)
}

// askPIN gets the PIN of a key that has one. It asks the key for its retries
// first, so that the person knows before typing.
func askPIN(ctx context.Context, bench hw.Bench, s Seen, ask AskPIN) ([]byte, error) {
	var retries int
	err := withFIDO(ctx, bench, *s.Key.FIDO, func(d *ctap.Device) (err error) {
		retries, err = d.PINRetries(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ask for PIN retries: %w", err)
	}
	if retries == 0 {
		return nil, fmt.Errorf("%s: %w", s.Name(), hw.ErrPINBlocked)
	}
	if ask == nil {
		return nil, fmt.Errorf("%s: %w", s.Name(), hw.ErrPINRequired)
	}
	pin, err := ask(ctx, s.Name(), retries)
	if err != nil {
		return nil, fmt.Errorf("PIN for %s: %w", s.Name(), err)
	}
	if len(pin) == 0 {
		return nil, errors.New("PIN is empty")
	}
	return pin, nil
}
