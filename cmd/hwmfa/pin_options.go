package main

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"hwmfa/internal/ceremony"
)

// pinOptions are the flags that say what is to be changed on a key, and where
// its PINs come from.
type pinOptions struct {
	pinFD, newPINFD   int
	setPIN, changePIN bool
	settings          ceremony.Settings
}

func (o *pinOptions) addFlags(f *pflag.FlagSet) {
	f.IntVar(&o.pinFD, "pin-fd", -1, "read the PIN from this file `DESCRIPTOR` instead of asking")
	f.BoolVar(&o.setPIN, "set-pin", false, "give a key without a PIN its first one")
	f.BoolVar(&o.changePIN, "change-pin", false, "replace the key's PIN")
	f.IntVar(&o.newPINFD, "new-pin-fd", -1, "with --change-pin, read the new PIN from this file `DESCRIPTOR`")
	f.IntVar(&o.settings.MinPINLength, "min-pin-length", 0, "have the key refuse PINs of fewer than `N` characters")
	f.BoolVar(&o.settings.ForcePINChange, "force-pin-change", false, "have the key want another PIN before it is used")
	f.BoolVar(&o.settings.AlwaysUV, "always-uv", false, "have the key want its PIN for every use")
}

// check refuses flags that do not go together, and gives the descriptors of the
// PIN that the key has and of its new one.
func (o pinOptions) check() (pinFD, newPINFD int, err error) {
	n := o.settings.MinPINLength
	switch {
	case o.setPIN && o.changePIN:
		err = errors.New("--set-pin and --change-pin exclude each other")
	case o.newPINFD >= 0 && !o.changePIN:
		err = errors.New("--new-pin-fd goes with --change-pin")
	case n != 0 && (n < 4 || n > 63): // CTAP 2.1 §6.5.1
		err = fmt.Errorf("--min-pin-length %d: want 4 to 63", n)
	case o.setPIN:
		return -1, o.pinFD, nil
	}
	if err != nil {
		return 0, 0, usageError{err}
	}
	return o.pinFD, o.newPINFD, nil
}

// changes says whether anything is to be changed at all.
func (o pinOptions) changes() bool {
	return o.setPIN || o.changePIN || o.settings != ceremony.Settings{}
}
