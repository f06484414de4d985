package usbip

import (
	"encoding/binary"
	"fmt"
)

// Messages of the reader (CCID 1.1 §6.1 and §6.2).
const (
	toPowerOn    = 0x62
	toPowerOff   = 0x63
	toSlotStatus = 0x65
	toTransfer   = 0x6f
	toGetParams  = 0x6c
	toResetParam = 0x6d
	toSetParams  = 0x61
	toEscape     = 0x6b
	toAbort      = 0x72

	fromData   = 0x80
	fromStatus = 0x81
	fromParams = 0x82
	fromEscape = 0x83

	slotChange = 0x50 // on the interrupt endpoint, §6.3.1
)

// bStatus of answers (§6.2.6) and the errors in use.
const (
	cardActive   = 0
	cardInactive = 1

	commandFailed = 0x40
	timeExtension = 0x80

	errUnsupported = 0x00 // the offset of the message type: not known
	errMute        = 0xfe // the card does not answer
	errBadLength   = 0x01 // the offset of dwLength
	errBadSlot     = 0x05 // the offset of bSlot
	errBadLevel    = 0x08 // the offset of wLevelParameter
)

// Chaining of command and response APDUs (§6.1.4, wLevelParameter).
const (
	levelWhole    = 0x00
	levelBegin    = 0x01
	levelEnd      = 0x02
	levelMiddle   = 0x03
	levelContinue = 0x10
)

const (
	ccidHeader = 10
	// maxMessage is dwMaxCCIDMessageLength: what fits in one message, header included.
	maxMessage = 3072
	// maxAPDU is the longest extended command: header, 3-byte lengths, data.
	maxAPDU = 4 + 3 + 65535 + 3
)

// reader is the CCID interface: one slot, T=1, whole APDUs short or extended,
// everything electrical done by the reader itself, as a YubiKey says it.
func reader(number int, s Speed) []byte {
	out := []byte{9, descInterface, byte(number), 0, 3, 0x0b, 0, 0, 0}
	out = append(out, 54, 0x21, 0x10, 0x01, 0, 7)
	for _, v := range []uint32{
		2,          // dwProtocols: T=1
		4000, 4000, // clock, kHz
	} {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	out = append(out, 0) // bNumClockSupported
	for _, v := range []uint32{
		307200, 307200, // data rate, bit/s
	} {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	out = append(out, 0) // bNumDataRatesSupported
	for _, v := range []uint32{
		maxMessage - ccidHeader, // dwMaxIFSD
		0, 0,                    // no synchronous protocols, no mechanics
		0x000400fe, // dwFeatures: all automatic, short and extended APDU level
		maxMessage,
	} {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	// GET RESPONSE and ENVELOPE with the class of the command; no display, no
	// PIN pad; one slot busy at a time.
	out = append(out, 0xff, 0xff, 0, 0, 0, 1)
	out = append(out, endpoint(epCardOut, bulk, s)...)
	out = append(out, endpoint(0x80|epCardIn, bulk, s)...)
	card := endpoint(0x80|epCardInt, interrupt, s)
	card[4] = 8
	return append(out, card...)
}

// message is one command to the reader.
type message struct {
	kind      byte
	slot, seq byte
	level     uint16 // wLevelParameter of a transfer
	data      []byte
}

// parseMessage reads one whole message.
func parseMessage(b []byte) (*message, error) {
	if len(b) < ccidHeader {
		return nil, fmt.Errorf("reader command of %d bytes: %w", len(b), errProtocol)
	}
	if n := binary.LittleEndian.Uint32(b[1:]); uint64(n) != uint64(len(b)-ccidHeader) {
		return nil, fmt.Errorf("reader command of %d bytes says %d: %w", len(b)-ccidHeader, n, errProtocol)
	}
	return &message{kind: b[0], slot: b[5], seq: b[6], level: binary.LittleEndian.Uint16(b[8:]), data: b[ccidHeader:]}, nil
}

// missing says how many bytes of a message are still to come, after a first
// transfer that may be shorter than the message.
func missing(b []byte) (int, error) {
	if len(b) < ccidHeader {
		return ccidHeader - len(b), nil
	}
	n := binary.LittleEndian.Uint32(b[1:])
	if n > maxMessage-ccidHeader {
		return 0, fmt.Errorf("reader command of %d bytes: %w", n, errProtocol)
	}
	return int(n) + ccidHeader - len(b), nil
}

// answer makes the message that goes back; last is the byte after bError, whose
// meaning depends on the kind.
func answer(m *message, kind, status, code, last byte, data []byte) []byte {
	out := []byte{kind}
	out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
	out = append(out, m.slot, m.seq, status, code, last)
	return append(out, data...)
}

// parameters is the T=1 data structure (§6.2.3): default rates, CRC off, the
// guard and waiting times of the ATR, clock never stopped, IFSC 254.
func parameters() []byte { return []byte{0x11, 0x10, 0x00, 0x15, 0x00, 0xfe, 0x00} }
