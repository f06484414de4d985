package local

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fidoDescriptor and keyboardDescriptor are what a YubiKey's two HID
// interfaces send (CTAP 2.1 §11.2.8.2; USB HID 1.11 appendix B.1, shortened).
var (
	fidoDescriptor = []byte{
		0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08,
		0x95, 0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xc0,
	}
	keyboardDescriptor = []byte{0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x81, 0x02, 0xc0}
)

// pretend is a machine's /sys and /dev below a temporary folder, with the
// kernel's directories and links.
type pretend struct {
	t *testing.T
	system
}

func newPretend(t *testing.T) pretend {
	t.Helper()
	p := pretend{t, system{root: t.TempDir()}}
	for _, d := range []string{"sys/class/hidraw", "sys/bus/usb/devices", "sys/dev/char", "dev"} {
		p.must(os.MkdirAll(p.path(d), 0o755))
	}
	return p
}

func (p pretend) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p pretend) write(dir string, files map[string]string) {
	p.t.Helper()
	p.must(os.MkdirAll(dir, 0o755))
	for name, text := range files {
		p.must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
}

// pretendKey is a composite key: one USB device with HID interfaces, each a
// hidraw node with its report descriptor.
type pretendKey struct {
	bus, address    int
	ports           string
	vendor, product string
	nodes           map[string][]byte
	numbered        bool // it has a node in /dev/bus/usb
}

var oneKey = pretendKey{1, 7, "2.3", "1050", "0407", map[string][]byte{"hidraw0": keyboardDescriptor, "hidraw1": fidoDescriptor}, false}

func (k pretendKey) name() string { return fmt.Sprintf("%d-%s", k.bus, k.ports) }

func (p pretend) dir(k pretendKey) string {
	return p.path("sys/devices/pci0000:00/0000:00:14.0", fmt.Sprintf("usb%d", k.bus), k.name())
}

// plug adds the key's directories, links and nodes. A node is a FIFO, which
// like hidraw opens for reading and writing without a peer.
func (p pretend) plug(k pretendKey) {
	p.t.Helper()
	dir := p.dir(k)
	p.write(dir, map[string]string{
		"busnum": fmt.Sprintf("%d\n", k.bus), "devpath": k.ports + "\n", "manufacturer": "Yubico\n", "product": "YubiKey OTP+FIDO+CCID\n",
		"uevent": usbEvent(k.bus, k.address, k.vendor, k.product),
	})
	p.must(os.Symlink(dir, p.path("sys/bus/usb/devices", k.name())))
	if k.numbered {
		p.must(os.Symlink(dir, p.path("sys/dev/char", fmt.Sprintf("189:%d", (k.bus-1)*128+k.address-1))))
	}
	i := 0
	for node, descriptor := range k.nodes {
		at := fmt.Sprintf("%s:1.%d", k.name(), i)
		p.write(filepath.Join(dir, at), map[string]string{"bInterfaceClass": "03\n"})
		p.must(os.Symlink(filepath.Join(dir, at), p.path(usbDevices, at)))
		hid := filepath.Join(dir, at, fmt.Sprintf("0003:%s:%s.%04d", k.vendor, k.product, i))
		p.addNode(hid, node, descriptor)
		i++
	}
}

// usbEvent is what the kernel says of a USB device in its file uevent.
func usbEvent(bus, address int, vendor, product string) string {
	hex := func(s string) string { return strings.TrimLeft(s, "0") }
	return fmt.Sprintf("MAJOR=189\nMINOR=%d\nDEVNAME=bus/usb/%03d/%03d\nDEVTYPE=usb_device\nDRIVER=usb\nPRODUCT=%s/%s/543\nTYPE=0/0/0\nBUSNUM=%03d\nDEVNUM=%03d\n",
		(bus-1)*128+address-1, bus, address, hex(vendor), hex(product), bus, address)
}

func (p pretend) addNode(hid, node string, descriptor []byte) {
	p.t.Helper()
	p.write(hid, map[string]string{"report_descriptor": string(descriptor)})
	p.must(os.MkdirAll(filepath.Join(hid, "hidraw", node), 0o755))
	p.must(os.Symlink("../..", filepath.Join(hid, "hidraw", node, "device")))
	link, err := filepath.Rel(p.path("sys/class/hidraw"), filepath.Join(hid, "hidraw", node))
	p.must(err)
	p.must(os.Symlink(link, p.path("sys/class/hidraw", node)))
	p.must(syscall.Mkfifo(p.path("dev", node), 0o600))
}

func (p pretend) unplug(k pretendKey) {
	p.t.Helper()
	for node := range k.nodes {
		p.must(os.Remove(p.path("sys/class/hidraw", node)))
		p.must(os.Remove(p.path("dev", node)))
	}
	for i := range len(k.nodes) {
		p.must(os.Remove(p.path(usbDevices, fmt.Sprintf("%s:1.%d", k.name(), i))))
	}
	p.must(os.Remove(p.path("sys/bus/usb/devices", k.name())))
	if k.numbered {
		p.must(os.Remove(p.path("sys/dev/char", fmt.Sprintf("189:%d", (k.bus-1)*128+k.address-1))))
	}
	p.must(os.RemoveAll(p.dir(k)))
}

func (p pretend) remove(name string) error { return os.Remove(p.path(name)) }

// hideHidraw takes the kernel's list of hidraw nodes away, hideUSB that of USB
// devices.
func (s system) hideHidraw(t *testing.T) { s.hide(t, "sys/class/hidraw") }
func (s system) hideUSB(t *testing.T)    { s.hide(t, usbDevices) }

func (s system) hide(t *testing.T, list string) {
	t.Helper()
	if err := os.RemoveAll(s.path(list)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.path(list), 0o755); err != nil {
		t.Fatal(err)
	}
}
