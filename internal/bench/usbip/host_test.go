package usbip

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// echoKey answers every report with itself and every APDU with its data and
// 9000, after a wait where one is set.
type echoKey struct {
	noHID, noCard bool
	wait          time.Duration
	reports       chan []byte
	mu            sync.Mutex
	power         []string
}

func newEchoKey() *echoKey { return &echoKey{reports: make(chan []byte, 16)} }

func (k *echoKey) USBInfo() (uint16, uint16, string, string, string, bool, bool) {
	return 0x1050, 0x0406, "Yubico", "YubiKey FIDO+CCID", "", !k.noHID, !k.noCard
}
func (k *echoKey) note(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.power = append(k.power, what)
}
func (k *echoKey) Replug()            { k.note("replug") }
func (k *echoKey) Unplug()            { k.note("unplug") }
func (k *echoKey) PowerOn()           { k.note("on") }
func (k *echoKey) PowerOff()          { k.note("off") }
func (k *echoKey) ATR() []byte        { return []byte{0x3b, 0x80, 0x01, 0x81} }
func (k *echoKey) HIDReport(r []byte) { k.reports <- r }
func (k *echoKey) NextHIDReport(ctx context.Context) ([]byte, error) {
	select {
	case r := <-k.reports:
		return r, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
func (k *echoKey) HandleAPDU(ctx context.Context, command []byte) []byte {
	select {
	case <-time.After(k.wait):
		return append(bytes.Clone(command), 0x90, 0x00)
	case <-ctx.Done():
		return nil
	}
}

// host is the kernel's side of the bus.
type host struct {
	t    *testing.T
	conn net.Conn
	seq  uint32
	in   map[uint32]bool // the IN transfers, whose answers carry data
}

// newHost serves the key to a host until the test ends, and fails the test
// when serving ends badly.
func newHost(t *testing.T, k Key, o Options) *host {
	t.Helper()
	ours, theirs, err := pair()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.FileConn(theirs)
	theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- newDevice(k, o.withDefaults(), ours).serve(context.Background()) }()
	t.Cleanup(func() {
		conn.Close()
		if err := <-done; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	})
	return &host{t: t, conn: conn, in: map[uint32]bool{}}
}

// submit sends a transfer and returns its number.
func (h *host) submit(endpoint uint32, in bool, length int, setup [8]byte, data []byte) uint32 {
	h.t.Helper()
	h.seq++
	b := make([]byte, headerLength)
	direction := uint32(0)
	if in {
		direction = 1
	}
	h.in[h.seq] = in
	for i, v := range []uint32{cmdSubmit, h.seq, 1, direction, endpoint, 0, uint32(length)} {
		binary.BigEndian.PutUint32(b[4*i:], v)
	}
	copy(b[40:], setup[:])
	if _, err := h.conn.Write(append(b, data...)); err != nil {
		h.t.Fatal(err)
	}
	return h.seq
}

// unlink takes a transfer back.
func (h *host) unlink(victim uint32) {
	h.t.Helper()
	h.seq++
	b := make([]byte, headerLength)
	for i, v := range []uint32{cmdUnlink, h.seq, 1, 0, 0, victim} {
		binary.BigEndian.PutUint32(b[4*i:], v)
	}
	if _, err := h.conn.Write(b); err != nil {
		h.t.Fatal(err)
	}
}

// reply is one answer of the device.
type reply struct {
	command, seq uint32
	status       int32
	n            int
	data         []byte
}

// next reads an answer.
func (h *host) next() reply {
	h.t.Helper()
	b := make([]byte, headerLength)
	if _, err := io.ReadFull(h.conn, b); err != nil {
		h.t.Fatal(err)
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(b[4*i:]) }
	r := reply{command: word(0), seq: word(1), status: int32(word(5)), n: int(word(6))}
	if r.command == retSubmit && h.in[r.seq] {
		r.data = make([]byte, r.n)
		if _, err := io.ReadFull(h.conn, r.data); err != nil {
			h.t.Fatal(err)
		}
	}
	return r
}

// control makes an IN control transfer.
func (h *host) control(setup [8]byte) reply {
	h.t.Helper()
	h.submit(0, true, int(binary.LittleEndian.Uint16(setup[6:])), setup, nil)
	return h.next()
}

// ccid sends one message to the reader and returns the answer, time extensions
// counted and left out.
func (h *host) ccid(kind byte, level uint16, data []byte) (got []byte, extensions int) {
	h.t.Helper()
	b := []byte{kind}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, 0, byte(h.seq), 0)
	b = binary.LittleEndian.AppendUint16(b, level)
	h.submit(epCardOut, false, len(b)+len(data), [8]byte{}, append(b, data...))
	if r := h.next(); r.status != statusOK || r.n != len(b)+len(data) {
		h.t.Fatalf("bulk out answered %+v", r)
	}
	for {
		h.submit(epCardIn, true, 4096, [8]byte{}, nil)
		r := h.next()
		if len(r.data) < ccidHeader {
			h.t.Fatalf("bulk in answered %+v", r)
		}
		if r.data[7]&timeExtension == 0 {
			return r.data, extensions
		}
		extensions++
	}
}
