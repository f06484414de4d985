//go:build cgo

package guest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

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

// pullAll takes several keys out at once; nil for those that never came in.
func pullAll(t *testing.T, attached []*usbip.Attachment) {
	start := time.Now()
	var wg sync.WaitGroup
	for _, a := range attached {
		if a == nil {
			continue
		}
		wg.Go(func() {
			if err := a.Detach(context.Background()); err != nil {
				t.Errorf("pulling a key out: %v", err)
			}
		})
	}
	wg.Wait()
	t.Logf("pulled out within %v", time.Since(start).Round(time.Millisecond))
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

func TestSeveralKeys(t *testing.T) {
	inside(t)
	// More than the 15 ports of one controller, as pcscd takes no more than 16 readers.
	const keys, cards = 18, 4
	ca, err := softkey.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	others := readers()
	attached := make([]*usbip.Attachment, keys)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range keys {
		wg.Go(func() {
			key, err := softkey.New(ca, softkey.Config{Serial: uint32(3000000 + i), Quirks: softkey.Quirks{NoCard: i >= cards}})
			if err != nil {
				t.Error(err)
				return
			}
			// All at once: they race for the ports.
			if attached[i], err = usbip.Attach(t.Context(), key, usbip.Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	t.Logf("%d keys plugged in within %v", keys, time.Since(start).Round(time.Millisecond))
	// The last of the clean-ups, as they run backwards.
	t.Cleanup(func() { waitReaders(t, others) })
	t.Cleanup(func() { pullAll(t, attached) })
	nodes := map[string]bool{}
	for _, a := range attached {
		if a == nil {
			continue
		}
		if nodes[a.Hidraw()] {
			t.Errorf("two keys have the node %s", a.Hidraw())
		}
		nodes[a.Hidraw()] = true
	}
	if t.Failed() {
		return
	}
	run(t, "", "udevadm", "settle", "--timeout=20")
	waitReaders(t, others+cards)
	list := run(t, "", "fido2-token", "-L")
	if n := strings.Count(list, "vendor=0x1050"); n != keys {
		t.Errorf("fido2-token -L lists %d keys, want %d:\n%s", n, keys, list)
	}
	for node := range nodes {
		if !strings.Contains(list, node+":") {
			t.Errorf("fido2-token -L does not list %s", node)
		}
	}
	names, err := piv.Cards()
	if err != nil {
		t.Fatal(err)
	}
	serials := map[string]bool{}
	for _, name := range names {
		card, err := piv.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		n, err := card.Serial()
		if err != nil {
			t.Fatal(err)
		}
		serials[fmt.Sprint(n)] = true
		if err := card.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range cards {
		if want := fmt.Sprint(3000000 + i); !serials[want] {
			t.Errorf("no reader holds the card with serial %s: %v", want, serials)
		}
	}
}
