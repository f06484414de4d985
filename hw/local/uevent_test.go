package local

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
)

// ueventMessage is one as udevd sends it.
func ueventMessage(properties ...string) []byte {
	b := append([]byte("libudev\x00"), 0xfe, 0xed, 0xca, 0xfe)
	text := strings.Join(properties, "\x00") + "\x00"
	b = binary.NativeEndian.AppendUint32(b, 40)
	b = binary.NativeEndian.AppendUint32(b, 40)
	b = binary.NativeEndian.AppendUint32(b, uint32(len(text)))
	return append(append(b, make([]byte, 16)...), text...)
}

func TestParseUevent(t *testing.T) {
	good := ueventMessage("ACTION=add", "DEVPATH=/devices/x", "SUBSYSTEM=hidraw", "DEVNAME=/dev/hidraw0")
	changed := func(at int, to byte) []byte {
		b := append([]byte{}, good...)
		b[at] = to
		return b
	}
	for _, tt := range []struct {
		name    string
		message []byte
		want    uevent
		matters bool
		err     error
	}{
		{"a node that was made", good, uevent{"add", "hidraw", ""}, true, nil},
		{"a device that was pulled out", ueventMessage("ACTION=remove", "SUBSYSTEM=usb", "DEVTYPE=usb_device"), uevent{"remove", "usb", "usb_device"}, true, nil},
		{"an interface of a device", ueventMessage("ACTION=add", "SUBSYSTEM=usb", "DEVTYPE=usb_interface"), uevent{"add", "usb", "usb_interface"}, false, nil},
		{"a disk", ueventMessage("ACTION=add", "SUBSYSTEM=block"), uevent{"add", "block", ""}, false, nil},
		{"the kernel's own form", []byte("add@/devices/x\x00ACTION=add\x00SUBSYSTEM=hidraw\x00"), uevent{}, false, hw.ErrMalformed},
		{"nothing", nil, uevent{}, false, hw.ErrMalformed},
		{"a header that was cut off", good[:39], uevent{}, false, hw.ErrMalformed},
		{"another magic", changed(8, 0), uevent{}, false, hw.ErrMalformed},
		{"another prefix", changed(7, 'x'), uevent{}, false, hw.ErrMalformed},
		{"a small header", changed(12, 8), uevent{}, false, hw.ErrMalformed},
		{"properties inside the header", changed(16, 8), uevent{}, false, hw.ErrMalformed},
		{"properties that go beyond the end", changed(20, 255), uevent{}, false, hw.ErrMalformed},
		{"no action", ueventMessage("SUBSYSTEM=hidraw"), uevent{}, false, hw.ErrMalformed},
		{"more than udevd sends", ueventMessage("ACTION=add", "SUBSYSTEM=hidraw", strings.Repeat("x", maxUevent)), uevent{}, false, hw.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseUevent(tt.message)
			if !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if err == nil && (got != tt.want || got.matters() != tt.matters) {
				t.Errorf("got %+v, matters %v; want %+v, %v", got, got.matters(), tt.want, tt.matters)
			}
		})
	}
}

func FuzzParseUevent(f *testing.F) {
	f.Add(ueventMessage("ACTION=add", "SUBSYSTEM=hidraw"))
	f.Add(ueventMessage("ACTION=remove", "SUBSYSTEM=usb", "DEVTYPE=usb_device"))
	f.Fuzz(func(t *testing.T, message []byte) {
		e, err := parseUevent(message)
		if err == nil && (e.action == "" || e.subsystem == "" || len(message) > maxUevent) {
			t.Errorf("%q gives %+v", message, e)
		}
		if err != nil && !errors.Is(err, hw.ErrMalformed) {
			t.Errorf("%q: %v, which names no sentinel", message, err)
		}
	})
}

func TestChangesOf(t *testing.T) {
	messages := make(chan []byte)
	changes := changesOf(messages)
	told := func(within time.Duration) bool {
		select {
		case _, open := <-changes:
			return open
		case <-time.After(within):
			return false
		}
	}
	messages <- []byte("rubbish")
	messages <- ueventMessage("ACTION=add", "SUBSYSTEM=block")
	if told(20 * time.Millisecond) {
		t.Error("told of what is no key")
	}
	for range 3 {
		messages <- ueventMessage("ACTION=add", "SUBSYSTEM=hidraw")
	}
	if !told(time.Minute) {
		t.Error("not told of a node")
	}
	messages <- []byte("rubbish")     // once it is taken, so was the last of the three
	for told(20 * time.Millisecond) { // which may have come after the first was told of
	}
	if messages <- nil; !told(time.Minute) {
		t.Error("not told that messages were lost")
	}
	close(messages)
	if told(time.Minute) {
		t.Error("goes on after the end")
	}
}

func TestChangesWithoutUdev(t *testing.T) {
	root := t.TempDir()
	m := &Machine{system: system{root: root}}
	if _, err := m.Changes(t.Context()); !errors.Is(err, hw.ErrUntold) || !strings.Contains(err.Error(), "no udev daemon") {
		t.Errorf("got %v, want %v", err, hw.ErrUntold)
	}
	if err := os.MkdirAll(filepath.Join(root, "run/udev/control"), 0o700); err != nil {
		t.Fatal(err)
	}
	changes, err := m.Changes(t.Context())
	if errors.Is(err, hw.ErrUntold) {
		t.Skipf("this machine gives no netlink socket: %v", err)
	}
	if err != nil || changes == nil {
		t.Fatalf("got %v", err)
	}
}
