package inventory

import (
	"fmt"
	"strings"
	"time"
)

// Kinds of events about who may open a place.
const (
	KindPlaceGranted = "place.granted"
	KindPlaceRevoked = "place.revoked"
)

// Access says that a person may open a place and all that is below it: they
// know its code, or have a key to its lock.
type Access struct {
	PlaceID  string
	Place    string // the path of PlaceID
	PersonID string
	Person   string // the name of PersonID
	At       time.Time
	By       string
}

// GrantAccess records that a person may open a place. Who has left may open
// none. What was granted before is no event. Who may open what takes two people
// is not for one to say: ErrNeedsWitness, see AskAccess.
func GrantAccess(tx Tx, act Act, placeID, personID string) (Access, error) {
	return grantAccess(tx, act, placeID, personID, false)
}

func grantAccess(tx Tx, act Act, placeID, personID string, confirmed bool) (Access, error) {
	act, err := act.check()
	if err != nil {
		return Access{}, fmt.Errorf("grant: %w", err)
	}
	a, known, err := accessOf(tx, placeID, personID)
	if err != nil || known {
		return a, err
	}
	p, err := tx.PersonByID(personID)
	if err != nil {
		return Access{}, fmt.Errorf("grant: person %s: %w", personID, err)
	}
	if err := p.present(); err != nil {
		return Access{}, fmt.Errorf("grant: %w", err)
	}
	place, err := tx.PlaceByID(placeID)
	if err != nil {
		return Access{}, fmt.Errorf("grant: place %s: %w", placeID, err)
	}
	if !confirmed {
		if err := opensTwo(tx, place); err != nil {
			return Access{}, fmt.Errorf("grant: %w", err)
		}
	}
	a = Access{PlaceID: place.ID, Place: place.Path, PersonID: p.ID, Person: p.Name, At: act.At, By: act.Actor}
	if err := tx.InsertAccess(a); err != nil {
		return Access{}, fmt.Errorf("grant %s: %w", place.Path, err)
	}
	_, err = record(tx, act, KindPlaceGranted, a.PlaceID, accessPayload(a))
	return a, err
}

// opensTwo gives ErrNeedsWitness where whoever may open the place may open one
// that takes two people: itself, one above it, or one below it.
func opensTwo(tx Tx, place Place) error {
	if err := alone(tx, place.ID); err != nil {
		return err
	}
	all, err := tx.ListPlaces()
	if err != nil {
		return fmt.Errorf("places: %w", err)
	}
	for _, p := range all {
		if p.TwoPeople && strings.HasPrefix(Fold(p.Path), Fold(place.Path)+"/") {
			return fmt.Errorf("%s takes two people: %w", p.Path, ErrNeedsWitness)
		}
	}
	return nil
}

// RevokeAccess records that a person may not open a place any more. What was
// never granted gives ErrNotFound.
func RevokeAccess(tx Tx, act Act, placeID, personID string) (Access, error) {
	act, err := act.check()
	if err != nil {
		return Access{}, fmt.Errorf("revoke: %w", err)
	}
	a, known, err := accessOf(tx, placeID, personID)
	if err == nil && !known {
		err = fmt.Errorf("access of %s to %s: %w", personID, placeID, ErrNotFound)
	}
	if err == nil {
		err = tx.DeleteAccess(placeID, personID)
	}
	if err != nil {
		return Access{}, fmt.Errorf("revoke: %w", err)
	}
	_, err = record(tx, act, KindPlaceRevoked, a.PlaceID, accessPayload(a))
	return a, err
}

func accessOf(tx Tx, placeID, personID string) (Access, bool, error) {
	list, err := tx.ListAccess(placeID, personID)
	if err != nil || len(list) == 0 || placeID == "" || personID == "" {
		return Access{}, false, err
	}
	return list[0], true, nil
}

// AccessList lists who may open which place, by place, then person.
func AccessList(tx Tx) ([]Access, error) { return tx.ListAccess("", "") }

type accessJSON struct {
	Person string `json:"person"`
}

func accessPayload(a Access) accessJSON { return accessJSON{a.PersonID} }
