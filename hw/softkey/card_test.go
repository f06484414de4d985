package softkey

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hwmfa/hw"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reader sends APDUs and follows 61xx, in short or extended form.
type reader struct {
	t        *testing.T
	ch       hw.Channel
	extended bool
}

func insert(t *testing.T, k *Key) *reader { return &reader{t: t, ch: k.Card()} }

func (r *reader) transmit(apdu []byte) ([]byte, statusWord) {
	r.t.Helper()
	answer, err := r.ch.Transmit(r.t.Context(), apdu)
	if err != nil || len(answer) < 2 {
		r.t.Fatalf("%x: %x, %v", apdu, answer, err)
	}
	n := len(answer) - 2
	return answer[:n], statusWord(answer[n])<<8 | statusWord(answer[n+1])
}

func (r *reader) send(ins, p1, p2 byte, data []byte) ([]byte, statusWord) {
	r.t.Helper()
	if r.extended {
		return r.transmit(append([]byte{0, ins, p1, p2, 0, byte(len(data) >> 8), byte(len(data))}, data...))
	}
	for len(data) > 255 {
		if _, sw := r.transmit(append([]byte{0x10, ins, p1, p2, 255}, data[:255]...)); sw != swOK {
			return nil, sw
		}
		data = data[255:]
	}
	apdu := []byte{0, ins, p1, p2}
	if len(data) > 0 {
		apdu = append(append(apdu, byte(len(data))), data...)
	}
	answer, sw := r.transmit(append(apdu, 0))
	for sw>>8 == 0x61 {
		var more []byte
		more, sw = r.transmit([]byte{0, 0xc0, 0, 0, byte(sw)})
		answer = append(answer, more...)
	}
	return answer, sw
}

func (r *reader) must(ins, p1, p2 byte, data []byte) []byte {
	r.t.Helper()
	answer, sw := r.send(ins, p1, p2, data)
	if sw != swOK {
		r.t.Fatalf("%02x %02x %02x gave %04x", ins, p1, p2, uint16(sw))
	}
	return answer
}

func (r *reader) selectPIV() { r.t.Helper(); r.must(0xa4, 4, 0, aidPIV[:5]) }

// admin proves the default management key, as yubico-piv-tool does.
func (r *reader) admin(algorithm byte) {
	r.t.Helper()
	key := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 3)
	var block cipher.Block
	var err error
	if algorithm == alg3DES {
		block, err = des.NewTripleDESCipher(key)
	} else {
		block, err = aes.NewCipher(key)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	n := block.BlockSize()
	got := r.must(0x87, algorithm, 0x9b, []byte{0x7c, 2, 0x80, 0})
	if len(got) != n+4 {
		r.t.Fatalf("witness %x", got)
	}
	proof := make([]byte, n)
	block.Decrypt(proof, got[4:])
	challenge := bytes.Repeat([]byte{7}, n)
	msg := append([]byte{0x7c, byte(2*n + 4), 0x80, byte(n)}, proof...)
	msg = append(append(msg, 0x81, byte(n)), challenge...)
	got = r.must(0x87, algorithm, 0x9b, msg)
	want := make([]byte, n)
	block.Encrypt(want, challenge)
	if !bytes.Equal(got, append([]byte{0x7c, byte(n + 2), 0x82, byte(n)}, want...)) {
		r.t.Fatalf("answer to the challenge %x", got)
	}
}

func TestATR(t *testing.T) {
	k, _ := newKey(t, Config{})
	var sum byte
	for _, b := range k.ATR()[1:] {
		sum ^= b
	}
	if sum != 0 || !bytes.Contains(k.ATR(), []byte("YubiKey")) {
		t.Errorf("%x", k.ATR())
	}
}

