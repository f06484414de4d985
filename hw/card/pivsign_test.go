package card_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"testing"

	"hwmfa/hw"
	"hwmfa/hw/card"
	"hwmfa/hw/softkey"
)

func TestASlotSigns(t *testing.T) {
	digest := sha256.Sum256([]byte("a manifest"))
	ch := insert(t, softkey.Config{Serial: 12345678, PIVPIN: "654321", Slots: []softkey.Slot{
		{Slot: 0x9C}, {Slot: 0x9A, Algorithm: softkey.ECCP384}, {Slot: 0x9D, Algorithm: softkey.RSA2048}, {Slot: 0x95, PIN: 1},
	}})
	s, err := card.OpenPIV(t.Context(), ch)
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range []byte{0x9C, 0x9A, 0x9D, 0x95} {
		der, err := s.Attest(t.Context(), slot)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if slot != 0x95 && slot != 0x9D {
			_, err := s.SignWith(t.Context(), slot, c.PublicKey, digest[:])
			if slot == 0x9C && !errors.Is(err, hw.ErrRefused) {
				t.Errorf("slot %02x without its PIN: %v", slot, err)
			}
		}
		if retries, err := s.PINRetries(t.Context()); slot == 0x9C && (err != nil || retries != 3) {
			t.Errorf("%d tries, %v", retries, err)
		}
		if err := s.VerifyPIN(t.Context(), []byte("654321")); err != nil {
			t.Fatal(err)
		}
		signature, err := s.SignWith(t.Context(), slot, c.PublicKey, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		ok := false
		switch public := c.PublicKey.(type) {
		case *ecdsa.PublicKey:
			ok = ecdsa.VerifyASN1(public, digest[:], signature)
		case *rsa.PublicKey:
			ok = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
		}
		if !ok {
			t.Errorf("slot %02x: its signature does not verify", slot)
		}
		if _, err := s.Certificate(t.Context(), slot); !errors.Is(err, hw.ErrNoCredential) {
			t.Errorf("slot %02x: %v for a certificate that is not there", slot, err)
		}
	}
}

func TestAWrongPINIsCounted(t *testing.T) {
	s, err := card.OpenPIV(t.Context(), insert(t, softkey.Config{Serial: 12345678}))
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{2, 1} {
		var wrong *hw.PINError
		if err := s.VerifyPIN(t.Context(), []byte("000000")); !errors.As(err, &wrong) || wrong.Retries != left {
			t.Errorf("got %v, want %d tries left", err, left)
		}
	}
	if err := s.VerifyPIN(t.Context(), []byte("000000")); !errors.Is(err, hw.ErrPINBlocked) {
		t.Errorf("after the last try: %v", err)
	}
	if retries, err := s.PINRetries(t.Context()); err != nil || retries != 0 {
		t.Errorf("%d tries, %v", retries, err)
	}
	for _, pin := range []string{"", "12345", "123456789"} {
		if err := s.VerifyPIN(t.Context(), []byte(pin)); !errors.Is(err, hw.ErrPINPolicy) {
			t.Errorf("a PIN of %d characters: %v", len(pin), err)
		}
	}
}
