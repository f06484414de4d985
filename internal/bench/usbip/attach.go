package usbip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience bounds how long the kernel may take to know a new device, or to
// forget one.
const patience = time.Minute

// Attachment is a key in a port of the virtual bus.
type Attachment struct {
	key    Key
	port   int
	bus    string // "3-1"
	conn   net.Conn
	cancel context.CancelFunc
	done   chan struct{} // closed when serving has ended
	err    error         // of serving, once done is closed
	once   sync.Once
	detach error
}

// Attach plugs the key in and returns once the kernel has configured it and
// made its nodes. The key is powered up afresh. ctx bounds the attaching, not
// the attachment.
func Attach(ctx context.Context, k Key, o Options) (*Attachment, error) {
	o = o.withDefaults()
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	ours, theirs, err := pair()
	if err != nil {
		return nil, fmt.Errorf("plugging a software key in: %w", err)
	}
	defer theirs.Close()
	k.Replug()
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a := &Attachment{key: k, conn: ours, cancel: cancel, done: make(chan struct{})}
	dev := newDevice(k, o, ours)
	go func() {
		a.err = dev.serve(serving)
		close(a.done)
	}()
	a.port, err = plug(ctx, int(theirs.Fd()), o)
	if err != nil {
		ours.Close()
		cancel()
		<-a.done
		return nil, fmt.Errorf("plugging a software key in: %w", err)
	}
	if err := a.settle(ctx, dev.desc.hidInterface >= 0); err != nil {
		return nil, errors.Join(fmt.Errorf("waiting for the kernel to know the key: %w", err), a.Detach(context.WithoutCancel(ctx)))
	}
	return a, nil
}

// pair makes the two ends of the bus: one to serve on, one for the kernel.
func pair() (net.Conn, *os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making a socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "usb device"), os.NewFile(uintptr(fds[1]), "usb port")
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, fmt.Errorf("making a socket pair: %w", err)
	}
	return conn, theirs, nil
}

// settle waits for the device's configuration, and for its hidraw node.
func (a *Attachment) settle(ctx context.Context, wantHID bool) error {
	for {
		p, err := find(a.port)
		if err != nil {
			return err
		}
		if p.state == portUsed && p.bus != "0-0" {
			a.bus = p.bus
			if config, err := a.attribute("bConfigurationValue"); err == nil && config == "1" && (!wantHID || a.Hidraw() != "") {
				return nil
			}
		}
		select {
		case <-a.done:
			return fmt.Errorf("the bus closed: %w", errors.Join(errProtocol, a.err))
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("port %d in state %s: %w", p.number, p.state, ctx.Err())
		}
	}
}

// Detach pulls the key out: the kernel forgets the device, the key loses its
// power. It returns when the device's nodes are gone. A second call does nothing.
func (a *Attachment) Detach(ctx context.Context) error {
	a.once.Do(func() { a.detach = a.pull(ctx) })
	return a.detach
}

func (a *Attachment) pull(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	err := unplug(a.port)
	a.key.Unplug()
	a.cancel()
	err = errors.Join(err, a.conn.Close())
	<-a.done
	for {
		_, gone := os.Stat(a.path())
		p, failed := find(a.port)
		if failed != nil {
			return errors.Join(err, failed)
		}
		if (a.bus == "" || errors.Is(gone, os.ErrNotExist)) && p.state == portFree {
			return errors.Join(err, a.err)
		}
		if !sleep(ctx, 5*time.Millisecond) {
			return errors.Join(err, fmt.Errorf("waiting for the kernel to forget the key: %w", ctx.Err()))
		}
	}
}

// path is the device's folder in sysfs.
func (a *Attachment) path() string { return filepath.Join("/sys/bus/usb/devices", a.bus) }

func (a *Attachment) attribute(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(a.path(), name))
	return strings.TrimSpace(string(b)), err
}

// BusID is the device's place in the kernel's topology, such as "3-1".
func (a *Attachment) BusID() string { return a.bus }

// Port is the virtual port, counted from 1 as in Options.
func (a *Attachment) Port() int { return a.port + 1 }

// Address is where the device is on its bus, as lsusb numbers it.
func (a *Attachment) Address() (bus, address int, err error) {
	b, err1 := a.attribute("busnum")
	d, err2 := a.attribute("devnum")
	bus, err3 := strconv.Atoi(b)
	address, err4 := strconv.Atoi(d)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return 0, 0, fmt.Errorf("reading the address of %s: %w", a.bus, err)
	}
	return bus, address, nil
}

// Hidraw is the device file of the FIDO interface, "" without one.
func (a *Attachment) Hidraw() string {
	found, err := filepath.Glob(filepath.Join(a.path(), a.bus+":*", "*", "hidraw", "hidraw*"))
	if err != nil || len(found) == 0 {
		return ""
	}
	return "/dev/" + filepath.Base(found[0])
}
