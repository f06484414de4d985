package ctap

import (
	"errors"
	"fmt"

	"hwmfa/hw"
)

// StatusError is a CTAP status byte other than success. It unwraps to the
// sentinel of hw that says what a caller can do about it, where there is one.
type StatusError struct{ Status byte }

func (e *StatusError) Error() string {
	if s, ok := statuses[e.Status]; ok {
		return fmt.Sprintf("%s (%02x)", s.name, e.Status)
	}
	return fmt.Sprintf("CTAP status %02x", e.Status)
}

func (e *StatusError) Unwrap() error { return statuses[e.Status].is }

// TransportError is the code of a CTAPHID_ERROR packet.
type TransportError struct{ Code byte }

func (e *TransportError) Error() string {
	if s, ok := transportErrors[e.Code]; ok {
		return fmt.Sprintf("%s (CTAPHID error %02x)", s.name, e.Code)
	}
	return fmt.Sprintf("CTAPHID error %02x", e.Code)
}

func (e *TransportError) Unwrap() error { return transportErrors[e.Code].is }

type meaning struct {
	name string
	is   error
}

// Codes that the code itself looks at.
const (
	errInvalidChannel = 0x0B // CTAPHID

	statusOK            = 0x00
	statusInvalidOption = 0x2C
	statusNotAllowed    = 0x30
	statusPINInvalid    = 0x31
	statusPINPolicy     = 0x37
)

// isStatus says whether err is that CTAP status.
func isStatus(err error, status byte) bool {
	var e *StatusError
	return errors.As(err, &e) && e.Status == status
}

// statuses are those of CTAP 2.2 §8.2.
var statuses = map[byte]meaning{
	0x01: {"CTAP1_ERR_INVALID_COMMAND", hw.ErrUnsupported},
	0x02: {"CTAP1_ERR_INVALID_PARAMETER", nil},
	0x03: {"CTAP1_ERR_INVALID_LENGTH", nil},
	0x04: {"CTAP1_ERR_INVALID_SEQ", nil},
	0x05: {"CTAP1_ERR_TIMEOUT", nil},
	0x06: {"CTAP1_ERR_CHANNEL_BUSY", hw.ErrBusy},
	0x0A: {"CTAP1_ERR_LOCK_REQUIRED", hw.ErrBusy},
	// A key forgets its channels when it loses power.
	0x0B: {"CTAP1_ERR_INVALID_CHANNEL", hw.ErrGone},
	0x11: {"CTAP2_ERR_CBOR_UNEXPECTED_TYPE", nil},
	0x12: {"CTAP2_ERR_INVALID_CBOR", nil},
	0x14: {"CTAP2_ERR_MISSING_PARAMETER", nil},
	0x15: {"CTAP2_ERR_LIMIT_EXCEEDED", nil},
	0x16: {"CTAP2_ERR_UNSUPPORTED_EXTENSION", hw.ErrUnsupported},
	0x17: {"CTAP2_ERR_FP_DATABASE_FULL", nil},
	0x18: {"CTAP2_ERR_LARGE_BLOB_STORAGE_FULL", nil},
	0x19: {"CTAP2_ERR_CREDENTIAL_EXCLUDED", hw.ErrRefused},
	0x21: {"CTAP2_ERR_PROCESSING", hw.ErrBusy},
	// Firmware that takes a foreign credential ID for a damaged one of its own.
	0x22:                {"CTAP2_ERR_INVALID_CREDENTIAL", hw.ErrNoCredential},
	0x23:                {"CTAP2_ERR_USER_ACTION_PENDING", hw.ErrBusy},
	0x24:                {"CTAP2_ERR_OPERATION_PENDING", hw.ErrBusy},
	0x25:                {"CTAP2_ERR_NO_OPERATIONS", nil},
	0x26:                {"CTAP2_ERR_UNSUPPORTED_ALGORITHM", hw.ErrUnsupported},
	0x27:                {"CTAP2_ERR_OPERATION_DENIED", hw.ErrRefused},
	0x28:                {"CTAP2_ERR_KEY_STORE_FULL", nil},
	0x2B:                {"CTAP2_ERR_UNSUPPORTED_OPTION", hw.ErrUnsupported},
	statusInvalidOption: {"CTAP2_ERR_INVALID_OPTION", hw.ErrRefused},
	0x2D:                {"CTAP2_ERR_KEEPALIVE_CANCEL", hw.ErrRefused},
	0x2E:                {"CTAP2_ERR_NO_CREDENTIALS", hw.ErrNoCredential},
	0x2F:                {"CTAP2_ERR_USER_ACTION_TIMEOUT", hw.ErrTouchTimeout},
	statusNotAllowed:    {"CTAP2_ERR_NOT_ALLOWED", hw.ErrRefused},
	statusPINInvalid:    {"CTAP2_ERR_PIN_INVALID", nil}, // becomes a hw.PINError
	0x32:                {"CTAP2_ERR_PIN_BLOCKED", hw.ErrPINBlocked},
	0x33:                {"CTAP2_ERR_PIN_AUTH_INVALID", hw.ErrRefused},
	0x34:                {"CTAP2_ERR_PIN_AUTH_BLOCKED", hw.ErrPINAuthBlocked},
	0x35:                {"CTAP2_ERR_PIN_NOT_SET", hw.ErrPINNotSet},
	0x36:                {"CTAP2_ERR_PUAT_REQUIRED", hw.ErrPINRequired},
	// To a new PIN; also the answer of a key whose PIN must be changed first.
	statusPINPolicy: {"CTAP2_ERR_PIN_POLICY_VIOLATION", hw.ErrRefused},
	0x38:            {"CTAP2_ERR_PIN_TOKEN_EXPIRED", hw.ErrRefused},
	0x39:            {"CTAP2_ERR_REQUEST_TOO_LARGE", nil},
	0x3A:            {"CTAP2_ERR_ACTION_TIMEOUT", hw.ErrTouchTimeout},
	0x3B:            {"CTAP2_ERR_UP_REQUIRED", hw.ErrTouchRequired},
	// Fingerprints are blocked: what is left is the PIN.
	0x3C: {"CTAP2_ERR_UV_BLOCKED", hw.ErrPINRequired},
	0x3D: {"CTAP2_ERR_INTEGRITY_FAILURE", nil},
	0x3E: {"CTAP2_ERR_INVALID_SUBCOMMAND", hw.ErrUnsupported},
	0x3F: {"CTAP2_ERR_UV_INVALID", hw.ErrRefused},
	0x40: {"CTAP2_ERR_UNAUTHORIZED_PERMISSION", hw.ErrRefused},
	0x7F: {"CTAP1_ERR_OTHER", nil},
}

// transportErrors are those of CTAP 2.1 §11.2.9.1.6.
var transportErrors = map[byte]meaning{
	0x01:              {"invalid command", hw.ErrUnsupported},
	0x02:              {"invalid parameter", nil},
	0x03:              {"invalid length", nil},
	0x04:              {"invalid sequence", nil},
	0x05:              {"message timed out", nil},
	0x06:              {"channel busy", hw.ErrBusy},
	0x0A:              {"lock required", hw.ErrBusy},
	errInvalidChannel: {"invalid channel", hw.ErrGone},
	0x7F:              {"other error", nil},
}
