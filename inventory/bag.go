package inventory

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kinds of events about bags.
const (
	KindBagSealed = "bag.sealed"
	KindBagOpened = "bag.opened"
	KindBagBroken = "bag.broken"
)

// BagState is how a numbered bag is, a word.
type BagState string

// The states of a bag. One that was opened or found broken is no bag any more,
// and its number is used up.
const (
	BagIntact BagState = "intact"
	BagOpened BagState = "opened" // by two people
	BagBroken BagState = "broken" // found so
)

// bagEnds are the kinds of the events by which a bag is no longer intact.
var bagEnds = map[BagState]string{BagOpened: KindBagOpened, BagBroken: KindBagBroken}

// Bag is a bag with a numbered seal, and keys in it.
type Bag struct {
	Number   string // as NormalizeSeal spells it
	State    BagState
	SealedAt time.Time
	SealedBy string
	EndedAt  time.Time // when it was opened or found broken; zero: it is intact
	EndedBy  string
	Reason   string // why it was opened, or how it was found
}

// NormalizeSeal gives the one spelling of the number of a seal: capital
// letters, no spaces. It holds a digit, so that no word is taken for one.
func NormalizeSeal(s string) (string, error) {
	s, err := line("seal", s, maxTag)
	if err != nil {
		return "", err
	}
	s = strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	digit := false
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digit = true
		case r >= 'A' && r <= 'Z', i > 0 && strings.ContainsRune("-._/:#", r):
		default:
			return "", invalid("seal", "may hold letters, digits and - . _ / : # only, a letter or digit first")
		}
	}
	if !digit {
		return "", invalid("seal", "has no digit: a seal is named by its number")
	}
	return s, nil
}

// seal puts the key into a bag, which takes keys in the act that seals it and in
// no other.
func (b *moving) seal(m Move, k *Key) error {
	number, err := NormalizeSeal(m.Seal)
	if err != nil {
		return err
	}
	switch {
	case k.Seal != "":
		return k.refuse()
	case k.PlaceID == "":
		return fmt.Errorf("%s lies at no place: %w", k.Label(), ErrStatus)
	}
	fresh := Bag{Number: number, State: BagIntact, SealedAt: b.act.At, SealedBy: b.act.Actor}
	bag, err := b.tx.BagByNumber(number)
	if known, err := found(err); err != nil {
		return err
	} else if !known {
		bag = fresh
		if err := b.tx.PutBag(bag); err != nil {
			return err
		}
		if _, err := record(b.tx, b.act, KindBagSealed, number, struct{}{}); err != nil {
			return err
		}
	}
	if bag != fresh {
		return &ExistsError{What: "seal", Value: number, Owner: "a bag sealed on " + bag.SealedAt.Format(time.DateOnly) + " (" + string(bag.State) + ")"}
	}
	k.Seal, k.Status = number, k.put(StatusSealed)
	b.touched = append(b.touched, number)
	return nil
}

// outOfBag takes a key out of a bag that is opened or was found broken. One
// that is out of use stays so.
func (b *moving) outOfBag(m Move, k *Key, how BagState, then Status) error {
	if k.Seal == "" {
		return fmt.Errorf("%s is in no sealed bag: %w", k.Label(), ErrStatus)
	}
	if err := b.endBag(k.Seal, how, m.Reason); err != nil {
		return err
	}
	k.Seal = ""
	if k.Status.Resting() {
		k.Status = k.put(then)
	}
	return nil
}

// endBag records, once, that a bag is no longer intact.
func (b *moving) endBag(number string, how BagState, reason string) error {
	if slices.Contains(b.ended, number) {
		return nil
	}
	bag, err := b.tx.BagByNumber(number)
	if err != nil {
		return fmt.Errorf("seal %s: %w", number, err)
	}
	if bag.State != BagIntact {
		return bag.over()
	}
	bag.State, bag.EndedAt, bag.EndedBy, bag.Reason = how, b.act.At, b.act.Actor, reason
	if err := b.tx.PutBag(bag); err != nil {
		return err
	}
	b.ended = append(b.ended, number)
	_, err = record(b.tx, b.act, bagEnds[how], number, bagEnded{reason})
	return err
}

func (bag Bag) over() error {
	return fmt.Errorf("seal %s was %s on %s: %w", bag.Number, bag.State, bag.EndedAt.Format(time.DateOnly), ErrStatus)
}

// bagEnded is the payload of bag.opened and bag.broken.
type bagEnded struct {
	Reason string `json:"reason"`
}

// leaveEndedBag forgets the bag that a key was in when it was lost, if that is
// no bag any more.
func (b *moving) leaveEndedBag(k *Key) error {
	if k.Seal == "" {
		return nil
	}
	bag, err := b.tx.BagByNumber(k.Seal)
	if err != nil {
		return fmt.Errorf("seal %s: %w", k.Seal, err)
	}
	if bag.State != BagIntact {
		k.Seal = ""
	}
	return nil
}

// bagsAreWhole refuses to leave keys in a bag that was opened, or the keys of
// one bag at two places.
func (b *moving) bagsAreWhole() error {
	for _, number := range b.ended {
		keys, err := b.tx.ListKeys(KeyFilter{Seal: number})
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return fmt.Errorf("seal %s: %s is in that bag too: %w", number, keys[0].Label(), ErrStatus)
		}
	}
	for _, number := range b.touched {
		keys, err := b.tx.ListKeys(KeyFilter{Seal: number, Statuses: append([]Status{StatusInTransit}, resting...)})
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.PlaceID != keys[0].PlaceID || k.Shipment != keys[0].Shipment {
				return fmt.Errorf("seal %s: %s and %s are in that bag, and would not be at one place: %w", number, keys[0].Label(), k.Label(), ErrStatus)
			}
		}
	}
	return nil
}

// BagKeys returns what a bag takes to be opened, or to be recorded as found
// broken: a move for each key in it. One that is no longer intact gives ErrStatus.
func BagKeys(tx Tx, number string, verb Verb, reason, ticket string) ([]Move, error) {
	bag, err := FindBag(tx, number)
	if err != nil {
		return nil, err
	}
	if bag.State != BagIntact {
		return nil, bag.over()
	}
	keys, err := tx.ListKeys(KeyFilter{Seal: bag.Number})
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", bag.Number, err)
	}
	var moves []Move
	for _, k := range keys {
		moves = append(moves, Move{Verb: verb, KeyID: k.ID, Reason: reason, Ticket: ticket})
	}
	return moves, nil
}

// FindBag returns the bag of a seal's number, in any letter case and spacing.
func FindBag(tx Tx, number string) (Bag, error) {
	number, err := NormalizeSeal(number)
	if err != nil {
		return Bag{}, err
	}
	bag, err := tx.BagByNumber(number)
	if err != nil {
		return Bag{}, fmt.Errorf("seal %s: %w", number, err)
	}
	return bag, nil
}

// Bags lists every bag, the first sealed first.
func Bags(tx Tx) ([]Bag, error) { return tx.ListBags() }