func TestCardApplications(t *testing.T) {
	k, _ := newKey(t, Config{Serial: 12345678})
	r := insert(t, k)
	t.Run("the management application tells its version and device info", func(t *testing.T) {
		if got := r.must(0xa4, 4, 0, aidManagement); string(got) != "Virtual mgr - FW version 5.4.3" {
			t.Errorf("got %q", got)
		}
		_, hid := dial(t, k).call(cmdDeviceInfo, nil)
		if got := r.must(0x1d, 0, 0, nil); !bytes.Equal(got, hid) {
			t.Errorf("card %x, HID %x", got, hid)
		}
	})
	t.Run("the OTP application tells version and serial", func(t *testing.T) {
		if got := r.must(0xa4, 4, 0, aidOTP); !bytes.Equal(got[:3], []byte{5, 4, 3}) || len(got) != 6 {
			t.Errorf("status %x", got)
		}
		if got := r.must(1, 0x10, 0, nil); !bytes.Equal(got, []byte{0, 0xbc, 0x61, 0x4e}) {
			t.Errorf("serial %x", got)
		}
	})
	t.Run("the PIV application tells version and serial", func(t *testing.T) {
		if got := r.must(0xa4, 4, 0, aidPIV[:5]); !bytes.Equal(got, unhex(t, "61 11 4f 06 00 00 10 00 01 00 79 07 4f 05 a0 00 00 03 08")) {
			t.Errorf("select %x", got)
		}
		if got := r.must(0xfd, 0, 0, nil); !bytes.Equal(got, []byte{5, 4, 3}) {
			t.Errorf("version %x", got)
		}
		if got := r.must(0xf8, 0, 0, nil); !bytes.Equal(got, []byte{0, 0xbc, 0x61, 0x4e}) {
			t.Errorf("serial %x", got)
		}
	})
	for _, tt := range []struct {
		name string
		apdu string
		want statusWord
	}{
		{"an unknown application", "00 a4 04 00 06 a0 00 00 01 51 00", swNotFound},
		{"too short an identifier", "00 a4 04 00 02 a0 00", swNotFound},
		{"an unknown instruction", "00 55 00 00", swInstruction},
		{"a foreign class", "a4 04 00 08", swClass},
		{"a header cut off", "00 a4", swWrongLength},
		{"a length that lies", "00 a4 04 00 09 a0 00", swWrongLength},
		{"an extended length that lies", "00 a4 04 00 00 01 00 a0", swWrongLength},
		{"writing without the management key", "00 db 3f ff 05 5c 03 5f c1 02", swSecurity},
		{"generating without the management key", "00 47 00 9a 05 ac 03 80 01 11", swSecurity},
		{"an object that is not there", "00 cb 3f ff 05 5c 03 5f c1 02 00", swNotFound},
		{"printed information without the PIN", "00 cb 3f ff 05 5c 03 5f c1 09 00", swSecurity},
		{"the attestation of an empty slot", "00 f9 9a 00 00", swNoReference},
		{"the metadata of an empty slot", "00 f7 00 9a 00", swNoReference},
		{"signing with an empty slot", "00 87 11 9a 06 7c 04 82 00 81 00 00", swWrongData},
		{"a PIN of the wrong length", "00 20 00 80 02 31 32", swWrongData},
		{"a reset with PIN and PUK in order", "00 fb 00 00", swConditions},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.selectPIV()
			if _, sw := r.transmit(unhex(t, tt.apdu)); sw != tt.want {
				t.Errorf("got %04x, want %04x", uint16(sw), uint16(tt.want))
			}
		})
	}
	t.Run("a reset card has no application selected", func(t *testing.T) {
		r.selectPIV()
		k.PowerOn()
		if _, sw := r.send(0xfd, 0, 0, nil); sw != swInstruction {
			t.Errorf("got %04x", uint16(sw))
		}
		k.PowerOff()
		if got := k.APDU([]byte{0, 0xa4, 4, 0}); got != nil {
			t.Errorf("without power it answered %x", got)
		}
		k.PowerOn()
		r.selectPIV()
	})
	t.Run("the card's serial may differ from HID's", func(t *testing.T) {
		k, _ := newKey(t, Config{Serial: 1, Quirks: Quirks{CardSerial: 2}})
		r := insert(t, k)
		r.selectPIV()
		_, hid := dial(t, k).call(cmdDeviceInfo, nil)
		if got := r.must(0xf8, 0, 0, nil); !bytes.Equal(got, []byte{0, 0, 0, 2}) || !bytes.Contains(hid, []byte{2, 4, 0, 0, 0, 1}) {
			t.Errorf("card %x, HID %x", got, hid)
		}
	})
	t.Run("a disabled PIV application is not found", func(t *testing.T) {
		k, _ := newKey(t, Config{Quirks: Quirks{NoPIV: true}})
		if _, sw := insert(t, k).send(0xa4, 4, 0, aidPIV[:5]); sw != swNotFound {
			t.Errorf("got %04x", uint16(sw))
		}
	})
}

