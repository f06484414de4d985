package hw

import (
	"slices"
	"testing"
)

func TestIsFIDODescriptor(t *testing.T) {
	for _, c := range []struct {
		name       string
		descriptor []byte
		want       bool
	}{
		{"a FIDO interface", fidoDescriptor, true},
		{"a keyboard", keyboardDescriptor, false},
		{"a FIDO collection after a keyboard's", slices.Concat(keyboardDescriptor, fidoDescriptor), true},
		{"usage page and usage in one item of four bytes", []byte{0x0b, 0x01, 0x00, 0xd0, 0xf1, 0xa1, 0x01}, true},
		{"a long item in front", slices.Concat([]byte{0xfe, 0x02, 0x10, 0xaa, 0xbb}, fidoDescriptor), true},
		{"the FIDO page with another usage", []byte{0x06, 0xd0, 0xf1, 0x09, 0x02, 0xa1, 0x01}, false},
		{"the FIDO page mentioned after the collection", []byte{0x05, 0x01, 0x09, 0x01, 0xa1, 0x01, 0x06, 0xd0, 0xf1}, false},
		{"a physical collection is no application", []byte{0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x00}, false},
		{"a usage used up by an earlier main item", []byte{0x06, 0xd0, 0xf1, 0x09, 0x01, 0x81, 0x02, 0xa1, 0x01}, false},
		{"cut off inside the usage page", []byte{0x06, 0xd0}, false},
		{"a long item that promises too much", []byte{0xfe, 0xff, 0x10, 0x00}, false},
		{"nothing", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := IsFIDODescriptor(c.descriptor); got != c.want {
				t.Errorf("IsFIDODescriptor = %v, want %v", got, c.want)
			}
		})
	}
}

// FuzzIsFIDODescriptor holds a descriptor to two laws: what follows the collection
// changes nothing, and without the page's bytes there is no FIDO.
func FuzzIsFIDODescriptor(f *testing.F) {
	f.Add(fidoDescriptor)
	f.Add(keyboardDescriptor)
	f.Add([]byte{0xfe, 0x02, 0x10, 0xaa, 0xbb, 0x0b, 0x01, 0x00, 0xd0, 0xf1, 0xa1, 0x01})
	f.Fuzz(func(t *testing.T, d []byte) {
		if !IsFIDODescriptor(d) {
			return
		}
		if !IsFIDODescriptor(append(slices.Clone(d), 0xfe)) {
			t.Error("a tail makes a FIDO interface none")
		}
		if !slices.Contains(d, 0xd0) || !slices.Contains(d, 0xf1) {
			t.Error("FIDO without its usage page")
		}
	})
}

// fidoDescriptor and keyboardDescriptor are what a YubiKey's two HID
// interfaces send (CTAP 2.1 §11.2.8.2; USB HID 1.11 appendix B.1, shortened).
var (
	fidoDescriptor = []byte{
		0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08,
		0x95, 0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xc0,
	}
	keyboardDescriptor = []byte{0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x81, 0x02, 0xc0}
)
