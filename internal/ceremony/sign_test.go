package ceremony_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/notary"
)

func TestAKeySignsAManifest(t *testing.T) {
	asked := 0
	pin := func(pin string) ceremony.AskPIN {
		return func(_ context.Context, _ string, retries int) ([]byte, error) {
			asked++
			if retries != 3 {
				return nil, errors.New("the tries that are left are not known")
			}
			return []byte(pin), nil
		}
	}
	manifest := []byte("a manifest")
	slots := []softkey.Slot{
		{Slot: 0x9C}, {Slot: 0x9A, Algorithm: softkey.ECCP384}, {Slot: 0x9D, Algorithm: softkey.RSA2048, Touch: 2}, {Slot: 0x82, PIN: 1}, {Slot: 0x83, Imported: true},
	}
	for _, c := range []struct {
		name         string
		slot         byte
		algorithm    string
		asked, touch bool
	}{
		{"the signature slot wants its PIN", 0x9C, notary.AlgorithmP256, true, false},
		{"so does P-384", 0x9A, notary.AlgorithmP384, true, false},
		{"RSA that wants a touch says so", 0x9D, notary.AlgorithmRSA, true, true},
		{"a slot that wants no PIN is not asked for one", 0x82, notary.AlgorithmP256, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.plug(softkey.Config{Serial: 12345678, Slots: slots})
			told := 0
			asked = 0
			doc, err := notary.Sign(t.Context(), manifest, ceremony.PIVSigner{
				Bench: &w.bench, Slot: c.slot, PIN: pin("123456"), Tell: func(ceremony.Step, ceremony.Seen) { told++ },
			}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			got, err := notary.Verify(manifest, doc, nil)
			if err != nil || got.Algorithm != c.algorithm || got.Attestation == nil || got.Certificate != nil || got.Known {
				t.Errorf("got %+v, %v", got, err)
			}
			if asked > 0 != c.asked || told > 0 != c.touch {
				t.Errorf("asked %d times, told %d times", asked, told)
			}
		})
	}
	digest := sha256.Sum256(manifest)
	for _, c := range []struct {
		name   string
		signer ceremony.PIVSigner
		want   error
	}{
		{"an empty slot", ceremony.PIVSigner{Slot: 0x9E, PIN: pin("123456")}, hw.ErrNoCredential},
		{"an imported key without a certificate", ceremony.PIVSigner{Slot: 0x83, PIN: pin("123456")}, hw.ErrNoCredential},
		{"a key that is not plugged in", ceremony.PIVSigner{Slot: 0x9C, Serial: "87654321", PIN: pin("123456")}, hw.ErrNoDevice},
		{"a PIN that nobody gives", ceremony.PIVSigner{Slot: 0x9C, PIN: func(context.Context, string, int) ([]byte, error) { return nil, context.Canceled }}, context.Canceled},
		{"a PIN that is too short", ceremony.PIVSigner{Slot: 0x9C, PIN: pin("1")}, hw.ErrPINPolicy},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.plug(softkey.Config{Serial: 12345678, Slots: slots})
			c.signer.Bench = &w.bench
			if signature, _, err := c.signer.SignDigest(t.Context(), digest[:]); !errors.Is(err, c.want) || signature != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("a wrong PIN costs one try", func(t *testing.T) {
		w := newWorld(t)
		w.plug(softkey.Config{Serial: 12345678, Slots: slots})
		var wrong *hw.PINError
		_, _, err := ceremony.PIVSigner{Bench: &w.bench, Slot: 0x9C, PIN: pin("000000")}.SignDigest(t.Context(), digest[:])
		if !errors.As(err, &wrong) || wrong.Retries != 2 {
			t.Errorf("got %v", err)
		}
	})
}
