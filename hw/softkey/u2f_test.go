package softkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"testing"
)

func TestU2F(t *testing.T) {
	k, ca := newKey(t, Config{})
	p := dial(t, k)
	msg := func(ins, p1 byte, data []byte) ([]byte, statusWord) {
		raw := append([]byte{0, ins, p1, 0, 0, byte(len(data) >> 8), byte(len(data))}, data...)
		cmd, got := p.call(cmdMsg, append(raw, 0, 0))
		if cmd != cmdMsg || len(got) < 2 {
			t.Fatalf("got %02x %x", cmd, got)
		}
		n := len(got) - 2
		return got[:n], statusWord(got[n])<<8 | statusWord(got[n+1])
	}
	if v, sw := msg(3, 0, nil); string(v) != "U2F_V2" || sw != swOK {
		t.Errorf("version %q %04x", v, sw)
	}
	app := sha256.Sum256([]byte(testRP))
	challenge := sha256.Sum256([]byte("challenge"))
	reg, sw := msg(1, 3, append(challenge[:], app[:]...))
	if sw != swOK || reg[0] != 5 {
		t.Fatalf("register gave %04x", sw)
	}
	point, n := reg[1:66], int(reg[66])
	handle, rest := reg[67:67+n], reg[67+n:]
	var raw asn1.RawValue
	sig, err := asn1.Unmarshal(rest, &raw)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(raw.FullBytes)
	if err != nil {
		t.Fatal(err)
	}
	signed := bytes.Join([][]byte{{0}, app[:], challenge[:], handle, point}, nil)
	if err := leaf.CheckSignature(x509.ECDSAWithSHA256, signed, sig); err != nil {
		t.Error(err)
	}
	if err := leaf.CheckSignatureFrom(ca.Roots()[0]); err != nil {
		t.Error(err)
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	auth := bytes.Join([][]byte{challenge[:], app[:], {byte(len(handle))}, handle}, nil)
	for control, up := range map[byte]byte{3: 1, 8: 0} {
		got, sw := msg(2, control, auth)
		if sw != swOK || got[0] != up {
			t.Fatalf("control %02x gave %04x %x", control, sw, got)
		}
		digest := sha256.Sum256(bytes.Join([][]byte{app[:], got[:5], challenge[:]}, nil))
		if !ecdsa.VerifyASN1(pub, digest[:], got[5:]) {
			t.Errorf("control %02x: bad signature", control)
		}
	}
	if _, sw := msg(2, 7, auth); sw != swConditions {
		t.Errorf("check-only gave %04x", sw)
	}
	auth[40] ^= 1
	if _, sw := msg(2, 7, auth); sw != swWrongData {
		t.Errorf("a foreign handle gave %04x", sw)
	}
	t.Run("a CTAP2 assertion works with a U2F registration", func(t *testing.T) {
		p.mustCTAP(2, assertion(handle))
	})
	t.Run("a touch is polled for", func(t *testing.T) {
		k.SetTouch(Never())
		if _, sw := msg(1, 3, append(challenge[:], app[:]...)); sw != swConditions || !k.TouchWanted() {
			t.Errorf("got %04x, blinking %v", sw, k.TouchWanted())
		}
		k.Touch()
		if _, sw := msg(1, 3, append(challenge[:], app[:]...)); sw != swOK {
			t.Errorf("after the touch %04x", sw)
		}
		if _, sw := msg(1, 3, append(challenge[:], app[:]...)); sw != swConditions {
			t.Errorf("one touch did for two: %04x", sw)
		}
	})
}
