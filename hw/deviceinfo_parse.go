package hw

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxDeviceInfoPages bounds what a key can make us ask for. Shipped firmware
// has one page or two.
const maxDeviceInfoPages = 16

// Tags of GET DEVICE INFO (Yubico, "Configuration reference").
const (
	tagUSBSupported     = 0x01
	tagSerial           = 0x02
	tagUSBEnabled       = 0x03
	tagFormFactor       = 0x04
	tagVersion          = 0x05
	tagConfigLock       = 0x0A
	tagNFCSupported     = 0x0D
	tagNFCEnabled       = 0x0E
	tagMoreData         = 0x10
	tagPartNumber       = 0x13
	tagFIPSCapable      = 0x14
	tagFIPSApproved     = 0x15
	tagPINComplexity    = 0x16
	tagNFCRestricted    = 0x17
	tagResetBlocked     = 0x18
	tagVersionQualifier = 0x19
)

// Tags inside the version qualifier, and the release type of a final build.
const (
	tagQualifiedVersion   = 0x01
	tagQualifiedType      = 0x02
	tagQualifiedIteration = 0x03
	releaseFinal          = 2
)

// The two high bits of the form factor byte.
const (
	formFIPS        = 0x80
	formSecurityKey = 0x40
	formMask        = 0x0F
)

// ReadDeviceInfo asks for the pages of GET DEVICE INFO one after the other
// until the key says that there is no more, and parses them. The errors of
// read come back as they are.
func ReadDeviceInfo(read func(page byte) ([]byte, error)) (*DeviceInfo, error) {
	var pages [][]byte
	for n := range byte(maxDeviceInfoPages) {
		page, err := read(n)
		if err != nil {
			return nil, err
		}
		pages = append(pages, page)
		tlvs, err := parseDeviceInfoPage(page)
		if err != nil {
			return nil, fmt.Errorf("device info page %d: %w", n, err)
		}
		if more, ok := tlvs[tagMoreData]; !ok || !bytes.Equal(more, []byte{1}) {
			return ParseDeviceInfo(pages)
		}
	}
	return nil, fmt.Errorf("device info of more than %d pages: %w", maxDeviceInfoPages, ErrMalformed)
}

// ParseDeviceInfo reads the pages of GET DEVICE INFO in order, each as the key
// sent it with its length byte in front. Unknown tags are passed over; a known
// one of the wrong length, or one said twice with two values, is ErrMalformed.
// Where a pre-release build says which version it will become, Version is that.
func ParseDeviceInfo(pages [][]byte) (*DeviceInfo, error) {
	all := map[byte][]byte{}
	for n, page := range pages {
		tlvs, err := parseDeviceInfoPage(page)
		if err != nil {
			return nil, fmt.Errorf("device info page %d: %w", n, err)
		}
		delete(tlvs, tagMoreData)
		for tag, value := range tlvs {
			if before, ok := all[tag]; ok && !bytes.Equal(before, value) {
				return nil, fmt.Errorf("device info tag %02x: two values: %w", tag, ErrMalformed)
			}
			all[tag] = value
		}
	}
	info := &DeviceInfo{}
	for tag, value := range all {
		if err := info.set(tag, value); err != nil {
			return nil, fmt.Errorf("device info tag %02x: %w", tag, err)
		}
	}
	return info, info.qualify(all[tagVersionQualifier])
}

// set takes one tag over, unknown ones not.
func (d *DeviceInfo) set(tag byte, value []byte) (err error) {
	switch tag {
	case tagUSBSupported:
		d.USBSupported, err = capability(value)
	case tagUSBEnabled:
		d.USBEnabled, err = capability(value)
	case tagNFCSupported:
		d.NFCSupported, err = capability(value)
	case tagNFCEnabled:
		d.NFCEnabled, err = capability(value)
	case tagResetBlocked:
		d.ResetBlocked, err = capability(value)
	case tagFIPSCapable:
		d.FIPSCapable, err = fipsCapability(value)
	case tagFIPSApproved:
		d.FIPSApproved, err = fipsCapability(value)
	case tagSerial:
		d.Serial, err = SerialFromBytes(value)
	case tagVersion:
		d.Version, err = VersionFromBytes(value)
	case tagConfigLock:
		d.Locked, err = flag(value)
	case tagPINComplexity:
		d.PINComplexity, err = flag(value)
	case tagNFCRestricted:
		d.NFCRestricted, err = flag(value)
	case tagFormFactor:
		if len(value) != 1 {
			return badLength(value)
		}
		d.FormFactor = FormFactor(value[0] & formMask)
		d.FIPSSeries = value[0]&formFIPS != 0
		d.SecurityKey = value[0]&formSecurityKey != 0
	case tagPartNumber:
		// Bytes that are no text are no part number; that breaks nothing else.
		if utf8.Valid(value) {
			d.PartNumber = string(value)
		}
	}
	return err
}

