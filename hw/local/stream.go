package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"hwmfa/hw"
)

// reportSize is the size of a FIDO HID report (CTAP 2.1 §11.2.4).
const reportSize = 64

// OpenFIDO opens a hidraw node and makes sure that it still belongs to the
// device that was sighted. As long as the stream is open, the kernel gives its
// node to no other device, so the check holds until Close.
func (m *Machine) OpenFIDO(ctx context.Context, s hw.Sighting) (hw.Stream, error) {
	st, err := m.openStream(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("open FIDO interface: %w", err)
	}
	return st, nil
}

func (m *Machine) openStream(ctx context.Context, s hw.Sighting) (*stream, error) {
	if s.Interface != hw.InterfaceFIDO {
		return nil, fmt.Errorf("a %s sighting has no FIDO interface: %w", s.Interface, hw.ErrUnsupported)
	}
	if err := m.Check(ctx, s); err != nil {
		return nil, err
	}
	f, err := m.openNode(ctx, s.Node)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil, err
	}
	if err != nil {
		return nil, nodeError(s.Node, err)
	}
	if err := m.Check(ctx, s); err != nil { // now that the node is held
		f.Close()
		return nil, err
	}
	return &stream{file: f, node: s.Node}, nil
}

// stream is an open hidraw node.
type stream struct {
	file *os.File
	node string
}

// Write sends one report. The kernel wants the report ID in front, 0 where
// reports are not numbered (Linux, "HIDRAW"). It waits for the device up to
// five seconds and cannot be interrupted in that.
func (s *stream) Write(ctx context.Context, report []byte) error {
	if len(report) > reportSize {
		return fmt.Errorf("report of %d bytes, want at most %d", len(report), reportSize)
	}
	var b [1 + reportSize]byte
	copy(b[1:], report)
	err := interruptible(ctx, s.file.SetWriteDeadline, func() error {
		_, err := s.file.Write(b[:])
		return err
	})
	if err != nil {
		return s.wrap("write report", err)
	}
	return nil
}

// Read returns the next report.
func (s *stream) Read(ctx context.Context) ([]byte, error) {
	var b [reportSize + 1]byte
	var n int
	err := interruptible(ctx, s.file.SetReadDeadline, func() (err error) {
		n, err = s.file.Read(b[:])
		return err
	})
	if err != nil {
		return nil, s.wrap("read report", err)
	}
	if n != reportSize {
		return nil, fmt.Errorf("read report: %d bytes, want %d: %w", n, reportSize, hw.ErrMalformed)
	}
	return b[:reportSize], nil
}

// Close gives the node back.
func (s *stream) Close() error { return s.file.Close() }

func (s *stream) wrap(doing string, err error) error {
	switch {
	case errors.Is(err, io.EOF):
		err = fmt.Errorf("%s: %w", s.node, hw.ErrGone)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	default:
		err = nodeError(s.node, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// gone says whether the device behind the stream is unplugged. It throws away
// what the kernel still holds for us to read: 64 reports at most, after which
// reading fails if, and only if, the device is gone.
func (s *stream) gone(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 100*time.Millisecond)
	defer cancel()
	for range 128 {
		if _, err := s.Read(ctx); err != nil {
			return errors.Is(err, hw.ErrGone)
		}
	}
	return false
}

// interruptible runs a read or write that ends with ctx, by the deadline that
// set sets.
func interruptible(ctx context.Context, set func(time.Time) error, run func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := set(time.Time{}); err != nil { // a file that knows no deadlines could block for ever
		return err
	}
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(fired)
		_ = set(time.Unix(1, 0)) // fails only on a closed file, and then run has ended too
	})
	err := run()
	if !stop() {
		<-fired
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
