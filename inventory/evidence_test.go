package inventory

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"reflect"
	"testing"
	"time"

	"hwmfa/hw"
)

var evidences = map[string]hw.Evidence{
	"nothing":    {},
	"FIDO alone": {FIDO: &hw.FIDOEvidence{RPID: "hwmfa.invalid", ClientDataHash: make([]byte, 32), AttestationObject: []byte{0, 0xff, '"', '<'}}},
	"PIV alone":  {PIV: &hw.PIVEvidence{F9: []byte{0x30}, Slots: []hw.PIVSlot{{Slot: 0x9a, Certificate: []byte{1}}, {Slot: 0x82}}}},
	"nil slices": {FIDO: &hw.FIDOEvidence{ClientDataHash: make([]byte, 32)}, PIV: &hw.PIVEvidence{}},
	"empty slices": {
		FIDO: &hw.FIDOEvidence{ClientDataHash: make([]byte, 32), AttestationObject: []byte{}},
		PIV:  &hw.PIVEvidence{F9: []byte{}, Slots: []hw.PIVSlot{{Certificate: []byte{}}}},
	},
	"no slots":        {PIV: &hw.PIVEvidence{Slots: []hw.PIVSlot{}}},
	"a hostile RP ID": {FIDO: &hw.FIDOEvidence{RPID: "a\x00\u2028\"<\ufffd", ClientDataHash: make([]byte, 32)}},
}

func TestEvidenceRoundTrip(t *testing.T) {
	for name, ev := range evidences {
		t.Run(name, func(t *testing.T) {
			data, err := EncodeEvidence(ev)
			if err != nil {
				t.Fatal(err)
			}
			got, err := DecodeEvidence(data)
			if err != nil || !reflect.DeepEqual(got, ev) {
				t.Errorf("got %+v, %v; want %+v (as %s)", got, err, ev, data)
			}
		})
	}
}

func TestDecodeEvidenceStrict(t *testing.T) {
	good, err := EncodeEvidence(evidences["PIV alone"])
	if err != nil {
		t.Fatal(err)
	}
	swap := func(old, new string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("%s does not contain %s", good, old)
		}
		return bytes.Replace(good, []byte(old), []byte(new), 1)
	}
	for name, data := range map[string][]byte{
		"nothing":                     nil,
		"cut short":                   good[:len(good)-1],
		"a line break at the end":     append(bytes.Clone(good), '\n'),
		"a second value at the end":   append(bytes.Clone(good), "{}"...),
		"a space":                     swap(`,"piv"`, `, "piv"`),
		"a name in another case":      swap(`"piv"`, `"PIV"`),
		"an unknown name":             swap(`"fido":null`, `"fido":null,"x":1`),
		"a repeated name":             swap(`"fido":null`, `"fido":null,"fido":null`),
		"a missing name":              swap(`"fido":null,`, ``),
		"names in another order":      []byte(`{"schema":"hwmfa.evidence/v1","piv":null,"fido":null}`),
		"another schema":              swap(`evidence/v1`, `evidence/v2`),
		"a slot in upper case":        swap(`"9a"`, `"9A"`),
		"a slot of two bytes":         swap(`"9a"`, `"9a9a"`),
		"base64 with loose end bits":  swap(`"MA=="`, `"MB=="`),
		"base64 with a line break":    swap(`"MA=="`, `"MA\n=="`),
		"a number for a certificate":  swap(`"MA=="`, `48`),
		"a client hash that is short": []byte(`{"fido":{"attestation_object":null,"client_data_hash":"AA==","rp_id":""},"piv":null,"schema":"hwmfa.evidence/v1"}`),
	} {
		if ev, err := DecodeEvidence(data); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %+v, %v; want %v", name, ev, err, ErrDamaged)
		}
	}
}

// FuzzDecodeEvidence: what is accepted is written again as the same bytes.
func FuzzDecodeEvidence(f *testing.F) {
	for _, ev := range evidences {
		data, err := EncodeEvidence(ev)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"fido":null,"fido":null,"piv":null,"schema":"hwmfa.evidence/v1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ev, err := DecodeEvidence(data)
		if err != nil {
			return
		}
		again, err := EncodeEvidence(ev)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%q is read and written as %q, %v", data, again, err)
		}
	})
}

// FuzzEvidenceRoundTrip: whatever a key sends comes back byte for byte.
func FuzzEvidenceRoundTrip(f *testing.F) {
	f.Add("hwmfa.invalid", []byte{1}, []byte{2}, byte(0x9a), []byte{3})
	f.Add("\xff", []byte(nil), []byte{}, byte(0), []byte(nil))
	f.Fuzz(func(t *testing.T, rpid string, object, f9 []byte, slot byte, certificate []byte) {
		ev := hw.Evidence{
			FIDO: &hw.FIDOEvidence{RPID: rpid, ClientDataHash: make([]byte, 32), AttestationObject: object},
			PIV:  &hw.PIVEvidence{F9: f9, Slots: []hw.PIVSlot{{Slot: slot, Certificate: certificate}}},
		}
		data, err := EncodeEvidence(ev)
		if err != nil {
			return
		}
		got, err := DecodeEvidence(data)
		if err != nil || !reflect.DeepEqual(got, ev) {
			t.Errorf("got %+v, %v; want %+v", got, err, ev)
		}
	})
}

