//go:build cgo

package guest

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"hwmfa/hw/softkey"
	"hwmfa/internal/bench/usbip"
)

// manyKeys are more than the 15 ports of one controller; manyCards of them
// have a card, as pcscd takes no more than 16 readers.
const (
	manyKeys   = 20
	manyCards  = 16
	firstOfAll = 3000000 // the first one's serial; the others count on
)

// plugMany plugs the keys in, all at once, until the test ends; by serial.
func plugMany(t *testing.T) map[string]*usbip.Attachment {
	t.Helper()
	ca, err := softkey.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return plugManyOf(t, ca, softkey.Now())
}

// plugManyOf is plugMany with keys of a maker's, touched so.
func plugManyOf(t *testing.T, ca *softkey.CA, touch softkey.TouchPolicy) map[string]*usbip.Attachment {
	t.Helper()
	others := readers()
	attached := make([]*usbip.Attachment, manyKeys)
	slots := make(chan struct{}, 5)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range attached {
		wg.Go(func() {
			key, err := softkey.New(ca, softkey.Config{Serial: uint32(firstOfAll + i), Touch: touch, Quirks: softkey.Quirks{NoCard: i >= manyCards}})
			if err != nil {
				t.Error(err)
				return
			}
			// They race for the ports, a few at a time: the kernel asks the
			// keys at one hub one after another, and Attach has its limit.
			slots <- struct{}{}
			defer func() { <-slots }()
			if attached[i], err = usbip.Attach(t.Context(), key, usbip.Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// The last of the clean-ups, as they run backwards.
	t.Cleanup(func() { waitReaders(t, others) })
	t.Cleanup(func() { pullAll(t, attached) })
	bySerial := map[string]*usbip.Attachment{}
	for i, a := range attached {
		if a == nil {
			t.FailNow()
		}
		bySerial[strconv.Itoa(firstOfAll+i)] = a
	}
	run(t, "", "udevadm", "settle", "--timeout=60")
	waitReaders(t, others+manyCards)
	t.Logf("%d keys plugged in within %v", manyKeys, time.Since(start).Round(time.Millisecond))
	return bySerial
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

func TestSeveralKeys(t *testing.T) {
	inside(t)
	keys := plugMany(t)
	list := run(t, "", "fido2-token", "-L")
	if n := strings.Count(list, "vendor=0x1050"); n != manyKeys {
		t.Errorf("fido2-token -L lists %d keys, want %d:\n%s", n, manyKeys, list)
	}
	nodes := map[string]bool{}
	for _, a := range keys {
		if nodes[a.Hidraw()] {
			t.Errorf("two keys have the node %s", a.Hidraw())
		}
		nodes[a.Hidraw()] = true
		if !strings.Contains(list, a.Hidraw()+":") {
			t.Errorf("fido2-token -L does not list %s", a.Hidraw())
		}
	}
	readerOf := map[string]string{} // by serial
	names, err := piv.Cards()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		card, err := piv.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		n, err := card.Serial()
		if err != nil {
			t.Fatal(err)
		}
		readerOf[strconv.Itoa(int(n))] = name
		if err := card.Close(); err != nil {
			t.Fatal(err)
		}
	}

	type listing struct {
		Keys []struct {
			Serial   string
			USB      struct{ Path string }
			FIDO     struct{ Path string }
			PIV      *struct{ Reader string }
			Warnings []struct{ Text string }
		}
	}
	var got listing
	// On a host that is busy, no reader may say within a second where it is: it
	// is then listed beside its key.
	for try := 1; try <= 5 && len(got.Keys) != manyKeys; try++ {
		got = listing{}
		decode(t, run(t, "", "hwmfa", "detect", "--json"), &got)
		t.Logf("detect lists %d keys", len(got.Keys))
	}
	if len(got.Keys) != manyKeys {
		t.Errorf("detect lists %d keys, want %d", len(got.Keys), manyKeys)
	}
	for _, k := range got.Keys {
		at := keys[k.Serial]
		if at == nil {
			t.Errorf("detect lists a key with serial %q, twice or out of nowhere", k.Serial)
			continue
		}
		delete(keys, k.Serial)
		if k.USB.Path != at.BusID() || k.FIDO.Path != at.Hidraw() {
			t.Errorf("key %s: detect says %s with %s, it is at %s with %s", k.Serial, k.USB.Path, k.FIDO.Path, at.BusID(), at.Hidraw())
		}
		reader := ""
		if k.PIV != nil {
			reader = k.PIV.Reader
		}
		if want := readerOf[k.Serial]; reader != want {
			t.Errorf("key %s: detect says reader %q, want %q", k.Serial, reader, want)
		}
		for _, w := range k.Warnings {
			t.Errorf("key %s: %s", k.Serial, w.Text)
		}
	}
}
