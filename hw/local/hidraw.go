package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"hwmfa/hw"
)

// hidrawName is what the kernel calls its nodes; nothing else is ever opened.
var hidrawName = regexp.MustCompile(`^hidraw[0-9]{1,5}$`)

// fidoSightings lists the FIDO interfaces that the kernel shows, and wakes them.
// Only where it shows none is libfido2 asked: it looks in the same place, opens
// every node for it, leaves out without a word what it may not open, and takes
// longer for twenty keys than all the rest does.
func (m *Machine) fidoSightings(ctx context.Context) ([]hw.Sighting, error) {
	nodes, err := m.system.fidoNodes()
	if len(nodes) == 0 {
		seen, listErr := m.askLibrary()
		return seen, errors.Join(err, listErr)
	}
	open := m.wake(ctx, nodes)
	errs := []error{err}
	var seen []hw.Sighting
	var last []string
	for _, node := range nodes {
		s, err := m.system.hidraw(node)
		switch {
		case err == nil:
			seen = append(seen, s)
		case !errors.Is(err, hw.ErrGone): // unplugged while we looked
			errs = append(errs, err)
		}
		if hasCard(s) {
			open <- node
		} else {
			last = append(last, node)
		}
	}
	for _, node := range last {
		open <- node
	}
	close(open)
	return seen, errors.Join(errs...)
}

// hasCard says whether the product has a card side, which is read after its FIDO
// side: the longer of two, and better begun first.
func hasCard(s hw.Sighting) bool {
	if s.USB == nil {
		return false
	}
	product, _ := hw.ProductOf(s.USB.Vendor, s.USB.Product)
	return product.USB.Has(hw.USBCard)
}

// askLibrary lists what libfido2 finds.
func (m *Machine) askLibrary() ([]hw.Sighting, error) {
	found, err := m.fido.locations()
	if errors.Is(err, hw.ErrNotBuilt) { // nothing is missing from the list for it
		return nil, nil
	}
	errs := []error{err}
	var seen []hw.Sighting
	for _, l := range found {
		s, err := m.system.hidraw(l.node)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if s.Product == "" && s.Manufacturer == "" {
			s.Product, s.Manufacturer = l.product, l.manufacturer
		}
		seen = append(seen, s)
	}
	return seen, errors.Join(errs...)
}

// fidoNodes lists the hidraw nodes with a FIDO report descriptor.
func (s system) fidoNodes() ([]string, error) {
	class := s.path("sys/class/hidraw")
	entries, err := os.ReadDir(class)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the kernel has no hidraw, or no HID device ever came
	}
	if err != nil {
		return nil, err
	}
	var nodes []string
	var errs []error
	for _, e := range entries {
		if !hidrawName.MatchString(e.Name()) {
			continue
		}
		descriptor, err := readAttribute(filepath.Join(class, e.Name(), "device"), "report_descriptor")
		switch {
		case err == nil && hw.IsFIDODescriptor(descriptor):
			nodes = append(nodes, "/dev/"+e.Name())
		case err != nil && !errors.Is(err, fs.ErrNotExist): // unplugged while we looked
			errs = append(errs, err)
		}
	}
	return nodes, errors.Join(errs...)
}

// hidraw describes one node. The error wraps hw.ErrGone where the kernel shows
// no such node.
func (s system) hidraw(node string) (hw.Sighting, error) {
	sighting := hw.Sighting{Interface: hw.InterfaceFIDO, Node: node}
	dir, err := s.hidrawDevice(node)
	if err != nil {
		return sighting, err
	}
	if dir != "" {
		usb, err := readUSB(dir)
		if err != nil {
			return sighting, goneError(node, err)
		}
		usb.describe(&sighting)
	}
	sighting.Err = s.access(node)
	return sighting, nil
}

// hidrawDevice finds the directory of the USB device that a node belongs to, ""
// where it belongs to none. The error wraps hw.ErrGone where the kernel shows no
// such node.
func (s system) hidrawDevice(node string) (string, error) {
	name := filepath.Base(node)
	if node != "/dev/"+name || !hidrawName.MatchString(name) {
		return "", fmt.Errorf("%q is not a hidraw node", node)
	}
	dir, err := s.usbAbove(s.path("sys/class/hidraw", name))
	if err != nil {
		return "", goneError(node, err)
	}
	return dir, nil
}

// access says why a node could not be opened, without opening it: the kernel
// rests 50 ms at every first opening of a USB HID device (usbhid_open).
func (s system) access(node string) error {
	const readWrite = 4 | 2 // R_OK | W_OK
	return nodeError(node, syscall.Access(s.path(node), readWrite))
}

// nodeError puts what opening, reading or writing a node gave into our words.
func nodeError(node string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("%s: %w", node, hw.ErrPermission)
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV),
		errors.Is(err, syscall.EIO), errors.Is(err, syscall.ESHUTDOWN), errors.Is(err, syscall.EPROTO):
		return fmt.Errorf("%s: %w", node, hw.ErrGone)
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("%s: %w", node, hw.ErrBusy)
	}
	return fmt.Errorf("%s: %w", node, err)
}
