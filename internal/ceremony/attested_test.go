package ceremony_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

// rewritten is a bench whose library hands over another attestation than the
// key made.
type rewritten struct {
	*softkey.Bench
	asked  int
	change func(object map[string]any)
}

func (b *rewritten) Attest(ctx context.Context, s hw.Sighting, r hw.CredentialRequest) ([]byte, error) {
	b.asked++
	stream, err := b.OpenFIDO(ctx, s)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	d, err := ctap.Open(ctx, stream)
	if err != nil {
		return nil, err
	}
	made, err := d.MakeCredential(ctx, r)
	if err != nil || b.change == nil {
		return made, err
	}
	object := map[string]any{}
	if err := cbor.Unmarshal(made, &object); err != nil {
		return nil, err
	}
	b.change(object)
	return cbor.Marshal(object)
}

func TestEnrollWithoutAttestation(t *testing.T) {
	for _, tt := range []struct {
		name, reason string
		change       func(map[string]any)
	}{
		{"none", "none_attestation", func(o map[string]any) { o["fmt"], o["attStmt"] = "none", map[string]any{} }},
		{"none, and no model", "none_attestation", func(o map[string]any) {
			o["fmt"], o["attStmt"] = "none", map[string]any{}
			clear(o["authData"].([]byte)[37:53])
		}},
		{"a format to come", "unknown_format", func(o map[string]any) { o["fmt"] = "quantum" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.plug(softkey.Config{Serial: 12345678})
			done, err := ceremony.Enroll(t.Context(), &rewritten{Bench: &w.bench, change: tt.change}, w.store, request())
			if err != nil {
				t.Fatal(err)
			}
			if done.FIDO.Status != hw.StatusRefused || done.FIDO.Reason != tt.reason {
				t.Errorf("got %s %s (%s), want %s", done.FIDO.Status, done.FIDO.Reason, done.FIDO.Detail, tt.reason)
			}
			// It has proved nothing about its model, and can still be known again.
			if done.Silent != inventory.SilentYes {
				t.Errorf("silent is %q", done.Silent)
			}
		})
	}
}

// TestEnrollWhatCannotBeJudged: such a key is recorded as untrusted, with the
// reason, and nobody is told that it is a false one.
func TestEnrollWhatCannotBeJudged(t *testing.T) {
	years := func(n int) func() time.Time {
		return func() time.Time { return time.Now().AddDate(n, 0, 0) }
	}
	for _, tt := range []struct {
		name, fido, piv string
		now             func() time.Time
		change          func(map[string]any)
	}{
		{"an algorithm of tomorrow", "unsupported_algorithm", "", time.Now, func(o map[string]any) {
			o["attStmt"].(map[any]any)["alg"] = -50
		}},
		{"certificates of yesterday", "certificate_expired", "certificate_expired", years(60), nil},
		{"a clock that is wrong", "certificate_not_yet_valid", "certificate_not_yet_valid", years(-20), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			w.plug(softkey.Config{Serial: 1, Slots: []softkey.Slot{{Slot: 0x9a}}})
			r := request()
			r.Now = tt.now
			done, err := ceremony.Enroll(t.Context(), &rewritten{Bench: &w.bench, change: tt.change}, w.store, r)
			if err != nil {
				t.Fatal(err)
			}
			if done.FIDO.Status != hw.StatusUntrusted || done.FIDO.Reason != tt.fido || done.PIV[0].Reason != tt.piv {
				t.Errorf("got %s %s (%s), PIV %s; want %s, PIV %s", done.FIDO.Status, done.FIDO.Reason, done.FIDO.Detail, done.PIV[0].Reason, tt.fido, tt.piv)
			}
			if k := w.keys()[0]; k.Attestation.Status() != hw.StatusUntrusted {
				t.Errorf("recorded as %+v", k.Attestation)
			}
		})
	}
}

// TestWholeChain: the library hands over one certificate only.
func TestWholeChain(t *testing.T) {
	for vendor, asked := range map[uint16]int{hw.VendorYubico: 1, 0x20a0: 0} {
		w := newWorld(t)
		w.trust()
		w.bench.Plug(w.key(softkey.Config{Quirks: softkey.Quirks{NoCard: true}}), hw.USB{Vendor: vendor, Product: 0x42b2})
		bench := &rewritten{Bench: &w.bench}
		done, err := ceremony.Enroll(t.Context(), bench, w.store, request())
		if err != nil || done.FIDO.Status != hw.StatusVerified || bench.asked != asked {
			t.Errorf("vendor %04x: got %+v, %v; the library was asked %d times, want %d", vendor, done, err, bench.asked, asked)
		}
	}
}

// ownF9 is a bench whose card has its attestation certificate written over.
type ownF9 struct {
	*softkey.Bench
	certificate []byte
}

type ownF9Card struct {
	hw.Channel
	certificate []byte
}

func (b ownF9) OpenCard(ctx context.Context, s hw.Sighting) (hw.Channel, error) {
	ch, err := b.Bench.OpenCard(ctx, s)
	return ownF9Card{ch, b.certificate}, err
}

func (c ownF9Card) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	if !bytes.Contains(apdu, []byte{0x5c, 0x03, 0x5f, 0xff, 0x01}) {
		return c.Channel.Transmit(ctx, apdu)
	}
	n := len(c.certificate)
	object := append([]byte{0x70, 0x82, byte(n >> 8), byte(n)}, c.certificate...)
	n = len(object)
	return append(append([]byte{0x53, 0x82, byte(n >> 8), byte(n)}, object...), 0x90, 0x00), nil
}

func TestEnrollWithTheOwnersF9(t *testing.T) {
	w := newWorld(t)
	w.trust()
	w.plug(softkey.Config{Serial: 12345678, Slots: []softkey.Slot{{Slot: 0x9a}, {Slot: 0x9c}}})
	done, err := ceremony.Enroll(t.Context(), ownF9{&w.bench, w.ca.Roots()[0].Raw}, w.store, request())
	if err != nil {
		t.Fatal(err)
	}
	if len(done.PIV) != 2 || done.PIV[0].Status != hw.StatusInvalid || done.PIV[0].Reason != "not_f9" {
		t.Errorf("got %+v", done.PIV)
	}
	if len(done.Warnings) != 1 || done.Warnings[0].Code != "piv_not_the_makers" {
		t.Errorf("warnings %+v", done.Warnings)
	}
	if k := w.keys()[0]; k.Attestation.PIV != hw.StatusInvalid || k.Attestation.FIDO != hw.StatusVerified {
		t.Errorf("recorded as %+v", k.Attestation)
	}
}

// TestEnrollWithAnotherFirmwareAttested: what a certificate says of the firmware
// and what the key says are held against each other.
func TestEnrollWithAnotherFirmwareAttested(t *testing.T) {
	for _, tt := range []struct {
		name     string
		attested hw.Version
		want     string
	}{
		{"the same", hw.Version{}, ""},
		{"another", hw.Version{Major: 5, Minor: 2, Patch: 4}, "it says that its firmware is 5.4.3, and its PIV certificate says 5.2.4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			w.plug(softkey.Config{Serial: 1, Slots: []softkey.Slot{{Slot: 0x9a}, {Slot: 0x9c}}, Quirks: softkey.Quirks{PIVCertificateVersion: tt.attested}})
			done, err := ceremony.Enroll(t.Context(), &w.bench, w.store, request())
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, warning := range done.Warnings {
				got += warning.Text
			}
			if got != tt.want {
				t.Errorf("warned %q, want %q", got, tt.want)
			}
		})
	}
}
