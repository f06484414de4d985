//go:build cgo && !nopcsc

package local

/*
#cgo pkg-config: libpcsclite
#include <stdlib.h>
#include <winscard.h>

// The address of a reader state's name and of the protocol's constant cannot
// be taken in Go without holding C memory in Go memory.
static LONG hwmfa_status(SCARDCONTEXT context, const char *reader, SCARD_READERSTATE *state) {
	state->szReader = reader;
	state->dwCurrentState = SCARD_STATE_UNAWARE;
	return SCardGetStatusChange(context, 0, state, 1);
}

static LONG hwmfa_transmit(SCARDHANDLE card, DWORD protocol, const BYTE *command, DWORD length, BYTE *answer, DWORD *room) {
	const SCARD_IO_REQUEST *pci = protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
	return SCardTransmit(card, pci, command, length, NULL, answer, room);
}
*/
import "C"

import (
	"sync"
	"unsafe"
)

func newCardLibrary() cardLibrary { return pcscLite{} }

// pcscVersion is that of the pcsc-lite that the program was built with; the
// library itself does not tell.
func pcscVersion() (version string, built bool) { return C.PCSCLITE_VERSION_NUMBER, true }

// handles keeps libpcsclite from reading freed memory. Up to 1.9.9 at least it
// looks a handle up in the lists of all contexts of the process, while
// connecting, disconnecting and releasing change one context's list under that
// context's lock or none; with two cards read at once, the process then dies
// of it now and then. Lists of readers are received into one place for all
// threads besides. So those that change something run alone, and those that
// look a handle up run beside each other only. The price: as long as another
// program's transaction holds one of our calls up, they may all wait. The lists
// are the process's, and so is the lock.
var handles sync.RWMutex

// pcscLite is cardLibrary by a binding of our own, because piv-go's opens cards
// exclusively and hides what a reader says of itself. Its list of readers is
// piv-go's (piv.go).
type pcscLite struct{}

func pcscResult(call string, rc C.LONG) error {
	if rc == C.SCARD_S_SUCCESS {
		return nil
	}
	return pcscError{call, uint32(rc)}
}

func (pcscLite) establish() (cardContext, error) {
	handles.Lock()
	defer handles.Unlock()
	var c C.SCARDCONTEXT
	rc := C.SCardEstablishContext(C.SCARD_SCOPE_SYSTEM, nil, nil, &c)
	return cardContext(c), pcscResult("SCardEstablishContext", rc)
}

func (pcscLite) release(c cardContext) error {
	handles.Lock()
	defer handles.Unlock()
	return pcscResult("SCardReleaseContext", C.SCardReleaseContext(C.SCARDCONTEXT(c)))
}

func (pcscLite) status(c cardContext, reader string) (readerStatus, error) {
	handles.Lock()
	defer handles.Unlock()
	name := C.CString(reader)
	defer C.free(unsafe.Pointer(name))
	var state C.SCARD_READERSTATE
	if err := pcscResult("SCardGetStatusChange", C.hwmfa_status(C.SCARDCONTEXT(c), name, &state)); err != nil {
		return readerStatus{}, err
	}
	length := min(int(state.cbAtr), len(state.rgbAtr))
	return readerStatus{
		present: state.dwEventState&C.SCARD_STATE_PRESENT != 0,
		atr:     C.GoBytes(unsafe.Pointer(&state.rgbAtr[0]), C.int(length)),
	}, nil
}

func (pcscLite) connect(c cardContext, reader string, direct bool) (cardHandle, cardProtocol, error) {
	handles.Lock()
	defer handles.Unlock()
	name := C.CString(reader)
	defer C.free(unsafe.Pointer(name))
	mode, protocols := C.DWORD(C.SCARD_SHARE_SHARED), C.DWORD(C.SCARD_PROTOCOL_T0|C.SCARD_PROTOCOL_T1)
	if direct {
		mode, protocols = C.SCARD_SHARE_DIRECT, 0
	}
	var h C.SCARDHANDLE
	var active C.DWORD
	rc := C.SCardConnect(C.SCARDCONTEXT(c), name, mode, protocols, &h, &active)
	return cardHandle(h), cardProtocol(active), pcscResult("SCardConnect", rc)
}

func (pcscLite) disconnect(h cardHandle) error {
	handles.Lock()
	defer handles.Unlock()
	return pcscResult("SCardDisconnect", C.SCardDisconnect(C.SCARDHANDLE(h), C.SCARD_LEAVE_CARD))
}

func (pcscLite) begin(h cardHandle) error {
	handles.RLock()
	defer handles.RUnlock()
	return pcscResult("SCardBeginTransaction", C.SCardBeginTransaction(C.SCARDHANDLE(h)))
}

func (pcscLite) end(h cardHandle) error {
	handles.RLock()
	defer handles.RUnlock()
	return pcscResult("SCardEndTransaction", C.SCardEndTransaction(C.SCARDHANDLE(h), C.SCARD_LEAVE_CARD))
}

func (pcscLite) transmit(h cardHandle, p cardProtocol, apdu, answer []byte) (int, error) {
	handles.RLock()
	defer handles.RUnlock()
	room := C.DWORD(len(answer))
	rc := C.hwmfa_transmit(C.SCARDHANDLE(h), C.DWORD(p),
		(*C.BYTE)(unsafe.SliceData(apdu)), C.DWORD(len(apdu)),
		(*C.BYTE)(unsafe.SliceData(answer)), &room)
	if err := pcscResult("SCardTransmit", rc); err != nil {
		return 0, err
	}
	return int(room), nil
}

func (pcscLite) attribute(h cardHandle, id uint32) ([]byte, error) {
	handles.RLock()
	defer handles.RUnlock()
	var b [264]byte // MAX_BUFFER_SIZE
	room := C.DWORD(len(b))
	rc := C.SCardGetAttrib(C.SCARDHANDLE(h), C.DWORD(id), (*C.BYTE)(&b[0]), &room)
	if err := pcscResult("SCardGetAttrib", rc); err != nil {
		return nil, err
	}
	return b[:min(int(room), len(b))], nil
}
