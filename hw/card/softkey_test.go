package card_test

import (
	"crypto/x509"
	"errors"
	"testing"

	"hwmfa/hw"
	"hwmfa/hw/card"
	"hwmfa/hw/softkey"
)

func insert(t *testing.T, cfg softkey.Config) hw.Channel {
	t.Helper()
	ca, err := softkey.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	k, err := softkey.New(ca, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ch := k.Card()
	t.Cleanup(func() {
		if err := ch.Close(); err != nil {
			t.Error(err)
		}
	})
	return ch
}

func TestSoftKey(t *testing.T) {
	slots := []softkey.Slot{{Slot: 0x9C}, {Slot: 0x9A, Algorithm: softkey.ECCP384}, {Slot: 0x82, Imported: true}, {Slot: 0x95}}
	for _, version := range []hw.Version{
		{Major: 4, Minor: 3, Patch: 7},
		{Major: 5, Minor: 0, Patch: 2},
		{Major: 5, Minor: 2, Patch: 4},
		{Major: 5, Minor: 4, Patch: 3},
		{Major: 5, Minor: 7, Patch: 4},
	} {
		t.Run("a key with firmware "+version.String(), func(t *testing.T) {
			ch := insert(t, softkey.Config{Serial: 12345678, Version: version, Slots: slots})
			info, err := card.ReadDeviceInfo(t.Context(), ch)
			if err != nil || info.Serial != "12345678" || info.Version != version {
				t.Errorf("device info %+v, %v", info, err)
			}
			piv, err := card.ReadPIV(t.Context(), ch)
			wantSerial := "12345678"
			if !version.AtLeast(5, 0, 3) {
				wantSerial = ""
			}
			if err != nil || piv.Version != version || piv.Serial != wantSerial {
				t.Errorf("PIV %+v, %v", piv, err)
			}
			serial, err := card.ReadOTPSerial(t.Context(), ch)
			if err != nil || serial != "12345678" {
				t.Errorf("OTP serial %q, %v", serial, err)
			}
			evidence, err := card.ReadPIVEvidence(t.Context(), ch)
			if err != nil {
				t.Fatal(err)
			}
			f9, err := x509.ParseCertificate(evidence.F9)
			if err != nil {
				t.Fatal(err)
			}
			want := []byte{0x9A, 0x9C, 0x95}
			if len(evidence.Slots) != len(want) {
				t.Fatalf("got %d slots, want %x", len(evidence.Slots), want)
			}
			for i, s := range evidence.Slots {
				cert, err := x509.ParseCertificate(s.Certificate)
				if err != nil {
					t.Fatal(err)
				}
				if err := f9.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil || s.Slot != want[i] {
					t.Errorf("slot %02x: %v, want slot %02x signed by f9", s.Slot, err, want[i])
				}
			}
		})
	}
	t.Run("a key without a serial has none on any path", func(t *testing.T) {
		ch := insert(t, softkey.Config{})
		info, err := card.ReadDeviceInfo(t.Context(), ch)
		if err != nil || info.Serial != "" {
			t.Errorf("device info %+v, %v", info, err)
		}
	})
	t.Run("PIV switched off", func(t *testing.T) {
		ch := insert(t, softkey.Config{Serial: 1, Quirks: softkey.Quirks{NoPIV: true}})
		if _, err := card.ReadPIV(t.Context(), ch); !errors.Is(err, hw.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
		if _, err := card.ReadPIVEvidence(t.Context(), ch); !errors.Is(err, hw.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
		if s, err := card.ReadOTPSerial(t.Context(), ch); s != "1" || err != nil {
			t.Errorf("the OTP application still answers: got %q, %v", s, err)
		}
	})
	t.Run("a key without OTP and without device info", func(t *testing.T) {
		ch := insert(t, softkey.Config{Serial: 1, Quirks: softkey.Quirks{NoOTP: true, NoDeviceInfo: true}})
		if _, err := card.ReadOTPSerial(t.Context(), ch); !errors.Is(err, hw.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
		if _, err := card.ReadDeviceInfo(t.Context(), ch); !errors.Is(err, hw.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
}
