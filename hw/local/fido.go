//go:build cgo && !nofido

package local

import (
	"errors"
	"fmt"

	libfido2 "github.com/keys-pub/go-libfido2"

	"hwmfa/hw"
)

func newFIDOLibrary() fidoLibrary { return goLibfido2{} }

// fidoVersion is that of the library's file, which is all that it tells.
func fidoVersion() (version string, built bool) {
	return mappedVersion("/proc/self/maps", "libfido2.so."), true
}

// goLibfido2 is fidoLibrary by go-libfido2. Each of its calls opens the device
// and closes it again. Its C copies of strings, the PIN among them, are never
// freed.
type goLibfido2 struct{}

func (goLibfido2) locations() ([]fidoLocation, error) {
	found, err := libfido2.DeviceLocations()
	if err != nil {
		return nil, fmt.Errorf("libfido2: %w", err)
	}
	all := make([]fidoLocation, len(found))
	for i, l := range found {
		all[i] = fidoLocation{node: l.Path, manufacturer: l.Manufacturer, product: l.Product}
	}
	return all, nil
}

func (goLibfido2) device(node string) (fidoDevice, error) {
	d, err := libfido2.NewDevice(node)
	if err != nil {
		return nil, fmt.Errorf("libfido2: %w", err)
	}
	return &libfido2Device{d}, nil
}

type libfido2Device struct{ d *libfido2.Device }

func (l *libfido2Device) isFIDO2() (bool, error) {
	yes, err := l.d.IsFIDO2()
	return yes, fidoError(err)
}

func (l *libfido2Device) retries() (int, error) {
	n, err := l.d.RetryCount()
	return n, fidoError(err)
}

func (l *libfido2Device) cancel() error { return fidoError(l.d.Cancel()) }

// makeCredential blocks until the key is touched, refuses or is cancelled. A
// PIN has to become a Go string here, which cannot be zeroed: the library takes
// nothing else.
func (l *libfido2Device) makeCredential(r hw.CredentialRequest) (*fidoCredential, error) {
	a, err := l.d.MakeCredential(r.ClientDataHash,
		libfido2.RelyingParty{ID: r.RPID, Name: r.RPName},
		libfido2.User{ID: r.UserID, Name: r.UserName},
		libfido2.ES256, string(r.PIN),
		&libfido2.MakeCredentialOpts{
			RK: libfido2.False,
			// Asking for credProtect also stops libfido2 from registering by
			// U2F, where it does not exist: it answers "unsupported option".
			CredProtect: libfido2.CredProtectUVOptional,
		})
	if err != nil {
		return nil, fidoError(err)
	}
	return &fidoCredential{
		format: a.Format, authData: a.AuthData, id: a.CredentialID,
		certificate: a.Cert, signature: a.Sig, algorithm: int(a.CredentialType),
	}, nil
}

// fidoErrors says what libfido2's errors are in our words; what it has no name
// for arrives as a number (fido/err.h, CTAP 2.1 §6.3).
var fidoErrors = []struct {
	library error
	code    int // where library is nil
	is      error
}{
	{library: libfido2.ErrPinInvalid, is: errWrongPIN},
	{library: libfido2.ErrPinAuthBlocked, is: hw.ErrPINAuthBlocked},
	{library: libfido2.ErrPinNotSet, is: hw.ErrPINNotSet},
	{library: libfido2.ErrPinRequired, is: hw.ErrPINRequired},
	{library: libfido2.ErrActionTimeout, is: hw.ErrTouchTimeout},
	{library: libfido2.ErrUserPresenceRequired, is: hw.ErrTouchRequired},
	{library: libfido2.ErrUPRequired, is: hw.ErrTouchRequired},
	{library: libfido2.ErrOperationDenied, is: hw.ErrRefused},
	{library: libfido2.ErrNotAllowed, is: hw.ErrRefused},
	{library: libfido2.ErrPinPolicyViolation, is: hw.ErrRefused},
	{library: libfido2.ErrInvalidCommand, is: hw.ErrUnsupported},
	{library: libfido2.ErrUnsupportedOption, is: hw.ErrUnsupported},
	{library: libfido2.ErrInvalidOption, is: hw.ErrUnsupported},
	{library: libfido2.ErrNotFIDO2, is: hw.ErrUnsupported},
	{library: libfido2.ErrNoCredentials, is: hw.ErrNoCredential},
	{library: libfido2.ErrRXNotCBOR, is: hw.ErrMalformed},
	{library: libfido2.ErrRXInvalidCBOR, is: hw.ErrMalformed},
	{library: libfido2.ErrKeepaliveCancel, is: errCancelled},
	{library: libfido2.ErrTX, is: errLink},
	{library: libfido2.ErrRX, is: errLink},
	{library: libfido2.ErrInternal, is: errLink}, // also when the node cannot be opened or locked
	{code: 0x06, is: hw.ErrBusy},                 // CHANNEL_BUSY
	{code: 0x26, is: hw.ErrUnsupported},          // UNSUPPORTED_ALGORITHM
	{code: 0x2f, is: hw.ErrTouchTimeout},         // USER_ACTION_TIMEOUT
	{code: 0x32, is: hw.ErrPINBlocked},           // PIN_BLOCKED
	{code: 0x33, is: hw.ErrRefused},              // PIN_AUTH_INVALID: of the token, no try is lost
	{code: 0x3c, is: hw.ErrPINRequired},          // UV_BLOCKED: no more fingerprints, a PIN is wanted
	{code: 0x3f, is: hw.ErrPINRequired},          // UV_INVALID
}

// fidoError wraps what the table says of a library error, and keeps the
// library's words.
func fidoError(err error) error {
	if err == nil {
		return nil
	}
	var numbered libfido2.Error
	code := 0
	if errors.As(err, &numbered) {
		code = numbered.Code
	}
	for _, e := range fidoErrors {
		if e.library != nil && errors.Is(err, e.library) || e.library == nil && code != 0 && code == e.code {
			return fmt.Errorf("libfido2: %w (%v)", e.is, err)
		}
	}
	return fmt.Errorf("libfido2: %w", err)
}