func TestLongAnswers(t *testing.T) {
	k, _ := newKey(t, Config{})
	short, extended := insert(t, k), insert(t, k)
	extended.extended = true
	short.selectPIV()
	get := []byte{0x5c, 3, 0x5f, 0xff, 1}
	first, sw := short.transmit(append([]byte{0, 0xcb, 0x3f, 0xff, 5}, append(get, 0)...))
	if len(first) != 256 || sw>>8 != 0x61 {
		t.Errorf("%d bytes and %04x", len(first), uint16(sw))
	}
	a, b := short.must(0xcb, 0x3f, 0xff, get), extended.must(0xcb, 0x3f, 0xff, get)
	if !bytes.Equal(a, b) || len(a) < 300 {
		t.Errorf("short gave %d bytes, extended %d", len(a), len(b))
	}
	if _, sw := short.transmit([]byte{0, 0xc0, 0, 0, 0}); sw != swOK {
		t.Errorf("nothing left gave %04x", uint16(sw))
	}
}

func TestPIVObjects(t *testing.T) {
	k, _ := newKey(t, Config{})
	for _, extended := range []bool{false, true} {
		r := insert(t, k)
		r.extended = extended
		r.selectPIV()
		r.admin(alg3DES)
		value := bytes.Repeat([]byte{0xab}, 1000)
		object := append([]byte{0x5c, 3, 0x5f, 0xc1, 5, 0x53, 0x82, 3, 0xe8}, value...)
		r.must(0xdb, 0x3f, 0xff, object)
		if got := r.must(0xcb, 0x3f, 0xff, []byte{0x5c, 3, 0x5f, 0xc1, 5}); !bytes.Equal(got, object[5:]) {
			t.Errorf("extended %v: got %d bytes", extended, len(got))
		}
		r.must(0xdb, 0x3f, 0xff, []byte{0x5c, 3, 0x5f, 0xc1, 5, 0x53, 0})
		if _, sw := r.send(0xcb, 0x3f, 0xff, []byte{0x5c, 3, 0x5f, 0xc1, 5}); sw != swNotFound {
			t.Errorf("a deleted object gave %04x", uint16(sw))
		}
		if _, sw := r.send(0xdb, 0x3f, 0xff, append([]byte{0x5c, 3, 0x5f, 0xc1, 5, 0x53, 0x82, 0x0b, 0xf0}, make([]byte, 3056)...)); sw != swNoSpace {
			t.Errorf("too large an object gave %04x", uint16(sw))
		}
		if got := r.must(0xcb, 0x3f, 0xff, []byte{0x5c, 1, 0x7e}); got[0] != 0x7e || int(got[1]) != len(got)-2 {
			t.Errorf("discovery object %x", got)
		}
	}
}

