package hw

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func usbAt(bus, address int) *USB {
	return &USB{Vendor: 0x1050, Product: 0x0407, Bus: bus, Address: address}
}

func sighting(i Interface, node string, u *USB) Sighting {
	return Sighting{Interface: i, Node: node, USB: u}
}

// shape writes a key as "bus.address fido card", with - for what is missing.
func shape(k Key) string {
	place, fido, card := "-", "-", "-"
	if k.USB != nil {
		place = fmt.Sprintf("%d.%d", k.USB.Bus, k.USB.Address)
	}
	if k.FIDO != nil {
		fido = k.FIDO.Node
	}
	if k.Card != nil {
		card = fmt.Sprintf("%s#%d", k.Card.Node, k.Card.Slot)
	}
	return place + " " + fido + " " + card
}

func TestMerge(t *testing.T) {
	twoSlots := usbAt(3, 4)
	twoSlots.Vendor, twoSlots.Product = 0x04e6, 0x5116
	second := sighting(InterfaceCard, "SCM 00 01", twoSlots)
	second.Slot = 1
	for _, tt := range []struct {
		name string
		in   []Sighting
		want []string
	}{
		{"nothing plugged in gives no key", nil, []string{}},
		{"three sightings of one address are one key", []Sighting{
			sighting(InterfaceUSB, "", usbAt(1, 7)),
			sighting(InterfaceFIDO, "/dev/hidraw3", usbAt(1, 7)),
			sighting(InterfaceCard, "Yubico YubiKey 00 00", usbAt(1, 7)),
		}, []string{"1.7 /dev/hidraw3 Yubico YubiKey 00 00#0"}},
		{"reader names that look alike do not join two keys", []Sighting{
			sighting(InterfaceFIDO, "/dev/hidraw0", usbAt(1, 2)),
			sighting(InterfaceFIDO, "/dev/hidraw1", usbAt(1, 3)),
			sighting(InterfaceCard, "Yubico YubiKey 00 00", usbAt(1, 3)),
			sighting(InterfaceCard, "Yubico YubiKey 01 00", usbAt(1, 2)),
		}, []string{"1.2 /dev/hidraw0 Yubico YubiKey 01 00#0", "1.3 /dev/hidraw1 Yubico YubiKey 00 00#0"}},
		{"a reader whose place is unknown is a key of its own", []Sighting{
			sighting(InterfaceFIDO, "/dev/hidraw0", usbAt(1, 2)),
			sighting(InterfaceCard, "Some Reader", nil),
		}, []string{"1.2 /dev/hidraw0 -", "- - Some Reader#0"}},
		{"two cards in a reader with two slots are two keys", []Sighting{
			sighting(InterfaceCard, "SCM 00 00", twoSlots),
			second,
		}, []string{"3.4 - SCM 00 00#0", "3.4 - SCM 00 01#1"}},
		{"the same address on another bus is another key", []Sighting{
			sighting(InterfaceFIDO, "/dev/hidraw0", usbAt(1, 2)),
			sighting(InterfaceCard, "r", usbAt(2, 2)),
		}, []string{"1.2 /dev/hidraw0 -", "2.2 - r#0"}},
		{"a key that shows no interface is still listed", []Sighting{
			sighting(InterfaceUSB, "", usbAt(1, 9)),
		}, []string{"1.9 - -"}},
		{"a keyboard of another maker is no key", []Sighting{
			sighting(InterfaceUSB, "", &USB{Vendor: 0x046d, Product: 0xc31c, Bus: 1, Address: 4}),
		}, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for round := range 20 {
				in := slices.Clone(tt.in)
				r := rand.New(rand.NewPCG(1, uint64(round)))
				r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
				got := []string{}
				for _, k := range Merge(in) {
					got = append(got, shape(k))
				}
				if !slices.Equal(got, tt.want) {
					t.Fatalf("order %v: got %q, want %q", in, got, tt.want)
				}
			}
		})
	}
}

func TestVersion(t *testing.T) {
	v, err := ParseVersion("5.4.3")
	if err != nil || v != (Version{5, 4, 3}) || v.String() != "5.4.3" {
		t.Errorf("got %v, %v", v, err)
	}
	for _, bad := range []string{"", "5", "5.4", "5.4.3.2", "5.4.256", "5.-1.0", "5. 4.3"} {
		if v, err := ParseVersion(bad); err == nil {
			t.Errorf("ParseVersion(%q) = %v, want an error", bad, v)
		}
	}
	if !v.AtLeast(5, 3, 0) || v.AtLeast(5, 4, 4) || !v.AtLeast(5, 4, 3) {
		t.Errorf("AtLeast is wrong around %v", v)
	}
}

func TestCapabilityNames(t *testing.T) {
	got := (CapFIDO2 | CapOTP | CapPIV | 0x8000).Names()
	if want := []string{"OTP", "PIV", "FIDO2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Capability(0).Names(); got == nil || len(got) != 0 {
		t.Errorf("nothing enabled gives %#v, want an empty list", got)
	}
}
