//go:build cgo && !nousb

package local

import (
	"fmt"
	"strings"

	"github.com/google/gousb"

	"hwmfa/hw"
)

func newUSBLibrary() usbLibrary { return libusb{} }

// libusb is usbLibrary by gousb.
type libusb struct{}

type libusbContext struct{ c *gousb.Context }

// open makes a context of its own. gousb panics where libusb cannot start (no
// memory, no /dev/bus/usb that may be read).
func (libusb) open() (c usbContext, err error) {
	defer func() {
		if r := recover(); r != nil {
			c, err = nil, fmt.Errorf("start libusb: %v", r)
		}
	}()
	return libusbContext{gousb.NewContext()}, nil
}

func (l libusbContext) devices() ([]usbDescriptor, error) {
	var all []usbDescriptor
	_, err := l.c.OpenDevices(func(d *gousb.DeviceDesc) bool {
		u := usbDescriptor{USB: hw.USB{
			Vendor: uint16(d.Vendor), Product: uint16(d.Product),
			Bus: d.Bus, Address: d.Address, Path: portPath(d.Bus, d.Path),
		}}
		for _, config := range d.Configs {
			for _, i := range config.Interfaces {
				for _, a := range i.AltSettings {
					u.hid = u.hid || a.Class == gousb.ClassHID
					u.card = u.card || a.Class == gousb.ClassSmartCard
				}
			}
		}
		all = append(all, u)
		return false // open none
	})
	if err != nil {
		return all, fmt.Errorf("read USB descriptors: %w", err)
	}
	return all, nil
}

func (l libusbContext) close() error { return l.c.Close() }

// portPath writes a chain of ports as sysfs does: "1-2.3".
func portPath(bus int, ports []int) string {
	if len(ports) == 0 {
		return fmt.Sprintf("%d-0", bus) // the root hub itself
	}
	return fmt.Sprintf("%d-%s", bus, strings.Join(strings.Fields(strings.Trim(fmt.Sprint(ports), "[]")), "."))
}
