//go:build cgo

package guest

import (
	"strconv"
	"testing"

	"hwmfa/hw/softkey"
)

// enrolled is what hwmfa enroll --json prints, as far as these tests look.
type enrolled struct {
	Key struct {
		Serial      *string
		Attestation struct{ FIDO, PIV string }
	}
	Silent string
}

// TestEnroll_quirks enrolls keys that behave as some in the field do, through
// the real kernel, libfido2 and pcscd.
func TestEnroll_quirks(t *testing.T) {
	number := strconv.Itoa(serial)
	for _, tt := range []struct {
		name      string
		cfg       softkey.Config
		serial    string
		fido, piv string
		silent    string
	}{
		{"a key without a card side", softkey.Config{Serial: serial, Quirks: softkey.Quirks{NoCard: true}}, number, "verified", "absent", "yes"},
		{"a key with neither serial nor card", softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true}}, "", "verified", "absent", "yes"},
		{"another number in the USB descriptor than in the key", softkey.Config{Serial: serial, SerialString: "0087654321"}, number, "verified", "absent", "yes"},
		{"PIV switched off", softkey.Config{Serial: serial, Quirks: softkey.Quirks{NoPIV: true}}, number, "verified", "absent", "yes"},
		{"an imported PIV key on firmware 5.2.4", softkey.Config{Serial: serial, Version: version(5, 2, 4), Slots: []softkey.Slot{{Slot: 0x9a, Imported: true}, {Slot: 0x9c}}},
			number, "verified", "verified", "yes"},
		{"strict firmware that wants a touch to prove itself", softkey.Config{Serial: serial, Quirks: softkey.Quirks{Silent: softkey.SilentUPRequired}}, number, "verified", "absent", "no"},
		{"a key that is busy when it is first asked what it is", softkey.Config{Serial: serial, Quirks: softkey.Quirks{GetInfoBusy: 2}}, number, "verified", "absent", "yes"},
		{"a key attested by itself", softkey.Config{Serial: serial, Quirks: softkey.Quirks{SelfAttestation: true}}, number, "refused", "absent", "yes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := plug(t, tt.cfg)
			newInventory(t, k.ca)
			out, err := try(t, "", "hwmfa", "enroll", "--place", "Berlin", "--json")
			want := 0
			if tt.fido != "verified" {
				want = 3
			}
			if exitStatus(err) != want {
				t.Fatalf("got status %d (%v), want %d", exitStatus(err), err, want)
			}
			var got enrolled
			decode(t, out, &got)
			said := ""
			if got.Key.Serial != nil {
				said = *got.Key.Serial
			}
			a := got.Key.Attestation
			if said != tt.serial || a.FIDO != tt.fido || a.PIV != tt.piv || got.Silent != tt.silent {
				t.Errorf("serial %q, FIDO %s, PIV %s, silent %s; want %q, %s, %s, %s", said, a.FIDO, a.PIV, got.Silent, tt.serial, tt.fido, tt.piv, tt.silent)
			}
		})
	}
}

// TestEnroll_lies refuses keys that no honest maker sends out, and a key that
// never says what it is.
func TestEnroll_lies(t *testing.T) {
	for _, tt := range []struct {
		name   string
		cfg    softkey.Config
		status int
		word   string
	}{
		{"a forged signature", softkey.Config{Serial: serial, Quirks: softkey.Quirks{CorruptAttestation: true}}, 1, "not genuine"},
		{"a certificate for another model", softkey.Config{Serial: serial, Quirks: softkey.Quirks{CertificateAAGUID: [16]byte{1}}}, 1, "aaguid"},
		{"another serial on the card than over FIDO", softkey.Config{Serial: serial, Quirks: softkey.Quirks{CardSerial: 7}}, 1, "disagree"},
		{"a key that speaks neither FIDO2 nor U2F", softkey.Config{Quirks: softkey.Quirks{U2FOnly: true, NoU2F: true, NoCard: true}}, 1, "U2F"},
		{"a key that stays busy", softkey.Config{Serial: serial, Quirks: softkey.Quirks{GetInfoBusy: 1 << 20}}, 1, "busy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := plug(t, tt.cfg)
			newInventory(t, k.ca)
			_, err := try(t, "", "hwmfa", "enroll", "--place", "Berlin")
			wantExit(t, err, tt.status, tt.word)
			nothingRecorded(t)
		})
	}
}

// TestVerify challenges an enrolled key, and tells a reset key and a stranger
// with the same serial from it.
func TestVerify(t *testing.T) {
	k := plug(t, softkey.Config{Serial: serial, Slots: []softkey.Slot{{Slot: 0x9a}}})
	newInventory(t, k.ca)
	run(t, "", "hwmfa", "enroll", "--place", "Berlin")
	k.SetTouch(softkey.Never())
	contains(t, run(t, "", "hwmfa", "verify", "--all"), "present")
	k.ResetFIDO()
	out, err := try(t, "", "hwmfa", "verify", "--all")
	if exitStatus(err) != 3 {
		t.Errorf("a reset key: got %v, want status 3", err)
	}
	contains(t, out, "fido_reset")
	pull(t, k.Attachment)
	plug(t, softkey.Config{Serial: serial, Version: version(5, 7, 4)})
	out, err = try(t, "", "hwmfa", "verify", "--all")
	if exitStatus(err) != 3 {
		t.Errorf("another key: got %v, want status 3", err)
	}
	contains(t, out, "other_key")
}
