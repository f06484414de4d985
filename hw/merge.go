package hw

import (
	"cmp"
	"slices"
)

// Key is one physical authenticator as the machine sees it: the sightings that
// belong together, and nothing it said of itself yet.
type Key struct {
	// USB is where it is plugged in; nil for a card in a reader whose place on
	// the bus the system does not tell.
	USB *USB
	// Device, FIDO and Card are its interfaces, nil where the machine sees none.
	Device *Sighting
	FIDO   *Sighting
	Card   *Sighting
}

// Product is the name in the USB descriptor, as the key claims it; "" unknown.
func (k Key) Product() string {
	for _, s := range []*Sighting{k.Device, k.FIDO} {
		if s != nil && s.Product != "" {
			return s.Product
		}
	}
	return ""
}

// Merge joins sightings into keys by their place on the bus. Reader names,
// indexes and the order of the list decide nothing: a reader's name may carry
// a number that is not the key's, and indexes follow the order of plugging.
//
// A card in a plain reader is a key of its own, and each further card of a
// reader with several slots is one too: only a proven serial may join it with
// anything else, and that is not this function's to know. A device on the bus
// that shows neither a FIDO interface nor a card is a key only where its maker
// makes nothing else (see KnownKey).
func Merge(sightings []Sighting) []Key {
	type place struct{ bus, address int }
	at := map[place]*Key{}
	var keys []*Key
	find := func(u *USB) *Key {
		if u == nil {
			k := &Key{}
			keys = append(keys, k)
			return k
		}
		p := place{u.Bus, u.Address}
		k, ok := at[p]
		if !ok {
			k = &Key{}
			at[p] = k
			keys = append(keys, k)
		}
		return k
	}
	for _, s := range inOrder(sightings) {
		k := find(s.USB)
		if s.Interface == InterfaceCard && k.Card != nil {
			k = &Key{}
			keys = append(keys, k)
		}
		k.add(s)
	}
	merged := make([]Key, 0, len(keys))
	for _, k := range keys {
		if k.FIDO != nil || k.Card != nil || (k.USB != nil && KnownKey(k.USB.Vendor, k.USB.Product)) {
			merged = append(merged, *k)
		}
	}
	slices.SortStableFunc(merged, compareKeys)
	return merged
}

// add takes one more sighting; the most telling USB description wins.
func (k *Key) add(s Sighting) {
	if s.USB != nil && (k.USB == nil || (k.USB.Path == "" && s.USB.Path != "")) {
		k.USB = s.USB
	}
	switch s.Interface {
	case InterfaceUSB:
		k.Device = &s
	case InterfaceFIDO:
		k.FIDO = &s
	case InterfaceCard:
		k.Card = &s
	}
}

// inOrder sorts so that the outcome does not depend on the backends' order.
func inOrder(sightings []Sighting) []Sighting {
	return slices.SortedStableFunc(slices.Values(sightings), func(a, b Sighting) int {
		return cmp.Or(
			cmp.Compare(a.Interface, b.Interface),
			cmp.Compare(a.Slot, b.Slot),
			cmp.Compare(a.Node, b.Node),
		)
	})
}

func compareKeys(a, b Key) int {
	return cmp.Or(comparePlace(a.USB, b.USB), cmp.Compare(a.node(), b.node()))
}

func comparePlace(a, b *USB) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Or(cmp.Compare(a.Bus, b.Bus), cmp.Compare(a.Address, b.Address))
}

func (k Key) node() string {
	for _, s := range []*Sighting{k.FIDO, k.Card, k.Device} {
		if s != nil {
			return s.Node
		}
	}
	return ""
}
