package hw

import (
	"cmp"
	"slices"
	"testing"
)

func TestKnownKey(t *testing.T) {
	for _, c := range []struct {
		name            string
		vendor, product uint16
		want            bool
	}{
		{"a YubiKey with all interfaces", 0x1050, 0x0407, true},
		{"a product of Yubico that is not out yet", 0x1050, 0x0999, true},
		{"a YubiHSM is no security key", 0x1050, 0x0030, false},
		{"a Solo 1 under the chip maker's vendor ID", 0x0483, 0xa2ca, true},
		{"another board with the same chip", 0x0483, 0xdf11, false},
		{"a Titan", 0x18d1, 0x9470, true},
		{"a phone of the maker of the Titan", 0x18d1, 0x4ee7, false},
		{"a CanoKey", 0x20a0, 0x42d4, true},
		{"any Token2 product", 0x349e, 0x0022, true},
		{"a keyboard", 0x046d, 0xc31c, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := KnownKey(c.vendor, c.product); got != c.want {
				t.Errorf("KnownKey(%04x, %04x) = %v, want %v", c.vendor, c.product, got, c.want)
			}
		})
	}
}

func TestProductOf(t *testing.T) {
	p, ok := ProductOf(VendorYubico, 0x0402)
	if !ok || p.USB != USBFIDO || p.USB.Has(USBCard) {
		t.Errorf("1050:0402 = %+v, %v; want FIDO alone", p, ok)
	}
	if p, ok := ProductOf(VendorYubico, 0x0407); !ok || !p.USB.Has(USBKeyboard|USBFIDO|USBCard) {
		t.Errorf("1050:0407 = %+v, %v; want all three interfaces", p, ok)
	}
	if p, ok := ProductOf(0x046d, 0xc31c); ok {
		t.Errorf("046d:c31c = %+v, want nothing known", p)
	}
}

func TestMakers(t *testing.T) {
	all := Makers()
	if !slices.IsSortedFunc(all, func(a, b Maker) int { return cmp.Compare(a.Vendor, b.Vendor) }) {
		t.Error("the table is not ordered by vendor ID")
	}
	for i, m := range all {
		if m.Name == "" || m.Source == "" {
			t.Errorf("%04x has no name or no source", m.Vendor)
		}
		if i > 0 && all[i-1].Vendor == m.Vendor {
			t.Errorf("%04x is listed twice", m.Vendor)
		}
		if m.Shared && len(m.Products) == 0 {
			t.Errorf("%04x is shared and lists no product", m.Vendor)
		}
		seen := map[uint16]bool{}
		for _, p := range m.Products {
			if seen[p.ID] || p.Name == "" {
				t.Errorf("%04x:%04x is listed twice or has no name", m.Vendor, p.ID)
			}
			seen[p.ID] = true
		}
	}
	all[0].Name = "changed"
	if Makers()[0].Name == "changed" {
		t.Error("a caller can change the table")
	}
}

func TestAReaderIsNoKey(t *testing.T) {
	for _, reader := range []USB{{Vendor: 0x096e, Product: 0x060d}, {Vendor: 0x349e, Product: 0x0430}} {
		reader.Bus, reader.Address = 1, 4
		if keys := Merge([]Sighting{{Interface: InterfaceUSB, USB: &reader}}); len(keys) != 0 {
			t.Errorf("%s: an empty reader is shown as %+v", reader.ID(), keys)
		}
	}
	if !KnownKey(0x096e, 0x085a) {
		t.Error("a key of the same maker is not known any more")
	}
}
