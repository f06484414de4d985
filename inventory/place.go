package inventory

import (
	"errors"
	"fmt"
	"strings"
)

// Place is where keys lie: a site, a safe at a site, or a slot in a safe.
type Place struct {
	ID       string // "P-…"
	ParentID string // "" for a site
	Name     string
	Path     string // names from the site down, joined by "/"
	Capacity int64  // how many keys fit in it and below it; 0 no limit
	// TwoPeople: no key goes in or out without a second person.
	TwoPeople bool
}

// LabelTexts are what the code of a place's label may say, as a stocktake reads
// it back, the best first: the path, unless scanners would spell it differently,
// and the ID.
func (p Place) LabelTexts() []string {
	for _, r := range p.Path {
		if r > '~' {
			return []string{"place:" + p.ID}
		}
	}
	return []string{"place:" + p.Path, "place:" + p.ID}
}

// placeLevels are the words for the depths of a path.
var placeLevels = []string{"site", "safe", "slot"}

// NormalizePlace checks a place's path, "site", "site/safe" or
// "site/safe/slot", and returns it in its one spelling.
func NormalizePlace(path string) (string, error) {
	names := strings.Split(Canonical(path), "/") // which has the slashes of every width
	if len(names) > len(placeLevels) {
		return "", invalid("place", "has more than three levels (site/safe/slot)")
	}
	for i, name := range names {
		name, err := required("place: "+placeLevels[i], name, maxName)
		if err != nil {
			return "", err
		}
		if name == "." || name == ".." {
			return "", invalid("place: "+placeLevels[i], "is only dots")
		}
		names[i] = name
	}
	return strings.Join(names, "/"), nil
}

// EnsurePlace returns the place at path and makes it, and what is above it, on
// first use. Each place made is an event.
func EnsurePlace(tx Tx, act Act, path string) (Place, error) {
	act, err := act.check()
	if err != nil {
		return Place{}, err
	}
	if path, err = NormalizePlace(path); err != nil {
		return Place{}, err
	}
	var place Place
	for _, name := range strings.Split(path, "/") {
		sub := name
		if place.Path != "" {
			sub = place.Path + "/" + name
		}
		next, err := tx.PlaceByPath(sub)
		if errors.Is(err, ErrNotFound) {
			next, err = makePlace(tx, act, place, name, sub)
		}
		if err != nil {
			return Place{}, fmt.Errorf("place %s: %w", sub, err)
		}
		place = next
	}
	return place, nil
}

// AddPlace makes the place at path, which must not be there yet; what it is in
// must be, unless parents says that it is made too.
func AddPlace(tx Tx, act Act, path string, parents bool) (Place, error) {
	path, err := NormalizePlace(path)
	if err != nil {
		return Place{}, err
	}
	old, err := tx.PlaceByPath(path)
	if known, err := found(err); err != nil {
		return Place{}, fmt.Errorf("place %s: %w", path, err)
	} else if known {
		return Place{}, &ExistsError{What: "place", Value: path, Owner: old.ID}
	}
	if above := strings.LastIndex(path, "/"); above > 0 && !parents {
		if _, err := FindPlace(tx, path[:above]); err != nil {
			return Place{}, err
		}
	}
	return EnsurePlace(tx, act, path)
}

func makePlace(tx Tx, act Act, parent Place, name, path string) (Place, error) {
	id, err := newID(tx, "P", func(id string) (bool, error) {
		_, err := tx.PlaceByID(id)
		return found(err)
	}, []byte(path))
	if err != nil {
		return Place{}, err
	}
	p := Place{ID: id, ParentID: parent.ID, Name: name, Path: path}
	if err := tx.InsertPlace(p); err != nil {
		return Place{}, err
	}
	_, err = record(tx, act, KindPlaceMade, p.ID, placePayload(p))
	return p, err
}

// placeJSON is the payload of place.made.
type placeJSON struct {
	Parent *string `json:"parent"`
	Name   string  `json:"name"`
}

func placePayload(p Place) placeJSON { return placeJSON{null(p.ParentID), p.Name} }

// Places lists every place, by path.
func Places(tx Tx) ([]Place, error) { return tx.ListPlaces() }

// KindPlaceChanged is the kind of the event of another rule for a place.
const KindPlaceChanged = "place.changed"

