package softkey

import (
	"bytes"
	"crypto/aes"
	"testing"

	"hwmfa/hw"
)

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
