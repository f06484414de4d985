package softkey

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/hex"
	"strings"
	"testing"

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
