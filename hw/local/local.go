// Package local is this machine as a bench: it finds the keys plugged into it
// and opens them, by libusb, libfido2, PC/SC and the kernel's hidraw nodes. It
// is the only package with C in it. It decides nothing about keys: it joins no
// sightings, trusts no answer and never writes to a card.
//
// Every C library sits behind a small private interface and is left out by a
// build tag (nousb, nofido, nopcsc) or with cgo off; what is left out answers
// with an error wrapping hw.ErrNotBuilt. The FIDO interfaces are listed and
// opened without C.
package local

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
)

// Machine is this machine. It holds nothing open but what its callers have
// open, and may be used by several goroutines.
type Machine struct {
	system system
	usb    usbLibrary
	fido   fidoLibrary
	card   cardLibrary
	// hasCBOR asks the key behind a stream whether it speaks CTAP2.
	hasCBOR func(context.Context, hw.Stream) (bool, error)
	// left counts calls into C libraries that outlived their caller's context
	// and clean up after themselves.
	left sync.WaitGroup
	// open holds the channels that are open, gates a chan struct{} of one place
	// for whoever connects; both by reader.
	open, gates sync.Map
	// awake holds FIDO nodes open that were listed just now.
	awake awake
}

var (
	_ hw.Bench    = (*Machine)(nil)
	_ hw.Attester = (*Machine)(nil)
	_ hw.Hotplug  = (*Machine)(nil)
)

// Open gives access to this machine's keys. A library that is not built in is
// no error here, but one of every call that needs it. Systems other than Linux
// give hw.ErrNotBuilt.
func Open() (*Machine, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("security keys on %s: %w", runtime.GOOS, hw.ErrNotBuilt)
	}
	return &Machine{
		system:  system{root: "/"},
		usb:     newUSBLibrary(),
		fido:    newFIDOLibrary(),
		card:    newCardLibrary(),
		hasCBOR: hasCBOR,
	}, nil
}

// hasCBOR reads the capabilities from our own CTAPHID INIT.
func hasCBOR(ctx context.Context, s hw.Stream) (bool, error) {
	d, err := ctap.Open(ctx, s)
	if err != nil {
		return false, err
	}
	return d.Capabilities().CBOR, nil
}

// await runs call on a goroutine of its own, because a call into a C library
// cannot be interrupted. When ctx ends first, the call goes on alone and
// whatever it returns is handed to discard.
func await[T any](ctx context.Context, left *sync.WaitGroup, call func() (T, error), discard func(T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	left.Go(func() {
		value, err := call()
		done <- answer{value, err}
	})
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
	}
	select {
	case a := <-done: // both were ready
		return a.value, a.err
	default:
	}
	if discard != nil {
		left.Go(func() {
			a := <-done
			discard(a.value, a.err)
		})
	}
	var none T
	return none, ctx.Err()
}
