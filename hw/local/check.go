package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"hwmfa/hw"
)

// Check says whether a sighting still stands: nil, hw.ErrGone, or
// hw.ErrReplaced where its node or reader now belongs to another device. It
// reads what the kernel says; for a card it asks PC/SC which device is behind
// the reader. A plain reader without a place on the bus is told by its card's
// answer to reset.
func (m *Machine) Check(ctx context.Context, s hw.Sighting) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch s.Interface {
	case hw.InterfaceFIDO:
		return m.system.checkHidraw(s)
	case hw.InterfaceUSB:
		return m.system.checkUSB(s)
	case hw.InterfaceCard:
		return m.checkCard(ctx, s)
	}
	return fmt.Errorf("check a %q sighting: %w", s.Interface, hw.ErrUnsupported)
}

func (s system) checkHidraw(was hw.Sighting) error {
	dir, err := s.hidrawDevice(was.Node)
	if err != nil {
		return err
	}
	is := hw.Sighting{Interface: hw.InterfaceFIDO, Node: was.Node}
	if dir != "" {
		usb, err := identify(dir)
		if err != nil {
			return goneError(was.Node, err)
		}
		is.USB = &usb
	}
	return samePlace(was, is)
}

func (s system) checkUSB(was hw.Sighting) error {
	if was.USB == nil {
		return fmt.Errorf("check a USB sighting without a place: %w", hw.ErrUnsupported)
	}
	name := fmt.Sprintf("USB device %d-%d", was.USB.Bus, was.USB.Address)
	dir := s.path(usbDevices, was.USB.Path)
	if p := was.USB.Path; p == "" || strings.ContainsAny(p, "/:") {
		var err error
		if dir, err = s.usbAt(was.USB.Bus, was.USB.Address); err != nil {
			return err
		}
		if dir == "" {
			return fmt.Errorf("%s: %w", name, hw.ErrGone)
		}
	}
	usb, err := identify(dir)
	if err != nil {
		return goneError(name, err)
	}
	return samePlace(was, hw.Sighting{USB: &usb})
}

// goneError makes hw.ErrGone of a file that the kernel does not show any more.
func goneError(what string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", what, hw.ErrGone)
	}
	return err
}

// samePlace compares bus, address, vendor and product. The address alone
// changes at every plug.
func samePlace(was, is hw.Sighting) error {
	a, b := was.USB, is.USB
	if a == nil && b == nil {
		return nil
	}
	if a == nil || b == nil || a.Bus != b.Bus || a.Address != b.Address || a.Vendor != b.Vendor || a.Product != b.Product {
		name := was.Node
		if name == "" {
			name = "USB device " + a.Path
		}
		return fmt.Errorf("%s: %w", name, hw.ErrReplaced)
	}
	return nil
}
