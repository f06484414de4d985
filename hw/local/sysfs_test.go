package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hwmfa/hw"
)

func TestUSBAt(t *testing.T) {
	numbered := oneKey
	numbered.numbered = true
	for _, c := range []struct {
		name         string
		key          pretendKey
		bus, address int
		change       func(pretend)
		want         string
	}{
		{"by the number of its node", numbered, 1, 7, func(p pretend) { p.must(p.remove("sys/bus/usb/devices/1-2.3")) }, "1-2.3"},
		{"by looking at all", oneKey, 1, 7, nil, "1-2.3"},
		{"a number that leads to another device", numbered, 1, 7, func(p pretend) {
			p.must(p.remove("sys/dev/char/189:6"))
			other := pretendKey{1, 9, "4", "1050", "0402", nil, false}
			p.plug(other)
			p.must(os.Symlink(p.dir(other), filepath.Join(p.path("sys/dev/char"), "189:6")))
		}, "1-2.3"},
		{"another address", numbered, 1, 8, nil, ""},
		{"another bus", numbered, 2, 7, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPretend(t)
			p.plug(c.key)
			if c.change != nil {
				c.change(p)
			}
			dir, err := p.usbAt(c.bus, c.address)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if dir != "" {
				u, err := readUSB(dir)
				if err != nil {
					t.Fatal(err)
				}
				got = u.Path
			}
			if got != c.want {
				t.Errorf("usbAt(%d, %d) leads to %q, want %q", c.bus, c.address, got, c.want)
			}
		})
	}
}

func TestIdentify(t *testing.T) {
	good := usbEvent(3, 20, "096e", "0858")
	for _, c := range []struct {
		name, uevent string
		want         hw.USB // zero: an error
	}{
		{"a device", good, hw.USB{Vendor: 0x096e, Product: 0x0858, Bus: 3, Address: 20}},
		{"another order, and lines of others", "X\nDEVNUM=020\n=\nBUSNUM=003\nPRODUCT=96e/858/1\nY=Z", hw.USB{Vendor: 0x096e, Product: 0x0858, Bus: 3, Address: 20}},
		{"nothing", "", hw.USB{}},
		{"an interface", "DEVTYPE=usb_interface\nPRODUCT=96e/858/1\nINTERFACE=3/0/0\n", hw.USB{}},
		{"twice the same", "BUSNUM=003\nBUSNUM=003\nBUSNUM=003\n", hw.USB{}},
		{"a vendor that is too large", strings.Replace(good, "96e/", "1096e/", 1), hw.USB{}},
		{"a product that is none", strings.Replace(good, "96e/858", "96e/zz", 1), hw.USB{}},
		{"an address that is too large", strings.Replace(good, "DEVNUM=020", "DEVNUM=99999999", 1), hw.USB{}},
		{"a negative bus", strings.Replace(good, "BUSNUM=003", "BUSNUM=-03", 1), hw.USB{}},
		{"no bus", strings.Replace(good, "BUSNUM=003", "BUSNUM=", 1), hw.USB{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "uevent"), []byte(c.uevent), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := identify(dir)
			if got != c.want || (err == nil) != (c.want != hw.USB{}) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}
