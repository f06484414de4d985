package card

import (
	"context"
	"encoding/binary"
	"fmt"

	"hwmfa/hw"
)

// Sizes of ISO 7816-4 short APDUs, and what a card may make us keep.
const (
	maxChunk    = 255      // bytes of data in one command
	maxResponse = 64 << 10 // bytes of one answer, chained
)

const (
	claChained     = 0x10
	insSelect      = 0xA4
	selectByName   = 0x04
	insGetResponse = 0xC0
)

// Command is one ISO 7816-4 command; Data may be longer than one APDU carries.
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte
}

// Transceiver sends commands to one card and puts chained answers together.
type Transceiver struct{ ch hw.Channel }

// NewTransceiver speaks over ch, which stays the caller's to close.
func NewTransceiver(ch hw.Channel) *Transceiver { return &Transceiver{ch} }

// Select chooses an application and returns what it says of itself.
func (t *Transceiver) Select(ctx context.Context, aid []byte) ([]byte, error) {
	return t.Send(ctx, Command{INS: insSelect, P1: selectByName, Data: aid})
}

// Send sends one command, in a chain where it is long, and returns the whole
// answer without its status. A status other than 9000 is a *StatusError; an
// answer longer than 64 KiB, or a chain that brings nothing, hw.ErrMalformed.
//
// Le is left out where there is data: T=0 wants that, and Yubico's
// applications answer all the same.
func (t *Transceiver) Send(ctx context.Context, c Command) ([]byte, error) {
	rest := c.Data
	for ; len(rest) > maxChunk; rest = rest[maxChunk:] {
		head := []byte{c.CLA | claChained, c.INS, c.P1, c.P2, maxChunk}
		_, sw, err := t.transmit(ctx, append(head, rest[:maxChunk]...))
		if err != nil {
			return nil, err
		}
		if sw != swOK {
			return nil, &StatusError{sw}
		}
	}
	head := []byte{c.CLA, c.INS, c.P1, c.P2}
	if len(rest) == 0 {
		return t.collect(ctx, head, true)
	}
	return t.collect(ctx, append(append(head, byte(len(rest))), rest...), false)
}

// collect sends a command given without Le, and follows 61xx and 6Cxx.
func (t *Transceiver) collect(ctx context.Context, apdu []byte, le bool) ([]byte, error) {
	var answer []byte
	send := apdu
	if le {
		send = append(apdu, 0)
	}
	asked, corrected := false, false
	for {
		data, sw, err := t.transmit(ctx, send)
		if err != nil {
			return nil, err
		}
		if len(answer)+len(data) > maxResponse {
			return nil, fmt.Errorf("answer of more than %d bytes: %w", maxResponse, hw.ErrMalformed)
		}
		answer = append(answer, data...)
		switch {
		case sw == swOK:
			return answer, nil
		case sw>>8 == sw1MoreData:
			if asked && len(data) == 0 {
				return nil, fmt.Errorf("card promises more and sends nothing: %w", hw.ErrMalformed)
			}
			apdu = []byte{0, insGetResponse, 0, 0}
			send = append(apdu, byte(sw))
			asked, corrected = true, false
		case sw>>8 == sw1WrongLe && !corrected:
			send = append(apdu[:len(apdu):len(apdu)], byte(sw))
			corrected = true
		default:
			return nil, &StatusError{sw}
		}
	}
}

// transmit sends one APDU and splits data and status.
func (t *Transceiver) transmit(ctx context.Context, apdu []byte) ([]byte, uint16, error) {
	answer, err := t.ch.Transmit(ctx, apdu)
	if err != nil {
		return nil, 0, fmt.Errorf("transmitting: %w", err)
	}
	n := len(answer) - 2
	if n < 0 {
		return nil, 0, fmt.Errorf("answer of %d bytes: %w", len(answer), hw.ErrMalformed)
	}
	return answer[:n], binary.BigEndian.Uint16(answer[n:]), nil
}
