package ctap

import (
	"context"
	"crypto/aes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"hwmfa/hw"
)

// Sub-commands of authenticatorClientPIN (CTAP 2.1 §6.5.5) and the permissions
// that a token can have.
const (
	pinGetRetries            = 0x01
	pinGetKeyAgreement       = 0x02
	pinSet                   = 0x03
	pinChange                = 0x04
	pinGetToken              = 0x05
	pinGetPermittedToken     = 0x09
	permissionMakeCredential = 0x01
	permissionGetAssertion   = 0x02
	permissionConfig         = 0x20
)

// maxPIN is the length in bytes that a PIN can have (CTAP 2.1 §6.5.1).
const maxPIN = 63

// PINRetries is the number of PIN tries left before the key blocks. Keys that
// know no PIN give hw.ErrUnsupported.
func (d *Device) PINRetries(ctx context.Context) (int, error) {
	info, err := d.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("asking for PIN retries: %w", err)
	}
	protocol, err := pinProtocol(info)
	if err != nil {
		return 0, fmt.Errorf("asking for PIN retries: %w", err)
	}
	return d.pinRetries(ctx, protocol)
}

func (d *Device) pinRetries(ctx context.Context, protocol int) (int, error) {
	m, err := d.clientPIN(ctx, map[int]any{1: protocol, 2: pinGetRetries})
	if err != nil {
		return 0, fmt.Errorf("asking for PIN retries: %w", err)
	}
	var n int
	if err := needed(m, 3, "pinRetries", readCount, &n); err != nil {
		return 0, fmt.Errorf("asking for PIN retries: %w", err)
	}
	return n, nil
}

// pinProtocol is the first in the key's list that is spoken here. A key of
// CTAP 2.0 that names none speaks 1.
func pinProtocol(info *Info) (int, error) {
	if _, ok := info.Options["clientPin"]; !ok {
		return 0, fmt.Errorf("key knows no PIN: %w", hw.ErrUnsupported)
	}
	if len(info.PINProtocols) == 0 {
		return protocolOne, nil
	}
	for _, p := range info.PINProtocols {
		if p == protocolOne || p == protocolTwo {
			return p, nil
		}
	}
	return 0, fmt.Errorf("PIN protocols %v: %w", info.PINProtocols, hw.ErrUnsupported)
}

// setPINProtocol is pinProtocol for a key that has a PIN; hw.ErrPINNotSet where
// there is none.
func setPINProtocol(info *Info) (int, error) {
	protocol, err := pinProtocol(info)
	if err == nil && !info.Options["clientPin"] {
		err = hw.ErrPINNotSet
	}
	return protocol, err
}

// clientPIN sends one sub-command.
func (d *Device) clientPIN(ctx context.Context, params map[int]any) (fields, error) {
	answer, err := d.cbor(ctx, ctapClientPIN, params, command{limit: quickLimit})
	if err != nil {
		return nil, err
	}
	return readFields(answer)
}

// authorisation is the proof of the PIN that goes with a request.
type authorisation struct {
	protocol int
	param    []byte // pinUvAuthParam
}

// authorise exchanges the PIN for a token with one permission, for rpID where
// that is not empty, and signs what the command wants signed (message) with it.
func (d *Device) authorise(ctx context.Context, info *Info, pin []byte, permission int, rpID string, message []byte) (authorisation, error) {
	protocol, err := setPINProtocol(info)
	if err != nil {
		return authorisation{}, err
	}
	token, err := d.pinToken(ctx, info, protocol, pin, permission, rpID)
	if err != nil {
		return authorisation{}, err
	}
	defer clear(token)
	return authorisation{protocol, authenticate(protocol, token, message)}, nil
}

// pinToken exchanges the PIN for a token that may do one kind of thing, for
// rpID where that is not empty. The token is the caller's to zero. A wrong PIN
// is a *hw.PINError with the retries left.
func (d *Device) pinToken(ctx context.Context, info *Info, protocol int, pin []byte, permission int, rpID string) ([]byte, error) {
	if err := checkPINSize(pin); err != nil {
		return nil, err
	}
	s, err := d.agree(ctx, protocol)
	if err != nil {
		return nil, err
	}
	defer s.zero()
	sealed, err := s.sealPIN(pin)
	if err != nil {
		return nil, err
	}
	params := map[int]any{1: protocol, 2: pinGetToken, 3: coseKey(s.agreement, algECDHES), 6: sealed}
	if info.Options["pinUvAuthToken"] {
		params[2], params[9] = pinGetPermittedToken, permission
		if rpID != "" {
			params[10] = rpID
		}
	}
	m, err := d.clientPIN(ctx, params)
	if isStatus(err, statusPINInvalid) {
		return nil, d.wrongPIN(ctx, protocol)
	}
	if isStatus(err, statusPINPolicy) {
		err = fmt.Errorf("%w: %w", hw.ErrPINChange, err)
	}
	if err != nil {
		return nil, fmt.Errorf("exchanging the PIN: %w", err)
	}
	var token []byte
	if err := needed(m, 2, "pinUvAuthToken", readBytes, &token); err != nil {
		return nil, err
	}
	return s.decryptToken(token)
}

// agree makes a shared secret with the key, for one command.
func (d *Device) agree(ctx context.Context, protocol int) (*session, error) {
	m, err := d.clientPIN(ctx, map[int]any{1: protocol, 2: pinGetKeyAgreement})
	if err != nil {
		return nil, fmt.Errorf("key agreement: %w", err)
	}
	var point []byte
	if err := needed(m, 1, "keyAgreement", readAgreement, &point); err != nil {
		return nil, err
	}
	return newSession(protocol, point)
}

// sealPIN encrypts what a key knows of its PIN: half of its hash.
func (s *session) sealPIN(pin []byte) ([]byte, error) {
	hash := sha256.Sum256(pin)
	defer clear(hash[:])
	return s.encrypt(hash[:aes.BlockSize])
}

// checkPINSize bounds a PIN that is sent to be compared.
func checkPINSize(pin []byte) error {
	if len(pin) == 0 || len(pin) > maxPIN {
		return fmt.Errorf("PIN of %d bytes: want 1 to %d", len(pin), maxPIN)
	}
	return nil
}

// wrongPIN asks how many tries are left. That question never costs one.
func (d *Device) wrongPIN(ctx context.Context, protocol int) error {
	n, err := d.pinRetries(ctx, protocol)
	switch {
	case err != nil:
		return errors.Join(&hw.PINError{Retries: -1}, err)
	case n == 0:
		return fmt.Errorf("%w: %w", hw.ErrPINBlocked, &hw.PINError{})
	}
	return &hw.PINError{Retries: n}
}

func readAgreement(b raw) ([]byte, error) { return readCOSEKey(b, algECDHES) }

// speaks says whether the key names an extension.
func (i *Info) speaks(extension string) bool { return slices.Contains(i.Extensions, extension) }
