package softkey

import (
	"context"
	"fmt"
	"sync"

	"hwmfa/hw"
)

// reportLen is the size of every HID report of the FIDO interface (CTAP 2.1 §11.2.8.1).
const reportLen = 64

// pipeDepth bounds the reports a reader may leave unread: several of the
// longest messages (129 frames). As with hidraw, what is beyond is lost.
const pipeDepth = 1024

// pipe carries IN reports to one reader.
type pipe struct {
	reports chan []byte
	done    chan struct{}
	close   func() // safe to call again
}

func newPipe() *pipe {
	p := &pipe{reports: make(chan []byte, pipeDepth), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	return p
}

func (p *pipe) push(report []byte) {
	select {
	case p.reports <- report:
	default:
	}
}

// next returns what is there even when the pipe is closed already: a report
// that came before the unplugging was delivered.
func (p *pipe) next(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("reading a report: %w", err)
	}
	select {
	case r := <-p.reports:
		return r, nil
	default:
	}
	select {
	case r := <-p.reports:
		return r, nil
	case <-p.done:
		return nil, fmt.Errorf("reading a report: %w", hw.ErrGone)
	case <-ctx.Done():
		return nil, fmt.Errorf("reading a report: %w", ctx.Err())
	}
}

// handle is one open handle on the FIDO interface.
type handle struct {
	hid  *hidInterface
	pipe *pipe
}

// Write delivers one report to the key.
func (h *handle) Write(ctx context.Context, report []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	if len(report) > reportLen {
		return fmt.Errorf("writing a report of %d bytes: %w", len(report), hw.ErrMalformed)
	}
	select {
	case <-h.pipe.done:
		return fmt.Errorf("writing a report: %w", hw.ErrGone)
	default:
	}
	h.hid.deliver(report)
	return nil
}

// Read returns the next report the key sent, to whomever.
func (h *handle) Read(ctx context.Context) ([]byte, error) { return h.pipe.next(ctx) }

// Close gives the handle up; the key and other handles do not notice.
func (h *handle) Close() error {
	h.hid.forget(h.pipe)
	return nil
}
