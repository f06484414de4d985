//go:build cgo

package guest

import (
	"context"
	"errors"
	"os"
	"testing"

	"hwmfa/hw/softkey"
	"hwmfa/internal/bench/usbip"
)

// pull takes a key out and waits until pcscd has noticed.
func pull(t *testing.T, a *usbip.Attachment) {
	t.Helper()
	left := readers() - 1
	if err := a.Detach(context.Background()); err != nil {
		t.Fatal(err)
	}
	waitReaders(t, left)
}

func TestReplug(t *testing.T) {
	first := plug(t, softkey.Config{Serial: 1111111})
	node := first.Hidraw()
	_, address, err := first.Address()
	if err != nil {
		t.Fatal(err)
	}
	open, err := os.OpenFile(node, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	pull(t, first.Attachment)
	if _, err := os.Stat(node); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the unplug %s is still there: %v", node, err)
	}
	if _, err := open.Write(make([]byte, 65)); err == nil {
		t.Error("a handle of an unplugged key still takes reports")
	}
	if err := open.Close(); err != nil {
		t.Error(err)
	}

	second := plug(t, softkey.Config{Serial: 2222222, Version: version(5, 7, 1)})
	if second.Hidraw() != node {
		t.Errorf("the second key has node %s, want the first one's %s again", second.Hidraw(), node)
	}
	if _, other, err := second.Address(); err != nil || other == address {
		t.Errorf("the second key has USB address %d like the first, %v", other, err)
	}
	contains(t, run(t, "", "fido2-token", "-I", node), "fwversion: 0x50701")
	if n, err := openPIV(t).Serial(); err != nil || n != 2222222 {
		t.Errorf("the card says serial %d, %v", n, err)
	}
}
