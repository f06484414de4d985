package ctap

import (
	"encoding/binary"
	"fmt"

	"hwmfa/hw"
)

// Sizes of CTAPHID framing (CTAP 2.1 §11.2.4): the first packet of a message
// has 7 bytes of header, each of the up to 128 others 5.
const (
	reportSize  = 64
	firstRoom   = reportSize - 7
	nextRoom    = reportSize - 5
	maxSequence = 0x7F
	maxMessage  = firstRoom + (maxSequence+1)*nextRoom // 7609
)

// broadcast is the channel on which channels are asked for.
const broadcast uint32 = 0xFFFFFFFF

// CTAPHID commands as they stand on the wire, with the bit that marks the
// first packet of a message.
const (
	cmdPing       byte = 0x81
	cmdMsg        byte = 0x83
	cmdInit       byte = 0x86
	cmdWink       byte = 0x88
	cmdCBOR       byte = 0x90
	cmdCancel     byte = 0x91
	cmdKeepAlive  byte = 0xBB
	cmdError      byte = 0xBF
	cmdDeviceInfo byte = 0xC2 // Yubico's vendor command 0x42
)

// statusUPNeeded is the keep-alive byte of a key that waits for a touch.
const statusUPNeeded = 2

// message is one CTAPHID message, whole.
type message struct {
	cmd  byte
	data []byte
}

// packets cuts a message into reports.
func (m message) packets(channel uint32) ([][]byte, error) {
	if len(m.data) > maxMessage {
		return nil, fmt.Errorf("message of %d bytes: more than the %d that fit", len(m.data), maxMessage)
	}
	first := make([]byte, reportSize)
	binary.BigEndian.PutUint32(first, channel)
	first[4] = m.cmd
	binary.BigEndian.PutUint16(first[5:], uint16(len(m.data)))
	rest := m.data[copy(first[7:], m.data):]
	packets := [][]byte{first}
	for seq := byte(0); len(rest) > 0; seq++ {
		next := make([]byte, reportSize)
		binary.BigEndian.PutUint32(next, channel)
		next[4] = seq
		rest = rest[copy(next[5:], rest):]
		packets = append(packets, next)
	}
	return packets, nil
}

// assembler puts the messages of one channel together again.
type assembler struct {
	channel uint32
	cmd     byte // 0: no message begun
	size    int
	seq     byte
	data    []byte
}

// add takes one report and returns the message that it completes, nil while
// there is none. Reports of other channels are passed over: every program that
// holds the device sees all of them. A keep-alive or error packet in the
// middle of a message ends nothing but is returned on its own.
func (a *assembler) add(report []byte) (*message, error) {
	if len(report) != reportSize {
		return nil, fmt.Errorf("report of %d bytes: %w", len(report), hw.ErrMalformed)
	}
	if binary.BigEndian.Uint32(report) != a.channel {
		return nil, nil
	}
	if report[4]&0x80 != 0 {
		return a.begin(report[4], int(binary.BigEndian.Uint16(report[5:])), report[7:])
	}
	if a.cmd == 0 {
		return nil, fmt.Errorf("continuation packet %d of no message: %w", report[4], hw.ErrMalformed)
	}
	if report[4] != a.seq {
		return nil, fmt.Errorf("continuation packet %d instead of %d: %w", report[4], a.seq, hw.ErrMalformed)
	}
	a.seq++
	return a.take(report[5:])
}

func (a *assembler) begin(cmd byte, size int, data []byte) (*message, error) {
	switch {
	case size > maxMessage:
		return nil, fmt.Errorf("message of %d bytes announced: %w", size, hw.ErrMalformed)
	case cmd == cmdKeepAlive || cmd == cmdError:
		if size != 1 {
			return nil, fmt.Errorf("command %02x with %d bytes: %w", cmd, size, hw.ErrMalformed)
		}
		return &message{cmd, []byte{data[0]}}, nil
	case a.cmd != 0:
		return nil, fmt.Errorf("command %02x in the middle of %02x: %w", cmd, a.cmd, hw.ErrMalformed)
	}
	a.cmd, a.size, a.seq, a.data = cmd, size, 0, nil
	return a.take(data)
}

func (a *assembler) take(data []byte) (*message, error) {
	a.data = append(a.data, data[:min(len(data), a.size-len(a.data))]...)
	if len(a.data) < a.size {
		return nil, nil
	}
	m := &message{a.cmd, a.data}
	a.cmd, a.data = 0, nil
	return m, nil
}
