package card

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"hwmfa/hw"
)

// Commands of a session, as they are sent.
const (
	metadata95    = "00F7009500"
	metadata9B    = "00F7009B00"
	certificate95 = "00CB3FFF055C035FC120"
	generate95    = "004700950BAC09800111AA0101AB0101"
)

// pivCard is a card with an empty slot 95, with what is different on this one.
func pivCard(t *testing.T, firmware string, exchanges map[string][]string) (*PIVSession, *script) {
	t.Helper()
	all := map[string][]string{
		"00A4040005A000000308": {"9000"},
		"00FD000000":           {firmware + "9000"},
		"00F8000000":           {"00BC614E9000"},
		metadata95:             {"6A88"},
		certificate95:          {"6A82"},
	}
	for command, answers := range exchanges {
		all[command] = answers
	}
	ch := newScript(t, all)
	s, err := OpenPIV(t.Context(), ch)
	if err != nil {
		t.Fatal(err)
	}
	return s, ch
}

func (s *script) generated() bool {
	for _, command := range s.sent {
		if strings.HasPrefix(command, "0047") {
			return true
		}
	}
	return false
}

const f543 = "050403"

// TestCheckEmpty wants a slot to be empty only where the card says so in so
// many words, and holds Generate to the same.
func TestCheckEmpty(t *testing.T) {
	for _, tt := range []struct {
		name      string
		firmware  string
		slot      byte
		exchanges map[string][]string
		is        error // nil: empty
		not       error
	}{
		{"no key and no certificate is empty", f543, 0x95, nil, nil, nil},
		{"so is a certificate that was deleted", f543, 0x95, map[string][]string{certificate95: {"53009000"}}, nil, nil},
		{"a generated key", f543, 0x95, map[string][]string{metadata95: {"0101110202010103010104009000"}}, ErrOccupied, nil},
		{"an imported key", f543, 0x95, map[string][]string{metadata95: {"0101110202010103010204009000"}}, ErrOccupied, nil},
		{"a certificate without a key", f543, 0x95, map[string][]string{certificate95: {tohex(certObject(der(40), 0)) + "9000"}}, ErrOccupied, nil},
		{"firmware below 5.3, whatever the card says", "050204", 0x95, nil, hw.ErrUnsupported, ErrOccupied},
		{"metadata unknown is not empty", f543, 0x95, map[string][]string{metadata95: {"6D00"}}, hw.ErrUnsupported, ErrOccupied},
		{"not found is not empty either", f543, 0x95, map[string][]string{metadata95: {"6A82"}}, hw.ErrUnsupported, ErrOccupied},
		{"nor is any other failure", f543, 0x95, map[string][]string{metadata95: {"6F00"}}, new(StatusError), ErrOccupied},
		{"metadata of one byte", f543, 0x95, map[string][]string{metadata95: {"019000"}}, hw.ErrMalformed, ErrOccupied},
		{"metadata of no bytes", f543, 0x95, map[string][]string{metadata95: {"9000"}}, hw.ErrMalformed, ErrOccupied},
		{"a key of unknown origin", f543, 0x95, map[string][]string{metadata95: {"0301039000"}}, hw.ErrMalformed, ErrOccupied},
		{"a certificate that cannot be read", f543, 0x95, map[string][]string{certificate95: {"6982"}}, hw.ErrRefused, ErrOccupied},
		{"a broken certificate object", f543, 0x95, map[string][]string{certificate95: {"5305709000"}}, hw.ErrMalformed, ErrOccupied},
		{"a slot that is not retired", f543, 0x9A, nil, hw.ErrUnsupported, ErrOccupied},
		{"the attestation slot", f543, 0xF9, nil, hw.ErrUnsupported, ErrOccupied},
		{"a slot before the first", f543, 0x81, nil, hw.ErrUnsupported, ErrOccupied},
		{"a slot behind the last", f543, 0x96, nil, hw.ErrUnsupported, ErrOccupied},
		{"a card that is gone", f543, 0x95, map[string][]string{metadata95: {"gone"}}, hw.ErrGone, ErrOccupied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, ch := pivCard(t, tt.firmware, tt.exchanges)
			err := s.CheckEmpty(t.Context(), tt.slot)
			var status *StatusError
			switch _, any := tt.is.(*StatusError); {
			case tt.is == nil && err != nil, tt.is != nil && err == nil, any && !errors.As(err, &status),
				tt.is != nil && !any && !errors.Is(err, tt.is), tt.not != nil && errors.Is(err, tt.not):
				t.Errorf("got %v, want %v and not %v", err, tt.is, tt.not)
			}
			if tt.is == nil {
				return
			}
			if _, err := s.Generate(t.Context(), tt.slot); err == nil || ch.generated() {
				t.Errorf("generating: %v, command sent: %v", err, ch.generated())
			}
		})
	}
}

func TestRetiredObject(t *testing.T) {
	if got := tohex(retiredObject(0x82)) + tohex(retiredObject(0x95)); got != "5FC10D5FC120" {
		t.Errorf("got %s", got)
	}
}

