package local

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

func TestAttestationObject_refuses(t *testing.T) {
	id := []byte("credential")
	with := func(change func(*fidoCredential)) *fidoCredential {
		c := goodCredential()
		change(c)
		return c
	}
	for _, c := range []struct {
		name string
		c    *fidoCredential
		want error
	}{
		{"a good one", goodCredential(), nil},
		{"no attestation at all", with(func(c *fidoCredential) { c.format, c.signature, c.certificate = "none", nil, nil }), nil},
		{"one signed by the credential itself", with(func(c *fidoCredential) { c.certificate = nil }), nil},
		{"a U2F statement", with(func(c *fidoCredential) { c.format = "fido-u2f" }), nil},
		{"a U2F statement without a certificate", with(func(c *fidoCredential) { c.format, c.certificate = "fido-u2f", nil }), hw.ErrUnsupported},
		{"a statement whose parts are lost", with(func(c *fidoCredential) { c.format = "tpm" }), hw.ErrUnsupported},
		{"an algorithm nobody asked for", with(func(c *fidoCredential) { c.algorithm = -8 }), hw.ErrMalformed},
		{"no signature", with(func(c *fidoCredential) { c.signature = nil }), hw.ErrMalformed},
		{"no authenticator data", with(func(c *fidoCredential) { c.authData = nil }), hw.ErrMalformed},
		{"authenticator data that is no byte string", with(func(c *fidoCredential) { c.authData = []byte{0x01} }), hw.ErrMalformed},
		{"bytes after the authenticator data", with(func(c *fidoCredential) { c.authData = append(c.authData, 0) }), hw.ErrMalformed},
		{"authenticator data cut short", with(func(c *fidoCredential) { c.authData = append([]byte{0x58, 50}, make([]byte, 50)...) }), hw.ErrMalformed},
		{"another relying party", with(func(c *fidoCredential) { c.authData = wrapped("evil.invalid", 0x41, id) }), hw.ErrMalformed},
		{"no touch", with(func(c *fidoCredential) { c.authData = wrapped(rpID, 0x40, id) }), hw.ErrMalformed},
		{"no credential", with(func(c *fidoCredential) { c.authData = wrapped(rpID, 0x01, id) }), hw.ErrMalformed},
		{"an empty credential ID", with(func(c *fidoCredential) { c.authData, c.id = wrapped(rpID, 0x41, nil), nil }), hw.ErrMalformed},
		{"two credential IDs", with(func(c *fidoCredential) { c.id = []byte("another") }), hw.ErrMalformed},
		{"a part too long for a key", with(func(c *fidoCredential) { c.certificate = make([]byte, maxPart+1) }), hw.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.c.attestationObject(rpID); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

// TestAttestationObject_isTheKeysOwn takes real keys' attestation objects apart
// as libfido2 does and wants the same bytes back.
func TestAttestationObject_isTheKeysOwn(t *testing.T) {
	text, err := os.ReadFile(dataFile(t, "vectors/fido.json"))
	if err != nil {
		t.Skipf("no vectors to take apart: %v", err)
	}
	var vectors []struct {
		ID                string
		Alg               int
		Fmt               string
		AttestationObject string
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	same := 0
	for _, v := range vectors {
		object, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(v.AttestationObject, "="))
		if err != nil || v.Alg != -7 || v.Fmt != "packed" && v.Fmt != "fido-u2f" {
			continue
		}
		c, rpHash, ok := takeApart(object)
		if !ok {
			continue
		}
		got, err := c.rebuild(rpHash)
		if err != nil {
			t.Errorf("%s: %v", v.ID, err)
			continue
		}
		if sameValue(t, got, object) {
			same++
		} else {
			t.Errorf("%s: another attestation object came out", v.ID)
		}
	}
	if same < 20 {
		t.Errorf("only %d vectors could be used", same)
	}
	t.Logf("%d attestation objects came out as they went in", same)
}

// takeApart does what libfido2 does to an attestation object; not ok where it
// holds more than one certificate or no credential.
func takeApart(object []byte) (c *fidoCredential, rpHash []byte, ok bool) {
	var o struct {
		Fmt      string `cbor:"fmt"`
		AuthData []byte `cbor:"authData"`
		AttStmt  struct {
			Sig []byte   `cbor:"sig"`
			X5C [][]byte `cbor:"x5c"`
		} `cbor:"attStmt"`
	}
	if cbor.Unmarshal(object, &o) != nil || len(o.AttStmt.X5C) > 1 || len(o.AuthData) < 55 || o.AuthData[32]&0x41 != 0x41 {
		return nil, nil, false
	}
	n := int(o.AuthData[53])<<8 | int(o.AuthData[54])
	if len(o.AuthData) < 55+n {
		return nil, nil, false
	}
	w, err := cbor.Marshal(o.AuthData)
	if err != nil {
		return nil, nil, false
	}
	c = &fidoCredential{format: o.Fmt, authData: w, id: o.AuthData[55 : 55+n], signature: o.AttStmt.Sig, algorithm: -7}
	if len(o.AttStmt.X5C) == 1 {
		c.certificate = o.AttStmt.X5C[0]
	}
	return c, o.AuthData[:32], true
}

// sameValue compares byte for byte where the key wrote canonical CBOR, and by
// value where a browser wrote the map again in another order.
func sameValue(t *testing.T, a, b []byte) bool {
	t.Helper()
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := cbor.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	canonical, err := mode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(a, canonical)
}

// dataFile is a file of the shared test data beside the repository.
func dataFile(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "data", name)
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// FuzzAttestationObject: whatever the library hands over, nothing panics, and
// what is accepted carries the very authenticator data and credential.
func FuzzAttestationObject(f *testing.F) {
	good := goodCredential()
	f.Add(good.format, good.authData, good.id, good.certificate, good.signature)
	f.Add("none", wrapped(rpID, 0x41, []byte{1}), []byte{1}, []byte{}, []byte{})
	f.Add("packed", []byte{0x5f, 0x41, 0x00, 0xff}, []byte{}, []byte{}, []byte{1})
	f.Fuzz(func(t *testing.T, format string, authData, id, certificate, signature []byte) {
		c := &fidoCredential{format: format, authData: authData, id: id, certificate: certificate, signature: signature, algorithm: -7}
		object, err := c.attestationObject(rpID)
		if err != nil {
			return
		}
		back, _, ok := takeApart(object)
		if !ok || !bytes.Equal(back.id, id) || back.format != format {
			t.Errorf("accepted what does not come apart again: %x", object)
		}
	})
}
