package local

import (
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"hwmfa/hw"
)

// fakeUSB is a bus without a library. It fails the test when a context stays
// open.
type fakeUSB struct {
	found   []usbDescriptor
	openErr error
	listErr error
	opened  int
	closed  int
}

func (f *fakeUSB) open() (usbContext, error) {
	if f.openErr != nil {
		return nil, f.openErr
	}
	f.opened++
	return f, nil
}
func (f *fakeUSB) devices() ([]usbDescriptor, error) { return f.found, f.listErr }
func (f *fakeUSB) close() error                      { f.closed++; return nil }

// fakeReader is one reader of fakeCards.
type fakeReader struct {
	status     readerStatus
	channel    uint32 // 0: the driver does not know the attribute
	connectErr uint32
	directErr  uint32
	resets     int           // how many times begin finds the card reset
	held       chan struct{} // begin waits for it to close
	directHeld chan struct{} // a direct connect waits for it to close
	slow       chan struct{} // transmit waits for it to close
	waits      func()        // called where begin or transmit is about to wait
	answer     func(apdu []byte) ([]byte, error)
}

// wait waits for a channel to close, if there is one.
func (r *fakeReader) wait(closed <-chan struct{}) {
	if closed == nil {
		return
	}
	if r.waits != nil {
		r.waits()
	}
	<-closed
}

// fakeCards is a smart-card service that counts what it gives out, and fails
// the test where something is not given back, given back twice or used after.
type fakeCards struct {
	t            *testing.T
	establishErr error
	hang         chan struct{} // establish waits for it to close
	names        []string
	by           map[string]*fakeReader

	mu       sync.Mutex
	next     int64
	contexts map[cardContext]bool
	handles  map[cardHandle]string
	held     map[cardHandle]bool
}

func newFakeCards(t *testing.T) *fakeCards {
	return &fakeCards{t: t, by: map[string]*fakeReader{}, contexts: map[cardContext]bool{}, handles: map[cardHandle]string{}, held: map[cardHandle]bool{}}
}

func (f *fakeCards) add(name string, r *fakeReader) *fakeReader {
	f.names = append(f.names, name)
	f.by[name] = r
	return r
}

// settle waits for what m left behind and fails the test on a leak.
func (f *fakeCards) settle(m *Machine) {
	f.t.Helper()
	m.left.Wait()
	if len(f.contexts) != 0 || len(f.handles) != 0 || len(f.held) != 0 {
		f.t.Errorf("leaked %d contexts, %d cards, %d transactions", len(f.contexts), len(f.handles), len(f.held))
	}
}

func fakeError(code uint32) error { return pcscError{"fake", code} }

func (f *fakeCards) establish() (cardContext, error) {
	if f.hang != nil {
		<-f.hang
	}
	if f.establishErr != nil {
		return 0, f.establishErr
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	f.contexts[cardContext(f.next)] = true
	return cardContext(f.next), nil
}

func (f *fakeCards) release(c cardContext) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.contexts[c] {
		f.t.Error("released a context that is not open")
	}
	delete(f.contexts, c)
	return nil
}

// readers connects to the service as piv-go does, and like it loses the code.
func (f *fakeCards) readers() ([]string, error) {
	c, err := f.establish()
	if err != nil {
		return nil, errors.New("no list of readers")
	}
	return f.names, f.release(c)
}

func (f *fakeCards) status(c cardContext, reader string) (readerStatus, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.by[reader]
	if !ok {
		return readerStatus{}, fakeError(0x80100009)
	}
	return r.status, nil
}

func (f *fakeCards) connect(c cardContext, reader string, direct bool) (cardHandle, cardProtocol, error) {
	if r := f.by[reader]; r != nil && direct && r.directHeld != nil {
		<-r.directHeld
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.by[reader]
	if !ok {
		return 0, 0, fakeError(0x80100009)
	}
	if direct && f.anyHeld(reader) {
		f.t.Error("pcscd would let this wait for our own transaction")
	}
	if code := map[bool]uint32{false: r.connectErr, true: r.directErr}[direct]; code != 0 {
		return 0, 0, fakeError(code)
	}
	f.next++
	f.handles[cardHandle(f.next)] = reader
	return cardHandle(f.next), 2, nil
}

func (f *fakeCards) anyHeld(reader string) bool {
	for h := range f.held {
		if f.handles[h] == reader {
			return true
		}
	}
	return false
}

func (f *fakeCards) disconnect(h cardHandle) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.handles[h]; !ok || f.held[h] {
		f.t.Error("disconnected a card that is not open, or in its transaction")
	}
	delete(f.handles, h)
	return nil
}

func (f *fakeCards) begin(h cardHandle) error {
	r := f.reader(h)
	r.wait(r.held)
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.resets > 0 {
		r.resets--
		return fakeError(0x80100068)
	}
	f.held[h] = true
	return nil
}

func (f *fakeCards) end(h cardHandle) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.held[h] {
		f.t.Error("ended a transaction that was not begun")
	}
	delete(f.held, h)
	return nil
}

func (f *fakeCards) transmit(h cardHandle, p cardProtocol, apdu, answer []byte) (int, error) {
	r := f.reader(h)
	r.wait(r.slow)
	b, err := r.answer(apdu)
	return copy(answer, b), err
}

func (f *fakeCards) attribute(h cardHandle, id uint32) ([]byte, error) {
	r := f.reader(h)
	if id != 0x20110 || r.channel == 0 {
		return nil, fakeError(0x8010001f)
	}
	return binary.NativeEndian.AppendUint32(nil, r.channel), nil
}

func (f *fakeCards) reader(h cardHandle) *fakeReader {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.handles[h]; !ok {
		f.t.Error("used a card that is not open")
	}
	return f.by[f.handles[h]]
}

// fakeFIDO is libfido2 with one device.
type fakeFIDO struct {
	found   []fidoLocation
	listErr error
	dev     *fakeFIDODevice
}

func (f *fakeFIDO) locations() ([]fidoLocation, error) { return f.found, f.listErr }
func (f *fakeFIDO) device(string) (fidoDevice, error)  { return f.dev, nil }

type fakeFIDODevice struct {
	u2f        bool
	isErr      error
	credential *fidoCredential
	err        error
	left       int
	leftErr    error
	during     func()        // what happens at the key meanwhile
	deafFor    int           // cancels that come too early
	block      bool          // wait for a cancel
	silent     chan struct{} // not nil: no answer before it is closed

	mu        sync.Mutex
	asked     []hw.CredentialRequest
	cancelled chan struct{}
	cancels   int
}

func (d *fakeFIDODevice) isFIDO2() (bool, error) {
	if d.silent != nil {
		<-d.silent
	}
	return !d.u2f, d.isErr
}

func (d *fakeFIDODevice) retries() (int, error) { return d.left, d.leftErr }

func (d *fakeFIDODevice) makeCredential(r hw.CredentialRequest) (*fidoCredential, error) {
	d.mu.Lock()
	d.asked = append(d.asked, r)
	d.mu.Unlock()
	if d.during != nil {
		d.during()
	}
	if d.block {
		select {
		case <-d.cancelled:
			return nil, errCancelled
		case <-time.After(time.Hour):
			return nil, hw.ErrTouchTimeout
		}
	}
	return d.credential, d.err
}

func (d *fakeFIDODevice) cancel() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cancels++; d.cancels == d.deafFor+1 {
		close(d.cancelled)
	}
	return nil
}
