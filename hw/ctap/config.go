package ctap

import (
	"bytes"
	"context"
	"fmt"

	"hwmfa/hw"
)

// Sub-commands of authenticatorConfig (CTAP 2.1 §6.11).
const (
	configToggleAlwaysUV = 0x02
	configSetMinPIN      = 0x03
)

// ToggleAlwaysUV switches the key's demand for a PIN or fingerprint in every
// operation, off where it was on (CTAP 2.1 §6.11.2): look at Options["alwaysUv"]
// first. It ends the use of the key by U2F. A key with a PIN wants it; pin is
// nil for one without. hw.ErrUnsupported where the key has no such setting.
func (d *Device) ToggleAlwaysUV(ctx context.Context, pin []byte) error {
	if err := d.config(ctx, pin, "alwaysUv", configToggleAlwaysUV, nil); err != nil {
		return fmt.Errorf("switching always-UV: %w", err)
	}
	return nil
}

// SetMinPINLength raises the fewest characters a PIN may have (CTAP 2.1
// §6.11.4) and, with force, has the key refuse its PIN until it is changed; 0
// leaves the length as it is. Only a reset lowers it. A PIN that is shorter has
// to be changed too. A key with a PIN wants it; pin is nil for one without.
// hw.ErrUnsupported where the key has no such setting.
func (d *Device) SetMinPINLength(ctx context.Context, pin []byte, length int, force bool) error {
	params := map[int]any{}
	if length > 0 {
		params[1] = length
	}
	if force {
		params[3] = true
	}
	if err := d.config(ctx, pin, "setMinPINLength", configSetMinPIN, params); err != nil {
		return fmt.Errorf("setting the minimum PIN length: %w", err)
	}
	return nil
}

// config sends one sub-command to a key that names the option.
func (d *Device) config(ctx context.Context, pin []byte, option string, sub byte, params map[int]any) error {
	info, err := d.Info(ctx)
	if err != nil {
		return err
	}
	if _, known := info.Options[option]; !known || !info.Options["authnrCfg"] {
		return fmt.Errorf("key has no such setting: %w", hw.ErrUnsupported)
	}
	request := map[int]any{1: sub}
	var encoded raw
	if params != nil {
		if encoded, err = encode(params); err != nil {
			return err
		}
		request[2] = encoded
	}
	if pin != nil {
		// CTAP 2.1 §6.11: 32 times ff, the command, the sub-command, its parameters.
		message := append(bytes.Repeat([]byte{0xFF}, 32), ctapConfig, sub)
		auth, err := d.authorise(ctx, info, pin, permissionConfig, "", append(message, encoded...))
		if err != nil {
			return err
		}
		request[3], request[4] = auth.protocol, auth.param
	}
	_, err = d.cbor(ctx, ctapConfig, request, command{limit: quickLimit})
	return err
}
