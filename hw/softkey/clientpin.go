package softkey

// Subcommands of authenticatorClientPIN (CTAP 2.1 §6.5.5).
const (
	pinGetRetries      = 0x01
	pinGetKeyAgreement = 0x02
	pinSet             = 0x03
	pinChange          = 0x04
	pinGetToken        = 0x05
	pinGetTokenWith    = 0x09
)

type clientPINRequest struct {
	Protocol     *uint    `cbor:"1,keyasint"`
	Subcommand   *uint    `cbor:"2,keyasint"`
	KeyAgreement *coseKey `cbor:"3,keyasint"`
	Auth         []byte   `cbor:"4,keyasint"`
	NewPINEnc    []byte   `cbor:"5,keyasint"`
	PINHashEnc   []byte   `cbor:"6,keyasint"`
	Permissions  *uint    `cbor:"9,keyasint"`
	RPID         *string  `cbor:"10,keyasint"`
}

type clientPINAnswer struct {
	KeyAgreement *coseKey `cbor:"1,keyasint,omitempty"`
	Token        []byte   `cbor:"2,keyasint,omitempty"`
	Retries      *uint    `cbor:"3,keyasint,omitempty"`
	PowerCycle   *bool    `cbor:"4,keyasint,omitempty"`
}

func (f *fido) clientPIN(params []byte) (any, error) {
	var r clientPINRequest
	if err := f.codec.read(params, &r); err != nil {
		return nil, err
	}
	if r.Subcommand == nil {
		return nil, ctapMissingParameter
	}
	if *r.Subcommand == pinGetRetries {
		retries, cycle := uint(f.pin.retries), f.pin.wrongInRow >= wrongPINsARow
		return clientPINAnswer{Retries: &retries, PowerCycle: &cycle}, nil
	}
	if r.Protocol == nil {
		return nil, ctapMissingParameter
	}
	if !f.pinProtocol(*r.Protocol) {
		return nil, ctapInvalidParameter
	}
	switch *r.Subcommand {
	case pinGetKeyAgreement:
		key := coseEC(-25, f.pin.agreement.PublicKey().Bytes()) // ECDH-ES + HKDF-256
		return clientPINAnswer{KeyAgreement: &key}, nil
	case pinSet:
		return nil, f.setPIN(r)
	case pinChange:
		return nil, f.changePIN(r)
	case pinGetToken:
		if r.Permissions != nil || r.RPID != nil {
			return nil, ctapInvalidParameter
		}
		return f.pinToken(r, permMakeCredential|permGetAssertion, "")
	case pinGetTokenWith:
		if f.cfg.ctap21() {
			return f.pinTokenWith(r)
		}
	}
	return nil, ctapInvalidSubcommand
}

func (f *fido) setPIN(r clientPINRequest) error {
	if r.KeyAgreement == nil || r.NewPINEnc == nil || r.Auth == nil {
		return ctapMissingParameter
	}
	if f.pin.isSet() {
		return ctapPINAuthInvalid
	}
	s, err := f.pin.agree(*r.Protocol, r.KeyAgreement)
	if err != nil {
		return err
	}
	if !s.verify(r.NewPINEnc, r.Auth) {
		return ctapPINAuthInvalid
	}
	return f.pin.choose(s, r.NewPINEnc)
}

func (f *fido) changePIN(r clientPINRequest) error {
	if r.KeyAgreement == nil || r.NewPINEnc == nil || r.PINHashEnc == nil || r.Auth == nil {
		return ctapMissingParameter
	}
	if err := f.pinUsable(); err != nil {
		return err
	}
	s, err := f.pin.agree(*r.Protocol, r.KeyAgreement)
	if err != nil {
		return err
	}
	if !s.verify(append(append([]byte(nil), r.NewPINEnc...), r.PINHashEnc...), r.Auth) {
		return ctapPINAuthInvalid
	}
	if err := f.pin.check(s, r.PINHashEnc); err != nil {
		return err
	}
	return f.pin.choose(s, r.NewPINEnc)
}

// pinUsable refuses where no PIN could be right.
func (f *fido) pinUsable() error {
	switch {
	case !f.pin.isSet():
		return ctapPINNotSet
	case f.pin.retries == 0:
		return ctapPINBlocked
	}
	return nil
}

func (f *fido) pinToken(r clientPINRequest, permissions byte, rpID string) (any, error) {
	if r.KeyAgreement == nil || r.PINHashEnc == nil {
		return nil, ctapMissingParameter
	}
	if err := f.pinUsable(); err != nil {
		return nil, err
	}
	s, err := f.pin.agree(*r.Protocol, r.KeyAgreement)
	if err != nil {
		return nil, err
	}
	if err := f.pin.check(s, r.PINHashEnc); err != nil {
		return nil, err
	}
	if f.pin.forceChange {
		if *r.Subcommand == pinGetToken {
			return nil, ctapPINInvalid
		}
		return nil, ctapPINPolicyViolation
	}
	return clientPINAnswer{Token: f.pin.issue(s, permissions, rpID)}, nil
}

func (f *fido) pinTokenWith(r clientPINRequest) (any, error) {
	const offered = permMakeCredential | permGetAssertion | permConfig
	switch {
	case r.Permissions == nil:
		return nil, ctapMissingParameter
	case *r.Permissions == 0 || *r.Permissions > 0xff:
		return nil, ctapInvalidParameter
	case *r.Permissions&^uint(offered) != 0:
		return nil, ctapUnauthorizedPermission
	}
	permissions, rpID := byte(*r.Permissions), ""
	if r.RPID != nil {
		rpID = *r.RPID
	}
	if permissions&(permMakeCredential|permGetAssertion) != 0 && rpID == "" {
		return nil, ctapMissingParameter
	}
	return f.pinToken(r, permissions, rpID)
}
