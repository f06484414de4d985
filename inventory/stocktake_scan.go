package inventory

import (
	"fmt"
	"slices"
	"strings"
)

// Counting turns what is read at a stocktake, code after code, into counts. A
// code names a key by ID, serial or tag, or by serial and tag; "seal:N" stands
// for every key of a sealed bag, and "place:SITE/SAFE" or "place:ID" says where
// what follows is. It knows the keys as they were when it began.
type Counting struct {
	Stocktake Stocktake
	Place     Place // where counting goes on; zero: not said yet
	names     KeyNames
	places    map[string]Place // by folded path, and by ID
}

// CodeFault is why a code is not counted, a word.
type CodeFault string

// The faults of codes. They are left out, and have to be said.
const (
	// CodeAmbiguous: it names several keys.
	CodeAmbiguous CodeFault = "ambiguous"
	// CodeSecret: it is the seed of a one-time password generator or another
	// secret, which has no place in an inventory.
	CodeSecret CodeFault = "secret"
)

// NewCounting begins to count for an open stocktake ("" the only one) at a
// place; "" is the only one of the stocktake, or one that a code will say.
func NewCounting(tx Tx, stocktake, place string) (*Counting, error) {
	s, err := OpenStocktake(tx, stocktake)
	if err != nil {
		return nil, err
	}
	c := &Counting{Stocktake: s, places: map[string]Place{}}
	if place != "" || len(s.Places) == 1 {
		if c.Place, err = CountPlace(tx, s, place); err != nil {
			return nil, err
		}
	}
	if c.names, err = ReadKeyNames(tx); err != nil {
		return nil, err
	}
	places, err := tx.ListPlaces()
	if err != nil {
		return nil, fmt.Errorf("places: %w", err)
	}
	for _, p := range places {
		c.places[Fold(p.ID)], c.places[Fold(Canonical(p.Path))] = p, p
	}
	for _, p := range places {
		c.places[Fold(p.Path)] = p
	}
	return c, nil
}

// Code takes in one code and returns what it counts: nothing where it says a
// place or has a fault. What follows an error has no place to be counted at.
func (c *Counting) Code(text string) ([]Count, CodeFault, error) {
	text, _, _ = strings.Cut(text, "\t") // a table's first column
	text = Canonical(text)
	kind, rest, labelled := strings.Cut(text, ":")
	if labelled {
		switch rest = strings.TrimSpace(rest); Fold(strings.TrimSpace(kind)) {
		case "place":
			return nil, "", c.goTo(rest)
		case "seal":
			counts, err := c.bag(rest)
			return counts, "", err
		case "key":
			text = rest
		case "otpauth", "otpauth-migration":
			return nil, CodeSecret, nil
		}
	}
	if c.Place.ID == "" {
		return nil, "", c.nowhere()
	}
	count := Count{PlaceID: c.Place.ID, How: BasisClaimed}
	switch ids := c.find(text); len(ids) {
	case 0:
		if SecretIn(text) != "" {
			return nil, CodeSecret, nil
		}
		if count.Code = Code(text); count.Code == "" {
			return nil, "", nil
		}
	case 1:
		count.KeyID = ids[0]
	default:
		return nil, CodeAmbiguous, nil
	}
	return []Count{count}, "", nil
}

// find lists the keys that a code may name. Of a label with serial and tag, the
// tag says which of several keys with this serial it is; where the two name
// different keys, the label is wrong, and names both.
func (c *Counting) find(text string) []string {
	serial, tag := ParseLabel(text)
	if tag == "" {
		return c.names.Find(text)
	}
	ids, tagged := c.names.Find(serial), c.names.Find(tag)
	if len(tagged) == 1 && slices.Contains(ids, tagged[0]) {
		return tagged
	}
	return append(ids, tagged...)
}

// goTo goes on at another place.
func (c *Counting) goTo(path string) error {
	name, err := NormalizePlace(path)
	if err != nil {
		return err
	}
	p, ok := c.places[Fold(name)]
	switch {
	case !ok:
		return fmt.Errorf("place %q: %w", Code(path), ErrNotFound)
	case !c.Stocktake.holds(p.Path):
		return invalid("place", "%s is not counted by stocktake %s", p.Path, c.Stocktake.ID)
	}
	c.Place = p
	return nil
}

// bag counts every key of a sealed bag.
func (c *Counting) bag(number string) ([]Count, error) {
	if c.Place.ID == "" {
		return nil, c.nowhere()
	}
	count := Count{PlaceID: c.Place.ID, How: BasisSealed}
	ids := c.names.InBag(number)
	if len(ids) == 0 {
		count.Code = Code("seal:" + number)
		return []Count{count}, nil
	}
	count.Seal, _ = NormalizeSeal(number)
	counts := make([]Count, len(ids))
	for i, id := range ids {
		counts[i] = count
		counts[i].KeyID = id
	}
	return counts, nil
}

func (c *Counting) nowhere() error {
	return invalid("place", "is not named, and stocktake %s counts %d", c.Stocktake.ID, len(c.Stocktake.Places))
}
