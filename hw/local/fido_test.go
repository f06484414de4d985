//go:build cgo && !nofido

package local

import (
	"errors"
	"fmt"
	"testing"

	libfido2 "github.com/keys-pub/go-libfido2"

	"hwmfa/hw"
)

func TestFIDOError(t *testing.T) {
	for _, c := range []struct {
		name string
		from error
		want error
	}{
		{"an untouched key arrives as a number", libfido2.Error{Code: 47}, hw.ErrTouchTimeout},
		{"so does a blocked PIN", libfido2.Error{Code: 50}, hw.ErrPINBlocked},
		{"a wrong PIN", libfido2.ErrPinInvalid, errWrongPIN},
		{"three wrong PINs in a row", libfido2.ErrPinAuthBlocked, hw.ErrPINAuthBlocked},
		{"a PIN is wanted", libfido2.ErrPinRequired, hw.ErrPINRequired},
		{"a PIN was given and none is set", libfido2.ErrPinNotSet, hw.ErrPINNotSet},
		{"refused at the key", libfido2.ErrOperationDenied, hw.ErrRefused},
		{"a transfer that failed", libfido2.ErrTX, errLink},
		{"no answer", libfido2.ErrRX, errLink},
		{"cancelled", libfido2.ErrKeepaliveCancel, errCancelled},
		{"a busy channel", libfido2.Error{Code: 6}, hw.ErrBusy},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, from := range []error{c.from, fmt.Errorf("again: %w", c.from)} {
				if got := fidoError(from); !errors.Is(got, c.want) {
					t.Errorf("%v became %v, want %v", from, got, c.want)
				}
			}
		})
	}
	if fidoError(nil) != nil {
		t.Error("no error became one")
	}
	if got := fidoError(libfido2.Error{Code: 99}); !errors.As(got, new(libfido2.Error)) {
		t.Errorf("an unknown number became %v, want it kept", got)
	}
}