func TestPIVPIN(t *testing.T) {
	k, _ := newKey(t, Config{})
	r := insert(t, k)
	r.selectPIV()
	pad := func(s string) []byte { return append([]byte(s), bytes.Repeat([]byte{0xff}, 8-len(s))...) }
	step := func(want statusWord, ins, p1, p2 byte, data ...string) {
		t.Helper()
		var b []byte
		for _, d := range data {
			b = append(b, pad(d)...)
		}
		if _, sw := r.send(ins, p1, p2, b); sw != want {
			t.Errorf("%02x %02x %v gave %04x, want %04x", ins, p2, data, uint16(sw), uint16(want))
		}
	}
	step(0x63c3, 0x20, 0, 0x80)
	step(0x63c2, 0x20, 0, 0x80, "000000")
	step(swOK, 0x20, 0, 0x80, "123456")
	step(swOK, 0x20, 0, 0x80)
	step(swOK, 0x20, 0xff, 0x80)
	step(0x63c3, 0x20, 0, 0x80)
	step(0x63c2, 0x24, 0, 0x80, "000000", "654321")
	step(swWrongData, 0x24, 0, 0x80, "123456", "1")
	step(swOK, 0x24, 0, 0x80, "123456", "654321")
	for _, want := range []statusWord{0x63c2, 0x63c1, swBlocked, swBlocked} {
		step(want, 0x20, 0, 0x80, "123456")
	}
	step(swBlocked, 0x20, 0, 0x80)
	step(0x63c2, 0x2c, 0, 0x80, "00000000", "777777")
	step(swOK, 0x2c, 0, 0x80, "12345678", "777777")
	step(swOK, 0x20, 0, 0x80, "777777")
	step(swOK, 0x24, 0, 0x81, "12345678", "87654321")
	if got := r.must(0xf7, 0, 0x80, nil); !bytes.Equal(got, unhex(t, "0101ff 050100 06020303")) {
		t.Errorf("PIN metadata %x", got)
	}
	r.admin(alg3DES)
	step(swOK, 0xfa, 5, 4)
	if got := r.must(0xf7, 0, 0x81, nil); !bytes.Equal(got, unhex(t, "0101ff 050101 06020404")) {
		t.Errorf("PUK metadata %x", got)
	}
	for range 5 {
		r.send(0x20, 0, 0x80, pad(""))
	}
	for range 4 {
		r.send(0x2c, 0, 0x80, append(pad(""), pad("")...))
	}
	r.must(0xfb, 0, 0, nil)
	step(swOK, 0x20, 0, 0x80, "123456")
}

func TestManagementKey(t *testing.T) {
	for _, tt := range []struct {
		version hw.Version
		alg     byte
	}{
		{hw.Version{Major: 5, Minor: 4, Patch: 3}, alg3DES},
		{hw.Version{Major: 5, Minor: 7, Patch: 4}, algAES192},
	} {
		t.Run(tt.version.String(), func(t *testing.T) {
			k, _ := newKey(t, Config{Version: tt.version})
			r := insert(t, k)
			r.selectPIV()
			if got := r.must(0xf7, 0, 0x9b, nil); !bytes.Equal(got, []byte{1, 1, tt.alg, 2, 2, 0, 1, 5, 1, 1}) {
				t.Errorf("metadata %x", got)
			}
			r.admin(tt.alg)
			key := bytes.Repeat([]byte{9}, 32)
			r.must(0xff, 0xff, 0xff, append([]byte{algAES256, 0x9b, 32}, key...))
			if got := r.must(0xf7, 0, 0x9b, nil); !bytes.Equal(got, []byte{1, 1, algAES256, 2, 2, 0, 1, 5, 1, 0}) {
				t.Errorf("metadata %x", got)
			}
			k.PowerOn()
			r.selectPIV()
			if _, sw := r.send(0x87, tt.alg, 0x9b, []byte{0x7c, 2, 0x80, 0}); sw != swParameters {
				t.Errorf("the old algorithm gave %04x", uint16(sw))
			}
			t.Run("the host alone may prove itself", func(t *testing.T) {
				got := r.must(0x87, algAES256, 0x9b, []byte{0x7c, 2, 0x81, 0})
				block, err := aes.NewCipher(key)
				if err != nil {
					t.Fatal(err)
				}
				answer := make([]byte, 16)
				block.Encrypt(answer, got[4:])
				answer[0] ^= 1
				if _, sw := r.send(0x87, algAES256, 0x9b, append([]byte{0x7c, 18, 0x82, 16}, answer...)); sw != swSecurity {
					t.Errorf("a wrong answer gave %04x", uint16(sw))
				}
				answer[0] ^= 1
				if _, sw := r.send(0x87, algAES256, 0x9b, append([]byte{0x7c, 18, 0x82, 16}, answer...)); sw != swSecurity {
					t.Errorf("the challenge did for two tries: %04x", uint16(sw))
				}
				got = r.must(0x87, algAES256, 0x9b, []byte{0x7c, 2, 0x81, 0})
				block.Encrypt(answer, got[4:])
				r.must(0x87, algAES256, 0x9b, append([]byte{0x7c, 18, 0x82, 16}, answer...))
				r.must(0xdb, 0x3f, 0xff, []byte{0x5c, 3, 0x5f, 0xc1, 5, 0x53, 1, 1})
			})
		})
	}
}

