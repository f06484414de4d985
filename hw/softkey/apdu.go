package softkey

import "encoding/binary"

// statusWord is how a card's answer ends (ISO 7816-4 §5.1.3, SP 800-73-4).
type statusWord uint16

const (
	swOK          statusWord = 0x9000
	swWrongLength statusWord = 0x6700
	swSecurity    statusWord = 0x6982 // security status not satisfied
	swBlocked     statusWord = 0x6983 // authentication method blocked
	swConditions  statusWord = 0x6985 // conditions of use not satisfied
	swNotAllowed  statusWord = 0x6986
	swWrongData   statusWord = 0x6a80
	swNotFound    statusWord = 0x6a82
	swNoSpace     statusWord = 0x6a84
	swParameters  statusWord = 0x6a86
	swNoReference statusWord = 0x6a88 // referenced data not found
	swInstruction statusWord = 0x6d00
	swClass       statusWord = 0x6e00
	swFailure     statusWord = 0x6f00
	swRetries     statusWord = 0x63c0 // plus the tries left
	swMore        statusWord = 0x6100 // plus the bytes left, 0 for 256 or more
)

func (s statusWord) bytes() []byte { return binary.BigEndian.AppendUint16(nil, uint16(s)) }

// apdu is a command APDU (ISO 7816-4 §5.1).
type apdu struct {
	cla, ins, p1, p2 byte
	data             []byte
	le               int // 0: not said
	extended         bool
}

// parseAPDU reads the four cases of short and extended length.
func parseAPDU(b []byte) (apdu, bool) {
	if len(b) < 4 {
		return apdu{}, false
	}
	a := apdu{cla: b[0], ins: b[1], p1: b[2], p2: b[3]}
	body := b[4:]
	switch {
	case len(body) == 0:
		return a, true
	case len(body) == 1:
		a.le = shortLe(body[0])
		return a, true
	case body[0] != 0:
		n := int(body[0])
		switch len(body) - 1 - n {
		case 0:
		case 1:
			a.le = shortLe(body[1+n])
		default:
			return apdu{}, false
		}
		a.data = body[1 : 1+n]
		return a, true
	case len(body) < 3:
		return apdu{}, false
	}
	a.extended = true
	n := int(binary.BigEndian.Uint16(body[1:]))
	if len(body) == 3 {
		a.le = extendedLe(n)
		return a, true
	}
	switch len(body) - 3 - n {
	case 0:
	case 2:
		a.le = extendedLe(int(binary.BigEndian.Uint16(body[3+n:])))
	default:
		return apdu{}, false
	}
	a.data = body[3 : 3+n]
	return a, true
}

func shortLe(b byte) int {
	if b == 0 {
		return 256
	}
	return int(b)
}

func extendedLe(n int) int {
	if n == 0 {
		return 65536
	}
	return n
}
