package ceremony

import (
	"fmt"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/iamcheck"
	"hwmfa/inventory"
)

// Bound turns the inventory's bindings into what an audit compares AWS's
// answers with, and counts who looks after keys.
func Bound(tx inventory.Tx) ([]iamcheck.BoundKey, iamcheck.Census, error) {
	keys, err := inventory.Keys(tx, inventory.KeyFilter{})
	if err != nil {
		return nil, iamcheck.Census{}, fmt.Errorf("read keys: %w", err)
	}
	byID := make(map[string]inventory.Key, len(keys))
	for _, k := range keys {
		byID[k.ID] = k
	}
	bindings, err := inventory.Bindings(tx)
	if err != nil {
		return nil, iamcheck.Census{}, fmt.Errorf("read bindings: %w", err)
	}
	proofs, err := inventory.Proofs(tx)
	if err != nil {
		return nil, iamcheck.Census{}, fmt.Errorf("read proofs: %w", err)
	}
	proved := make(map[string]time.Time, len(proofs))
	for _, p := range proofs {
		proved[p.KeyID] = p.At
	}
	bound := make([]iamcheck.BoundKey, 0, len(bindings))
	for _, b := range bindings {
		k, ok := byID[b.KeyID]
		if !ok {
			return nil, iamcheck.Census{}, fmt.Errorf("binding of %s to account %s names no key: %w", b.KeyID, b.AccountID, inventory.ErrDamaged)
		}
		bound = append(bound, boundKey(b, k, proved[k.ID]))
	}
	return bound, census(keys), nil
}

// boundKey takes the time at which the key last proved to be itself, zero for
// never. A proof from before the binding says nothing about the key that was
// registered then.
func boundKey(b inventory.Binding, k inventory.Key, proved time.Time) iamcheck.BoundKey {
	origin := iamcheck.Named
	if b.How == inventory.HowWitnessed {
		origin = iamcheck.Witnessed
	}
	return iamcheck.BoundKey{
		AccountID:  b.AccountID,
		DeviceName: b.DeviceName,
		KeyID:      k.ID,
		KeySerial:  k.Serial,
		Token:      k.Type == inventory.TypeToken,
		Origin:     origin,
		// What AWS registers is the FIDO side. A card side that is worse than
		// absent casts doubt on the whole key.
		Attested:    k.Attestation.FIDO == hw.StatusVerified && k.Attestation.Status() == hw.StatusVerified,
		ProvedSince: proved.After(b.At),
		Lost:        k.Status.Missing(),
		Retired:     k.Status == inventory.StatusRetired || k.Status == inventory.StatusDisposed,
		Advisory:    len(Advisories(k)) > 0,
	}
}

// Advisories lists the security advisories that apply to a key of the
// inventory. Whether it has NFC is not kept, so it is taken to have: an advisory
// too many is looked into, one too few is not.
func Advisories(k inventory.Key) []hw.Advisory {
	yubico := k.USBVendor == hw.VendorYubico
	// Only Yubico's device info tells a form factor; a key that was only ever
	// seen in a reader has no USB identity.
	inReader := k.USBVendor == 0 && k.FormFactor != hw.FormUnknown
	if !yubico && !inReader {
		return nil
	}
	return attest.Advisories(attest.Model{
		USB:      &hw.USB{Vendor: hw.VendorYubico, Product: k.USBProduct},
		Firmware: k.Firmware,
		Device:   &hw.DeviceInfo{Version: k.Firmware, FormFactor: k.FormFactor, NFCSupported: hw.CapFIDO2},
	})
}

// census counts the people who hold a usable key; nobody is unknown, not zero,
// because holders may simply not be kept here.
func census(keys []inventory.Key) iamcheck.Census {
	people := map[string]bool{}
	for _, k := range keys {
		if k.HolderID != "" && k.Status.Usable() {
			people[k.HolderID] = true
		}
	}
	if len(people) == 0 {
		return iamcheck.Census{}
	}
	n := len(people)
	return iamcheck.Census{Custodians: &n}
}
