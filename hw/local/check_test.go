package local

import (
	"context"
	"errors"
	"testing"

	"hwmfa/hw"
)

func TestCheck(t *testing.T) {
	usb := hw.USB{Vendor: 0x1050, Product: 0x0407, Bus: 1, Address: 7, Path: "1-2.3"}
	noPath := usb
	noPath.Path = ""
	fido := hw.Sighting{Interface: hw.InterfaceFIDO, Node: "/dev/hidraw1", USB: &usb}
	device := hw.Sighting{Interface: hw.InterfaceUSB, USB: &usb}
	other := func(change func(*pretendKey)) *pretendKey {
		k := oneKey
		change(&k)
		return &k
	}
	for _, c := range []struct {
		name string
		was  hw.Sighting
		now  *pretendKey // nil: unplugged
		want error
	}{
		{"the same hidraw node on the same device", fido, &oneKey, nil},
		{"the key was unplugged", fido, nil, hw.ErrGone},
		{"the key was plugged again", fido, other(func(k *pretendKey) { k.address = 8 }), hw.ErrReplaced},
		{"a key in another socket has the node now", fido, other(func(k *pretendKey) { k.bus = 2 }), hw.ErrReplaced},
		{"another product has bus and address now", fido, other(func(k *pretendKey) { k.product = "0402" }), hw.ErrReplaced},
		{"another maker's key has bus and address now", fido, other(func(k *pretendKey) { k.vendor = "096e" }), hw.ErrReplaced},
		{"a device without a place became one with", hw.Sighting{Interface: hw.InterfaceFIDO, Node: "/dev/hidraw1"}, &oneKey, hw.ErrReplaced},
		{"the same USB device", device, &oneKey, nil},
		{"the same USB device, path unknown", hw.Sighting{Interface: hw.InterfaceUSB, USB: &noPath}, &oneKey, nil},
		{"the USB device is gone", device, nil, hw.ErrGone},
		{"the USB device of unknown path is gone", hw.Sighting{Interface: hw.InterfaceUSB, USB: &noPath}, other(func(k *pretendKey) { k.address = 9 }), hw.ErrGone},
		{"another USB device in the socket", device, other(func(k *pretendKey) { k.address = 9 }), hw.ErrReplaced},
		{"a USB sighting without a place", hw.Sighting{Interface: hw.InterfaceUSB}, &oneKey, hw.ErrUnsupported},
		{"an interface that nobody knows", hw.Sighting{Interface: "nfc"}, &oneKey, hw.ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPretend(t)
			if c.now != nil {
				p.plug(*c.now)
			}
			m := &Machine{system: p.system}
			if err := m.Check(t.Context(), c.was); !errors.Is(err, c.want) {
				t.Errorf("Check = %v, want %v", err, c.want)
			}
		})
	}
	t.Run("a context that is over", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		m := &Machine{system: newPretend(t).system}
		if err := m.Check(ctx, fido); !errors.Is(err, context.Canceled) {
			t.Errorf("Check = %v", err)
		}
	})
}
