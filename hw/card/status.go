package card

import (
	"errors"
	"fmt"

	"hwmfa/hw"
)

// StatusError is a status word other than 9000. It unwraps to the sentinel of
// hw that says what a caller can do about it, where there is one.
type StatusError struct{ SW uint16 }

func (e *StatusError) Error() string {
	if s, ok := statuses[e.SW]; ok {
		return fmt.Sprintf("card says %04X (%s)", e.SW, s.name)
	}
	return fmt.Sprintf("card says %04X", e.SW)
}

func (e *StatusError) Unwrap() error { return statuses[e.SW].is }

// Status words that the code itself looks at.
const (
	swOK             = 0x9000
	swSecurity       = 0x6982
	swWrongData      = 0x6A80
	swNotFound       = 0x6A82
	swDataNotFound   = 0x6A88
	swUnknownCommand = 0x6D00

	sw1MoreData = 0x61 // SW2 is how much
	sw1WrongLe  = 0x6C // SW2 is the right one
)

// statuses are those of ISO 7816-4 §5.6 as Yubico's applications use them. An
// application or object that is not there is one the key does not support:
// where an empty slot is no failure, the caller looks at the word itself.
var statuses = map[uint16]struct {
	name string
	is   error
}{
	0x6581:           {"memory failure", nil},
	0x6700:           {"wrong length", nil},
	swSecurity:       {"security status not satisfied", hw.ErrRefused},
	0x6983:           {"blocked", hw.ErrPINBlocked},
	0x6985:           {"conditions not satisfied", hw.ErrRefused},
	swWrongData:      {"wrong data", nil},
	0x6A81:           {"function not supported", hw.ErrUnsupported},
	swNotFound:       {"not found", hw.ErrUnsupported},
	0x6A86:           {"wrong parameters", nil},
	swDataNotFound:   {"referenced data not found", nil},
	0x6B00:           {"wrong parameters", nil},
	swUnknownCommand: {"unknown command", hw.ErrUnsupported},
	0x6E00:           {"unknown class", hw.ErrUnsupported},
	0x6F00:           {"unspecified failure", nil},
}

// isStatus says whether err is one of these status words.
func isStatus(err error, words ...uint16) bool {
	var e *StatusError
	if !errors.As(err, &e) {
		return false
	}
	for _, sw := range words {
		if e.SW == sw {
			return true
		}
	}
	return false
}
