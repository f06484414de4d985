package softkey

import (
	"bytes"

	"github.com/fxamacker/cbor/v2"
)

// Subcommands of authenticatorConfig (CTAP 2.1 §6.11).
const (
	configToggleAlwaysUV = 0x02
	configSetMinPIN      = 0x03
)

type configRequest struct {
	Subcommand  *uint           `cbor:"1,keyasint"`
	Params      cbor.RawMessage `cbor:"2,keyasint"`
	PINProtocol *uint           `cbor:"3,keyasint"`
	PINAuth     []byte          `cbor:"4,keyasint"`
}

type setMinPINParams struct {
	Length      *uint    `cbor:"1,keyasint"`
	RPIDs       []string `cbor:"2,keyasint"`
	ForceChange bool     `cbor:"3,keyasint"`
}

// config changes the key's settings. It wants a PIN token wherever a PIN is set.
func (f *fido) config(params []byte) error {
	var r configRequest
	if err := f.codec.read(params, &r); err != nil {
		return err
	}
	if r.Subcommand == nil {
		return ctapMissingParameter
	}
	if *r.Subcommand != configToggleAlwaysUV && *r.Subcommand != configSetMinPIN {
		return ctapInvalidSubcommand
	}
	if f.pin.isSet() || f.alwaysUV {
		if err := f.configAllowed(r); err != nil {
			return err
		}
	}
	if *r.Subcommand == configToggleAlwaysUV {
		f.alwaysUV = !f.alwaysUV
		return nil
	}
	return f.setMinPIN(r.Params)
}

// configAllowed checks the signature over 32 times ff, the command, the
// subcommand and its parameters.
func (f *fido) configAllowed(r configRequest) error {
	if r.PINAuth == nil {
		return ctapPUATRequired
	}
	if r.PINProtocol == nil {
		return ctapMissingParameter
	}
	message := append(bytes.Repeat([]byte{0xff}, 32), ctapConfig, byte(*r.Subcommand))
	message = append(message, r.Params...)
	if !f.pin.verifyToken(*r.PINProtocol, message, r.PINAuth, permConfig, "") {
		return ctapPINAuthInvalid
	}
	return nil
}

// setMinPIN only ever raises the minimum; a PIN that is too short then has to
// be changed.
func (f *fido) setMinPIN(params []byte) error {
	var p setMinPINParams
	if len(params) > 0 {
		if err := f.codec.read(params, &p); err != nil {
			return err
		}
	}
	length := f.pin.minLength
	if p.Length != nil {
		if *p.Length > maxPINBytes || int(*p.Length) < length {
			return ctapPINPolicyViolation
		}
		length = int(*p.Length)
	}
	switch {
	case len(p.RPIDs) > 0:
		return ctapInvalidParameter // the minPinLength extension is not offered
	case p.ForceChange && !f.pin.isSet():
		return ctapPINNotSet
	}
	f.pin.minLength = length
	if p.ForceChange || f.pin.isSet() && f.pin.length < length {
		f.pin.forceChange = true
		f.pin.token = pinToken{}
	}
	return nil
}
