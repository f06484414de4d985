package local

import (
	"context"
	"errors"

	"hwmfa/hw"
)

// usbLibrary is what is used of libusb.
type usbLibrary interface {
	// open starts the library; every context it gives must be closed.
	open() (usbContext, error)
}

type usbContext interface {
	// devices reads the descriptors of everything on the bus and opens none of
	// it. What it returns beside an error is still good.
	devices() ([]usbDescriptor, error)
	close() error
}

// usbDescriptor is a device with the kinds of interface it offers.
type usbDescriptor struct {
	hw.USB
	hid, card bool // USB classes 03 and 0b
}

// usbSightings lists the devices that may be keys: those of known makers and
// all with a HID interface or a card reader. The strings come from sysfs,
// where the kernel keeps them from the time of plugging, so that no device has
// to be opened.
func (m *Machine) usbSightings(context.Context) ([]hw.Sighting, error) {
	c, err := m.usb.open()
	if err != nil {
		return nil, err
	}
	found, err := c.devices()
	// Closing waits for the library's event loop, up to 100 ms: not our
	// caller's time.
	m.left.Go(func() {
		_ = c.close() // nothing was opened that could be lost
	})
	errs := []error{err}
	var all []hw.Sighting
	for _, d := range found {
		if !d.hid && !d.card && !hw.KnownKey(d.Vendor, d.Product) {
			continue
		}
		usb := d.USB
		s := hw.Sighting{Interface: hw.InterfaceUSB, USB: &usb}
		known, err := m.system.usbAt(d.Bus, d.Address)
		if err != nil {
			errs = append(errs, err)
		}
		if known != nil && known.Vendor == d.Vendor && known.Product == d.Product {
			s.Manufacturer, s.Product, s.SerialString = known.manufacturer, known.product, known.serial
		}
		all = append(all, s)
	}
	return all, errors.Join(errs...)
}
