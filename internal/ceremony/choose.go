package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hwmfa/hw"
)

// ErrSeveralKeys: more than one key is plugged in and none was named.
var ErrSeveralKeys = errors.New("several keys are plugged in")

// chooseKey reads what is plugged in, every serial path of it, and settles on
// one key. Cards in readers do not stand in the way of a key on USB.
func chooseKey(ctx context.Context, bench hw.Bench, serial string) (*Seen, error) {
	seen, err := Detect(ctx, bench, Thorough)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var fitting []Seen
	for _, s := range seen {
		if serial == "" && s.isKey() || serial != "" && s.claims(serial) {
			fitting = append(fitting, s)
		}
	}
	fitting = overFIDO(fitting)
	switch {
	case len(fitting) == 1:
		return &fitting[0], nil
	case len(fitting) > 1 && serial == "":
		var names []string
		for _, s := range fitting {
			names = append(names, s.Name())
		}
		return nil, fmt.Errorf("%w (%s): name one with --serial", ErrSeveralKeys, strings.Join(names, ", "))
	case len(fitting) > 1:
		return nil, fmt.Errorf("serial %s: %w", serial, ErrSeveralKeys)
	case serial != "":
		return nil, errors.Join(fmt.Errorf("serial %s: %w", serial, hw.ErrNoDevice), lostUnnamed(seen), err)
	}
	return nil, errors.Join(hw.ErrNoDevice, err)
}

// lostUnnamed is what became of keys that went away before they told a serial:
// one of them may be the one that was asked for.
func lostUnnamed(seen []Seen) error {
	var errs []error
	for _, s := range seen {
		for _, w := range s.Warnings {
			if len(s.Claims) == 0 && lost(w.Err) {
				errs = append(errs, fmt.Errorf("%s: %w", s.Name(), w.Err))
			}
		}
	}
	return errors.Join(errs...)
}

// isKey says whether what was read is a security key: it shows a FIDO
// interface, a maker of keys made it, or it answers as only a key does. All
// else is a card in a reader: somebody's badge, or one that another program
// holds, which does not tell whose it is.
func (s *Seen) isKey() bool {
	u := s.Key.USB
	return s.Key.FIDO != nil || s.Device != nil || len(s.Claims) > 0 || u != nil && hw.KnownKey(u.Vendor, u.Product)
}

// overFIDO is those of several keys that show a FIDO interface, all of them
// where none does. Only over FIDO can a key be enrolled or challenged.
func overFIDO(seen []Seen) []Seen {
	with := slices.DeleteFunc(slices.Clone(seen), func(s Seen) bool { return s.Key.FIDO == nil })
	if len(with) == 0 {
		return seen
	}
	return with
}

// claims says whether any path to the key names this serial, which a label may
// print with zeros in front. A key whose paths disagree answers to each of its
// serials, so that asking for it by name is refused rather than not found.
func (s *Seen) claims(serial string) bool {
	serial = strings.TrimLeft(serial, "0")
	return serial != "" && slices.ContainsFunc(s.Claims, func(c SerialClaim) bool { return c.Serial == serial })
}

// ErrSerialUnread: the key may well have a serial, and no path would tell it.
var ErrSerialUnread = errors.New("its serial could not be read")

// serialUnread is what kept a key from telling the serial that its model has,
// nil where it told one or has none. Only Yubico's Security Keys are without:
// the old ones have a USB product of their own, the others say so.
func (s *Seen) serialUnread() error {
	u := s.Key.USB
	if u == nil || u.Vendor != hw.VendorYubico || u.Product == 0x0120 || s.Device != nil && s.Device.SecurityKey {
		return nil
	}
	return s.unreadSerial()
}

// enrollable says why a key that was read cannot be enrolled, nil if it can.
func enrollable(s *Seen) error {
	for _, w := range s.Warnings {
		if errors.Is(w.Err, hw.ErrSerialsDisagree) || lost(w.Err) {
			return fmt.Errorf("%s: %w", s.Name(), w.Err)
		}
	}
	if s.FIDO != nil {
		return nil
	}
	for _, w := range s.Warnings {
		if w.Err != nil && w.Code == "fido_unreadable" {
			return fmt.Errorf("%s: %w", s.Name(), w.Err)
		}
	}
	if s.Key.FIDO == nil {
		return fmt.Errorf("%s shows no FIDO interface over USB: FIDO2 is %w", s.Name(), hw.ErrUnsupported)
	}
	return fmt.Errorf("%s: FIDO2 is %w", s.Name(), hw.ErrUnsupported)
}
