package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"hwmfa/hw"
)

// sightings lists without a library and leaves nothing open.
func sightings(p pretend) ([]hw.Sighting, error) {
	ctx, cancel := context.WithCancel(p.t.Context())
	defer cancel()
	m := &Machine{system: p.system, fido: &fakeFIDO{listErr: hw.ErrNotBuilt}}
	return m.fidoSightings(ctx)
}

func TestHidraws(t *testing.T) {
	p := newPretend(t)
	p.plug(oneKey)
	p.plug(pretendKey{1, 9, "4", "046d", "c31c", map[string][]byte{"hidraw7": keyboardDescriptor}, false})
	p.addNode(p.path("sys/devices/virtual/misc/uhid/0003:1050:0407.0009"), "hidraw3", fidoDescriptor)
	p.must(os.MkdirAll(p.path("sys/class/hidraw/hidraw-evil"), 0o755))

	seen, err := sightings(p)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 {
		t.Fatalf("%d FIDO nodes, want the key's one and the virtual one: %+v", len(seen), seen)
	}
	key, virtual := seen[0], seen[1]
	if key.Node != "/dev/hidraw1" || key.Interface != hw.InterfaceFIDO || key.Err != nil {
		t.Errorf("key: %+v", key)
	}
	if want := (hw.USB{Vendor: 0x1050, Product: 0x0407, Bus: 1, Address: 7, Path: "1-2.3"}); key.USB == nil || *key.USB != want {
		t.Errorf("key's USB = %+v, want %+v", key.USB, want)
	}
	if key.Manufacturer != "Yubico" || key.Product != "YubiKey OTP+FIDO+CCID" || key.SerialString != "" {
		t.Errorf("key's strings: %q %q %q", key.Manufacturer, key.Product, key.SerialString)
	}
	if virtual.Node != "/dev/hidraw3" || virtual.USB != nil {
		t.Errorf("virtual device: %+v, want no USB", virtual)
	}
}

func TestHidraws_withoutAnyHIDDevice(t *testing.T) {
	seen, err := sightings(pretend{t, system{root: t.TempDir()}})
	if err != nil || len(seen) != 0 {
		t.Errorf("hidraws = %v, %v; want none and no error", seen, err)
	}
}

func TestHidraws_hostileTree(t *testing.T) {
	p := newPretend(t)
	p.plug(oneKey)
	p.must(os.WriteFile(filepath.Join(p.dir(oneKey), "uevent"), []byte(usbEvent(1, 99999999, "1050", "0407")), 0o644))
	seen, err := sightings(p)
	if err == nil || len(seen) != 0 {
		t.Errorf("a device number out of range gives %v, %v; want an error", seen, err)
	}
	for _, node := range []string{"", "/dev/null", "/dev/../dev/hidraw1", "hidraw1", "/dev/hidraw1\x00", "/dev/hidraw1/../../etc/passwd"} {
		if s, err := p.hidraw(node); err == nil {
			t.Errorf("hidraw(%q) = %+v, want an error", node, s)
		}
	}
}

// TestHidraws_withoutPermission becomes another user on one thread, which ends
// with the goroutine.
func TestHidraws_withoutPermission(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022)) // the other user gets as far as to the nodes
	p := newPretend(t)
	p.plug(oneKey)
	if os.Getuid() == 0 {
		p.must(os.Chmod(filepath.Dir(p.root), 0o755)) // testing makes it 0700
	} else {
		p.must(os.Chmod(p.path("dev/hidraw1"), 0))
	}
	var seen []hw.Sighting
	var err, openErr error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread is not to be used again
		const nobody = 65534
		if os.Getuid() == 0 {
			if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
				err = errno
				return
			}
		}
		seen, err = sightings(p)
		var f *os.File
		if f, openErr = p.openNode("/dev/hidraw1"); openErr == nil {
			f.Close()
		}
	}()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 || !errors.Is(seen[0].Err, hw.ErrPermission) {
		t.Errorf("sightings %+v, want one with ErrPermission", seen)
	}
	if openErr = nodeError("/dev/hidraw1", openErr); !errors.Is(openErr, hw.ErrPermission) {
		t.Errorf("opening gives %v, want ErrPermission", openErr)
	}
}