func sequenceOf(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	if len(body) < 0x80 {
		return append([]byte{tag, byte(len(body))}, body...)
	}
	return append([]byte{tag, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
}

func TestPIVKeys(t *testing.T) {
	k, ca := newKey(t, Config{Serial: 28299003, Version: hw.Version{Major: 5, Minor: 7, Patch: 4}})
	r := insert(t, k)
	r.selectPIV()
	r.admin(algAES192)
	verifyPIN := func() { r.must(0x20, 0, 0x80, []byte("123456\xff\xff")) }
	sign := func(slot byte, alg Algorithm, input []byte) ([]byte, statusWord) {
		got, sw := r.send(0x87, byte(alg), slot, sequenceOf(0x7c, []byte{0x82, 0}, sequenceOf(0x81, input)))
		if sw != swOK {
			return nil, sw
		}
		_, inner, _, ok := nextTLV(got)
		_, sig, _, ok2 := nextTLV(inner)
		if !ok || !ok2 {
			t.Fatalf("answer %x", got)
		}
		return sig, sw
	}
	digest := sha256.Sum256([]byte("message"))
	for slot, curve := range map[byte]elliptic.Curve{0x9a: elliptic.P256(), 0x82: elliptic.P384()} {
		t.Run(fmt.Sprintf("slot %02x generates, attests and signs with %s", slot, curve.Params().Name), func(t *testing.T) {
			alg := ECCP256
			if curve == elliptic.P384() {
				alg = ECCP384
			}
			got := r.must(0x47, 0, slot, sequenceOf(0xac, []byte{0x80, 1, byte(alg)}))
			n := 1 + 2*(curve.Params().BitSize/8)
			if !bytes.Equal(got[:5], []byte{0x7f, 0x49, byte(n + 2), 0x86, byte(n)}) {
				t.Fatalf("public key %x", got)
			}
			pub, err := ecdsa.ParseUncompressedPublicKey(curve, got[5:])
			if err != nil {
				t.Fatal(err)
			}
			leaf := attestation(t, r, ca, slot)
			if !pub.Equal(leaf.PublicKey) {
				t.Error("the certificate is for another key")
			}
			r.must(0x20, 0xff, 0x80, nil)
			if _, sw := sign(slot, alg, digest[:]); sw != swSecurity {
				t.Errorf("without the PIN: %04x", uint16(sw))
			}
			verifyPIN()
			for range 2 {
				if sig, sw := sign(slot, alg, digest[:]); sw != swOK || !ecdsa.VerifyASN1(pub, digest[:], sig) {
					t.Errorf("signature %x, %04x", sig, uint16(sw))
				}
			}
			if got := r.must(0xf7, 0, slot, nil); !bytes.HasPrefix(got, []byte{1, 1, byte(alg), 2, 2, 2, 1, 3, 1, 1, 4}) {
				t.Errorf("metadata %x", got)
			}
			peer, err := pub.ECDH()
			if err != nil {
				t.Fatal(err)
			}
			ours, err := peer.Curve().(ecdh.Curve).GenerateKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			want, err := ours.ECDH(peer)
			if err != nil {
				t.Fatal(err)
			}
			secret := r.must(0x87, byte(alg), slot, sequenceOf(0x7c, []byte{0x82, 0}, sequenceOf(0x85, ours.PublicKey().Bytes())))
			if !bytes.HasSuffix(secret, want) {
				t.Errorf("shared secret %x, want %x", secret, want)
			}
		})
	}
	t.Run("RSA-2048 generates, attests and signs", func(t *testing.T) {
		r.must(0x47, 0, 0x9e, sequenceOf(0xac, []byte{0x80, 1, byte(RSA2048)}))
		pub := attestation(t, r, ca, 0x9e).PublicKey.(*rsa.PublicKey)
		block := append(append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 252)...), 0)
		block = append(block, 7)
		sig, sw := sign(0x9e, RSA2048, block)
		if sw != swOK {
			t.Fatalf("%04x", uint16(sw))
		}
		m := new(big.Int).Exp(new(big.Int).SetBytes(sig), big.NewInt(int64(pub.E)), pub.N)
		if !bytes.Equal(m.FillBytes(make([]byte, 256)), block) {
			t.Error("the signature does not open to the block")
		}
	})
	t.Run("slot 9c wants the PIN every time", func(t *testing.T) {
		r.must(0x47, 0, 0x9c, sequenceOf(0xac, []byte{0x80, 1, byte(ECCP256)}))
		verifyPIN()
		if _, sw := sign(0x9c, ECCP256, digest[:]); sw != swOK {
			t.Errorf("%04x", uint16(sw))
		}
		if _, sw := sign(0x9c, ECCP256, digest[:]); sw != swSecurity {
			t.Errorf("a second time: %04x", uint16(sw))
		}
	})
	t.Run("an imported key signs and is not attested", func(t *testing.T) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		scalar, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		r.must(0xfe, byte(ECCP256), 0x83, append(sequenceOf(0x06, scalar), 0xaa, 1, 1, 0xab, 1, 1))
		if sig, sw := sign(0x83, ECCP256, digest[:]); sw != swOK || !ecdsa.VerifyASN1(&key.PublicKey, digest[:], sig) {
			t.Errorf("%04x", uint16(sw))
		}
		if _, sw := r.send(0xf9, 0x83, 0, nil); sw != swWrongData {
			t.Errorf("attestation gave %04x", uint16(sw))
		}
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		r.must(0xfe, byte(RSA2048), 0x84, bytes.Join([][]byte{
			sequenceOf(0x01, rsaKey.Primes[0].Bytes()), sequenceOf(0x02, rsaKey.Primes[1].Bytes()),
		}, nil))
		if got := r.must(0xf7, 0, 0x84, nil); !bytes.Contains(got, rsaKey.N.Bytes()) {
			t.Errorf("metadata %x", got)
		}
	})
	t.Run("a key moves to an empty slot and can be deleted", func(t *testing.T) {
		r.must(0xf6, 0x95, 0x83, nil)
		if _, sw := r.send(0xf7, 0, 0x83, nil); sw != swNoReference {
			t.Errorf("the old slot gave %04x", uint16(sw))
		}
		if _, sw := r.send(0xf6, 0x9a, 0x95, nil); sw != swParameters {
			t.Errorf("onto another key: %04x", uint16(sw))
		}
		r.must(0xf6, 0xff, 0x95, nil)
		if _, sw := r.send(0xf7, 0, 0x95, nil); sw != swNoReference {
			t.Errorf("the deleted key gave %04x", uint16(sw))
		}
	})
	t.Run("the attestation key cannot be used, only seen", func(t *testing.T) {
		if _, sw := sign(0xf9, ECCP256, digest[:]); sw != swWrongData {
			t.Errorf("it signed: %04x", uint16(sw))
		}
		r.must(0xf7, 0, 0xf9, nil)
	})
}

