package local

import (
	"os"
	"path/filepath"
	"testing"
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
			u, err := p.usbAt(c.bus, c.address)
			if err != nil {
				t.Fatal(err)
			}
			if (u == nil) != (c.want == "") || u != nil && u.Path != c.want {
				t.Errorf("usbAt(%d, %d) = %+v, want %q", c.bus, c.address, u, c.want)
			}
		})
	}
}
