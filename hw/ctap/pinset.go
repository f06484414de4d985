package ctap

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"hwmfa/hw"
)

// Sizes of a new PIN (CTAP 2.1 §6.5.1): the least in code points, and the
// padding under which it is sent, in bytes.
const (
	minPIN    = 4
	paddedPIN = 64
)

// CheckPIN says whether the key can take pin as its new one: UTF-8 without
// NUL, at least the key's minimum in code points, at most 63 bytes and its
// maximum. Otherwise it is hw.ErrPINPolicy, and nothing of the PIN is in the
// error but its length. Unicode's normal form C is the caller's to see to.
func (i *Info) CheckPIN(pin []byte) error {
	least, length := max(minPIN, i.MinPINLength), utf8.RuneCount(pin)
	switch {
	case !utf8.Valid(pin) || bytes.IndexByte(pin, 0) >= 0:
		return fmt.Errorf("%w: it is not text", hw.ErrPINPolicy)
	case length < least:
		return fmt.Errorf("%w: it has %d characters, want at least %d", hw.ErrPINPolicy, length, least)
	case len(pin) > maxPIN:
		return fmt.Errorf("%w: it has %d bytes, want at most %d", hw.ErrPINPolicy, len(pin), maxPIN)
	case i.MaxPINLength > 0 && length > i.MaxPINLength:
		return fmt.Errorf("%w: it has %d characters, want at most %d", hw.ErrPINPolicy, length, i.MaxPINLength)
	}
	return nil
}

// SetPIN gives a key without a PIN its first one (CTAP 2.1 §6.5.5.5);
// hw.ErrPINSet where there is one, hw.ErrPINPolicy where the key does not take
// this one. pin is the caller's to zero.
func (d *Device) SetPIN(ctx context.Context, pin []byte) error {
	if err := d.setPIN(ctx, pin); err != nil {
		return fmt.Errorf("setting the PIN: %w", err)
	}
	return nil
}

func (d *Device) setPIN(ctx context.Context, pin []byte) error {
	info, err := d.Info(ctx)
	if err != nil {
		return err
	}
	protocol, err := pinProtocol(info)
	if err != nil {
		return err
	}
	if info.Options["clientPin"] {
		return hw.ErrPINSet
	}
	if err := info.CheckPIN(pin); err != nil {
		return err
	}
	return d.sendPIN(ctx, protocol, nil, pin)
}

// ChangePIN replaces the PIN (CTAP 2.1 §6.5.5.6). A wrong old one costs a try
// and is a *hw.PINError; hw.ErrPINPolicy where the key does not take the new
// one. Both are the caller's to zero.
func (d *Device) ChangePIN(ctx context.Context, old, pin []byte) error {
	if err := d.changePIN(ctx, old, pin); err != nil {
		return fmt.Errorf("changing the PIN: %w", err)
	}
	return nil
}

func (d *Device) changePIN(ctx context.Context, old, pin []byte) error {
	if err := checkPINSize(old); err != nil {
		return err
	}
	info, err := d.Info(ctx)
	if err != nil {
		return err
	}
	protocol, err := setPINProtocol(info)
	if err != nil {
		return err
	}
	// Before the old PIN is sent: a new one that will not do costs no try.
	if err := info.CheckPIN(pin); err != nil {
		return err
	}
	return d.sendPIN(ctx, protocol, old, pin)
}

// sendPIN sends setPIN, or changePIN where there is an old one.
func (d *Device) sendPIN(ctx context.Context, protocol int, old, pin []byte) error {
	s, err := d.agree(ctx, protocol)
	if err != nil {
		return err
	}
	defer s.zero()
	padded := make([]byte, paddedPIN)
	defer clear(padded)
	copy(padded, pin)
	sealed, err := s.encrypt(padded)
	if err != nil {
		return err
	}
	params := map[int]any{1: protocol, 2: pinSet, 3: coseKey(s.agreement, algECDHES), 5: sealed}
	signed := sealed
	if old != nil {
		proof, err := s.sealPIN(old)
		if err != nil {
			return err
		}
		params[2], params[6] = pinChange, proof
		signed = slices.Concat(sealed, proof)
	}
	params[4] = authenticate(protocol, s.macKey, signed)
	_, err = d.cbor(ctx, ctapClientPIN, params, command{limit: quickLimit})
	switch {
	case isStatus(err, statusPINInvalid):
		return d.wrongPIN(ctx, protocol)
	case isStatus(err, statusPINPolicy):
		return fmt.Errorf("%w: %w", hw.ErrPINPolicy, err)
	}
	return err
}