// f9 reads the card's attestation certificate.
func f9(t *testing.T, r *reader) *x509.Certificate {
	t.Helper()
	object, sw := r.send(0xcb, 0x3f, 0xff, []byte{0x5c, 3, 0x5f, 0xff, 1})
	if sw != swOK {
		t.Fatalf("f9 gave %04x", uint16(sw))
	}
	_, body, rest, ok := nextTLV(object)
	tag, der, tail, ok2 := nextTLV(body)
	if !ok || !ok2 || len(rest) != 0 || tag != 0x70 || !bytes.Equal(tail, []byte{0x71, 1, 0, 0xfe, 0}) {
		t.Fatalf("f9 object %x", object)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// attestation reads a slot's certificate and checks chain and names.
func attestation(t *testing.T, r *reader, ca *CA, slot byte) *x509.Certificate {
	t.Helper()
	leaf, err := x509.ParseCertificate(r.must(0xf9, slot, 0, nil))
	if err != nil {
		t.Fatal(err)
	}
	issuer := f9(t, r)
	if issuer.Subject.CommonName != "Yubico PIV Attestation" || leaf.Subject.CommonName != fmt.Sprintf("YubiKey PIV Attestation %02x", slot) {
		t.Errorf("names %q, %q", issuer.Subject, leaf.Subject)
	}
	roots, middle := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PIVRootPEM())
	middle.AddCert(issuer)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: middle, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Error(err)
	}
	return leaf
}

