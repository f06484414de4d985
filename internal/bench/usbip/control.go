package usbip

import "encoding/binary"

// Requests of the control endpoint (USB 2.0 table 9-4, HID 1.11 §7.2, CCID 1.1 §5.3).
const (
	reqGetStatus        = 0x00
	reqClearFeature     = 0x01
	reqSetFeature       = 0x03
	reqGetDescriptor    = 0x06
	reqGetConfiguration = 0x08
	reqSetConfiguration = 0x09
	reqGetInterface     = 0x0a
	reqSetInterface     = 0x0b

	hidGetReport   = 0x01
	hidGetIdle     = 0x02
	hidGetProtocol = 0x03
	hidSetReport   = 0x09
	hidSetIdle     = 0x0a
	hidSetProtocol = 0x0b

	cardAbort = 0x01
)

// setup is the request that opens a control transfer.
type setup struct {
	kind    byte // direction, type, recipient
	request byte
	value   uint16
	index   uint16
	length  uint16
}

func parseSetup(b [8]byte) setup {
	le := binary.LittleEndian
	return setup{b[0], b[1], le.Uint16(b[2:]), le.Uint16(b[4:]), le.Uint16(b[6:])}
}

// Types and recipients in setup.kind, the direction bit left out.
const (
	standardDevice    = 0x00
	standardInterface = 0x01
	standardEndpoint  = 0x02
	classInterface    = 0x21
)

// control answers a control transfer: the data for IN requests, false to stall.
func (d *device) control(s setup, data []byte) ([]byte, bool) {
	switch s.kind &^ 0x80 {
	case standardDevice, standardInterface, standardEndpoint:
		return d.standard(s)
	case classInterface:
		switch int(s.index & 0xff) {
		case d.desc.hidInterface:
			return d.hidClass(s, data)
		case d.desc.cardInterface:
			return d.cardClass(s)
		}
	}
	return nil, false
}

func (d *device) standard(s setup) ([]byte, bool) {
	switch s.request {
	case reqGetDescriptor:
		out := d.descriptor(s)
		return out, out != nil
	case reqGetStatus:
		return []byte{0, 0}, true
	case reqGetConfiguration:
		return []byte{d.configuration}, true
	case reqSetConfiguration:
		d.configuration = byte(s.value)
		return nil, s.value <= 1
	case reqGetInterface:
		return []byte{0}, true
	case reqSetInterface:
		return nil, s.value == 0
	case reqClearFeature, reqSetFeature:
		return nil, true
	}
	return nil, false
}

func (d *device) descriptor(s setup) []byte {
	switch index := byte(s.value); s.value >> 8 {
	case descDevice:
		return d.desc.device
	case descConfig:
		return d.desc.config
	case descQualifier:
		return d.desc.qualifier
	case descString:
		return d.desc.text(index)
	case descHID:
		if int(s.index) == d.desc.hidInterface {
			return d.desc.hid
		}
	case descHIDReport:
		if int(s.index) == d.desc.hidInterface {
			return fidoReport
		}
	}
	return nil
}

// hidClass answers requests to the HID interface. Reports travel on the
// interrupt endpoints; SET_REPORT is the other way in.
func (d *device) hidClass(s setup, data []byte) ([]byte, bool) {
	switch s.request {
	case hidGetReport:
		return make([]byte, reportLength), true
	case hidSetReport:
		d.hidOut.put(data)
		return nil, true
	case hidGetIdle:
		return []byte{0}, true
	case hidGetProtocol:
		return []byte{1}, true
	case hidSetIdle, hidSetProtocol:
		return nil, true
	}
	return nil, false
}

// cardClass answers requests to the reader. ABORT goes with the bulk message
// of the same name, which does the work.
func (d *device) cardClass(s setup) ([]byte, bool) { return nil, s.request == cardAbort }
