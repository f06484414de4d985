package softkey

import (
	"bytes"
	"slices"
)

// maxObject is the size of the largest data object.
const maxObject = 3052

// Tags of data objects (SP 800-73-4 part 1, §4.3; f9 is Yubico's).
var (
	objDiscovery   = []byte{0x7e}
	objAttestation = []byte{0x5f, 0xff, 0x01}
)

// pinObjects can only be read after the PIN: fingerprints, facial image,
// printed information and iris images.
var pinObjects = []string{"\x5f\xc1\x03", "\x5f\xc1\x08", "\x5f\xc1\x09", "\x5f\xc1\x21"}

// discoveryObject says that the PIV PIN alone opens the card.
var discoveryObject = []byte{
	0x7e, 0x12, 0x4f, 0x0b, 0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10,
	0x00, 0x01, 0x00, 0x5f, 0x2f, 0x02, 0x40, 0x00,
}

// certificateObject holds one uncompressed certificate.
func certificateObject(der []byte) []byte {
	b := appendTLV(nil, 0x70, der)
	b = appendTLV(b, 0x71, []byte{0})
	return appendTLV(b, 0xfe, nil)
}

// objectTag takes the tag list 5c off the data: one tag of one or three bytes.
func objectTag(data []byte) (tag, rest []byte, ok bool) {
	t, tag, rest, ok := nextTLV(data)
	return tag, rest, ok && t == 0x5c && (len(tag) == 1 || len(tag) == 3)
}

func (p *piv) getData(cmd apdu) ([]byte, statusWord) {
	if cmd.p1 != 0x3f || cmd.p2 != 0xff {
		return nil, swParameters
	}
	tag, _, ok := objectTag(cmd.data)
	switch {
	case !ok:
		return nil, swWrongData
	case bytes.Equal(tag, objDiscovery):
		return bytes.Clone(discoveryObject), swOK
	case slices.Contains(pinObjects, string(tag)) && !p.verified:
		return nil, swSecurity
	}
	object, ok := p.objects[string(tag)]
	if !ok {
		return nil, swNotFound
	}
	return appendTLV(nil, 0x53, object), swOK
}

// putData writes an object; an empty one is deleted.
func (p *piv) putData(cmd apdu) ([]byte, statusWord) {
	if cmd.p1 != 0x3f || cmd.p2 != 0xff {
		return nil, swParameters
	}
	tag, rest, ok := objectTag(cmd.data)
	if !ok || len(tag) != 3 {
		return nil, swWrongData
	}
	t, value, rest, ok := nextTLV(rest)
	switch {
	case !ok || t != 0x53 || len(rest) != 0:
		return nil, swWrongData
	case len(value) > maxObject:
		return nil, swNoSpace
	case len(value) == 0:
		delete(p.objects, string(tag))
	default:
		p.objects[string(tag)] = bytes.Clone(value)
	}
	return nil, swOK
}
