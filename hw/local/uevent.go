package local

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"hwmfa/hw"
)

// maxUevent bounds one message of udevd; libudev itself takes no longer ones.
const maxUevent = 16 << 10

// uevent is what is used of a message of udevd.
type uevent struct{ action, subsystem, devtype string }

// parseUevent reads a message as udevd sends it once its rules have run, in the
// form of libudev's monitor (systemd, src/libsystemd/sd-device/device-monitor.c):
// eight bytes "libudev" and zero, the magic in network order, then in the
// machine's own order the header's size and where the properties begin and how
// long they are; four numbers for filters end the header. Properties are
// NAME=value, each with a zero behind it.
func parseUevent(message []byte) (uevent, error) {
	const magic, header = 0xfeedcafe, 40
	var e uevent
	if len(message) > maxUevent {
		return e, fmt.Errorf("uevent of %d bytes: %w", len(message), hw.ErrMalformed)
	}
	if len(message) < header || !bytes.HasPrefix(message, []byte("libudev\x00")) || binary.BigEndian.Uint32(message[8:]) != magic {
		return e, fmt.Errorf("uevent without udev's header: %w", hw.ErrMalformed)
	}
	size := binary.NativeEndian.Uint32(message[12:])
	start, length := binary.NativeEndian.Uint32(message[16:]), binary.NativeEndian.Uint32(message[20:])
	end := uint64(start) + uint64(length)
	if size < header || start < size || end > uint64(len(message)) {
		return e, fmt.Errorf("uevent with properties from %d to %d of %d bytes: %w", start, end, len(message), hw.ErrMalformed)
	}
	for property := range bytes.SplitSeq(message[start:end], []byte{0}) {
		name, value, _ := strings.Cut(string(property), "=")
		switch name {
		case "ACTION":
			e.action = value
		case "SUBSYSTEM":
			e.subsystem = value
		case "DEVTYPE":
			e.devtype = value
		}
	}
	if e.action == "" || e.subsystem == "" {
		return e, fmt.Errorf("uevent without action or subsystem: %w", hw.ErrMalformed)
	}
	return e, nil
}

// matters says whether the event is about a device that may be a key: a node of
// its own, or a device on the bus.
func (e uevent) matters() bool {
	return e.subsystem == "hidraw" || e.subsystem == "usb" && e.devtype == "usb_device"
}

// Changes follows what udevd announces. Where no udevd runs, as in a container,
// or its announcements cannot be received, the error wraps hw.ErrUntold.
func (m *Machine) Changes(ctx context.Context) (<-chan struct{}, error) {
	if _, err := os.Stat(m.system.path("run/udev/control")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = errors.New("no udev daemon runs here")
		}
		return nil, fmt.Errorf("%w: %w", hw.ErrUntold, err)
	}
	messages, err := listenUdev(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", hw.ErrUntold, err)
	}
	return changesOf(messages), nil
}

// FIDOSightings lists what the kernel shows of keys' FIDO side.
func (m *Machine) FIDOSightings(ctx context.Context) ([]hw.Sighting, error) {
	seen, err := m.fidoSightings(ctx)
	if err != nil {
		return seen, fmt.Errorf("list FIDO interfaces: %w", err)
	}
	return seen, nil
}

// changesOf tells of the messages that matter, and of those that were lost
// (nil): what they said nobody knows.
func changesOf(messages <-chan []byte) <-chan struct{} {
	changes := make(chan struct{}, 1)
	go func() {
		defer close(changes)
		for message := range messages {
			if message != nil {
				if e, err := parseUevent(message); err != nil || !e.matters() {
					continue
				}
			}
			select {
			case changes <- struct{}{}:
			default: // one is waiting already
			}
		}
	}()
	return changes
}
