package ceremony

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
	"hwmfa/inventory"
)

// Settings are what an enrollment can turn on at the key; the zero value leaves
// it as it is. Only a reset takes a minimum or a forced change back.
type Settings struct {
	MinPINLength   int  // characters; 0: as it is
	ForcePINChange bool // whoever gets the key has to choose a PIN of their own
	AlwaysUV       bool // a PIN for every use; ends use by U2F
}

// settable refuses before anything is changed what the key would refuse later,
// and what could end registrations that an account depends on.
func (e *enrollment) settable(ctx context.Context, store inventory.Store) error {
	if e.request.Settings == (Settings{}) {
		return nil
	}
	if err := store.View(ctx, e.checkSpares); err != nil {
		return err
	}
	return e.takes()
}

// takes refuses settings that the key would refuse.
func (e *enrollment) takes() error {
	s, want := e.seen, e.request.Settings
	pin := s.FIDO.Options["clientPin"] || e.request.SetPIN
	_, alwaysUV := s.FIDO.Options["alwaysUv"]
	length := want.MinPINLength > 0 || want.ForcePINChange
	switch {
	case !s.FIDO.Options["authnrCfg"], want.AlwaysUV && !alwaysUV, length && !s.FIDO.Options["setMinPINLength"]:
		return fmt.Errorf("%s: changing this setting is %w", s.Name(), hw.ErrUnsupported)
	case want.AlwaysUV && !pin:
		return fmt.Errorf("%s: always-UV would make it useless: %w", s.Name(), hw.ErrPINNotSet)
	case want.ForcePINChange && !pin:
		return fmt.Errorf("%s: nothing to change: %w", s.Name(), hw.ErrPINNotSet)
	case want.MinPINLength > 0 && want.MinPINLength < s.FIDO.MinPINLength:
		return fmt.Errorf("%s: its minimum PIN length is %d already, and only a reset lowers it: %w", s.Name(), s.FIDO.MinPINLength, hw.ErrRefused)
	}
	return nil
}

// checkSpares holds every enrolled key that this one may be to the rule that an
// account keeps a working key: the one with its serial, or those of its model
// that do not prove themselves silently, where either shows no serial.
func (e *enrollment) checkSpares(tx inventory.Tx) error {
	keys, err := inventory.Keys(tx, inventory.KeyFilter{})
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	for _, k := range keys {
		may := e.seen.Serial != "" && k.Serial == e.seen.Serial
		if (k.Serial == "" || e.seen.Serial == "") && k.AAGUID == e.seen.FIDO.AAGUID {
			credentials, err := tx.ListCredentials(k.ID)
			if err != nil {
				return fmt.Errorf("credentials of %s: %w", k.Label(), err)
			}
			for _, c := range credentials {
				may = may || c.Silent != inventory.SilentYes
			}
		}
		if !may {
			continue
		}
		if err := inventory.CheckSpare(tx, k.ID); err != nil {
			return err
		}
	}
	return nil
}

// checkSpareOf holds keys that this one may be, because it did not say that it
// is none of them, to the same rule.
func (e *enrollment) checkSpareOf(ctx context.Context, store inventory.Store, keyIDs iter.Seq[string]) error {
	if e.request.Settings == (Settings{}) {
		return nil
	}
	return store.View(ctx, func(tx inventory.Tx) error {
		for id := range keyIDs {
			if err := inventory.CheckSpare(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// applySettings changes the key. A forced change comes last: after it the PIN
// is good for nothing but being changed.
func (e *enrollment) applySettings(ctx context.Context) error {
	s, want := e.seen, e.request.Settings
	if want == (Settings{}) {
		return nil
	}
	if err := s.stillThere(ctx, e.bench); err != nil {
		return err
	}
	during, stop := undisturbed(ctx)
	defer stop()
	now := Change("")
	err := withFIDO(during, e.bench, *s.Key.FIDO, func(d *ctap.Device) error {
		info, err := d.Info(during)
		if err != nil {
			return err
		}
		if want.AlwaysUV && !info.Options["alwaysUv"] {
			now = ChangeAlwaysUV
			if err := d.ToggleAlwaysUV(during, e.pin); err != nil {
				return err
			}
			e.changes = append(e.changes, ChangeAlwaysUV)
		}
		length := want.MinPINLength
		if length <= info.MinPINLength {
			length = 0
		}
		if length == 0 && !want.ForcePINChange {
			return nil
		}
		if now = ChangeMinPINLength; length == 0 {
			now = ChangeForcePINChange
		}
		if err := d.SetMinPINLength(during, e.pin, length, want.ForcePINChange); err != nil {
			return err
		}
		if length > 0 {
			e.changes = append(e.changes, ChangeMinPINLength)
		}
		if want.ForcePINChange {
			e.changes = append(e.changes, ChangeForcePINChange)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name(), unsure(now, err))
	}
	return s.sameKey(ctx, e.bench)
}

// changeTime is how long a key may take to change its PIN or a setting, which
// no key wants a touch for.
const changeTime = 10 * time.Second

// undisturbed is a context in which a key is changed: an interrupt waits, so that
// it is known afterwards whether the change was made.
func undisturbed(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), changeTime)
}

// unsure says of an error that is no answer of the key's that a change may have
// been made all the same. Without a change that was tried it is just that error.
func unsure(tried Change, err error) error {
	noAnswer := lost(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, hw.ErrMalformed)
	if tried == "" || !noAnswer {
		return err
	}
	return fmt.Errorf("%w (whether the key took it is not known: %s)", err, tried)
}
