package udev

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"hwmfa/hw"
)

// Kind says which part of a key a device node is.
type Kind string

// The nodes that rules are about.
const (
	KindFIDO Kind = "fido" // a hidraw node with the FIDO usage page
	KindCard Kind = "card" // the USB node of a key with a card reader in it
)

// device is an entry of sysfs with what udev knows of it.
type device struct {
	kind Kind
	node string // "/dev/hidraw0", "/dev/bus/usb/001/004"
	dir  string // its directory below /sys/devices, root in front
	usb  hw.USB // zero for a device that is not on the bus
	name string // what it is called: our table's word, or its own claim
	// properties and tags are from udev's database. known is false where udev
	// never dealt with the device: then nobody knows its properties.
	properties map[string]string
	tags       []string
	known      bool
}

// USBKey is a device on the bus that is a security key by its numbers, or that
// has a FIDO interface.
type USBKey struct {
	USB  hw.USB
	Name string
	// HID counts its HID interfaces that are no keyboard or mouse, Driven those
	// of them that a kernel driver has taken.
	HID, Driven int
	Card        bool // it has a smart-card interface
}

const maxAttribute = 4096 // the kernel gives one page at most

// attribute is a sysfs file without its line end; "" where it cannot be read.
func attribute(dir, name string) string {
	b, err := readBounded(filepath.Join(dir, name), maxAttribute)
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(b), "\n")
}

// devices lists the nodes that rules should reach: every hidraw node with the
// FIDO usage page, and the USB node of every known key with a card interface.
func (m *Machine) devices() ([]device, error) {
	hidraw, errHID := m.entries("sys/class/hidraw")
	usb, errUSB := m.entries("sys/bus/usb/devices")
	var found []device
	for _, dir := range hidraw {
		descriptor, err := readBounded(filepath.Join(dir, "device", "report_descriptor"), maxAttribute)
		if err != nil || !hw.IsFIDODescriptor(descriptor) {
			continue // unplugged while we looked, or another kind of device
		}
		found = append(found, m.describe(KindFIDO, dir))
	}
	for _, dir := range usb {
		d := m.describe(KindCard, dir)
		if k, ok := m.usbKey(dir); ok && k.Card && d.node != "" {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b device) int { return strings.Compare(a.node, b.node) })
	return found, errors.Join(errHID, errUSB)
}

// USBKeys lists the keys on the bus, whatever the kernel made of them.
func (m *Machine) USBKeys() ([]USBKey, error) {
	dirs, err := m.entries("sys/bus/usb/devices")
	var found []USBKey
	for _, dir := range dirs {
		if k, ok := m.usbKey(dir); ok {
			found = append(found, k)
		}
	}
	return found, err
}

// usbKey reads a device on the bus; false where it is no key by its numbers.
func (m *Machine) usbKey(dir string) (USBKey, bool) {
	u, ok := readUSB(dir)
	if !ok || !hw.KnownKey(u.Vendor, u.Product) {
		return USBKey{}, false
	}
	k := USBKey{USB: u, Name: nameOf(u, dir)}
	interfaces, err := filepath.Glob(filepath.Join(dir, "*:*", "bInterfaceClass"))
	if err != nil {
		return k, true
	}
	for _, file := range interfaces {
		at := filepath.Dir(file)
		switch attribute(at, "bInterfaceClass") {
		case "03":
			if attribute(at, "bInterfaceProtocol") != "00" {
				continue // a keyboard that types one-time passwords
			}
			k.HID++
			if _, err := os.Lstat(filepath.Join(at, "driver")); err == nil {
				k.Driven++
			}
		case "0b":
			k.Card = true
		}
	}
	return k, true
}

