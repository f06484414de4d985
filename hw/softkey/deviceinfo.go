package softkey

import (
	"encoding/binary"

	"hwmfa/hw"
)

// Tags of GET DEVICE INFO (Yubico, "Device information").
const (
	infoUSBSupported  = 0x01
	infoSerial        = 0x02
	infoUSBEnabled    = 0x03
	infoFormFactor    = 0x04
	infoVersion       = 0x05
	infoEjectTimeout  = 0x06
	infoTouchTimeout  = 0x07
	infoFlags         = 0x08
	infoLocked        = 0x0a
	infoNFCSupported  = 0x0d
	infoNFCEnabled    = 0x0e
	infoMore          = 0x10
	infoPartNumber    = 0x13
	infoFIPSCapable   = 0x14
	infoFIPSApproved  = 0x15
	infoPINComplexity = 0x16
	infoNFCRestricted = 0x17
	infoResetBlocked  = 0x18
)

// Bits of the form-factor byte.
const (
	formFIPS        = 0x80
	formSecurityKey = 0x40
)

// deviceInfo is one page: a length byte and TLVs; nil where the firmware has
// no such command or page. Firmware 5.7 has two pages, earlier only the first.
func (c Config) deviceInfo(serial uint32, page byte) []byte {
	if c.Quirks.NoDeviceInfo || !c.Version.AtLeast(4, 1, 0) {
		return nil
	}
	paged := c.Version.AtLeast(5, 7, 0)
	var b []byte
	switch {
	case page == 0 || !paged:
		b = c.firstInfoPage(serial)
		if paged {
			b = append(b, infoMore, 1, 1)
		}
	case page == 1:
		b = c.secondInfoPage()
	default:
		return nil
	}
	return append([]byte{byte(len(b))}, b...)
}

func (c Config) firstInfoPage(serial uint32) []byte {
	apps := c.applications()
	b := appendTLV(nil, infoUSBSupported, u16(uint16(apps)))
	if serial != 0 {
		b = appendTLV(b, infoSerial, binary.BigEndian.AppendUint32(nil, serial))
	}
	b = appendTLV(b, infoUSBEnabled, u16(uint16(apps)))
	b = appendTLV(b, infoFormFactor, []byte{c.formFactorByte()})
	b = appendTLV(b, infoVersion, versionBytes(c.Version))
	b = appendTLV(b, infoEjectTimeout, u16(0))
	b = appendTLV(b, infoTouchTimeout, []byte{15})
	b = appendTLV(b, infoFlags, []byte{0})
	if c.NFC {
		b = appendTLV(b, infoNFCSupported, u16(uint16(apps)))
		b = appendTLV(b, infoNFCEnabled, u16(uint16(apps)))
	}
	return appendTLV(b, infoLocked, []byte{0})
}

func (c Config) secondInfoPage() []byte {
	var b []byte
	if c.PartNumber != "" {
		b = appendTLV(b, infoPartNumber, []byte(c.PartNumber))
	}
	var fips hw.Capability
	if c.FIPS {
		fips = c.applications()
	}
	b = appendTLV(b, infoFIPSCapable, u16(uint16(fips)))
	b = appendTLV(b, infoFIPSApproved, u16(uint16(fips)))
	b = appendTLV(b, infoPINComplexity, []byte{0})
	b = appendTLV(b, infoNFCRestricted, []byte{0})
	return appendTLV(b, infoResetBlocked, u16(0))
}

// applications are those that the key answers for.
func (c Config) applications() hw.Capability {
	var a hw.Capability
	if !c.Quirks.NoFIDO {
		if !c.Quirks.NoU2F {
			a |= hw.CapU2F
		}
		if !c.Quirks.U2FOnly {
			a |= hw.CapFIDO2
		}
	}
	if !c.Quirks.NoCard {
		if !c.Quirks.NoOTP {
			a |= hw.CapOTP
		}
		if !c.Quirks.NoPIV {
			a |= hw.CapPIV
		}
	}
	return a
}

// formFactorByte has the form factor with the two flags of device info.
func (c Config) formFactorByte() byte {
	f := byte(c.FormFactor)
	if c.FIPS {
		f |= formFIPS
	}
	if c.SecurityKey {
		f |= formSecurityKey
	}
	return f
}

// cardSerial is the serial that the card's applications tell.
func (c Config) cardSerial() uint32 {
	if c.Quirks.CardSerial != 0 {
		return c.Quirks.CardSerial
	}
	return c.Serial
}

func u16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
