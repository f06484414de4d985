package usbip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Commands of the protocol.
const (
	cmdSubmit = 1
	cmdUnlink = 2
	retSubmit = 3
	retUnlink = 4
)

// headerLength is that of every command and answer, padding included.
const headerLength = 48

// maxTransfer bounds one transfer; the kernel's own limit for usbfs is 16 MB,
// and neither HID nor CCID come near this.
const maxTransfer = 1 << 18

// errProtocol: the kernel sent what the protocol does not allow.
var errProtocol = errors.New("broken USB/IP message")

// Transfer results, as negative error numbers of Linux.
const (
	statusOK       = 0
	statusStall    = -32  // EPIPE: the request or endpoint is not supported
	statusUnlinked = -104 // ECONNRESET: taken back by the host
)

// request is one command of the kernel.
type request struct {
	command  uint32
	seq      uint32
	in       bool   // device to host
	endpoint uint32 // number without direction
	length   int    // of the transfer buffer
	setup    [8]byte
	data     []byte // OUT transfers
	unlink   uint32 // the sequence number to take back
}

// readRequest reads the next command with its payload.
func readRequest(r io.Reader) (*request, error) {
	var h [headerLength]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, err
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(h[4*i:]) }
	q := &request{command: word(0), seq: word(1), in: word(3) == 1, endpoint: word(4)}
	switch q.command {
	case cmdUnlink:
		q.unlink = word(5)
		return q, nil
	case cmdSubmit:
	default:
		return nil, fmt.Errorf("command %d: %w", q.command, errProtocol)
	}
	if word(6) > maxTransfer || q.endpoint > 15 {
		return nil, fmt.Errorf("transfer of %d bytes on endpoint %d: %w", word(6), q.endpoint, errProtocol)
	}
	if n := int32(word(8)); n > 0 {
		return nil, fmt.Errorf("isochronous transfer: %w", errProtocol)
	}
	q.length = int(word(6))
	copy(q.setup[:], h[40:])
	if !q.in && q.length > 0 {
		q.data = make([]byte, q.length)
		if _, err := io.ReadFull(r, q.data); err != nil {
			return nil, fmt.Errorf("reading a transfer's data: %w", err)
		}
	}
	return q, nil
}

// submitted is the answer to a transfer: data goes along for IN transfers; for
// OUT ones n says how much was taken.
func submitted(q *request, status int32, data []byte, n int) []byte {
	out := make([]byte, headerLength, headerLength+len(data))
	binary.BigEndian.PutUint32(out[0:], retSubmit)
	binary.BigEndian.PutUint32(out[4:], q.seq)
	binary.BigEndian.PutUint32(out[20:], uint32(status))
	binary.BigEndian.PutUint32(out[24:], uint32(n))
	return append(out, data...)
}

// unlinked is the answer to taking a transfer back.
func unlinked(q *request, status int32) []byte {
	out := make([]byte, headerLength)
	binary.BigEndian.PutUint32(out[0:], retUnlink)
	binary.BigEndian.PutUint32(out[4:], q.seq)
	binary.BigEndian.PutUint32(out[20:], uint32(status))
	return out
}
