package hw

import "strings"

// Line is a product line: advisories and policies speak of lines, not of
// single products.
type Line string

// Yubico's lines, and "" for every other maker.
const (
	LineUnknown     Line = ""
	LineNEO         Line = "YubiKey NEO"
	LineYubiKey4    Line = "YubiKey 4"
	LineYubiKeyFIPS Line = "YubiKey FIPS" // the 4 series
	LineYubiKey5    Line = "YubiKey 5"
	LineYubiKey5F   Line = "YubiKey 5 FIPS"
	LineSecurityKey Line = "Security Key"
	LineBio         Line = "YubiKey Bio"
)

// LineOf says which line a key belongs to, from device info and firmware; the
// USB product alone does not tell a YubiKey 5 with one interface enabled from
// a Security Key.
func LineOf(usb *USB, d *DeviceInfo, firmware Version) Line {
	if d == nil && (usb == nil || usb.Vendor != VendorYubico) {
		return LineUnknown
	}
	switch {
	case d != nil && d.SecurityKey, usb != nil && usb.Vendor == VendorYubico && usb.Product == 0x0120:
		return LineSecurityKey
	case d != nil && (d.FormFactor == FormBioKeychain || d.FormFactor == FormBioC):
		return LineBio
	case firmware.Major == 3:
		return LineNEO
	case firmware.Major == 4 && d != nil && d.FIPSSeries, firmware.Major == 4 && firmware.Minor == 4:
		return LineYubiKeyFIPS
	case firmware.Major == 4:
		return LineYubiKey4
	case firmware.Major == 5 && d != nil && d.FIPSSeries:
		return LineYubiKey5F
	case firmware.Major == 5:
		return LineYubiKey5
	}
	return LineUnknown
}

// ProductName is the name on the package, as far as device info tells it;
// without device info it is what the USB descriptor says, "" where that is
// empty too.
func ProductName(usb *USB, d *DeviceInfo, descriptor string) string {
	if d == nil {
		return descriptor
	}
	nfc := d.NFCSupported != 0
	nano := d.FormFactor == FormNano || d.FormFactor == FormNanoC
	typeC := d.FormFactor == FormKeychainC || d.FormFactor == FormNanoC || d.FormFactor == FormBioC
	switch line := LineOf(usb, d, d.Version); line {
	case LineSecurityKey:
		return words("Security Key", when(typeC, "C"), when(nfc, "NFC"), "by Yubico", when(d.Serial != "", "(Enterprise)"))
	case LineBio:
		return words("YubiKey", when(typeC, "C"), "Bio", when(d.USBSupported.Has(CapPIV), "- Multi-protocol Edition"), when(!d.USBSupported.Has(CapPIV), "- FIDO Edition"))
	case LineYubiKey4:
		return words("YubiKey 4"+when(typeC, "C"), when(nano, "Nano"))
	case LineYubiKeyFIPS:
		return words("YubiKey", when(typeC, "C"), when(nano, "Nano"), "FIPS")
	case LineYubiKey5, LineYubiKey5F:
		return words("YubiKey 5"+five(d.FormFactor, nfc), when(nfc, "NFC"), when(nano, "Nano"), when(line == LineYubiKey5F, "FIPS"))
	}
	return descriptor
}

// five is the letter behind "YubiKey 5".
func five(f FormFactor, nfc bool) string {
	switch {
	case f == FormLightning:
		return "Ci"
	case f == FormKeychainC || f == FormNanoC:
		return "C"
	case f == FormKeychain && !nfc:
		return "A"
	}
	return ""
}

func when(yes bool, s string) string {
	if yes {
		return s
	}
	return ""
}

func words(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}