// qualify reads the version qualifier of pre-release builds, which call
// themselves 0.0.1 elsewhere.
func (d *DeviceInfo) qualify(value []byte) error {
	if len(value) == 0 {
		return nil
	}
	tlvs, err := parseDeviceInfoTLVs(value)
	if err != nil {
		return fmt.Errorf("version qualifier: %w", err)
	}
	version, err := VersionFromBytes(tlvs[tagQualifiedVersion])
	if err != nil {
		return fmt.Errorf("version qualifier: %w", err)
	}
	release, iteration := tlvs[tagQualifiedType], tlvs[tagQualifiedIteration]
	if len(release) != 1 || len(iteration) > 4 {
		return fmt.Errorf("version qualifier: %w", ErrMalformed)
	}
	if release[0] == releaseFinal {
		return nil
	}
	name, ok := map[byte]string{0: "alpha", 1: "beta"}[release[0]]
	if !ok {
		name = "type" + strconv.Itoa(int(release[0]))
	}
	var count uint64
	for _, b := range iteration {
		count = count<<8 | uint64(b)
	}
	d.Version = version
	d.VersionQualifier = fmt.Sprintf("%s.%s.%d", version, name, count)
	return nil
}

// SerialFromBytes prints the four big-endian bytes in which a YubiKey tells
// its serial as the decimal number on its case; zero is none, "".
func SerialFromBytes(b []byte) (string, error) {
	if len(b) != 4 {
		return "", fmt.Errorf("serial: %w", badLength(b))
	}
	n := binary.BigEndian.Uint32(b)
	if n == 0 {
		return "", nil
	}
	return strconv.FormatUint(uint64(n), 10), nil
}

// parseDeviceInfoPage checks the length byte and splits the rest.
func parseDeviceInfoPage(page []byte) (map[byte][]byte, error) {
	if len(page) == 0 || int(page[0]) != len(page)-1 {
		return nil, fmt.Errorf("length byte does not match %d bytes: %w", len(page), ErrMalformed)
	}
	return parseDeviceInfoTLVs(page[1:])
}

// parseDeviceInfoTLVs splits one-byte tags with lengths as in DER, of which
// only the forms for less than 256 bytes can occur here.
func parseDeviceInfoTLVs(b []byte) (map[byte][]byte, error) {
	tlvs := map[byte][]byte{}
	for len(b) > 0 {
		head := 2
		if len(b) < head {
			return nil, fmt.Errorf("tag %02x without a length: %w", b[0], ErrMalformed)
		}
		tag, size := b[0], int(b[1])
		if size == 0x81 && len(b) > head {
			head, size = 3, int(b[2])
		} else if size >= 0x80 {
			return nil, fmt.Errorf("tag %02x: length byte %02x: %w", tag, size, ErrMalformed)
		}
		if size > len(b)-head {
			return nil, fmt.Errorf("tag %02x: %d bytes announced, %d there: %w", tag, size, len(b)-head, ErrMalformed)
		}
		if _, ok := tlvs[tag]; ok {
			return nil, fmt.Errorf("tag %02x twice: %w", tag, ErrMalformed)
		}
		tlvs[tag] = b[head : head+size]
		b = b[head+size:]
	}
	return tlvs, nil
}

// capability takes one byte (firmware 4) or two.
func capability(b []byte) (Capability, error) {
	switch len(b) {
	case 1:
		return Capability(b[0]), nil
	case 2:
		return Capability(binary.BigEndian.Uint16(b)), nil
	}
	return 0, badLength(b)
}

// fipsCapability translates the bits of tags 14 and 15, which are numbered on
// their own.
func fipsCapability(b []byte) (Capability, error) {
	bits, err := capability(b)
	var c Capability
	for i, one := range []Capability{CapFIDO2, CapPIV, CapOpenPGP, CapOATH, CapHSMAuth} {
		if bits&(1<<i) != 0 {
			c |= one
		}
	}
	return c, err
}

func flag(b []byte) (bool, error) {
	if len(b) != 1 {
		return false, badLength(b)
	}
	return b[0] == 1, nil
}

func badLength(b []byte) error {
	return fmt.Errorf("%d bytes are the wrong length: %w", len(b), ErrMalformed)
}
