// Package card speaks ISO 7816-4 to one key's card over an hw.Channel: APDU
// chaining, Yubico's GET DEVICE INFO, PIV and OTP reads, and signatures by PIV
// keys. It sends a PIN in PIVSession.VerifyPIN alone, and bounds all that a card
// answers.
//
// It writes in one place only: PIVSession.Generate makes a key in a retired PIV
// slot that the card itself says is empty. Nothing here deletes, imports,
// overwrites or resets.
//
// Every reader selects its application first and so ends the session that
// another program may have with the card: read over FIDO HID where that does.
package card

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hwmfa/hw"
)

// Application identifiers (Yubico; SP 800-73-4 part 1 §2.2, truncated).
var (
	aidManagement = []byte{0xA0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17}
	aidOTP        = []byte{0xA0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01}
	aidPIV        = []byte{0xA0, 0x00, 0x00, 0x03, 0x08}
)

// Instructions of the management and OTP applications.
const (
	insReadConfig = 0x1D // P1: page
	insOTP        = 0x01
	otpSerial     = 0x10 // P1 of insOTP
)

// ReadDeviceInfo reads GET DEVICE INFO from the management application.
// Firmware before 4.1 and other makers' cards give hw.ErrUnsupported. Where
// the answer names no firmware, the version that the application tells when it
// is selected is taken.
func ReadDeviceInfo(ctx context.Context, ch hw.Channel) (*hw.DeviceInfo, error) {
	t := NewTransceiver(ch)
	greeting, err := t.Select(ctx, aidManagement)
	if err != nil {
		return nil, fmt.Errorf("selecting management: %w", err)
	}
	info, err := hw.ReadDeviceInfo(func(page byte) ([]byte, error) {
		return t.Send(ctx, Command{INS: insReadConfig, P1: page})
	})
	if err != nil {
		return nil, fmt.Errorf("reading device info: %w", err)
	}
	if info.Version.IsZero() {
		info.Version = greetingVersion(greeting)
	}
	return info, nil
}

// greetingVersion finds the version at the end of "Virtual mgr - FW version
// 5.4.3"; zero where there is none.
func greetingVersion(greeting []byte) hw.Version {
	words := strings.Fields(string(greeting))
	if len(words) == 0 {
		return hw.Version{}
	}
	v, err := hw.ParseVersion(words[len(words)-1])
	if err != nil {
		return hw.Version{}
	}
	return v
}

// ReadOTPSerial reads the serial from the OTP application, "" where the key
// hides it. Keys without that application give hw.ErrUnsupported.
func ReadOTPSerial(ctx context.Context, ch hw.Channel) (string, error) {
	t := NewTransceiver(ch)
	if _, err := t.Select(ctx, aidOTP); err != nil {
		return "", fmt.Errorf("selecting OTP: %w", err)
	}
	answer, err := t.Send(ctx, Command{INS: insOTP, P1: otpSerial})
	if err != nil {
		return "", fmt.Errorf("reading OTP serial: %w", err)
	}
	if len(answer) == 0 {
		return "", nil
	}
	serial, err := hw.SerialFromBytes(answer)
	if err != nil {
		return "", fmt.Errorf("reading OTP serial: %w", err)
	}
	return serial, nil
}

// PIV is what the PIV application says of itself.
type PIV struct {
	Version hw.Version
	Serial  string // decimal; "" below firmware 5.0.3 and where the key has none
}

// ReadPIV reads version and serial of Yubico's PIV application. A key whose
// PIV is disabled, and another maker's, give hw.ErrUnsupported.
func ReadPIV(ctx context.Context, ch hw.Channel) (*PIV, error) {
	t, version, err := selectPIV(ctx, ch)
	if err != nil {
		return nil, err
	}
	p := &PIV{Version: version}
	if version.AtLeast(5, 0, 3) {
		p.Serial, err = readPIVSerial(ctx, t)
		// Other makers' applets tell a version like Yubico's and no serial.
		if err != nil && !errors.Is(err, hw.ErrUnsupported) {
			return nil, err
		}
	}
	return p, nil
}

func readPIVSerial(ctx context.Context, t *Transceiver) (string, error) {
	answer, err := t.Send(ctx, Command{INS: insPIVSerial})
	if err != nil {
		return "", fmt.Errorf("reading PIV serial: %w", err)
	}
	serial, err := hw.SerialFromBytes(answer)
	if err != nil {
		return "", fmt.Errorf("reading PIV serial: %w", err)
	}
	return serial, nil
}
