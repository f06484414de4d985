package hw

import "slices"

// VendorYubico is Yubico's USB vendor ID.
const VendorYubico = 0x1050

// Maker is a company whose security keys are known, by USB vendor ID.
type Maker struct {
	Vendor uint16
	Name   string
	// Shared says that others use the vendor ID too, so that only the products
	// listed are security keys.
	Shared bool
	// Products that are security keys: all of them where Shared, otherwise
	// those whose interfaces the ID tells.
	Products []Product
	// Except lists products of the maker that are no security keys.
	Except []uint16
	// Source is where the numbers come from.
	Source string
}

// Product is one USB product ID of a maker. A key changes it when its owner
// switches interfaces off.
type Product struct {
	ID   uint16
	Name string
	// USB is what the ID promises to be on the bus; 0 where it does not tell.
	USB USBInterfaces
}

// USBInterfaces is the set of interfaces that a product ID stands for.
type USBInterfaces uint8

// Interfaces of a key on the bus: a keyboard that types one-time passwords, a
// FIDO HID interface, a smart-card reader with its card.
const (
	USBKeyboard USBInterfaces = 1 << iota
	USBFIDO
	USBCard
)

// Has says whether every interface of o is in the set.
func (u USBInterfaces) Has(o USBInterfaces) bool { return u&o == o }

const (
	sourceFidodevs = "Yubico libfido2, udev/fidodevs"
	sourceYubico   = "Yubico, \"YubiKey USB ID values\"; 0121: Yubico libu2f-host pull request 145"
)

// makers is ordered by vendor ID.
var makers = []Maker{
	{Vendor: 0x0483, Name: "SoloKeys", Shared: true, Products: []Product{{ID: 0xa2ca, Name: "Solo 1"}}, Source: sourceFidodevs + "; SoloKeys, \"udev rules\""},
	{Vendor: 0x096e, Name: "Feitian", Except: feitianReaders, Source: sourceFidodevs},
	{Vendor: VendorYubico, Name: "Yubico", Products: yubico, Except: []uint16{0x0030}, Source: sourceYubico},
	{Vendor: 0x1209, Name: "SoloKeys", Shared: true, Products: []Product{
		{ID: 0x5070, Name: "Solo 1 Hacker"},
		{ID: 0xbeee, Name: "Solo 2"},
	}, Source: sourceFidodevs + " (the vendor ID is pid.codes')"},
	{Vendor: 0x18d1, Name: "Google", Shared: true, Products: []Product{
		{ID: 0x5026, Name: "Titan Security Key U2F"},
		{ID: 0x9470, Name: "Titan Security Key v2"},
	}, Source: sourceFidodevs + "; canonical/snapd pull request 13440 (lsusb of the v2)"},
	{Vendor: 0x1ea8, Name: "Excelsecu (Thetis, Token2)", Source: sourceFidodevs},
	{Vendor: 0x20a0, Name: "Nitrokey, CanoKeys", Shared: true, Products: []Product{
		{ID: 0x4287, Name: "Nitrokey FIDO U2F"},
		{ID: 0x42b1, Name: "Nitrokey FIDO2"},
		{ID: 0x42b2, Name: "Nitrokey 3"},
		{ID: 0x42b3, Name: "Safetech SafeKey"},
		{ID: 0x42d4, Name: "CanoKey"},
	}, Source: sourceFidodevs + " (the vendor ID is Clay Logic's)"},
	{Vendor: 0x2581, Name: "Nitrokey", Shared: true, Products: []Product{{ID: 0xf1d0, Name: "Nitrokey U2F"}}, Source: "Nitrokey libnitrokey, 41-nitrokey.rules (the vendor ID is Plug-up's)"},
	{Vendor: 0x349e, Name: "Token2", Except: []uint16{0x0430}, Source: sourceFidodevs + "; 0430, an NFC reader: libccid, Info.plist"},
}

// feitianReaders are card readers, which are no keys while they are empty
// (libccid, Info.plist).
var feitianReaders = []uint16{
	0x0503, 0x0505, 0x0608, 0x060d, 0x0619, 0x061a, 0x061c,
	0x0621, 0x0622, 0x0623, 0x0624, 0x062e, 0x0685,
}

// yubico has the interfaces of every product ID; 0x0030 is the YubiHSM 2, a
// server module and no security key.
var yubico = []Product{
	{0x0010, "YubiKey Standard", USBKeyboard},
	{0x0110, "YubiKey NEO", USBKeyboard},
	{0x0111, "YubiKey NEO", USBKeyboard | USBCard},
	{0x0112, "YubiKey NEO", USBCard},
	{0x0113, "YubiKey NEO", USBFIDO},
	{0x0114, "YubiKey NEO", USBKeyboard | USBFIDO},
	{0x0115, "YubiKey NEO", USBFIDO | USBCard},
	{0x0116, "YubiKey NEO", USBKeyboard | USBFIDO | USBCard},
	{0x0120, "Security Key by Yubico", USBFIDO},
	{0x0121, "Titan Security Key YT1", USBFIDO},
	{0x0401, "YubiKey 4/5", USBKeyboard},
	{0x0402, "YubiKey 4/5", USBFIDO},
	{0x0403, "YubiKey 4/5", USBKeyboard | USBFIDO},
	{0x0404, "YubiKey 4/5", USBCard},
	{0x0405, "YubiKey 4/5", USBKeyboard | USBCard},
	{0x0406, "YubiKey 4/5", USBFIDO | USBCard},
	{0x0407, "YubiKey 4/5", USBKeyboard | USBFIDO | USBCard},
	{0x0410, "YubiKey Plus", USBKeyboard | USBFIDO},
}

// Makers lists the makers that are known, by vendor ID.
func Makers() []Maker { return slices.Clone(makers) }

// MakerOf is who makes devices of this vendor ID; false where nobody does that
// is known. Of a shared vendor ID it says nothing about the product.
func MakerOf(vendor uint16) (Maker, bool) {
	i := slices.IndexFunc(makers, func(m Maker) bool { return m.Vendor == vendor })
	if i < 0 {
		return Maker{}, false
	}
	return makers[i], true
}

// KnownKey says whether a USB device is a security key by its numbers alone:
// a listed product, or any product of a maker that makes nothing else.
func KnownKey(vendor, product uint16) bool {
	m, ok := MakerOf(vendor)
	if !ok {
		return false
	}
	if !m.Shared {
		return !slices.Contains(m.Except, product)
	}
	_, ok = ProductOf(vendor, product)
	return ok
}

// ProductOf is what is known of a product ID; false where nothing is.
func ProductOf(vendor, product uint16) (Product, bool) {
	m, _ := MakerOf(vendor)
	i := slices.IndexFunc(m.Products, func(p Product) bool { return p.ID == product })
	if i < 0 {
		return Product{}, false
	}
	return m.Products[i], true
}