func extensions(c *x509.Certificate) map[string]string {
	m := map[string]string{}
	for _, e := range c.Extensions {
		if id := e.Id.String(); strings.HasPrefix(id, "1.3.6.1.4.1.41482.") {
			m[strings.TrimPrefix(id, "1.3.6.1.4.1.41482.")] = hex.EncodeToString(e.Value)
		}
	}
	return m
}

func TestPIVAttestation(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
		want map[string]string
	}{
		{"5.4.3", Config{Serial: 1000, Slots: []Slot{{Slot: 0x9a, PIN: 3, Touch: 2}}},
			map[string]string{"3.3": "050403", "3.7": "0204000003e8", "3.8": "0302", "3.9": "01"}},
		{"5.7.4 FIPS, C", Config{Serial: 28299003, Version: hw.Version{Major: 5, Minor: 7, Patch: 4}, FIPS: true, FormFactor: hw.FormKeychainC, Slots: []Slot{{Slot: 0x9a}}},
			map[string]string{"3.3": "050704", "3.7": "020401afcefb", "3.8": "0201", "3.9": "83"}},
		{"4.3.7 has no serial", Config{Serial: 1000, Version: hw.Version{Major: 4, Minor: 3, Patch: 7}, Slots: []Slot{{Slot: 0x9a}}},
			map[string]string{"3.3": "040307", "3.8": "0201"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, _ := newKey(t, tt.cfg)
			r := insert(t, k)
			r.selectPIV()
			leaf, err := x509.ParseCertificate(r.must(0xf9, 0x9a, 0, nil))
			if err != nil {
				t.Fatal(err)
			}
			if got := extensions(leaf); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
			if got := extensions(f9(t, r))["3.3"]; got != tt.want["3.3"] {
				t.Errorf("f9 firmware %s", got)
			}
			if err := f9(t, r).CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("before 5.3 an imported key looks like an empty slot", func(t *testing.T) {
		k, _ := newKey(t, Config{Version: hw.Version{Major: 5, Minor: 2, Patch: 4}, Slots: []Slot{{Slot: 0x82, Imported: true}}})
		r := insert(t, k)
		r.selectPIV()
		if _, sw := r.send(0xf9, 0x82, 0, nil); sw != swNoReference {
			t.Errorf("attestation %04x", uint16(sw))
		}
		if _, sw := r.send(0xf7, 0, 0x82, nil); sw != swInstruction {
			t.Errorf("metadata %04x", uint16(sw))
		}
		if f9(t, r).BasicConstraintsValid {
			t.Error("f9 of 5.2.4 has BasicConstraints")
		}
	})
}

func TestPIVTouch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := newKey(t, Config{Touch: After(2 * time.Second), TouchTimeout: 15 * time.Second, Slots: []Slot{
			{Slot: 0x9a, PIN: policyPINNever, Touch: policyTouchAlways}, {Slot: 0x9e, PIN: policyPINNever, Touch: policyTouchCached},
		}})
		r := insert(t, k)
		r.selectPIV()
		sign := func(slot byte) (statusWord, time.Duration) {
			start := time.Now()
			_, sw := r.send(0x87, byte(ECCP256), slot, sequenceOf(0x7c, []byte{0x82, 0}, sequenceOf(0x81, make([]byte, 32))))
			return sw, time.Since(start)
		}
		for i, want := range []time.Duration{2 * time.Second, 2 * time.Second} {
			if sw, took := sign(0x9a); sw != swOK || took != want {
				t.Errorf("always, %d: %04x after %v", i, uint16(sw), took)
			}
		}
		for i, want := range []time.Duration{2 * time.Second, 0} {
			if sw, took := sign(0x9e); sw != swOK || took != want {
				t.Errorf("cached, %d: %04x after %v", i, uint16(sw), took)
			}
		}
		k.SetTouch(Never())
		if sw, took := sign(0x9a); sw != swSecurity || took != 15*time.Second {
			t.Errorf("never: %04x after %v", uint16(sw), took)
		}
		go func() {
			time.Sleep(time.Second)
			k.PowerOff()
		}()
		if _, err := r.ch.Transmit(context.Background(), append([]byte{0, 0x87, byte(ECCP256), 0x9a}, append([]byte{38}, sequenceOf(0x7c, []byte{0x82, 0}, sequenceOf(0x81, make([]byte, 32)))...)...)); !isGone(err) {
			t.Errorf("power taken while waiting: %v", err)
		}
	})
}

