package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"hwmfa/hw"
)

// system is the part of the file system in which the kernel describes devices.
type system struct {
	root string // "/" but for tests
}

func (s system) path(elem ...string) string {
	return filepath.Join(append([]string{s.root}, elem...)...)
}

// usbDevice is what sysfs says of a device on the bus.
type usbDevice struct {
	hw.USB
	manufacturer, product, serial string
}

// maxAttribute bounds a sysfs file: the kernel gives one page at most, at once.
const maxAttribute = 4096

// readAttribute makes the three system calls that it takes: os.File makes eight,
// and there are a dozen attributes for each key.
func readAttribute(dir, name string) ([]byte, error) {
	path := filepath.Join(dir, name)
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(fd)
	b := make([]byte, maxAttribute)
	n, err := syscall.Read(fd, b)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return b[:n], nil
}

// attribute is a text file of one line; "" where it cannot be read.
func attribute(dir, name string) string {
	b, err := readAttribute(dir, name)
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(b), "\n")
}

// readUSB reads the directory of one USB device.
func readUSB(dir string) (*usbDevice, error) {
	number := func(name string, base, bits int) (uint64, error) {
		text, err := readAttribute(dir, name)
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseUint(strings.TrimSpace(string(text)), base, bits)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
		}
		return n, nil
	}
	var d usbDevice
	bus, err := number("busnum", 10, 16)
	if err != nil {
		return nil, err
	}
	address, err := number("devnum", 10, 16)
	if err != nil {
		return nil, err
	}
	vendor, err := number("idVendor", 16, 16)
	if err != nil {
		return nil, err
	}
	product, err := number("idProduct", 16, 16)
	if err != nil {
		return nil, err
	}
	d.USB = hw.USB{Bus: int(bus), Address: int(address), Vendor: uint16(vendor), Product: uint16(product)}
	if ports := attribute(dir, "devpath"); ports != "" {
		d.Path = fmt.Sprintf("%d-%s", bus, ports)
	}
	d.manufacturer, d.product, d.serial = attribute(dir, "manufacturer"), attribute(dir, "product"), attribute(dir, "serial")
	return &d, nil
}

// usbAbove finds the USB device to which an entry of /sys/class belongs, which
// is a link into /sys/devices; nil where there is none (a virtual or Bluetooth
// device).
func (s system) usbAbove(dir string) (*usbDevice, error) {
	real, err := os.Readlink(dir)
	if err != nil {
		return nil, err
	}
	if !filepath.IsAbs(real) {
		real = filepath.Join(filepath.Dir(dir), real)
	}
	for top := s.path("sys") + string(filepath.Separator); strings.HasPrefix(real, top); real = filepath.Dir(real) {
		if _, err := os.Lstat(filepath.Join(real, "busnum")); err == nil {
			return readUSB(real)
		}
	}
	return nil, nil
}

// usbAt finds the device with this bus and address; nil where there is none.
// The number of its node in /dev leads to it (Linux, "USB_DEVICE_MAJOR" and
// usb_alloc_dev); where that does not, all are looked at.
func (s system) usbAt(bus, address int) (*usbDevice, error) {
	const major, perBus = 189, 128
	link := fmt.Sprintf("%d:%d", major, (bus-1)*perBus+address-1)
	if u, err := readUSB(s.path("sys/dev/char", link)); err == nil && u.Bus == bus && u.Address == address {
		return u, nil
	}
	dirs, err := os.ReadDir(s.path("sys/bus/usb/devices"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // no USB on this machine
	}
	if err != nil {
		return nil, err
	}
	onBus := strconv.Itoa(bus)
	for _, d := range dirs {
		// Devices are named by bus and ports, 1-2.3, the root hub usb1; with a
		// colon it is an interface.
		name := d.Name()
		if strings.Contains(name, ":") || name != "usb"+onBus && !strings.HasPrefix(name, onBus+"-") {
			continue
		}
		dir := s.path("sys/bus/usb/devices", name)
		if attribute(dir, "devnum") != strconv.Itoa(address) {
			continue
		}
		u, err := readUSB(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil // unplugged in between
		}
		return u, err
	}
	return nil, nil
}

// describe fills in what sysfs knows of the device behind a sighting.
func (d *usbDevice) describe(s *hw.Sighting) {
	if d == nil {
		return
	}
	usb := d.USB
	s.USB = &usb
	s.Manufacturer, s.Product, s.SerialString = d.manufacturer, d.product, d.serial
}
