package local

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

const (
	coseES256 = -7
	// maxPart bounds what is taken from a key: its messages end at 7609 bytes
	// (CTAP 2.1 §11.2.4).
	maxPart = 7609
)

// attestationObject builds the WebAuthn attestation object again from the parts
// that libfido2 took it into. For ES256 the parts are all there is to it, but
// for certificates after the first.
func (c *fidoCredential) attestationObject(rpID string) ([]byte, error) {
	hash := sha256.Sum256([]byte(rpID))
	return c.rebuild(hash[:])
}

func (c *fidoCredential) rebuild(rpHash []byte) ([]byte, error) {
	if c.algorithm != coseES256 {
		return nil, fmt.Errorf("credential of algorithm %d, asked for %d: %w", c.algorithm, coseES256, hw.ErrMalformed)
	}
	if len(c.authData) > maxPart || len(c.certificate) > maxPart || len(c.signature) > maxPart {
		return nil, fmt.Errorf("parts of %d, %d and %d bytes: %w", len(c.authData), len(c.certificate), len(c.signature), hw.ErrMalformed)
	}
	var authData []byte
	if err := cbor.Unmarshal(c.authData, &authData); err != nil {
		return nil, fmt.Errorf("authenticator data: %w: %w", hw.ErrMalformed, err)
	}
	if err := checkAuthData(authData, rpHash, c.id); err != nil {
		return nil, fmt.Errorf("authenticator data: %w: %w", hw.ErrMalformed, err)
	}
	statement, err := c.statement()
	if err != nil {
		return nil, err
	}
	// CTAP2 canonical order is also what keys send.
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	return mode.Marshal(map[string]any{"fmt": c.format, "attStmt": statement, "authData": authData})
}

// statement is attStmt as WebAuthn §8.2, §8.6 and §8.7 lay it out.
func (c *fidoCredential) statement() (map[string]any, error) {
	if c.format == "none" {
		return map[string]any{}, nil
	}
	if len(c.signature) == 0 {
		return nil, fmt.Errorf("%s attestation without a signature: %w", c.format, hw.ErrMalformed)
	}
	chain := [][]byte{c.certificate}
	switch {
	case c.format == "packed" && len(c.certificate) > 0:
		return map[string]any{"alg": coseES256, "sig": c.signature, "x5c": chain}, nil
	case c.format == "packed": // signed by the credential itself
		return map[string]any{"alg": coseES256, "sig": c.signature}, nil
	case c.format == "fido-u2f" && len(c.certificate) > 0:
		return map[string]any{"sig": c.signature, "x5c": chain}, nil
	}
	return nil, fmt.Errorf("attestation format %q: %w", c.format, hw.ErrUnsupported)
}

// checkAuthData makes sure that the answer is to our question and has the
// credential in it that the library names (WebAuthn §6.1).
func checkAuthData(b, rpHash, id []byte) error {
	const (
		flags        = 32 // after the hash of the relying party's ID
		idLength     = 53 // after flags, counter and AAGUID
		userPresent  = 0x01
		attestedData = 0x40
	)
	if len(b) < idLength+2 {
		return fmt.Errorf("%d bytes", len(b))
	}
	if !bytes.Equal(b[:flags], rpHash) {
		return errors.New("made for another relying party")
	}
	if b[flags]&userPresent == 0 || b[flags]&attestedData == 0 {
		return fmt.Errorf("flags %02x without user presence or credential", b[flags])
	}
	n := int(binary.BigEndian.Uint16(b[idLength:]))
	rest := b[idLength+2:]
	if n == 0 || n > 1023 || n >= len(rest) { // 1023: WebAuthn §7.1; the public key follows
		return fmt.Errorf("credential ID of %d bytes", n)
	}
	if !bytes.Equal(rest[:n], id) {
		return errors.New("two credential IDs")
	}
	return nil
}