func FuzzAPDU(f *testing.F) {
	ca, err := NewCA()
	if err != nil {
		f.Fatal(err)
	}
	k, err := New(ca, Config{Serial: 1, Slots: []Slot{{Slot: 0x9a}}})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		"00a4040005a000000308", "00f99a0000", "00cb3fff055c035fff0100", "008703 9b047c028000", "0047009a05ac03800111",
		"10db3fff035c035f", "0020008008313233343536ffff", "00a40400000005a000000308", "00c0000000",
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, cmd []byte) {
		k.APDU([]byte{0, 0xa4, 4, 0, 5, 0xa0, 0, 0, 3, 8})
		if answer := k.APDU(cmd); len(answer) < 2 {
			t.Errorf("%x: answered %x", cmd, answer)
		}
	})
}

func FuzzReports(f *testing.F) {
	ca, err := NewCA()
	if err != nil {
		f.Fatal(err)
	}
	k, err := New(ca, Config{Serial: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{4})
	f.Add([]byte{2, 0xa1, 1, 0x61, 'a'})
	f.Add([]byte{6, 0xa2, 1, 1, 2, 2})
	f.Add([]byte{1, 0xa1, 6, 0xa1, 0x6b})
	f.Fuzz(func(t *testing.T, msg []byte) {
		if len(msg) > maxData {
			return
		}
		p := dial(t, k)
		defer p.stream.Close()
		if cmd, got := p.call(cmdCBOR, msg); cmd != cmdCBOR || len(got) == 0 {
			t.Errorf("%x: got %02x %x", msg, cmd, got)
		}
	})
}
