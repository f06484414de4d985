package ceremony

import (
	"fmt"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/iamcheck"
	"hwmfa/inventory"
)

// Matching is what an audit compares AWS's answers with.
type Matching struct {
	Bound []iamcheck.BoundKey // by account, then device name
	// Keys are all keys there are, and what was bound once.
	Keys   []iamcheck.KnownKey
	Census iamcheck.Census
}

// Match turns the inventory into what an audit compares AWS's answers with, and
// counts who looks after keys. Whether a bound key is attested is judged again
// from its stored evidence: trust may have been taken back since its enrollment,
// or its model revoked.
func Match(tx inventory.Tx, v attest.Verifier) (Matching, error) {
	keys, err := inventory.Keys(tx, inventory.KeyFilter{})
	if err != nil {
		return Matching{}, fmt.Errorf("read keys: %w", err)
	}
	bindings, err := inventory.Bindings(tx)
	if err != nil {
		return Matching{}, fmt.Errorf("read bindings: %w", err)
	}
	proofs, err := inventory.Proofs(tx)
	if err != nil {
		return Matching{}, fmt.Errorf("read proofs: %w", err)
	}
	past, err := inventory.PastOf(tx)
	if err != nil {
		return Matching{}, err
	}
	proved := make(map[string]time.Time, len(proofs))
	for _, p := range proofs {
		proved[p.KeyID] = p.At
	}
	m := Matching{Bound: make([]iamcheck.BoundKey, 0, len(bindings)), Keys: make([]iamcheck.KnownKey, 0, len(keys)), Census: census(keys)}
	byID := make(map[string]inventory.Key, len(keys))
	for _, k := range keys {
		byID[k.ID] = k
		m.Keys = append(m.Keys, knownKey(k, past.Ended[k.ID]))
	}
	today := make(map[string]stand, len(bindings))
	for _, b := range bindings {
		k, ok := byID[b.KeyID]
		if !ok {
			return Matching{}, fmt.Errorf("binding of %s to account %s names no key: %w", b.KeyID, b.AccountID, inventory.ErrDamaged)
		}
		s, ok := today[k.ID]
		if !ok {
			if s, err = standOf(tx, v, k); err != nil {
				return Matching{}, err
			}
			s.proved = proved[k.ID]
			_, s.doubted = past.Doubted[k.ID]
			today[k.ID] = s
		}
		m.Bound = append(m.Bound, boundKey(b, k, s))
	}
	return m, nil
}

// stand is what is known of a bound key beyond its row.
type stand struct {
	today  inventory.Summary // what its attestation comes to
	model  *iamcheck.ModelRecord
	proved time.Time // when it last proved to be itself, zero for never
	// doubted: it was found without its identity credential since.
	doubted bool
}

func standOf(tx inventory.Tx, v attest.Verifier, k inventory.Key) (stand, error) {
	today, fido, err := standing(tx, v, k)
	if err != nil {
		return stand{}, err
	}
	return stand{today: today, model: modelRecord(v, today, fido)}, nil
}

// modelRecord is what metadata of today tells of the model that an attestation
// proves; nil where it proves none. Metadata that is out of date may lack what
// AWS knows.
func modelRecord(v attest.Verifier, today inventory.Summary, fido hw.FIDOStatement) *iamcheck.ModelRecord {
	if !attested(today) || v.Metadata == nil || v.Metadata.Expired(v.Now) {
		return nil
	}
	h, ok := v.Metadata.History(fido.AAGUID)
	if !ok {
		return nil
	}
	r := &iamcheck.ModelRecord{Name: h.Model, FIPS: h.FIPS || fido.FIPS}
	for _, l := range h.Levels {
		r.Levels = append(r.Levels, iamcheck.LevelSince{Since: l.Since, Level: l.Level})
	}
	return r
}

func knownKey(k inventory.Key, ended []inventory.EndedBinding) iamcheck.KnownKey {
	known := iamcheck.KnownKey{
		KeyID: k.ID, Serial: k.Serial, Tag: k.Tag, Token: k.Type == inventory.TypeToken, Lost: k.Status.Missing(), Retired: outOfUse(k),
		Unready: k.Status == inventory.StatusExpected || k.Status == inventory.StatusReceived,
	}
	for _, e := range ended {
		known.Former = append(known.Former, iamcheck.FormerBinding{AccountID: e.AccountID, DeviceName: e.DeviceName, Until: e.Until, Reset: e.Reset})
	}
	return known
}

func outOfUse(k inventory.Key) bool {
	return k.Status == inventory.StatusRetired || k.Status == inventory.StatusDisposed
}

// boundKey says what a binding is worth today. A proof from before the binding
// says nothing about the key that was registered then.
func boundKey(b inventory.Binding, k inventory.Key, s stand) iamcheck.BoundKey {
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
		Attested:    attested(s.today),
		Distrusted:  attested(k.Attestation) && !attested(s.today),
		ProvedSince: s.proved.After(b.At),
		Lost:        k.Status.Missing(),
		Retired:     outOfUse(k),
		Advisory:    len(Advisories(k)) > 0,
		Reset:       s.doubted,
		Since:       begins(b, k),
		Model:       s.model,
	}
}

// begins is when the inventory first heard of a key, where nothing of it can have
// been registered before: it was announced by its supplier, or the tool saw the
// registration. Keys that were in use before there was an inventory come into it
// later than they were registered, which says nothing.
func begins(b inventory.Binding, k inventory.Key) time.Time {
	if k.Order == "" && b.How != inventory.HowWitnessed {
		return time.Time{}
	}
	return k.AddedAt
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
