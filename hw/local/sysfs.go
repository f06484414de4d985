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

// identify reads which device a directory is of: bus, address, vendor and
// product, all from the one file in which the kernel has them together (Linux,
// usb_uevent and usb_dev_uevent).
func identify(dir string) (hw.USB, error) {
	text, err := readAttribute(dir, "uevent")
	if err != nil {
		return hw.USB{}, err
	}
	lines := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		lines[name] = value
	}
	vendor, rest, _ := strings.Cut(lines["PRODUCT"], "/") // hexadecimal, without zeros in front
	product, _, _ := strings.Cut(rest, "/")
	var numbers [4]uint16
	for i, n := range []struct {
		text string
		base int
	}{{lines["BUSNUM"], 10}, {lines["DEVNUM"], 10}, {vendor, 16}, {product, 16}} {
		v, err := strconv.ParseUint(n.text, n.base, 16)
		if err != nil {
			return hw.USB{}, fmt.Errorf("%s: %w", filepath.Join(dir, "uevent"), err)
		}
		numbers[i] = uint16(v)
	}
	return hw.USB{Bus: int(numbers[0]), Address: int(numbers[1]), Vendor: numbers[2], Product: numbers[3]}, nil
}

// readUSB reads the directory of one USB device.
func readUSB(dir string) (*usbDevice, error) {
	usb, err := identify(dir)
	if err != nil {
		return nil, err
	}
	if ports := attribute(dir, "devpath"); ports != "" {
		usb.Path = fmt.Sprintf("%d-%s", usb.Bus, ports)
	}
	return &usbDevice{usb, attribute(dir, "manufacturer"), attribute(dir, "product"), attribute(dir, "serial")}, nil
}

// usbAbove finds the directory of the USB device to which an entry of /sys/class
// belongs, which is a link into /sys/devices; "" where there is none (a virtual
// or Bluetooth device).
func (s system) usbAbove(dir string) (string, error) {
	real, err := os.Readlink(dir)
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(real) {
		real = filepath.Join(filepath.Dir(dir), real)
	}
	for top := s.path("sys") + string(filepath.Separator); strings.HasPrefix(real, top); real = filepath.Dir(real) {
		if _, err := os.Lstat(filepath.Join(real, "busnum")); err == nil {
			return real, nil
		}
	}
	return "", nil
}

// usbAt finds the directory of the device with this bus and address; "" where
// there is none. The number of its node in /dev leads to it (Linux,
// "USB_DEVICE_MAJOR" and usb_alloc_dev); where that does not, all are looked at.
func (s system) usbAt(bus, address int) (string, error) {
	const major, perBus = 189, 128
	link := s.path("sys/dev/char", fmt.Sprintf("%d:%d", major, (bus-1)*perBus+address-1))
	if u, err := identify(link); err == nil && u.Bus == bus && u.Address == address {
		return link, nil
	}
	names, _, err := s.usbNames()
	if err != nil {
		return "", err
	}
	onBus := strconv.Itoa(bus)
	for _, name := range names {
		// Devices are named by bus and ports, 1-2.3, the root hub usb1.
		if name != "usb"+onBus && !strings.HasPrefix(name, onBus+"-") {
			continue
		}
		dir := s.path(usbDevices, name)
		if u, err := identify(dir); err == nil && u.Bus == bus && u.Address == address {
			return dir, nil
		}
	}
	return "", nil
}

// usbDevices is where the kernel lists what is on its USB buses.
const usbDevices = "sys/bus/usb/devices"

// usbNames lists the devices on all buses, and by device its interfaces, whose
// names go on with a colon.
func (s system) usbNames() (devices []string, interfaces map[string][]string, err error) {
	entries, err := os.ReadDir(s.path(usbDevices))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil // no USB on this machine
	}
	interfaces = map[string][]string{}
	for _, e := range entries {
		if device, _, is := strings.Cut(e.Name(), ":"); is {
			interfaces[device] = append(interfaces[device], e.Name())
		} else {
			devices = append(devices, device)
		}
	}
	return devices, interfaces, err
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
