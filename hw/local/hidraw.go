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

// fidoSightings lists the FIDO interfaces that the kernel shows and those that
// libfido2 finds. libfido2 leaves out, without a word, what it may not open;
// the kernel shows it, so that the missing permission can be named.
func (m *Machine) fidoSightings(ctx context.Context) ([]hw.Sighting, error) {
	seen, err := m.system.hidraws()
	var usable []string
	for _, s := range seen {
		if s.Err == nil {
			usable = append(usable, s.Node)
		}
	}
	m.keepAwake(ctx, usable)
	errs := []error{err}
	found, err := m.fido.locations()
	switch {
	case errors.Is(err, hw.ErrNotBuilt): // nothing is missing from the list for it
		return seen, errors.Join(errs...)
	case err != nil:
		return seen, errors.Join(append(errs, err)...)
	}
	listed := map[string]bool{}
	for _, l := range found {
		listed[l.node] = true
	}
	for i := range seen {
		if node := seen[i].Node; seen[i].Err == nil && !listed[node] {
			seen[i].Err = m.system.tryOpen(node)
		}
		delete(listed, seen[i].Node)
	}
	for _, l := range found {
		if !listed[l.node] {
			continue
		}
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

// hidraws lists every hidraw node with a FIDO report descriptor.
func (s system) hidraws() ([]hw.Sighting, error) {
	class := s.path("sys/class/hidraw")
	entries, err := os.ReadDir(class)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the kernel has no hidraw, or no HID device ever came
	}
	if err != nil {
		return nil, err
	}
	var all []hw.Sighting
	var errs []error
	for _, e := range entries {
		if !hidrawName.MatchString(e.Name()) {
			continue
		}
		descriptor, err := readAttribute(filepath.Join(class, e.Name(), "device"), "report_descriptor")
		if errors.Is(err, fs.ErrNotExist) {
			continue // unplugged while we looked
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !isFIDO(descriptor) {
			continue
		}
		sighting, err := s.hidraw("/dev/" + e.Name())
		if errors.Is(err, hw.ErrGone) {
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, sighting)
	}
	return all, errors.Join(errs...)
}

// hidraw describes one node. The error wraps hw.ErrGone where the kernel shows
// no such node.
func (s system) hidraw(node string) (hw.Sighting, error) {
	sighting := hw.Sighting{Interface: hw.InterfaceFIDO, Node: node}
	name := filepath.Base(node)
	if node != "/dev/"+name || !hidrawName.MatchString(name) {
		return sighting, fmt.Errorf("%q is not a hidraw node", node)
	}
	usb, err := s.usbAbove(s.path("sys/class/hidraw", name))
	if errors.Is(err, fs.ErrNotExist) {
		return sighting, fmt.Errorf("%s: %w", node, hw.ErrGone)
	}
	if err != nil {
		return sighting, err
	}
	usb.describe(&sighting)
	sighting.Err = s.access(node)
	return sighting, nil
}

// access says why a node could not be opened, without opening it: the kernel
// rests 50 ms at every first opening of a USB HID device (usbhid_open).
func (s system) access(node string) error {
	const readWrite = 4 | 2 // R_OK | W_OK
	return nodeError(node, syscall.Access(s.path(node), readWrite))
}

// tryOpen opens a node and closes it again, which finds refusals that the file
// mode does not show (a container's list of devices).
func (s system) tryOpen(node string) error {
	f, err := os.OpenFile(s.path(node), os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nodeError(node, err)
	}
	return f.Close()
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
