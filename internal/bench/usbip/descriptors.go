package usbip

import (
	"encoding/binary"
	"unicode/utf16"
)

// Endpoints. The numbers are those of a YubiKey.
const (
	epControl = 0
	epCardOut = 2 // bulk
	epCardIn  = 2 // bulk
	epCardInt = 3 // slot changes
	epHIDIn   = 4 // interrupt
	epHIDOut  = 4 // interrupt
)

// Descriptor types (USB 2.0 table 9-5, HID 1.11 §7.1, CCID 1.1 §5.1).
const (
	descDevice    = 1
	descConfig    = 2
	descString    = 3
	descInterface = 4
	descEndpoint  = 5
	descQualifier = 6
	descHID       = 0x21
	descHIDReport = 0x22
)

// String descriptors that exist where the key has such a text.
const (
	strManufacturer = 1 + iota
	strProduct
	strSerial
	strCount
)

// fidoReport is the report descriptor of CTAP 2.1 §11.2.8.2: usage page F1D0,
// one IN and one OUT report of 64 bytes, no report IDs.
var fidoReport = []byte{
	0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01,
	0x09, 0x20, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x81, 0x02,
	0x09, 0x21, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02,
	0xc0,
}

// descriptors are a key's answers to GET_DESCRIPTOR.
type descriptors struct {
	device, qualifier, config []byte
	strings                   [strCount]string
	hid                       []byte // the HID class descriptor
	hidInterface              int    // −1 without one
	cardInterface             int    // −1 without one
}

func describe(k Key, o Options) *descriptors {
	vendor, product, manufacturer, name, serial, hasHID, hasCard := k.USBInfo()
	d := &descriptors{hidInterface: -1, cardInterface: -1}
	d.strings = [strCount]string{strManufacturer: manufacturer, strProduct: name, strSerial: serial}
	index := func(i byte) byte {
		if d.strings[i] == "" {
			return 0
		}
		return i
	}
	d.device = []byte{18, descDevice, 0x00, 0x02, 0, 0, 0, 64}
	for _, v := range []uint16{vendor, product, o.Release} {
		d.device = binary.LittleEndian.AppendUint16(d.device, v)
	}
	d.device = append(d.device, index(strManufacturer), index(strProduct), index(strSerial), 1)
	if o.Speed == High {
		d.qualifier = []byte{10, descQualifier, 0x00, 0x02, 0, 0, 0, 64, 1, 0}
	}
	var body []byte
	interfaces := 0
	if hasHID {
		d.hidInterface = interfaces
		body = append(body, d.fido(interfaces, o.Speed)...)
		interfaces++
	}
	if hasCard {
		d.cardInterface = interfaces
		body = append(body, reader(interfaces, o.Speed)...)
		interfaces++
	}
	d.config = []byte{9, descConfig}
	d.config = binary.LittleEndian.AppendUint16(d.config, uint16(9+len(body)))
	// Bus powered, 30 mA in units of 2.
	d.config = append(d.config, byte(interfaces), 1, 0, 0x80, 15)
	d.config = append(d.config, body...)
	return d
}

// fido is the HID interface: no boot protocol, two interrupt endpoints.
func (d *descriptors) fido(number int, s Speed) []byte {
	d.hid = []byte{9, descHID, 0x11, 0x01, 0, 1, descHIDReport, byte(len(fidoReport)), 0}
	out := []byte{9, descInterface, byte(number), 0, 2, 0x03, 0, 0, 0}
	out = append(out, d.hid...)
	out = append(out, endpoint(0x80|epHIDIn, interrupt, s)...)
	return append(out, endpoint(epHIDOut, interrupt, s)...)
}

// Transfer types of endpoint descriptors.
const (
	bulk      = 2
	interrupt = 3
)

func endpoint(address, kind byte, s Speed) []byte {
	size, interval := uint16(64), byte(2) // milliseconds at full speed
	switch {
	case kind == bulk && s == High:
		size, interval = 512, 0
	case kind == bulk:
		interval = 0
	case s == High:
		interval = 5 // 2^(5-1) microframes: 2 ms
	}
	return []byte{7, descEndpoint, address, kind, byte(size), byte(size >> 8), interval}
}

// text is a string descriptor; index 0 lists the languages, US English alone.
func (d *descriptors) text(index byte) []byte {
	if index == 0 {
		return []byte{4, descString, 0x09, 0x04}
	}
	if int(index) >= len(d.strings) || d.strings[index] == "" {
		return nil
	}
	out := []byte{0, descString}
	for _, u := range utf16.Encode([]rune(d.strings[index])) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	if len(out) > 254 {
		out = out[:254]
	}
	out[0] = byte(len(out))
	return out
}
