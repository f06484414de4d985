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
// answers with, and counts who looks after keys. Whether a bound key is attested
// is judged again from its stored evidence: trust may have been taken back since
// its enrollment, or its model revoked.
func Bound(tx inventory.Tx, v attest.Verifier) ([]iamcheck.BoundKey, iamcheck.Census, error) {
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
	today := make(map[string]inventory.Summary, len(bindings))
	for _, b := range bindings {
		k, ok := byID[b.KeyID]
		if !ok {
			return nil, iamcheck.Census{}, fmt.Errorf("binding of %s to account %s names no key: %w", b.KeyID, b.AccountID, inventory.ErrDamaged)
		}
		if _, ok := today[k.ID]; !ok {
			if today[k.ID], err = standing(tx, v, k); err != nil {
				return nil, iamcheck.Census{}, err
			}
		}
		bound = append(bound, boundKey(b, k, today[k.ID], proved[k.ID]))
	}
	return bound, census(keys), nil
}

// boundKey takes what the key's attestation comes to today, and the time at
// which the key last proved to be itself, zero for never. A proof from before
// the binding says nothing about the key that was registered then.
func boundKey(b inventory.Binding, k inventory.Key, today inventory.Summary, proved time.Time) iamcheck.BoundKey {
	origin := iamcheck.Named
	if b.How == inventory.HowWitnessed {
		origin = iamcheck.Witnessed
	}
	return iamcheck.BoundKey{
		AccountID:   b.AccountID,
		DeviceName:  b.DeviceName,
		KeyID:       k.ID,
		KeySerial:   k.Serial,
		Token:       k.Type == inventory.TypeToken,
		Origin:      origin,
		Attested:    attested(today),
		Distrusted:  attested(k.Attestation) && !attested(today),
		ProvedSince: proved.After(b.At),
		Lost:        k.Status.Missing(),
		Retired:     k.Status == inventory.StatusRetired || k.Status == inventory.StatusDisposed,
		Advisory:    len(Advisories(k)) > 0,
	}
}

// attested says whether the attestation vouches for a key. What AWS registers
// is the FIDO side. A card side that is worse than absent casts doubt on the
// whole key.
func attested(s inventory.Summary) bool {
	return s.FIDO == hw.StatusVerified && s.Status() == hw.StatusVerified
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
