package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"hwmfa/hw"
)

// pair is a stream and the device's end of it; a packet socket keeps the
// reports apart as hidraw does.
func pair(t *testing.T) (*stream, *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{file: os.NewFile(uintptr(fds[0]), "key"), node: "/dev/hidraw0"}
	device := os.NewFile(uintptr(fds[1]), "device")
	t.Cleanup(func() { s.Close(); device.Close() })
	return s, device
}

func TestStream_reports(t *testing.T) {
	s, device := pair(t)
	ctx := t.Context()
	if err := s.Write(ctx, []byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	n, err := device.Read(got)
	want := append([]byte{0, 1, 2, 3}, make([]byte, 61)...)
	if err != nil || !bytes.Equal(got[:n], want) {
		t.Errorf("device got %x, %v; want report ID 0 and 64 bytes", got[:n], err)
	}
	if err := s.Write(ctx, make([]byte, 65)); err == nil {
		t.Error("a report of 65 bytes was taken")
	}
	report := bytes.Repeat([]byte{7}, 64)
	if _, err := device.Write(report); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Read(ctx); err != nil || !bytes.Equal(got, report) {
		t.Errorf("Read = %x, %v", got, err)
	}
	for _, n := range []int{63, 65} {
		if _, err := device.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(ctx); !errors.Is(err, hw.ErrMalformed) {
			t.Errorf("a report of %d bytes gives %v, want ErrMalformed", n, err)
		}
	}
}

func TestStream_endsWithItsContext(t *testing.T) {
	s, device := pair(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	start := time.Now()
	if _, err := s.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Read = %v, want the context's error", err)
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("took %v", d)
	}
	if _, err := s.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Read with a context that is over = %v", err)
	}
	if err := s.Write(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Write with a context that is over = %v", err)
	}
	// The deadline of one call does not outlive it.
	if _, err := device.Write(make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context()); err != nil {
		t.Errorf("Read after a cancelled one = %v", err)
	}
}

func TestStream_unplugged(t *testing.T) {
	s, device := pair(t)
	if s.gone(t.Context()) {
		t.Error("gone before it was unplugged")
	}
	if _, err := device.Write(make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	device.Close()
	if !s.gone(t.Context()) {
		t.Error("not gone although unplugged, with a report left to read")
	}
	if _, err := s.Read(t.Context()); !errors.Is(err, hw.ErrGone) {
		t.Errorf("Read = %v, want ErrGone", err)
	}
}

func TestNodeError(t *testing.T) {
	for _, c := range []struct {
		from, want error
	}{
		{syscall.EACCES, hw.ErrPermission},
		{syscall.EPERM, hw.ErrPermission},
		{syscall.ENODEV, hw.ErrGone},
		{syscall.EIO, hw.ErrGone},
		{syscall.ESHUTDOWN, hw.ErrGone},
		{syscall.EPROTO, hw.ErrGone},
		{syscall.ENOENT, hw.ErrGone},
		{syscall.EBUSY, hw.ErrBusy},
		{syscall.EINVAL, syscall.EINVAL},
	} {
		if got := nodeError("/dev/hidraw0", &os.PathError{Op: "open", Err: c.from}); !errors.Is(got, c.want) {
			t.Errorf("%v gives %v, want %v", c.from, got, c.want)
		}
	}
	if nodeError("/dev/hidraw0", nil) != nil {
		t.Error("no error became one")
	}
}

func TestOpenFIDO(t *testing.T) {
	p := newPretend(t)
	p.plug(oneKey)
	m := &Machine{system: p.system}
	s, err := p.hidraw("/dev/hidraw1")
	if err != nil {
		t.Fatal(err)
	}
	st, err := m.OpenFIDO(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	if _, err := m.OpenFIDO(t.Context(), hw.Sighting{Interface: hw.InterfaceUSB}); !errors.Is(err, hw.ErrUnsupported) {
		t.Errorf("a USB sighting gives %v, want ErrUnsupported", err)
	}
	replug := oneKey
	replug.address++
	p.unplug(oneKey)
	if _, err := m.OpenFIDO(t.Context(), s); !errors.Is(err, hw.ErrGone) {
		t.Errorf("unplugged: %v, want ErrGone", err)
	}
	p.plug(replug)
	if _, err := m.OpenFIDO(t.Context(), s); !errors.Is(err, hw.ErrReplaced) {
		t.Errorf("another key on the node: %v, want ErrReplaced", err)
	}
}
