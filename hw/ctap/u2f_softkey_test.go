package ctap_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
	"hwmfa/hw/softkey"
)

// TestU2F_softkey registers by U2F on a software key and has it prove itself.
func TestU2F_softkey(t *testing.T) {
	u2fOnly := softkey.Quirks{U2FOnly: true}
	k := plug(t, softkey.Config{Touch: softkey.After(300 * time.Millisecond), Quirks: u2fOnly})
	d := open(t, k)
	touches := 0
	d.OnTouch = func() { touches++ }
	object, err := d.U2FRegister(t.Context(), request(""))
	if err != nil || touches != 1 {
		t.Fatalf("got %v, asked for %d touches", err, touches)
	}
	var a struct {
		Format   string `cbor:"fmt"`
		AuthData []byte `cbor:"authData"`
	}
	if err := cbor.Unmarshal(object, &a); err != nil || a.Format != "fido-u2f" {
		t.Fatalf("got %x, %v", object, err)
	}
	id, key := a.AuthData[55:55+int(a.AuthData[54])], a.AuthData[55+int(a.AuthData[54]):]
	challenge := sha256.Sum256([]byte("challenge"))
	r := ctap.SilentRequest{RPID: rpID, ClientDataHash: challenge[:], CredentialIDs: append(foreign(3, len(id)), id)}

	k.SetTouch(softkey.Never())
	own, err := d.U2FCheck(t.Context(), r)
	if err != nil || len(own) != 1 || !bytes.Equal(own[0], id) || k.TouchWanted() {
		t.Errorf("check: got %x, %v, blinking %v", own, err, k.TouchWanted())
	}
	k.SetTouch(softkey.After(300 * time.Millisecond))
	proof, err := d.U2FAssert(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := ctap.VerifyAssertion(key, challenge[:], rpID, proof); err != nil || !bytes.Equal(proof.CredentialID, id) || !proof.UserPresent {
		t.Errorf("got %+v, %v", proof, err)
	}
	if err := ctap.VerifyAssertion(key, make([]byte, 32), rpID, proof); !errors.Is(err, ctap.ErrBadSignature) {
		t.Errorf("the signature holds for another challenge: %v", err)
	}
	r.RPID = "other.example"
	if own, err := d.U2FCheck(t.Context(), r); !errors.Is(err, hw.ErrNoCredential) {
		t.Errorf("for another party: got %x, %v", own, err)
	}

	r.RPID = rpID
	k.ResetFIDO()
	if _, err := d.U2FCheck(t.Context(), r); !errors.Is(err, hw.ErrNoCredential) {
		t.Errorf("after a reset: check got %v", err)
	}
	if _, err := d.U2FAssert(t.Context(), r); !errors.Is(err, hw.ErrNoCredential) {
		t.Errorf("after a reset: assertion got %v", err)
	}
}

// TestU2F_busy: a key that speaks CTAP2 and is too busy to say what it is must
// not be taken for a U2F key, which libfido2 does.
func TestU2F_busy(t *testing.T) {
	k := plug(t, softkey.Config{Quirks: softkey.Quirks{GetInfoBusy: 1000}})
	d := open(t, k)
	if _, err := d.U2FRegister(t.Context(), request("")); !errors.Is(err, hw.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
