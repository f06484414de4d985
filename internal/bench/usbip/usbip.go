// Package usbip puts a software security key on the virtual USB bus of this
// machine's kernel (vhci_hcd): one composite device with a FIDO HID and a CCID
// interface, served over the USB/IP protocol (Linux,
// Documentation/usb/usbip_protocol.rst) on a socket pair. No port is opened.
// It needs root and the module, so it is for the virtual machine of the tests
// only.
package usbip

import "context"

// Key is what sits behind the USB interfaces; *softkey.Key is one.
type Key interface {
	// USBInfo is what the descriptors say and which interfaces there are.
	USBInfo() (vendor, product uint16, manufacturer, productName, serial string, hasHID, hasCard bool)
	// Replug powers the key up afresh, Unplug takes its power away.
	Replug()
	Unplug()
	// HIDReport takes one OUT report of 64 bytes.
	HIDReport(report []byte)
	// NextHIDReport waits for the next IN report of 64 bytes.
	NextHIDReport(ctx context.Context) ([]byte, error)
	// HandleAPDU answers one command APDU; nil where the card has no power.
	HandleAPDU(ctx context.Context, command []byte) []byte
	ATR() []byte
	PowerOn()
	PowerOff()
}

// Speed is the speed of the device, as the kernel numbers it (enum
// usb_device_speed).
type Speed int

// Speeds that security keys have. Real keys run at full speed.
const (
	Full Speed = 2
	High Speed = 3
)

// Options say how the key is plugged in. The zero value is a full-speed device
// of release 5.4.3 in the first free port.
type Options struct {
	Speed Speed
	// Port is the port to use, counted from 1 so that zero means any. The
	// kernel numbers all ports of all its virtual controllers in one row.
	Port int
	// Release is the device release of the descriptor in BCD: a YubiKey's
	// firmware, 0x0543 for 5.4.3.
	Release uint16
}

func (o Options) withDefaults() Options {
	if o.Speed == 0 {
		o.Speed = Full
	}
	if o.Release == 0 {
		o.Release = 0x0543
	}
	return o
}
