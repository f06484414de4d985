package ceremony

import (
	"context"
	"fmt"
	"unicode/utf8"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
)

// AskNewPIN asks a person for the new PIN of the key named by who, so that it
// is not mistyped. check says what is wrong with one (hw.ErrPINPolicy); where
// the person can be asked again, they are. The bytes it returns are zeroed
// after use.
type AskNewPIN func(ctx context.Context, who string, check func(pin []byte) error) ([]byte, error)

// Change is something that was changed on a key, a word.
type Change string

// The changes.
const (
	ChangePINSet         Change = "pin_set"
	ChangePINChanged     Change = "pin_changed"
	ChangeAlwaysUV       Change = "always_uv"
	ChangeMinPINLength   Change = "min_pin_length"
	ChangeForcePINChange Change = "force_pin_change"
)

// preparePIN leaves in e.pin the PIN that the steps to come need: the new one
// where one is set or changed, the one that the key has where it is needed.
func (e *enrollment) preparePIN(ctx context.Context) (err error) {
	s, r := e.seen, e.request
	has, can := s.FIDO.Options["clientPin"]
	switch {
	case r.SetPIN && !can:
		return fmt.Errorf("%s: a PIN is %w", s.Name(), hw.ErrUnsupported)
	case r.SetPIN && has:
		return fmt.Errorf("%s: %w", s.Name(), hw.ErrPINSet)
	case r.SetPIN:
		return e.newPIN(ctx, nil)
	case r.ChangePIN && !has:
		return fmt.Errorf("%s: %w", s.Name(), hw.ErrPINNotSet)
	case r.ChangePIN:
		old, err := askPIN(ctx, e.bench, *s, r.PIN)
		defer clear(old)
		if err != nil {
			return err
		}
		return e.newPIN(ctx, old)
	}
	use := r.UsePIN || has && r.Settings != Settings{}
	if s.FIDO.ForcePINChange && (use || s.FIDO.NeedsPIN()) {
		return fmt.Errorf("%s: %w", s.Name(), hw.ErrPINChange)
	}
	if e.pin, err = pinFor(ctx, e.bench, *s, r.PIN, use); err != nil {
		return err
	}
	if n := utf8.RuneCount(e.pin); e.pin != nil && n < r.Settings.MinPINLength && !r.Settings.ForcePINChange {
		return fmt.Errorf("%s: its PIN has %d characters, and the minimum is to be %d: %w", s.Name(), n, r.Settings.MinPINLength, hw.ErrPINChange)
	}
	return nil
}

// newPIN asks for a new PIN and puts it on the key, in place of the old one
// where there is one.
func (e *enrollment) newPIN(ctx context.Context, old []byte) error {
	s, r := e.seen, e.request
	if r.NewPIN == nil {
		return fmt.Errorf("%s: new PIN: %w", s.Name(), hw.ErrPINRequired)
	}
	rules := *s.FIDO
	rules.MinPINLength = max(rules.MinPINLength, r.Settings.MinPINLength)
	pin, err := r.NewPIN(ctx, s.Name(), rules.CheckPIN)
	if err != nil {
		clear(pin)
		return fmt.Errorf("new PIN for %s: %w", s.Name(), err)
	}
	e.pin = pin
	if err := rules.CheckPIN(pin); err != nil {
		return fmt.Errorf("%s: %w", s.Name(), err)
	}
	// The node may be another key by now, and a PIN must not reach that one.
	if err := s.sameKey(ctx, e.bench); err != nil {
		return err
	}
	change := ChangePINSet
	if old != nil {
		change = ChangePINChanged
	}
	during, stop := undisturbed(ctx)
	defer stop()
	err = withFIDO(during, e.bench, *s.Key.FIDO, func(d *ctap.Device) error {
		if old == nil {
			return d.SetPIN(during, pin)
		}
		return d.ChangePIN(during, old, pin)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name(), unsure(change, err))
	}
	e.changes = append(e.changes, change)
	return s.sameKey(ctx, e.bench)
}
