package ctap

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestU2FRegistration_real takes attestation objects of real U2F keys, as
// browsers made them, back to what the key must have answered, and wants them
// again from that answer.
func TestU2FRegistration_real(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "data", "vectors", "fido.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("SKIPPED, real registrations are not read here: %v", err)
	}
	var vectors []struct{ ID, Fmt, AttestationObject string }
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, v := range vectors {
		if v.Fmt != formatU2F {
			continue
		}
		object, err := base64.RawURLEncoding.DecodeString(v.AttestationObject)
		if err != nil {
			t.Fatalf("%s: %v", v.ID, err)
		}
		type parts struct {
			AuthData []byte `cbor:"authData"`
			AttStmt  struct {
				Sig []byte   `cbor:"sig"`
				X5C [][]byte `cbor:"x5c"`
			} `cbor:"attStmt"`
		}
		var want, got parts
		if err := decMode.Unmarshal(object, &want); err != nil || len(want.AuthData) < 56 || len(want.AttStmt.X5C) != 1 {
			t.Errorf("%s: %+v, %v", v.ID, want, err)
			continue
		}
		// Programs that play a key put in what no U2F key can say.
		if !bytes.Equal(want.AuthData[32:53], append([]byte{0x41}, make([]byte, 20)...)) {
			continue
		}
		id := want.AuthData[55 : 55+int(want.AuthData[54])]
		key, err := readCOSEKey(want.AuthData[55+len(id):], algES256)
		if err != nil {
			continue // one has a public key that is no COSE key
		}
		made, err := u2fAttestation(registered{key, id, want.AttStmt.X5C[0], want.AttStmt.Sig}.bytes(), "hwmfa.example")
		if err != nil {
			t.Errorf("%s: %v", v.ID, err)
			continue
		}
		if err := decMode.Unmarshal(made, &got); err != nil {
			t.Fatal(err)
		}
		// Of the relying party only the hash is known, which is in front.
		if !bytes.Equal(got.AuthData[32:], want.AuthData[32:]) || !bytes.Equal(got.AttStmt.Sig, want.AttStmt.Sig) || !slices.EqualFunc(got.AttStmt.X5C, want.AttStmt.X5C, bytes.Equal) {
			t.Errorf("%s: another object than the browser's", v.ID)
		}
		read++
	}
	if read < 20 {
		t.Errorf("%d real registrations were read", read)
	}
	t.Logf("%d real registrations", read)
}
