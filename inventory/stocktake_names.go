package inventory

import (
	"fmt"
	"slices"
)

// KeyStand is what a key is called by and how it stands: all that is read of
// keys where there may be a hundred thousand.
type KeyStand struct {
	ID, Serial, Tag string
	Custody         // without Shipment, Reason and Ticket
}

// KeyNames finds keys by what they are called, as FindKey does, without asking
// the store for each.
type KeyNames struct {
	ids     map[string]bool
	tags    map[string]string // folded
	serials map[string][]string
	seals   map[string][]string
}

// ReadKeyNames reads what every key is called by.
func ReadKeyNames(tx Tx) (KeyNames, error) {
	n := KeyNames{ids: map[string]bool{}, tags: map[string]string{}, serials: map[string][]string{}, seals: map[string][]string{}}
	err := tx.EachKeyStand(func(k KeyStand) error {
		n.add(k)
		return nil
	})
	if err != nil {
		return KeyNames{}, fmt.Errorf("names of keys: %w", err)
	}
	return n, nil
}

func (n KeyNames) add(k KeyStand) {
	n.ids[k.ID] = true
	if k.Tag != "" {
		n.tags[Fold(k.Tag)] = k.ID
	}
	if k.Serial != "" {
		n.serials[k.Serial] = append(n.serials[k.Serial], k.ID)
	}
	if k.Seal != "" {
		n.seals[k.Seal] = append(n.seals[k.Seal], k.ID)
	}
}

// Find lists the IDs of the keys that a code may name: by ID, serial or tag, in
// any letter case.
func (n KeyNames) Find(code string) []string {
	code = Canonical(code)
	var ids []string
	add := func(found ...string) {
		for _, id := range found {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if id, ok := normalizeKeyID(code); ok && n.ids[id] {
		add(id)
	}
	if serial, err := NormalizeSerial(code); err == nil {
		add(n.serials[serial]...)
	}
	if id, ok := n.tags[Fold(code)]; ok {
		add(id)
	}
	return ids
}

// InBag lists the IDs of the keys in the sealed bag of this number.
func (n KeyNames) InBag(number string) []string {
	number, err := NormalizeSeal(number)
	if err != nil {
		return nil
	}
	return slices.Sorted(slices.Values(n.seals[number]))
}
