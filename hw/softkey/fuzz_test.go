package softkey

import (
	"encoding/hex"
	"strings"
	"testing"
)

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
