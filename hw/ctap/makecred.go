package ctap

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"

	"hwmfa/hw"
)

// protectOptional is credProtect level 1, userVerificationOptional.
const protectOptional = 1

// maxUserID is the length that a user handle can have (WebAuthn §4).
const maxUserID = 64

// MakeCredential makes one ES256, non-discoverable credential with credProtect
// level 1 and returns its attestation object as WebAuthn shapes it. It blocks
// for the touch, and for the person of a key that has no PIN and verifies them
// itself. With r.PIN the key gets proof of the PIN first; without it a
// key that wants one answers hw.ErrPINRequired (see Info.NeedsPIN). Nothing of
// the PIN is kept; r.PIN itself is the caller's to zero.
//
// A wrong PIN is a *hw.PINError. Sending one costs a try, so a PIN is never
// sent to a key that has none set (hw.ErrPINNotSet).
func (d *Device) MakeCredential(ctx context.Context, r hw.CredentialRequest) ([]byte, error) {
	object, err := d.makeCredential(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("making a credential: %w", err)
	}
	return object, nil
}

func (d *Device) makeCredential(ctx context.Context, r hw.CredentialRequest) ([]byte, error) {
	if len(r.ClientDataHash) != sha256.Size || r.RPID == "" {
		return nil, fmt.Errorf("want a relying party and a hash of %d bytes", sha256.Size)
	}
	if len(r.UserID) == 0 || len(r.UserID) > maxUserID {
		return nil, fmt.Errorf("user ID of %d bytes: want 1 to %d", len(r.UserID), maxUserID)
	}
	info, err := d.Info(ctx)
	if err != nil {
		return nil, err
	}
	params := credentialParams(r, info)
	options := map[string]bool{}
	if _, ok := info.Options["rk"]; ok {
		options["rk"] = false
	}
	if r.PIN == nil && info.verifiesItself() && info.wantsVerification() {
		options["uv"] = true
	}
	if len(options) > 0 {
		params[7] = options
	}
	if r.PIN != nil {
		auth, err := d.authorise(ctx, info, r.PIN, permissionMakeCredential, r.RPID, r.ClientDataHash)
		if err != nil {
			return nil, err
		}
		params[8], params[9] = auth.param, auth.protocol
	}
	answer, err := d.cbor(ctx, ctapMakeCredential, params, command{limit: touchLimit})
	if err != nil {
		return nil, err
	}
	return attestationObject(answer, r.RPID)
}

// credentialParams are those of authenticatorMakeCredential (CTAP 2.1 §6.1).
func credentialParams(r hw.CredentialRequest, info *Info) map[int]any {
	user := map[string]any{"id": r.UserID}
	if r.UserName != "" {
		user["name"], user["displayName"] = r.UserName, r.UserName
	}
	rp := map[string]any{"id": r.RPID}
	if r.RPName != "" {
		rp["name"] = r.RPName
	}
	params := map[int]any{
		1: r.ClientDataHash,
		2: rp,
		3: user,
		4: []map[string]any{{"alg": algES256, "type": publicKey}},
	}
	// Said where the key knows the word: firmware may refuse what it does not.
	if info.speaks("credProtect") {
		params[6] = map[string]any{"credProtect": protectOptional}
	}
	return params
}

// attestation is the attestation object of WebAuthn §6.5.4.
type attestation struct {
	Format    string `cbor:"fmt"`
	Statement raw    `cbor:"attStmt"`
	AuthData  []byte `cbor:"authData"`
}

// attestationObject turns CTAP's answer into WebAuthn's object. The statement
// is taken over byte for byte: it is evidence.
func attestationObject(b []byte, rpID string) ([]byte, error) {
	m, err := readFields(b)
	if err != nil {
		return nil, err
	}
	var a attestation
	if err := cmp.Or(
		needed(m, 1, "fmt", readText, &a.Format),
		needed(m, 2, "authData", readBytes, &a.AuthData),
		needed(m, 3, "attStmt", readStatement, &a.Statement),
	); err != nil {
		return nil, err
	}
	if err := checkAttested(a.AuthData, rpID); err != nil {
		return nil, err
	}
	return encode(a)
}

// readStatement checks that it is a map with no key twice.
func readStatement(b raw) (raw, error) {
	_, err := readMap(func(b raw) (raw, error) { return b, nil })(b)
	return b, err
}
