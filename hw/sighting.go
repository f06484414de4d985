package hw

import "fmt"

// Interface names the part of a key that a Sighting shows.
type Interface string

// The interfaces by which a machine can see a key.
const (
	InterfaceUSB  Interface = "usb"  // a device on the bus
	InterfaceFIDO Interface = "fido" // a hidraw node with usage page F1D0
	InterfaceCard Interface = "card" // a PC/SC reader with a card in it
)

// USB is a device's place on the bus. Bus and Address change at every plug;
// Path (the chain of ports, such as "1-2.3") stays with the socket.
type USB struct {
	Vendor  uint16
	Product uint16
	Bus     int
	Address int
	Path    string // "" where the system does not tell
}

// ID is the vendor and product as lsusb prints them, "1050:0407".
func (u USB) ID() string { return fmt.Sprintf("%04x:%04x", u.Vendor, u.Product) }

// Sighting is one interface of one key as the machine sees it.
type Sighting struct {
	Interface Interface
	// Node is the hidraw device file of a FIDO sighting ("/dev/hidraw0"), the
	// PC/SC reader name of a card sighting, "" for a USB one.
	Node string
	// USB is nil where the system does not say which device is behind it (a
	// reader without a channel ID).
	USB *USB
	// Slot numbers the card slots of a reader that has several; 0 otherwise.
	Slot int
	// Product and Manufacturer are USB strings: the key's claim, not escaped.
	Product      string
	Manufacturer string
	// SerialString is the USB descriptor's serial: unreliable, shown only.
	SerialString string
	// ATR is the card's answer to reset (card sightings).
	ATR []byte
	// Err is why this interface cannot be opened (ErrPermission, ErrBusy), nil
	// when nothing speaks against it.
	Err error
}
