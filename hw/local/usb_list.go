package local

import (
	"context"
	"errors"
	"io/fs"

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
// all with a HID interface or a card reader. The kernel's own list has all that
// is asked of it, so that no device has to be opened; only where it shows none
// is libusb asked, which looks in the same place, by way of udev's library, and
// takes as long for one key as all the rest does.
func (m *Machine) usbSightings(context.Context) ([]hw.Sighting, error) {
	found, err := m.system.usbList()
	if len(found) == 0 {
		seen, listErr := m.askLibusb()
		return seen, errors.Join(err, listErr)
	}
	var all []hw.Sighting
	for _, d := range found {
		if d.hid || d.card || hw.KnownKey(d.Vendor, d.Product) {
			s := hw.Sighting{Interface: hw.InterfaceUSB}
			d.describe(&s)
			all = append(all, s)
		}
	}
	return all, err
}

// usbListed is a device on the bus with the kinds of interface it shows.
type usbListed struct {
	usbDevice
	hid, card bool // USB classes 03 and 0b
}

// usbList reads what the kernel says of the devices on its buses.
func (s system) usbList() ([]usbListed, error) {
	names, interfaces, err := s.usbNames()
	errs := []error{err}
	var all []usbListed
	for _, name := range names {
		d, err := readUSB(s.path(usbDevices, name))
		switch {
		case err == nil:
			listed := usbListed{usbDevice: *d}
			for _, i := range interfaces[name] {
				class := attribute(s.path(usbDevices, i), "bInterfaceClass")
				listed.hid, listed.card = listed.hid || class == "03", listed.card || class == "0b"
			}
			all = append(all, listed)
		case !errors.Is(err, fs.ErrNotExist): // unplugged while we looked
			errs = append(errs, err)
		}
	}
	return all, errors.Join(errs...)
}

// askLibusb lists what libusb finds.
func (m *Machine) askLibusb() ([]hw.Sighting, error) {
	c, err := m.usb.open()
	if errors.Is(err, hw.ErrNotBuilt) { // nothing is missing from the list for it
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found, err := c.devices()
	// Closing waits for the library's event loop, up to 100 ms: not our
	// caller's time.
	m.left.Go(func() {
		_ = c.close() // nothing was opened that could be lost
	})
	var all []hw.Sighting
	for _, d := range found {
		if d.hid || d.card || hw.KnownKey(d.Vendor, d.Product) {
			usb := d.USB
			all = append(all, hw.Sighting{Interface: hw.InterfaceUSB, USB: &usb})
		}
	}
	return all, err
}