// entries are the directories that the links of a sysfs class or bus lead to.
func (m *Machine) entries(class string) ([]string, error) {
	entries, err := os.ReadDir(m.path(class))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the kernel has no such thing
	}
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range entries {
		link := m.path(class, e.Name())
		to, err := os.Readlink(link)
		if err != nil {
			continue // unplugged while we looked
		}
		dir := filepath.Join(filepath.Dir(link), to)
		if rel, err := filepath.Rel(m.path("sys/devices"), dir); err != nil || strings.HasPrefix(rel, "..") {
			continue
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// parents are a device's directory and those above it, as far as they are
// devices.
func (m *Machine) parents(dir string) []string {
	var all []string
	for top := m.path("sys/devices"); dir != top && len(dir) > len(top); dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, "uevent")); err == nil {
			all = append(all, dir)
		}
	}
	return all
}

func (m *Machine) describe(kind Kind, dir string) device {
	d := device{kind: kind, dir: dir, properties: uevent(dir)}
	if name := d.properties["DEVNAME"]; name != "" && !strings.Contains(name, "..") {
		d.node = filepath.Join("/dev", name)
	}
	for _, above := range m.parents(dir) {
		if u, ok := readUSB(above); ok {
			d.usb, d.name = u, nameOf(u, above)
			break
		}
	}
	m.readDatabase(&d)
	return d
}

// uevent is what the kernel says of a device; DEVTYPE, MAJOR, DEVNAME among it.
func uevent(dir string) map[string]string {
	properties := map[string]string{}
	text, err := readBounded(filepath.Join(dir, "uevent"), maxAttribute)
	if err != nil {
		return properties
	}
	for line := range bytes.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimRight(string(line), "\n"), "="); ok {
			properties[name] = value
		}
	}
	return properties
}

// readDatabase adds what udev keeps of a device in /run/udev/data: E: a
// property, Q: a tag, G: one that it has or once had, which is all that
// databases without a version, V:, tell (systemd, sd-device). The name there is
// made of kind and number of the node; both kinds here are character devices.
func (m *Machine) readDatabase(d *device) {
	name := "c" + d.properties["MAJOR"] + ":" + d.properties["MINOR"]
	text, err := readBounded(m.path("run/udev/data", filepath.Base(name)), 1<<20)
	if err != nil {
		return
	}
	d.known = true
	var ever []string
	current := false
	for line := range bytes.Lines(text) {
		switch kind, rest, _ := strings.Cut(strings.TrimRight(string(line), "\n"), ":"); kind {
		case "E":
			if name, value, ok := strings.Cut(rest, "="); ok {
				d.properties[name] = value
			}
		case "G":
			ever = append(ever, rest)
		case "Q":
			d.tags = append(d.tags, rest)
		case "V":
			current = true
		}
	}
	if !current {
		d.tags = ever
	}
}

// readUSB reads the directory of a device on the bus; false where it is none.
func readUSB(dir string) (hw.USB, bool) {
	number := func(name string, base, bits int) (uint64, error) {
		return strconv.ParseUint(strings.TrimSpace(attribute(dir, name)), base, bits)
	}
	bus, err1 := number("busnum", 10, 16)
	address, err2 := number("devnum", 10, 16)
	vendor, err3 := number("idVendor", 16, 16)
	product, err4 := number("idProduct", 16, 16)
	if errors.Join(err1, err2, err3, err4) != nil {
		return hw.USB{}, false
	}
	u := hw.USB{Bus: int(bus), Address: int(address), Vendor: uint16(vendor), Product: uint16(product)}
	if ports := attribute(dir, "devpath"); ports != "" {
		u.Path = fmt.Sprintf("%d-%s", bus, ports)
	}
	return u, true
}

func nameOf(u hw.USB, dir string) string {
	if p, ok := hw.ProductOf(u.Vendor, u.Product); ok {
		return p.Name
	}
	if claim := attribute(dir, "product"); claim != "" {
		return claim
	}
	return u.ID()
}

// owner is the group and mode that a node has; false where it is not there.
func owner(file string) (gid int, mode fs.FileMode, ok bool) {
	info, err := os.Stat(file)
	if err != nil {
		return 0, 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Gid), info.Mode().Perm(), true
}
