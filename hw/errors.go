package hw

import (
	"errors"
	"fmt"
)

// Facts that callers act on. The program's exit status follows from them.
var (
	// ErrNoDevice: no security key is plugged in, or none matches.
	ErrNoDevice = errors.New("no security key found")
	// ErrGone: the key was unplugged while it was being worked on.
	ErrGone = errors.New("key unplugged")
	// ErrReplaced: the device node or reader now belongs to another key.
	ErrReplaced = errors.New("another key is in its place")
	// ErrNotBuilt: this program was built without the backend.
	ErrNotBuilt = errors.New("not built in")
	// ErrPermission: the operating system does not let this user open the device.
	ErrPermission = errors.New("no permission to open the device")
	// ErrBusy: another program holds the key or its card.
	ErrBusy = errors.New("held by another program")
	// ErrService: the smart-card service (pcscd) is not running or not reachable.
	ErrService = errors.New("smart-card service not reachable")
	// ErrReaderLimit: the smart-card service shows as many readers as it can, and
	// says nothing of the others.
	ErrReaderLimit = errors.New("others may be plugged in")
	// ErrTouchTimeout: the key asked for a touch and none came.
	ErrTouchTimeout = errors.New("touch not given in time")
	// ErrTouchRequired: the operation was to be silent and the key insists on a touch.
	ErrTouchRequired = errors.New("key wants a touch")
	// ErrPINRequired: the key wants a PIN for this operation.
	ErrPINRequired = errors.New("key wants a PIN")
	// ErrPINNotSet: a PIN was given and the key has none.
	ErrPINNotSet = errors.New("key has no PIN set")
	// ErrPINSet: a first PIN was to be set and the key has one.
	ErrPINSet = errors.New("key has a PIN already")
	// ErrPINChange: the key does nothing with its PIN until it is changed.
	ErrPINChange = errors.New("key wants its PIN changed first")
	// ErrPINPolicy: a new PIN breaks the key's rules (length, form, the old one again).
	ErrPINPolicy = errors.New("key does not take this PIN")
	// ErrResetWindow: the key takes a reset only within seconds of its plugging in.
	ErrResetWindow = errors.New("too late after plugging in for a reset")
	// ErrPINBlocked: no retries are left; only a reset helps.
	ErrPINBlocked = errors.New("PIN blocked")
	// ErrPINAuthBlocked: too many wrong PINs in a row; replug the key first.
	ErrPINAuthBlocked = errors.New("PIN entry blocked until the key is replugged")
	// ErrNoCredential: the key holds none of the credentials asked about.
	ErrNoCredential = errors.New("no such credential on this key")
	// ErrRefused: the key refuses the operation (CTAP2_ERR_OPERATION_DENIED, NOT_ALLOWED, 6982, 6985).
	ErrRefused = errors.New("key refused")
	// ErrUnsupported: the key or its application does not know the command.
	ErrUnsupported = errors.New("not supported by this key")
	// ErrUntold: the machine does not say when keys come and go.
	ErrUntold = errors.New("nothing tells when keys come and go")
	// ErrMalformed: the key answered something that breaks the protocol.
	ErrMalformed = errors.New("malformed answer")
	// ErrManagementKey: the card does not take this PIV management key.
	ErrManagementKey = errors.New("wrong PIV management key")
	// ErrSerialsDisagree: two paths to one key name different serials.
	ErrSerialsDisagree = errors.New("serial numbers disagree")
)

// PINError is a wrong PIN. Retries is the number of tries left, -1 when the
// key did not say.
type PINError struct{ Retries int }

func (e *PINError) Error() string {
	switch {
	case e.Retries < 0:
		return "wrong PIN"
	case e.Retries == 1:
		return "wrong PIN, 1 try left"
	}
	return fmt.Sprintf("wrong PIN, %d tries left", e.Retries)
}
