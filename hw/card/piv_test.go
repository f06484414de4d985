package card

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hwmfa/hw"
)

func packed(t testing.TB, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func certObject(cert []byte, info byte) []byte {
	return put(0x53, slices.Concat(put(0x70, cert), put(0x71, []byte{info}), put(0xFE, nil)))
}

func TestParseCertificate(t *testing.T) {
	cert := der(900)
	for _, tt := range []struct {
		name   string
		object []byte
		want   []byte
		is     error
	}{
		{"a plain certificate", certObject(cert, 0), cert, nil},
		{"a packed certificate", certObject(packed(t, cert), 1), cert, nil},
		{"a certificate without its info byte is plain", put(0x53, put(0x70, cert)), cert, nil},
		{"unknown tags are passed over", put(0x53, slices.Concat(put(0x72, []byte{1}), put(0x70, cert))), cert, nil},
		{"an empty object is empty", []byte{0x53, 0}, nil, errAbsent},
		{"an empty certificate is empty", put(0x53, put(0x70, nil)), nil, errAbsent},
		{"nothing at all is malformed", nil, nil, hw.ErrMalformed},
		{"another wrapper is malformed", put(0x54, put(0x70, cert)), nil, hw.ErrMalformed},
		{"bytes behind the object are malformed", append(certObject(cert, 0), 0), nil, hw.ErrMalformed},
		{"a length beyond the end is malformed", []byte{0x53, 0x82, 1, 0, 0x70, 1, 0}, nil, hw.ErrMalformed},
		{"an inner length beyond the end is malformed", put(0x53, []byte{0x70, 9, 0x30}), nil, hw.ErrMalformed},
		{"an indefinite length is malformed", []byte{0x53, 0x80, 0, 0}, nil, hw.ErrMalformed},
		{"two certificates are malformed", put(0x53, slices.Concat(put(0x70, cert), put(0x70, cert))), nil, hw.ErrMalformed},
		{"an unknown packing is malformed", certObject(cert, 2), nil, hw.ErrMalformed},
		{"an empty info byte is malformed", put(0x53, slices.Concat(put(0x70, cert), put(0x71, nil))), nil, hw.ErrMalformed},
		{"packed said of plain is malformed", certObject(cert, 1), nil, hw.ErrMalformed},
		{"a packed certificate cut short is malformed", certObject(packed(t, cert)[:20], 1), nil, hw.ErrMalformed},
		{"a packing that grows beyond all bounds is malformed", certObject(packed(t, make([]byte, 8<<20)), 1), nil, hw.ErrMalformed},
		{"what is no DER is malformed", certObject([]byte("certificate"), 0), nil, hw.ErrMalformed},
		{"DER with bytes behind it is malformed", certObject(append(slices.Clone(cert), 0), 0), nil, hw.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseCertificate(tt.object)
			if !errors.Is(err, tt.is) || (err == nil && !bytes.Equal(got, tt.want)) {
				t.Errorf("got %d bytes, %v, want %d, %v", len(got), err, len(tt.want), tt.is)
			}
		})
	}
}

