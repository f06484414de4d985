//go:build cgo

package guest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hwmfa/hw/softkey"
	"hwmfa/internal/bench/usbip"
)

// Requests to a key, as watched logs them: CTAPHID's vendor command, CTAP2
// commands, and instructions to the card.
const (
	askDeviceInfo     = "ctaphid c2"
	askMakeCredential = "ctap 01"
	askAssertion      = "ctap 02"
	askInfo           = "ctap 04"
	askPIN            = "ctap 06" // all that has to do with the PIN, its retries too
	askPIVPIN         = "apdu 20"
	askGenerate       = "apdu 47"
	askAuthenticate   = "apdu 87"
	askMetadata       = "apdu f7"
	askAttest         = "apdu f9"
	askPIVVersion     = "apdu fd"
)

// watched is a software key that keeps a list of what it is asked, and at one
// of the requests falls silent: as if it were pulled out in the middle of it.
type watched struct {
	*softkey.Key
	stopAt string
	nth    int // of the requests like stopAt, counted from 1
	// lost has the card carry the request out before it falls silent.
	lost bool
	// instead answers a command in the card's place, nil for the card's answer.
	instead func(command []byte) []byte

	stopped chan struct{} // closed when it falls silent
	mu      sync.Mutex
	asked   []string
}

// note writes a request down, and says whether it is the one to stop at.
func (w *watched) note(request string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, request)
	if request != w.stopAt {
		return false
	}
	if w.nth--; w.nth != 0 {
		return false
	}
	close(w.stopped)
	return true
}

// HIDReport looks at the first report of each message. The others of one that
// is kept from the key are stray to it.
func (w *watched) HIDReport(report []byte) {
	const vendor, cbor = 0xc2, 0x90
	request := ""
	switch report[4] {
	case vendor:
		request = askDeviceInfo
	case cbor:
		request = fmt.Sprintf("ctap %02x", report[7])
	}
	if request != "" && w.note(request) {
		return
	}
	w.Key.HIDReport(report)
}

// HandleAPDU ends with the power, where it falls silent.
func (w *watched) HandleAPDU(ctx context.Context, command []byte) []byte {
	if len(command) > 1 && w.note(fmt.Sprintf("apdu %02x", command[1])) {
		if w.lost {
			w.Key.HandleAPDU(ctx, command)
		}
		<-ctx.Done()
		return nil
	}
	if w.instead != nil {
		if answer := w.instead(command); answer != nil {
			return answer
		}
	}
	return w.Key.HandleAPDU(ctx, command)
}

// wasAsked says whether any of the requests was made.
func (w *watched) wasAsked(requests ...string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.asked, func(a string) bool { return slices.Contains(requests, a) })
}

// silent waits until the key has fallen silent.
func (w *watched) silent(t *testing.T) {
	t.Helper()
	select {
	case <-w.stopped:
	case <-time.After(patience):
		w.mu.Lock()
		defer w.mu.Unlock()
		t.Fatalf("%s: never asked for the %d. time; asked were %q", w.stopAt, w.nth, w.asked)
	}
}

// watch plugs a key of the CA in and keeps an eye on it.
func watch(t *testing.T, ca *softkey.CA, key *softkey.Key, o usbip.Options, set func(*watched)) (*watched, *plugged) {
	t.Helper()
	inside(t)
	w := &watched{Key: key, stopped: make(chan struct{})}
	if set != nil {
		set(w)
	}
	return w, &plugged{key, attach(t, w, o), ca}
}

// metadataOfOneByte answers for a slot as some firmware does for some.
func metadataOfOneByte(slot byte) func([]byte) []byte {
	return func(command []byte) []byte {
		if bytes.HasPrefix(command, []byte{0, 0xf7, 0, slot}) {
			return []byte{0x01, 0x90, 0x00}
		}
		return nil
	}
}
