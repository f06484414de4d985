// Package card speaks ISO 7816-4 to one key's card over an hw.Channel: APDU
// chaining, Yubico's GET DEVICE INFO, PIV and OTP reads. It writes nothing,
// sends no PIN, and bounds all that a card answers.
package card

import (
	"context"

	"hwmfa/hw"
)

// PIV is what the PIV application says of itself.
type PIV struct {
	Version hw.Version
	Serial  string // decimal; "" below firmware 5.0.3
	HasF9   bool   // an attestation certificate is in slot f9
}

// StatusError is a status word other than 9000.
type StatusError struct{ SW uint16 }

func (e *StatusError) Error() string { return "status word" }

// ReadDeviceInfo reads GET DEVICE INFO from the management application.
func ReadDeviceInfo(ctx context.Context, ch hw.Channel) (*hw.DeviceInfo, error) {
	return nil, hw.ErrUnsupported
}

// ReadPIV reads version and serial of the PIV application.
func ReadPIV(ctx context.Context, ch hw.Channel) (*PIV, error) { return nil, hw.ErrUnsupported }

// ReadPIVEvidence reads the f9 certificate and the attestation of every slot
// that has a generated key.
func ReadPIVEvidence(ctx context.Context, ch hw.Channel) (*hw.PIVEvidence, error) {
	return nil, hw.ErrUnsupported
}

// ReadOTPSerial reads the serial from the OTP application.
func ReadOTPSerial(ctx context.Context, ch hw.Channel) (string, error) {
	return "", hw.ErrUnsupported
}
