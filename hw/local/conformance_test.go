package local_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/card"
	"hwmfa/hw/ctap"
	"hwmfa/hw/local"
)

// device is a key that the conformance suite runs on, whether it is one that
// people hold or one on the virtual bus.
type device struct {
	serial  string
	anchors *attest.Anchors // what its attestation is to reach
	pin     []byte          // nil without one
	// touch has the key touched a while later, at most once.
	touch func()
}

const (
	rpID = "hwmfa.invalid"
	// patience bounds each step, the owner's touch included.
	patience = time.Minute
)

// conform is what hw/local promises, on one key. It makes one credential and
// abandons another; neither stays on the key.
func conform(t *testing.T, m *local.Machine, d device) {
	key := find(t, m, d.serial)
	t.Run("every interface that the product ID stands for is seen", func(t *testing.T) {
		p, ok := hw.ProductOf(key.USB.Vendor, key.USB.Product)
		if !ok {
			t.Skipf("nothing is known of product %s", key.USB.ID())
		}
		if got := key.FIDO != nil; got != p.USB.Has(hw.USBFIDO) {
			t.Errorf("FIDO interface seen: %v, promised: %v", got, !got)
		}
		if got := key.Card != nil; got != p.USB.Has(hw.USBCard) {
			t.Errorf("card seen: %v, promised: %v", got, !got)
		}
		if key.Device == nil {
			t.Error("the USB device itself was not seen")
		}
	})
	t.Run("all of them are still what they were", func(t *testing.T) {
		for _, s := range []*hw.Sighting{key.Device, key.FIDO, key.Card} {
			if s == nil {
				continue
			}
			if err := m.Check(step(t), *s); err != nil {
				t.Errorf("%s: %v", s.Interface, err)
			}
			other := *s
			elsewhere := *s.USB
			elsewhere.Address++
			other.USB = &elsewhere
			if err := m.Check(step(t), other); !errors.Is(err, hw.ErrReplaced) {
				t.Errorf("%s at another address: %v, want ErrReplaced", s.Interface, err)
			}
		}
	})
	t.Run("FIDO", func(t *testing.T) {
		if key.FIDO == nil {
			t.Skip("the key has no FIDO interface")
		}
		conformFIDO(t, m, *key.FIDO, d)
	})
	t.Run("card", func(t *testing.T) {
		if key.Card == nil {
			t.Skip("the key has no card")
		}
		conformCard(t, m, *key.Card, d)
	})
}

func conformFIDO(t *testing.T, m *local.Machine, s hw.Sighting, d device) {
	var info *ctap.Info
	t.Run("the key answers over its stream", func(t *testing.T) {
		st, k := openCTAP(t, m, s)
		defer st.Close()
		if !k.Capabilities().CBOR {
			t.Skip("the key speaks U2F only")
		}
		var err error
		if info, err = k.Info(step(t)); err != nil || info.AAGUID.IsZero() {
			t.Fatalf("getInfo = %+v, %v", info, err)
		}
		if err := k.Ping(step(t)); err != nil {
			t.Errorf("ping: %v", err)
		}
	})
	if info == nil {
		return
	}
	t.Run("cancelling leaves the key usable", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		start := time.Now()
		if _, err := m.Attest(ctx, s, request(d.pin)); !errors.Is(err, context.Canceled) {
			t.Errorf("Attest = %v, want the context's error", err)
		}
		if took := time.Since(start); took > patience {
			t.Errorf("the cancel took %v", took)
		}
		st, k := openCTAP(t, m, s)
		defer st.Close()
		if _, err := k.Info(step(t)); err != nil {
			t.Errorf("getInfo afterwards: %v", err)
		}
	})
	t.Run("an attested credential verifies", func(t *testing.T) {
		d.touch()
		r := request(d.pin)
		object, err := m.Attest(step(t), s, r)
		if err != nil {
			t.Fatal(err)
		}
		verifier := attest.Verifier{Anchors: d.anchors, Now: time.Now()}
		got := verifier.FIDO(hw.FIDOEvidence{RPID: r.RPID, ClientDataHash: r.ClientDataHash, AttestationObject: object})
		if got.Status != hw.StatusVerified || got.AAGUID != info.AAGUID || !got.UserPresent || got.UserVerified != (d.pin != nil) {
			t.Errorf("statement %+v", got)
		}
	})
}