func TestGenerate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	answer := "7F" + tohex(put(tagPublicKey, put(tagPoint, point))) + "9000"
	full := "0101110202010103010104009000"
	outside := append([]byte{4}, make([]byte, 64)...)
	for _, tt := range []struct {
		name  string
		after string // what metadata says after GENERATE
		says  string
		want  SlotState // "" for a key
	}{
		{"a key", full, answer, ""},
		{"refused, and the slot is as it was", "6A88", "6982", SlotEmpty},
		{"refused, and yet there is a key", full, "6F00", SlotWritten},
		{"refused, and the slot tells nothing", "6D00", "6F00", SlotUnknown},
		{"unplugged", "gone", "gone", SlotUnknown},
		{"no answer", full, "9000", SlotWritten},
		{"an answer of one byte", full, "7F9000", SlotWritten},
		{"another template", full, "7E" + answer[2:], SlotWritten},
		{"a point that is cut short", full, "7F4905860304AABB9000", SlotWritten},
		{"a point off the curve", full, "7F" + tohex(put(tagPublicKey, put(tagPoint, outside))) + "9000", SlotWritten},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := pivCard(t, f543, map[string][]string{metadata95: {"6A88", tt.after}, generate95: {tt.says}})
			public, err := s.Generate(t.Context(), 0x95)
			if tt.want == "" {
				if err != nil || !public.Equal(&key.PublicKey) {
					t.Errorf("got %v, %v", public, err)
				}
				return
			}
			failed, ok := errors.AsType[*SlotError](err)
			if !ok || failed.State != tt.want || failed.Slot != 0x95 || !strings.Contains(err.Error(), "slot 95") {
				t.Errorf("got %v, want slot 95 %s", err, tt.want)
			}
		})
	}
}

func TestParseManagement(t *testing.T) {
	for _, tt := range []struct {
		name     string
		firmware hw.Version
		metadata string
		want     Management // zero: malformed
	}{
		{"3DES from the factory", hw.Version{Major: 5, Minor: 4, Patch: 3}, "010103020200010501 01", Management{TripleDES, false, true}},
		{"AES-128", hw.Version{Major: 5, Minor: 4, Patch: 3}, "01010802020001050100", Management{AES128, false, false}},
		{"AES-192 from the factory", hw.Version{Major: 5, Minor: 7, Patch: 4}, "01010A02020001050101", Management{AES192, false, true}},
		{"AES-256 that wants a touch", hw.Version{Major: 5, Minor: 7, Patch: 4}, "01010C02020002050100", Management{AES256, true, false}},
		{"a cached touch is one too", hw.Version{Major: 5, Minor: 7, Patch: 4}, "01010C02020003050100", Management{AES256, true, false}},
		{"firmware 5.3 knows 3DES only and does not say so", hw.Version{Major: 5, Minor: 3, Patch: 1}, "02020001050101", Management{TripleDES, false, true}},
		{"later firmware has to say", hw.Version{Major: 5, Minor: 4, Patch: 3}, "02020001050101", Management{}},
		{"an unknown kind", hw.Version{Major: 5, Minor: 7, Patch: 4}, "01010B02020001050101", Management{}},
		{"a kind of two bytes", hw.Version{Major: 5, Minor: 7, Patch: 4}, "0102030302020001050101", Management{}},
		{"no policy", hw.Version{Major: 5, Minor: 7, Patch: 4}, "01010A050101", Management{}},
		{"a policy of one byte", hw.Version{Major: 5, Minor: 7, Patch: 4}, "01010A020101050101", Management{}},
		{"an unknown touch policy", hw.Version{Major: 5, Minor: 7, Patch: 4}, "01010A02020004050101", Management{}},
		{"no default flag", hw.Version{Major: 5, Minor: 7, Patch: 4}, "01010A02020001", Management{}},
		{"an odd default flag", hw.Version{Major: 5, Minor: 7, Patch: 4}, "01010A02020001050102", Management{}},
		{"one byte", hw.Version{Major: 5, Minor: 7, Patch: 4}, "01", Management{}},
		{"nothing", hw.Version{Major: 5, Minor: 7, Patch: 4}, "", Management{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseManagement(unhex(t, tt.metadata), tt.firmware)
			if got != tt.want || (err == nil) != (tt.want != Management{}) || err != nil && !errors.Is(err, hw.ErrMalformed) {
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

// TestAuthenticateWantsTheCardsProof: a card that lets everybody in does not
// know the management key, and is not the one that was meant.
func TestAuthenticateWantsTheCardsProof(t *testing.T) {
	witness := "00870A9B047C028000"
	zeros := strings.Repeat("00", 16)
	m := Management{Algorithm: AES192}
	for _, tt := range []struct{ name, witness, answer string }{
		{"a made-up proof", "7C128010" + zeros + "9000", "7C128210" + zeros + "9000"},
		{"a witness of a block that is too short", "7C0A800800000000000000009000", "6D00"},
		{"a witness in another template", "7D0080009000", "6D00"},
		{"no witness", "9000", "6D00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, ch := pivCard(t, "050704", map[string][]string{witness: {tt.witness}})
			ch.otherwise = tt.answer
			err := s.Authenticate(t.Context(), m, make([]byte, 24))
			if !errors.Is(err, hw.ErrMalformed) || errors.Is(err, hw.ErrManagementKey) {
				t.Errorf("got %v", err)
			}
		})
	}
	s, ch := pivCard(t, "050704", nil)
	before := len(ch.sent)
	if err := s.Authenticate(t.Context(), m, make([]byte, 16)); !errors.Is(err, hw.ErrManagementKey) || len(ch.sent) != before {
		t.Errorf("a key of the wrong length: got %v, %d commands sent", err, len(ch.sent)-before)
	}
}

// FuzzPIVAnswers has what a card says of its management key and of a new key
// pair read without harm, and nothing kept that the bounds forbid.
func FuzzPIVAnswers(f *testing.F) {
	f.Add(unhex(f, "01010A02020001050101"))
	f.Add(unhex(f, "7F4905860304AABB"))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseManagement(b, hw.Version{Major: 5, Minor: 7, Patch: 4}); err == nil && m.Algorithm.KeySize() == 0 {
			t.Errorf("%x gives a kind without a size", b)
		}
		if public, err := parseP256(b); err == nil {
			if point, err := public.Bytes(); err != nil || len(point) != 65 {
				t.Errorf("%x gives a point of %d bytes, %v", b, len(point), err)
			}
		}
	})
}
