package inventory

import (
	"fmt"
	"sort"
)

// FindKey returns the key that ref names: by its ID, its serial or its tag,
// in any letter case. Several give an AmbiguousError, none ErrNotFound.
func FindKey(tx Tx, ref string) (Key, error) {
	ref, err := required("key", ref, maxName)
	if err != nil {
		return Key{}, err
	}
	hits := map[string]Key{}
	add := func(k Key, err error) error {
		ok, err := found(err)
		if ok {
			hits[k.ID] = k
		}
		return err
	}
	if id, ok := normalizeKeyID(ref); ok {
		if err := add(tx.KeyByID(id)); err != nil {
			return Key{}, fmt.Errorf("find key: %w", err)
		}
	}
	if serial, err := NormalizeSerial(ref); err == nil {
		keys, err := tx.KeysBySerial(serial)
		if err != nil {
			return Key{}, fmt.Errorf("find key: %w", err)
		}
		for _, k := range keys {
			hits[k.ID] = k
		}
	}
	if tag, err := NormalizeTag(ref); err == nil {
		if err := add(tx.KeyByTag(tag)); err != nil {
			return Key{}, fmt.Errorf("find key: %w", err)
		}
	}
	switch len(hits) {
	case 0:
		return Key{}, fmt.Errorf("key %q: %w", ref, ErrNotFound)
	case 1:
		for _, k := range hits {
			return k, nil
		}
	}
	var labels []string
	for _, k := range hits {
		labels = append(labels, k.Label())
	}
	sort.Strings(labels)
	return Key{}, &AmbiguousError{Ref: ref, Candidates: labels}
}

// Keys lists the keys that the filter takes, by time of enrollment.
func Keys(tx Tx, f KeyFilter) ([]Key, error) {
	for _, s := range f.Statuses {
		if !s.Known() {
			return nil, invalid("status", "is unknown")
		}
	}
	if f.Place != "" {
		var err error
		if f.Place, err = NormalizePlace(f.Place); err != nil {
			return nil, err
		}
	}
	if f.Seal != "" {
		var err error
		if f.Seal, err = NormalizeSeal(f.Seal); err != nil {
			return nil, err
		}
	}
	return tx.ListKeys(f)
}

// Credentials lists the identity credentials of every key, oldest first.
func Credentials(tx Tx) ([]Credential, error) { return tx.ListCredentials("") }

// Detail is all that the inventory knows of one key.
type Detail struct {
	Key          Key
	Credentials  []Credential
	Attestations []Attestation // read back from the raw evidence, oldest first
	Bindings     []Binding
	Proof        *Proof  // nil: not asked since it was enrolled
	Events       []Event // about this key, oldest first
}

// KeyDetail reads everything about one key. Evidence that is not what was
// recorded gives ErrDamaged.
func KeyDetail(tx Tx, keyID string) (Detail, error) {
	var d Detail
	var err error
	if d.Key, err = tx.KeyByID(keyID); err != nil {
		return Detail{}, fmt.Errorf("key %s: %w", keyID, err)
	}
	if d.Credentials, err = tx.ListCredentials(keyID); err != nil {
		return Detail{}, fmt.Errorf("key %s: credentials: %w", keyID, err)
	}
	if d.Attestations, err = Attestations(tx, keyID); err != nil {
		return Detail{}, err
	}
	if d.Bindings, err = tx.ListBindings("", keyID); err != nil {
		return Detail{}, fmt.Errorf("key %s: bindings: %w", keyID, err)
	}
	proofs, err := tx.ListProofs(keyID)
	if err != nil {
		return Detail{}, fmt.Errorf("key %s: proof: %w", keyID, err)
	}
	if len(proofs) > 0 {
		d.Proof = &proofs[0]
	}
	if d.Events, err = tx.EventsAbout(keyID); err != nil {
		return Detail{}, fmt.Errorf("key %s: events: %w", keyID, err)
	}
	return d, nil
}