// FuzzDecodeStatements: what is accepted is written again as the same bytes,
// as long as its texts are ones this program would have let in.
func FuzzDecodeStatements(f *testing.F) {
	data, err := encodeStatements(
		hw.FIDOStatement{Status: hw.StatusInvalid, Reason: "bad_signature", Detail: "x\x1b[31m", CredentialID: []byte{1}, AAGUID: hw.AAGUID{1}},
		[]hw.PIVStatement{{Status: hw.StatusVerified, Slot: 0x9a, Firmware: hw.Version{Major: 5}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		fido, piv, err := decodeStatements(data)
		if err != nil {
			return
		}
		once, err := encodeStatements(fido, piv)
		if err != nil {
			t.Fatal(err)
		}
		fido, piv, err = decodeStatements(once)
		if err != nil {
			t.Fatalf("%s cannot be read again: %v", once, err)
		}
		if twice, err := encodeStatements(fido, piv); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s becomes %s, %v", once, twice, err)
		}
	})
}

func TestRecordRead(t *testing.T) {
	evidence, err := EncodeEvidence(evidences["PIV alone"])
	if err != nil {
		t.Fatal(err)
	}
	statements, err := encodeStatements(hw.FIDOStatement{Status: hw.StatusAbsent, Detail: "a\x1bb\xff"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	good := Record{
		KeyID: "K-7Q2M4XRD", Event: 1, At: time.Unix(1.8e9, 0), Evidence: string(evidence), SHA256: sha256.Sum256(evidence), Statements: string(statements),
	}
	a, err := good.Read()
	if err != nil || !reflect.DeepEqual(a.Evidence, evidences["PIV alone"]) || a.FIDO.Detail != "a\ufffdb\ufffd" {
		t.Errorf("read %+v, %v", a, err)
	}
	for i := range evidence { // every byte, one bit each
		bad := good
		flipped := bytes.Clone(evidence)
		flipped[i] ^= 1
		bad.Evidence = string(flipped)
		if _, err := bad.Read(); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d flipped: %v, want %v", i, err, ErrDamaged)
		}
		bad.SHA256 = sha256.Sum256(flipped)
		if a, err := bad.Read(); err == nil && reflect.DeepEqual(a.Evidence, evidences["PIV alone"]) {
			t.Fatalf("byte %d flipped and hashed again reads as the same evidence", i)
		}
	}
}

func TestSummarize(t *testing.T) {
	fido := func(s hw.Status) hw.FIDOStatement { return hw.FIDOStatement{Status: s, Anchor: "F"} }
	piv := func(all ...hw.Status) (list []hw.PIVStatement) {
		for _, s := range all {
			list = append(list, hw.PIVStatement{Status: s, Anchor: "P"})
		}
		return list
	}
	tests := []struct {
		name   string
		fido   hw.FIDOStatement
		piv    []hw.PIVStatement
		want   Summary
		status hw.Status
	}{
		{"both verified", fido(hw.StatusVerified), piv(hw.StatusVerified), Summary{hw.StatusVerified, hw.StatusVerified, "F"}, hw.StatusVerified},
		{"FIDO alone", fido(hw.StatusVerified), nil, Summary{hw.StatusVerified, hw.StatusAbsent, "F"}, hw.StatusVerified},
		{"PIV alone", hw.FIDOStatement{}, piv(hw.StatusVerified), Summary{hw.StatusAbsent, hw.StatusVerified, "P"}, hw.StatusVerified},
		{"nothing", hw.FIDOStatement{}, nil, Summary{hw.StatusAbsent, hw.StatusAbsent, ""}, hw.StatusAbsent},
		{"one bad slot spoils the rest", fido(hw.StatusVerified), piv(hw.StatusVerified, hw.StatusInvalid), Summary{hw.StatusVerified, hw.StatusInvalid, "F"}, hw.StatusInvalid},
		{"an anchor that was not reached is not named", fido(hw.StatusUntrusted), nil, Summary{hw.StatusUntrusted, hw.StatusAbsent, ""}, hw.StatusUntrusted},
		{"refused beside verified", fido(hw.StatusRefused), piv(hw.StatusVerified), Summary{hw.StatusRefused, hw.StatusVerified, "P"}, hw.StatusRefused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Summarize(tt.fido, tt.piv)
			if got != tt.want || got.Status() != tt.status {
				t.Errorf("got %+v (%s), want %+v (%s)", got, got.Status(), tt.want, tt.status)
			}
		})
	}
}
