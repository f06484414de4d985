package usbip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
)

// reportLength is that of a FIDO HID report.
const reportLength = 64

// device serves one key to the kernel over one connection.
type device struct {
	key           Key
	desc          *descriptors
	configuration byte

	hidOut  *queue // reports for the key
	cardOut *queue // CCID messages for the reader

	mu   sync.Mutex
	conn net.Conn
	in   [16]inEndpoint
}

// inEndpoint pairs what the device has to say with the transfers that wait for
// it. At most one of the two is not empty.
type inEndpoint struct {
	waiting []*request
	block   []byte        // what is left to send of the current block
	taken   chan struct{} // closed when block is sent, nil without one
}

func newDevice(k Key, o Options, conn net.Conn) *device {
	return &device{key: k, desc: describe(k, o), conn: conn, hidOut: newQueue(), cardOut: newQueue()}
}

// serve answers the kernel until the connection or ctx ends. The end of the
// connection, as at an unplug, is no error.
func (d *device) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	if d.desc.hidInterface >= 0 {
		wg.Go(func() { d.pumpOut(ctx) })
		wg.Go(func() { d.pumpIn(ctx) })
	}
	if d.desc.cardInterface >= 0 {
		wg.Go(func() { newCard(d).serve(ctx) })
		// The one word on the interrupt endpoint: slot 0 has a card, and that is news.
		wg.Go(func() { d.send(ctx, epCardInt, []byte{slotChange, 0x03}) })
	}
	err := d.read()
	cancel()
	wg.Wait()
	if unplugged(err) {
		return nil
	}
	return fmt.Errorf("serving the virtual USB bus: %w", err)
}

// unplugged says whether the connection ended because the kernel let go of it,
// between two messages or in the middle of one.
func unplugged(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.EPIPE, syscall.ECONNRESET} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// read takes commands from the bus until it cannot.
func (d *device) read() error {
	for {
		q, err := readRequest(d.conn)
		if err != nil {
			return err
		}
		if err := d.handle(q); err != nil {
			return err
		}
	}
}

func (d *device) handle(q *request) error {
	switch {
	case q.command == cmdUnlink:
		return d.takeBack(q)
	case q.endpoint == epControl:
		s := parseSetup(q.setup)
		data, ok := d.control(s, q.data)
		if !ok {
			return d.reply(submitted(q, statusStall, nil, 0))
		}
		if !q.in {
			return d.reply(submitted(q, statusOK, nil, q.length))
		}
		data = data[:min(len(data), q.length)]
		return d.reply(submitted(q, statusOK, data, len(data)))
	case q.in:
		return d.await(q)
	case q.endpoint == epHIDOut && d.desc.hidInterface >= 0:
		d.hidOut.put(q.data)
	case q.endpoint == epCardOut && d.desc.cardInterface >= 0:
		d.cardOut.put(q.data)
	default:
		return d.reply(submitted(q, statusStall, nil, 0))
	}
	return d.reply(submitted(q, statusOK, nil, q.length))
}

// reply sends one answer.
func (d *device) reply(b []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.conn.Write(b)
	return err
}

// await lets an IN transfer wait for data, or serves it from what is there.
func (d *device) await(q *request) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.in[q.endpoint].waiting = append(d.in[q.endpoint].waiting, q)
	return d.match(&d.in[q.endpoint])
}

// takeBack drops a waiting IN transfer. Transfers already answered are told by
// status 0, and their answer went out before this one.
func (d *device) takeBack(q *request) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	status := int32(statusOK)
	for i := range d.in {
		e := &d.in[i]
		for j, w := range e.waiting {
			if w.seq == q.unlink {
				e.waiting = append(e.waiting[:j:j], e.waiting[j+1:]...)
				status = statusUnlinked
				break
			}
		}
	}
	_, err := d.conn.Write(unlinked(q, status))
	return err
}

// send gives one block to an IN endpoint and waits until the host has taken
// it, as hardware with room for one does; false when ctx ended first. One
// goroutine sends on an endpoint.
func (d *device) send(ctx context.Context, endpoint int, block []byte) bool {
	d.mu.Lock()
	e := &d.in[endpoint]
	taken := make(chan struct{})
	e.block, e.taken = block, taken
	err := d.match(e)
	d.mu.Unlock()
	if err != nil {
		return false
	}
	select {
	case <-taken:
		return true
	case <-ctx.Done():
		return false
	}
}

// match serves the endpoint's waiting transfers while there is data; d.mu is held.
func (d *device) match(e *inEndpoint) error {
	for e.taken != nil && len(e.waiting) > 0 {
		q := e.waiting[0]
		e.waiting = e.waiting[1:]
		part := e.block[:min(len(e.block), q.length)]
		e.block = e.block[len(part):]
		if _, err := d.conn.Write(submitted(q, statusOK, part, len(part))); err != nil {
			return err
		}
		if len(e.block) == 0 {
			close(e.taken)
			e.taken = nil
		}
	}
	return nil
}

// pumpOut gives the host's reports to the key.
func (d *device) pumpOut(ctx context.Context) {
	for {
		data, ok := d.hidOut.get(ctx)
		if !ok {
			return
		}
		report := make([]byte, reportLength)
		copy(report, data)
		d.key.HIDReport(report)
	}
}

// pumpIn gives the key's reports to the host.
func (d *device) pumpIn(ctx context.Context) {
	for {
		report, err := d.key.NextHIDReport(ctx)
		if err != nil || !d.send(ctx, epHIDIn, report) {
			return
		}
	}
}
