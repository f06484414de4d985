package softkey

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// createExtensions is what makeCredential's extensions ask for.
type createExtensions struct {
	protect byte // 0 not asked
	outputs map[string]any
}

// readCreateExtensions knows credProtect and hmac-secret and ignores the rest
// (CTAP 2.1 §12).
func (f *fido) readCreateExtensions(in map[string]cbor.RawMessage) (createExtensions, error) {
	ext := createExtensions{outputs: map[string]any{}}
	if raw, ok := in["credProtect"]; ok && f.cfg.Version.AtLeast(5, 2, 0) {
		if err := f.codec.read(raw, &ext.protect); err != nil {
			return ext, err
		}
		if ext.protect < protectOptional || ext.protect > protectRequired {
			return ext, ctapInvalidOption
		}
		ext.outputs["credProtect"] = ext.protect
	}
	if raw, ok := in["hmac-secret"]; ok {
		var wanted bool
		if err := f.codec.read(raw, &wanted); err != nil {
			return ext, err
		}
		if wanted {
			ext.outputs["hmac-secret"] = true
		}
	}
	return ext, nil
}

// encodeOutputs gives the extension part of authenticator data, nil for none.
func (f *fido) encodeOutputs(outputs map[string]any) ([]byte, error) {
	if len(outputs) == 0 {
		return nil, nil
	}
	b, err := f.codec.enc.Marshal(outputs)
	if err != nil {
		return nil, fmt.Errorf("writing extension outputs: %w", err)
	}
	return b, nil
}

// hmacSecretInput is the hmac-secret extension of getAssertion (CTAP 2.1 §12.5).
type hmacSecretInput struct {
	KeyAgreement *coseKey `cbor:"1,keyasint"`
	SaltEnc      []byte   `cbor:"2,keyasint"`
	SaltAuth     []byte   `cbor:"3,keyasint"`
	Protocol     uint     `cbor:"4,keyasint,omitempty"`
}

// hmacSecret gives the encrypted HMACs of the one or two salts asked about, nil
// where the extension is not asked for. Verified and unverified users get
// different secrets.
func (f *fido) hmacSecret(in map[string]cbor.RawMessage, cred *credential, uv bool) ([]byte, error) {
	raw, ok := in["hmac-secret"]
	if !ok {
		return nil, nil
	}
	r := hmacSecretInput{Protocol: 1}
	if err := f.codec.read(raw, &r); err != nil {
		return nil, err
	}
	if r.KeyAgreement == nil || r.SaltEnc == nil || r.SaltAuth == nil {
		return nil, ctapMissingParameter
	}
	secret, err := f.pin.agree(r.Protocol, r.KeyAgreement)
	if err != nil {
		return nil, err
	}
	if !secret.verify(r.SaltEnc, r.SaltAuth) {
		return nil, ctapPINAuthInvalid
	}
	salts, err := secret.decrypt(r.SaltEnc)
	if err != nil || len(salts) != 32 && len(salts) != 64 {
		return nil, ctapInvalidLength
	}
	label := "hmac-secret without verification"
	if uv {
		label = "hmac-secret with verification"
	}
	random := mac(f.secret, []byte(label), cred.id)
	var out []byte
	for ; len(salts) > 0; salts = salts[32:] {
		out = append(out, mac(random, salts[:32])...)
	}
	return secret.encrypt(out), nil
}

// mac is HMAC-SHA-256 over the parts, one after the other.
func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