func FuzzParseCertificate(f *testing.F) {
	cert := der(300)
	f.Add(certObject(cert, 0))
	f.Add(certObject(packed(f, cert), 1))
	f.Add([]byte{0x53, 0})
	f.Add([]byte{0x53, 0x82, 1, 0, 0x70, 1, 0})
	f.Fuzz(func(t *testing.T, object []byte) {
		got, err := parseCertificate(object)
		if err != nil {
			return
		}
		if len(got) > maxCertificate {
			t.Fatalf("kept %d bytes", len(got))
		}
		for _, again := range [][]byte{certObject(got, 0), certObject(packed(t, got), 1)} {
			back, err := parseCertificate(again)
			if err != nil || !bytes.Equal(back, got) {
				t.Fatalf("written again it parses to %d bytes, %v, want %d", len(back), err, len(got))
			}
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte{1, 1, 0x11, 2, 2, 1, 1, 3, 1, 1, 4, 2, 0x86, 0})
	f.Add([]byte{3, 1, 2})
	f.Add([]byte{3, 0x82, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		tlvs, err := split(b)
		if err != nil {
			return
		}
		var again []byte
		for tag, v := range tlvs {
			again = append(again, put(tag, v)...)
		}
		back, err := split(again)
		if err != nil || !reflect.DeepEqual(back, tlvs) {
			t.Fatalf("%x written again parses to %v, %v", b, back, err)
		}
		_, _ = parseOrigin(b)
	})
}

// yubiKey is a PIV application with these answers to metadata and attestation;
// every other slot is empty as its firmware says it.
func yubiKey(t *testing.T, version string, f9 []byte, slots map[byte][2]string) *script {
	exchanges := map[string][]string{
		toPIV:      {pivGreeting},
		pivVersion: {version + "9000"},
	}
	chained(exchanges, getF9, f9)
	for _, slot := range pivSlots {
		metadata, attest := "6A88", "6A80"
		if version < "050300" {
			metadata = "6D00"
		}
		if s, ok := slots[slot]; ok {
			metadata, attest = s[0], s[1]
		}
		exchanges[fmt.Sprintf("00F700%02X00", slot)] = []string{metadata}
		exchanges[fmt.Sprintf("00F9%02X0000", slot)] = []string{attest}
	}
	return newScript(t, exchanges)
}

func TestReadPIVEvidence(t *testing.T) {
	f9 := der(700)
	object := certObject(f9, 0)
	one, two := der(120), der(90)
	ok := func(b []byte) string { return tohex(b) + "9000" }
	const generated, imported = "010111020201010301019000", "010111020201010301029000"
	slot := func(s byte, b []byte) hw.PIVSlot { return hw.PIVSlot{Slot: s, Certificate: b} }
	for _, tt := range []struct {
		name   string
		script *script
		f9     []byte
		slots  []hw.PIVSlot
		is     error
		word   string
	}{
		{"no key in any slot", yubiKey(t, "050403", object, nil), f9, nil, nil, ""},
		{"keys come in the order of the slots", yubiKey(t, "050403", object, map[byte][2]string{0x95: {generated, ok(two)}, 0x9C: {generated, ok(one)}}),
			f9, []hw.PIVSlot{slot(0x9C, one), slot(0x95, two)}, nil, ""},
		{"an imported key is left out and not asked to attest", yubiKey(t, "050403", object, map[byte][2]string{0x9A: {imported, "gone"}, 0x82: {generated, ok(one)}}),
			f9, []hw.PIVSlot{slot(0x82, one)}, nil, ""},
		{"below 5.3 the attestation decides", yubiKey(t, "040307", object, map[byte][2]string{0x9A: {"6D00", ok(one)}, 0x9C: {"6D00", "6A88"}, 0x9D: {"6D00", "6A82"}}),
			f9, []hw.PIVSlot{slot(0x9A, one)}, nil, ""},
		{"metadata that is not known after all", yubiKey(t, "050403", object, map[byte][2]string{0x9A: {"6D00", ok(one)}, 0x9C: {"6D00", "6A80"}}),
			f9, []hw.PIVSlot{slot(0x9A, one)}, nil, ""},
		{"a generated key that does not attest is named, the others are kept",
			yubiKey(t, "050403", object, map[byte][2]string{0x9A: {generated, "6A80"}, 0x9D: {generated, ok(one)}}),
			f9, []hw.PIVSlot{slot(0x9D, one)}, nil, "slot 9a"},
		{"a refusal is named", yubiKey(t, "040307", object, map[byte][2]string{0x9E: {"6D00", "6982"}}), f9, nil, hw.ErrRefused, "slot 9e"},
		{"an attestation that is no certificate is named", yubiKey(t, "050403", object, map[byte][2]string{0x82: {generated, "01029000"}}),
			f9, nil, hw.ErrMalformed, "slot 82"},
		{"metadata without an origin are named", yubiKey(t, "050403", object, map[byte][2]string{0x83: {"0101119000", ok(one)}}),
			f9, nil, hw.ErrMalformed, "slot 83"},
		{"a key pulled out in the middle", yubiKey(t, "050403", object, map[byte][2]string{0x9A: {generated, ok(one)}, 0x9D: {"gone", ""}}),
			f9, []hw.PIVSlot{slot(0x9A, one)}, hw.ErrGone, "slot 9d"},
		{"a key without f9 has no evidence", yubiKey(t, "050403", []byte{0x53, 0}, map[byte][2]string{0x9A: {generated, ok(one)}}), nil, nil, nil, ""},
		{"nor has firmware before 4.3", yubiKey(t, "040206", object, map[byte][2]string{0x9A: {"6D00", ok(one)}}), nil, nil, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadPIVEvidence(context.Background(), tt.script)
			if (err != nil) != (tt.word != "") || (tt.is != nil && !errors.Is(err, tt.is)) || (err != nil && !strings.Contains(err.Error(), tt.word)) {
				t.Errorf("got error %v, want %v naming %q", err, tt.is, tt.word)
			}
			want := &hw.PIVEvidence{F9: tt.f9, Slots: tt.slots}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	t.Run("a damaged f9 certificate is an error", func(t *testing.T) {
		if got, err := ReadPIVEvidence(context.Background(), yubiKey(t, "050403", certObject(f9, 7), nil)); !errors.Is(err, hw.ErrMalformed) || got != nil {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("the slots are the 24 that can hold an attested key", func(t *testing.T) {
		if len(pivSlots) != 24 || pivSlots[4] != 0x82 || pivSlots[23] != 0x95 {
			t.Errorf("got %x", pivSlots)
		}
	})
	t.Run("after the key is gone nothing more is sent", func(t *testing.T) {
		s := yubiKey(t, "050403", object, map[byte][2]string{0x9A: {"gone", ""}})
		_, err := ReadPIVEvidence(context.Background(), s)
		if last := s.sent[len(s.sent)-1]; !errors.Is(err, hw.ErrGone) || last != "00F7009A00" {
			t.Errorf("got %v, last command %s", err, last)
		}
	})
}

func TestUnpackStopsReading(t *testing.T) {
	bomb := packed(t, make([]byte, 8<<20))
	b, err := unpack(bomb)
	if err != nil || len(b) != maxCertificate+1 {
		t.Errorf("got %d bytes, %v, want the bound and one more", len(b), err)
	}
}
