package usbip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

func TestDescriptors(t *testing.T) {
	tests := []struct {
		name       string
		key        func(*echoKey)
		speed      Speed
		interfaces []byte // their classes, in order
		endpoints  int
	}{
		{"both interfaces", func(*echoKey) {}, Full, []byte{0x03, 0x0b}, 5},
		{"both interfaces at high speed", func(*echoKey) {}, High, []byte{0x03, 0x0b}, 5},
		{"FIDO only", func(k *echoKey) { k.noCard = true }, Full, []byte{0x03}, 2},
		{"card only", func(k *echoKey) { k.noHID = true }, Full, []byte{0x0b}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newEchoKey()
			tt.key(k)
			h := newHost(t, k, Options{Speed: tt.speed, Release: 0x0571})
			dev := h.control([8]byte{0x80, reqGetDescriptor, 0, descDevice, 0, 0, 64, 0}).data
			if len(dev) != 18 || binary.LittleEndian.Uint16(dev[8:]) != 0x1050 || binary.LittleEndian.Uint16(dev[12:]) != 0x0571 {
				t.Errorf("device descriptor % x", dev)
			}
			if short := h.control([8]byte{0x80, reqGetDescriptor, 0, descConfig, 0, 0, 9, 0}).data; len(short) != 9 {
				t.Errorf("asked for 9 bytes of the configuration, got %d", len(short))
			}
			config := h.control([8]byte{0x80, reqGetDescriptor, 0, descConfig, 0, 0, 0xff, 0}).data
			if int(binary.LittleEndian.Uint16(config[2:])) != len(config) || int(config[4]) != len(tt.interfaces) {
				t.Errorf("configuration of %d bytes says %d bytes and %d interfaces", len(config), binary.LittleEndian.Uint16(config[2:]), config[4])
			}
			var classes []byte
			endpoints := 0
			for rest := config; len(rest) > 0; rest = rest[rest[0]:] {
				switch rest[1] {
				case descInterface:
					classes = append(classes, rest[5])
				case descEndpoint:
					endpoints++
				}
			}
			if !bytes.Equal(classes, tt.interfaces) || endpoints != tt.endpoints {
				t.Errorf("got classes % x and %d endpoints", classes, endpoints)
			}
			qualifier := h.control([8]byte{0x80, reqGetDescriptor, 0, descQualifier, 0, 0, 10, 0})
			if stalled := qualifier.status == statusStall; stalled != (tt.speed == Full) {
				t.Errorf("qualifier at speed %d: %+v", tt.speed, qualifier)
			}
		})
	}
}

func TestStrings(t *testing.T) {
	h := newHost(t, newEchoKey(), Options{})
	product := h.control([8]byte{0x80, reqGetDescriptor, strProduct, descString, 9, 4, 0xff, 0})
	if want := "\x24\x03Y\x00u\x00b\x00i\x00K\x00e\x00y\x00"; !bytes.HasPrefix(product.data, []byte(want)) {
		t.Errorf("got % x", product.data)
	}
	for _, index := range []byte{strSerial, 9} {
		if r := h.control([8]byte{0x80, reqGetDescriptor, index, descString, 9, 4, 0xff, 0}); r.status != statusStall {
			t.Errorf("string %d, which is not there, answered %+v", index, r)
		}
	}
}

func TestHID(t *testing.T) {
	h := newHost(t, newEchoKey(), Options{})
	if r := h.control([8]byte{0x81, reqGetDescriptor, 0, descHIDReport, 0, 0, 0xff, 0}); !bytes.Equal(r.data, fidoReport) {
		t.Errorf("report descriptor % x", r.data)
	}
	waiting := h.submit(epHIDIn, true, 64, [8]byte{}, nil)
	h.submit(epHIDOut, false, 3, [8]byte{}, []byte{1, 2, 3})
	for range 2 {
		switch r := h.next(); {
		case r.n == 3: // the OUT transfer, which has no data behind it
		case r.seq == waiting && len(r.data) == 64 && bytes.HasPrefix(r.data, []byte{1, 2, 3, 0}):
		default:
			t.Fatalf("got %+v", r)
		}
	}
}

func TestUnlink(t *testing.T) {
	h := newHost(t, newEchoKey(), Options{})
	first := h.submit(epHIDIn, true, 64, [8]byte{}, nil)
	second := h.submit(epHIDIn, true, 64, [8]byte{}, nil)
	h.unlink(first)
	if r := h.next(); r.command != retUnlink || r.status != statusUnlinked {
		t.Fatalf("taking a waiting transfer back answered %+v", r)
	}
	h.submit(epHIDOut, false, 64, [8]byte{}, make([]byte, 64))
	h.next()
	if r := h.next(); r.seq != second || len(r.data) != 64 {
		t.Fatalf("the report went to %+v, want transfer %d", r, second)
	}
	h.unlink(second)
	if r := h.next(); r.command != retUnlink || r.status != statusOK {
		t.Fatalf("taking an answered transfer back answered %+v", r)
	}
}

func TestUnknownEndpoint(t *testing.T) {
	k := newEchoKey()
	k.noCard = true
	h := newHost(t, k, Options{})
	h.submit(epCardOut, false, 2, [8]byte{}, []byte{1, 2})
	if r := h.next(); r.status != statusStall {
		t.Errorf("a card endpoint that is not there answered %+v", r)
	}
}

func TestParseStatus(t *testing.T) {
	const text = "hub port sta spd dev      sockfd local_busid\n" +
		"hs  0000 006 002 00000001 000007 3-1\n" +
		"hs  0001 004 000 00000000 000000 0-0\n" +
		"ss  0015 004 000 00000000 000000 0-0\n"
	ports, err := parseStatus(text)
	want := []port{{0, false, portUsed, "3-1"}, {1, false, portFree, "0-0"}, {15, true, portFree, "0-0"}}
	if err != nil || len(ports) != 3 || ports[0] != want[0] || ports[1] != want[1] || ports[2] != want[2] {
		t.Errorf("got %v, %v", ports, err)
	}
	if _, err := parseStatus("hs 0000 004\n"); !errors.Is(err, errProtocol) {
		t.Errorf("a short line gave %v", err)
	}
	if _, err := parseStatus("hs x 004 000 0 0 0-0\n"); err == nil {
		t.Error("a port that is no number was taken")
	}
}

// TestPulledOutWhileAnswering closes the host's side under the device's hands,
// as the kernel does at a detach: that is an unplug and no error, which newHost
// watches over.
func TestPulledOutWhileAnswering(t *testing.T) {
	for range 20 {
		t.Run("", func(t *testing.T) {
			h := newHost(t, newEchoKey(), Options{})
			for range 100 {
				h.submit(0, true, 64, [8]byte{0x80, reqGetDescriptor, 0, descDevice, 0, 0, 64, 0}, nil)
			}
		})
	}
}
