//go:build !cgo || nousb

package local

import (
	"fmt"

	"hwmfa/hw"
)

func newUSBLibrary() usbLibrary { return noUSB{} }

func usbVersion() (version string, built bool) { return "", false }

// noUSB stands in for libusb in a program built without it.
type noUSB struct{}

func (noUSB) open() (usbContext, error) {
	return nil, fmt.Errorf("the USB device list: this program was built without libusb (tag nousb, or cgo off): %w", hw.ErrNotBuilt)
}
