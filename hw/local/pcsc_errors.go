package local

import (
	"errors"
	"fmt"

	"hwmfa/hw"
)

// pcscError is what a call to PC/SC came to.
type pcscError struct {
	call string // SCardConnect, …
	code uint32
}

// errReset: another program reset the card, and the handle is to be renewed.
var errReset = errors.New("card was reset by another program")

// pcscErrors is the one table of PC/SC codes (winscard's error codes, as in
// pcsclite.h), with what they mean to a caller; nil where they say no more than
// their words.
var pcscErrors = map[uint32]struct {
	text string
	is   error
}{
	0x80100003: {"invalid handle", hw.ErrGone}, // the service was restarted under us
	0x80100006: {"out of memory", nil},
	0x80100008: {"buffer too small", hw.ErrMalformed},
	0x80100009: {"unknown reader", hw.ErrGone},
	0x8010000a: {"timeout", nil},
	0x8010000b: {"sharing violation", hw.ErrBusy},
	0x8010000c: {"no card", hw.ErrGone},
	0x8010000f: {"protocol mismatch", hw.ErrUnsupported},
	0x80100010: {"not ready", hw.ErrBusy},
	0x80100016: {"no transaction", errLink},
	0x80100017: {"reader unavailable", hw.ErrGone},
	0x8010001d: {"no service", hw.ErrService},
	0x8010001e: {"service stopped", hw.ErrService},
	0x8010001f: {"unsupported feature", hw.ErrUnsupported},
	0x80100022: {"unsupported feature", hw.ErrUnsupported},
	0x80100027: {"no access", hw.ErrPermission},
	0x8010002e: {"no readers", hw.ErrGone},
	0x80100066: {"card does not answer", nil},
	0x80100067: {"card without power", hw.ErrGone},
	0x80100068: {"card was reset", errReset},
	0x80100069: {"card removed", hw.ErrGone},
	0x8010006a: {"not authorized (polkit)", hw.ErrPermission},
	0x80100013: {"communication error", errLink},
	0x80100014: {"unknown error", nil},
	0x8010002f: {"communication data lost", errLink},
	0x80100031: {"service too busy", hw.ErrBusy},
}

func (e pcscError) Error() string {
	if k, ok := pcscErrors[e.code]; ok {
		return fmt.Sprintf("%s: %s (%08x)", e.call, k.text, e.code)
	}
	return fmt.Sprintf("%s: error %08x", e.call, e.code)
}

// Unwrap gives the sentinel, nil without one.
func (e pcscError) Unwrap() error { return pcscErrors[e.code].is }