// ChangePlace sets how many keys fit in a place, 0 for no limit, and whether it
// takes two people. Nothing changed is no event. That a place takes two people
// is not for one to end: ErrNeedsWitness, see AskPlaceChange.
func ChangePlace(tx Tx, act Act, placeID string, capacity int64, twoPeople bool) (Place, error) {
	act, err := act.check()
	if err != nil {
		return Place{}, fmt.Errorf("change place: %w", err)
	}
	if err := checkCapacity(capacity); err != nil {
		return Place{}, fmt.Errorf("change place: %w", err)
	}
	p, err := tx.PlaceByID(placeID)
	if err != nil {
		return Place{}, fmt.Errorf("change place %s: %w", placeID, err)
	}
	if p.TwoPeople && !twoPeople {
		return Place{}, fmt.Errorf("change place: %s takes two people: %w", p.Path, ErrNeedsWitness)
	}
	return setRules(tx, act, p, capacity, twoPeople)
}

func setRules(tx Tx, act Act, p Place, capacity int64, twoPeople bool) (Place, error) {
	if p.Capacity == capacity && p.TwoPeople == twoPeople {
		return p, nil
	}
	p.Capacity, p.TwoPeople = capacity, twoPeople
	if err := tx.UpdatePlace(p); err != nil {
		return Place{}, fmt.Errorf("change place %s: %w", p.Path, err)
	}
	_, err := record(tx, act, KindPlaceChanged, p.ID, placeRules{p.Capacity, p.TwoPeople})
	return p, err
}

func checkCapacity(n int64) error {
	if n < 0 || n > 1_000_000 {
		return invalid("capacity", "is not 0 to 1000000")
	}
	return nil
}

// placeRules is the payload of place.changed.
type placeRules struct {
	Capacity  int64 `json:"capacity"`
	TwoPeople bool  `json:"two_people"`
}

// FindPlace returns the place that ref names: by its path in any letter case,
// or by its ID.
func FindPlace(tx Tx, ref string) (Place, error) {
	path, err := NormalizePlace(ref)
	if err != nil {
		return Place{}, err
	}
	p, err := tx.PlaceByPath(path)
	if errors.Is(err, ErrNotFound) && ref != path {
		p, err = tx.PlaceByPath(strings.Trim(ref, " ")) // one from before names had one spelling
	}
	if errors.Is(err, ErrNotFound) {
		p, err = tx.PlaceByID(strings.ToUpper(path))
	}
	if err != nil {
		return Place{}, fmt.Errorf("place %q: %w", ref, err)
	}
	return p, nil
}

// takesTwo returns the path of the nearest place, this one or one above it,
// that takes two people; "" where none does.
func takesTwo(tx Tx, placeID string) (string, error) {
	for placeID != "" {
		p, err := tx.PlaceByID(placeID)
		if err != nil {
			return "", fmt.Errorf("place %s: %w", placeID, err)
		}
		if p.TwoPeople {
			return p.Path, nil
		}
		placeID = p.ParentID
	}
	return "", nil
}

// alone gives ErrNeedsWitness where one of these places takes two people.
func alone(tx Tx, placeIDs ...string) error {
	for _, id := range placeIDs {
		two, err := takesTwo(tx, id)
		if err != nil {
			return err
		}
		if two != "" {
			return fmt.Errorf("%s takes two people: %w", two, ErrNeedsWitness)
		}
	}
	return nil
}

// nearest returns the place at path or, where that is still to be made, what is
// there above it; the zero Place for nothing.
func nearest(tx Tx, path string) (Place, error) {
	for {
		p, err := tx.PlaceByPath(path)
		if !errors.Is(err, ErrNotFound) {
			return p, err
		}
		above := strings.LastIndex(path, "/")
		if above < 0 {
			return Place{}, nil
		}
		path = path[:above]
	}
}

// KeysAtRest counts the keys that lie in a place and below it.
func KeysAtRest(tx Tx, p Place) (int, error) {
	return tx.CountKeys(KeyFilter{Place: p.Path, Statuses: resting})
}

// KeysByPlace counts the keys that lie in each place and below it, by the
// place's ID; places without keys are left out.
func KeysByPlace(tx Tx) (map[string]int, error) {
	places, err := tx.ListPlaces()
	if err != nil {
		return nil, fmt.Errorf("count keys: %w", err)
	}
	keys, err := tx.ListKeys(KeyFilter{Statuses: resting})
	if err != nil {
		return nil, fmt.Errorf("count keys: %w", err)
	}
	above := make(map[string]string, len(places))
	for _, p := range places {
		above[p.ID] = p.ParentID
	}
	counts := map[string]int{}
	for _, k := range keys {
		id := k.PlaceID
		for range placeLevels { // no deeper, whatever the rows say
			if id != "" {
				counts[id]++
				id = above[id]
			}
		}
	}
	return counts, nil
}