func conformCard(t *testing.T, m *local.Machine, s hw.Sighting, d device) {
	t.Run("the card answers, and says the serial that FIDO says", func(t *testing.T) {
		ch, err := m.OpenCard(step(t), s)
		if err != nil {
			t.Fatal(err)
		}
		defer ch.Close()
		if err := m.Check(step(t), s); err != nil {
			t.Errorf("Check while the card is open: %v", err)
		}
		piv, err := card.ReadPIV(step(t), ch)
		if err != nil || piv.Version.IsZero() {
			t.Fatalf("PIV = %+v, %v", piv, err)
		}
		if piv.Serial != "" && piv.Serial != d.serial {
			t.Errorf("PIV serial %q, want %q", piv.Serial, d.serial)
		}
		info, err := card.ReadDeviceInfo(step(t), ch)
		if err != nil {
			t.Fatal(err)
		}
		if info.Serial != d.serial {
			t.Errorf("device info serial %q, want %q", info.Serial, d.serial)
		}
		if _, err := card.ReadPIVEvidence(step(t), ch); err != nil {
			t.Errorf("PIV evidence: %v", err)
		}
	})
	t.Run("a transaction keeps others out, and ends", func(t *testing.T) {
		ch, err := m.OpenCard(step(t), s)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := m.OpenCard(ctx, s); !errors.Is(err, hw.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second opener got %v, want ErrBusy and its deadline", err)
		}
		if err := ch.Close(); err != nil {
			t.Error(err)
		}
		ch, err = m.OpenCard(step(t), s)
		if err != nil {
			t.Fatalf("after the transaction: %v", err)
		}
		if err := ch.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("reading it does not take it from its reader", func(t *testing.T) {
		seen, err := m.Sightings(step(t))
		if err != nil {
			t.Error(err)
		}
		if !slices.ContainsFunc(seen, func(o hw.Sighting) bool { return o.Node == s.Node && bytes.Equal(o.ATR, s.ATR) && o.Err == nil }) {
			t.Errorf("the card is not seen any more: %+v", seen)
		}
	})
}

// find is the key with this serial, as the merged sightings show it.
func find(t *testing.T, m *local.Machine, serial string) hw.Key {
	t.Helper()
	start := time.Now()
	seen, err := m.Sightings(step(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("sightings in %v", time.Since(start).Round(time.Millisecond))
	for _, k := range hw.Merge(seen) {
		if k.USB != nil && serialOf(t, m, k) == serial {
			return k
		}
	}
	t.Fatalf("no key with serial %s is plugged in: %+v", serial, seen)
	return hw.Key{}
}

// serialOf asks the least disturbing path that answers.
func serialOf(t *testing.T, m *local.Machine, k hw.Key) string {
	t.Helper()
	if k.FIDO != nil && k.FIDO.Err == nil {
		st, dev := openCTAP(t, m, *k.FIDO)
		defer st.Close()
		if info, err := dev.DeviceInfo(step(t)); err == nil {
			return info.Serial
		}
	}
	if k.Card != nil && k.Card.Err == nil {
		ch, err := m.OpenCard(step(t), *k.Card)
		if err != nil {
			t.Fatal(err)
		}
		defer ch.Close()
		if info, err := card.ReadDeviceInfo(step(t), ch); err == nil {
			return info.Serial
		}
	}
	return ""
}

func openCTAP(t *testing.T, m *local.Machine, s hw.Sighting) (hw.Stream, *ctap.Device) {
	t.Helper()
	st, err := m.OpenFIDO(step(t), s)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ctap.Open(step(t), st)
	if err != nil {
		st.Close()
		t.Fatal(err)
	}
	return st, d
}

// step is the context of one step.
func step(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func request(pin []byte) hw.CredentialRequest {
	return hw.CredentialRequest{
		RPID: rpID, RPName: "hwmfa conformance", UserID: []byte{1}, UserName: "conformance",
		ClientDataHash: bytes.Repeat([]byte{0x5a}, 32), PIN: pin,
	}
}
