package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"hwmfa/internal/ceremony"
	"hwmfa/internal/term"
)

// pivOptions are the flags of commands that write a PIV slot.
type pivOptions struct {
	identity, defaultKey bool
	slot                 string
	keyFD                int
}

func (o *pivOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.identity, "piv-identity", false, "make an attested key in an empty retired PIV slot, a second silent proof")
	o.addSlotFlags(f, "with --piv-identity, ")
}

// addSlotFlags adds the flags about the slot and the key that opens it; when
// says in the help page when they mean something.
func (o *pivOptions) addSlotFlags(f *pflag.FlagSet, when string) {
	f.StringVar(&o.slot, "piv-slot", "", when+"the `SLOT` to write, 82 to 95 (default the first empty one, from 95 down)")
	f.IntVar(&o.keyFD, "management-key-fd", -1, when+"read the PIV management key from this file `DESCRIPTOR`, in hexadecimal")
	f.BoolVar(&o.defaultKey, "default-management-key", false, when+"use the management key that every YubiKey comes with")
}

// request is what the ceremony is to do about PIV; nil, and it only reads.
func (o pivOptions) request(streams *term.Streams) (*ceremony.PIVIdentity, error) {
	switch {
	case !o.identity && (o.slot != "" || o.keyFD >= 0 || o.defaultKey):
		return nil, usageError{errors.New("--piv-slot, --management-key-fd and --default-management-key go with --piv-identity")}
	case !o.identity:
		return nil, nil
	case o.defaultKey && o.keyFD >= 0:
		return nil, usageError{errors.New("--management-key-fd and --default-management-key exclude each other")}
	}
	r := &ceremony.PIVIdentity{
		DefaultKey: o.defaultKey,
		Key:        managementKeyAsker(streams, o.keyFD),
		Confirm:    func(ctx context.Context, w ceremony.PIVWrite) error { return confirmPIVWrite(ctx, streams, w) },
	}
	if o.slot != "" {
		slot, err := hex.DecodeString(o.slot)
		if err != nil || len(slot) != 1 || slot[0] < 0x82 || slot[0] > 0x95 {
			return nil, usageError{fmt.Errorf("--piv-slot %q: want a retired slot, 82 to 95 in hexadecimal", o.slot)}
		}
		r.Slot = slot[0]
	}
	return r, nil
}

// managementKeyAsker asks on the terminal, or reads the descriptor once.
func managementKeyAsker(streams *term.Streams, fd int) ceremony.AskManagementKey {
	return func(ctx context.Context, who, kind string, size int) ([]byte, error) {
		if fd >= 0 {
			return term.HexKeyFromFD(fd)
		}
		return streams.HexKey(ctx, fmt.Sprintf("PIV management key of %s (%s, %d hexadecimal digits):", who, kind, 2*size))
	}
}

// confirmPIVWrite says all that a person should know before a slot is written.
func confirmPIVWrite(ctx context.Context, streams *term.Streams, w ceremony.PIVWrite) error {
	text := fmt.Sprintf("a new key is about to be made in PIV slot %02x of key %s; the slot is empty: %s; this cannot be undone", w.Slot, w.Serial, w.Empty)
	if w.Touch {
		text += fmt.Sprintf("; the %s management key will want a touch", w.Kind)
	}
	return streams.ConfirmSerial(ctx, text, w.Serial)
}
