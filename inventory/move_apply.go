package inventory

import (
	"encoding/json"
	"fmt"
	"time"
)

// apply changes the custody of the key as the move says. proved is not nil
// where the event says whether the key was proved to be empty.
func (b *moving) apply(m Move, k *Key) (proved *bool, err error) {
	switch m.Verb {
	case VerbReceive:
		k.Status = StatusReceived
		if k.Type == TypeToken {
			k.Status = StatusInSafe // it has nothing more to show
		}
		if m.PlaceID != "" {
			err = b.toPlace(m, k)
		}
	case VerbCheckOut:
		err = b.checkOut(m, k)
	case VerbCheckIn:
		err = b.checkIn(m, k)
	case VerbMove:
		err = b.toPlace(m, k)
	case VerbSeal:
		err = b.seal(m, k)
	case VerbUnseal:
		err = b.outOfBag(m, k, BagOpened, StatusInSafe)
	case VerbBreak:
		// Whoever opened it may have had the keys.
		err = b.outOfBag(m, k, BagBroken, StatusFound)
	case VerbShip:
		err = b.ship(m, k)
	case VerbArrive:
		k.Shipment, k.Due, k.Status = "", time.Time{}, k.put(StatusInSafe)
		if k.Seal != "" {
			k.Status = k.put(StatusSealed)
		}
		if m.PlaceID == "" {
			m.PlaceID = k.PlaceID
		}
		err = b.toPlace(m, k)
	case VerbLose:
		k.Status, k.Due, k.Shipment = StatusLost, time.Time{}, ""
	case VerbFind:
		k.Status, k.HolderID = StatusFound, ""
		if err = b.leaveEndedBag(k); err == nil && m.PlaceID != "" {
			err = b.toPlace(m, k)
		}
	case VerbCompromise:
		k.Status, k.Due, k.Shipment = StatusCompromised, time.Time{}, ""
	case VerbRetire:
		k.Status, k.Due, k.Shipment = StatusRetired, time.Time{}, ""
	case VerbDispose:
		if k.Seal != "" {
			return nil, k.refuse()
		}
		var gone bool
		gone, err = emptied(b.tx, *k)
		proved = &gone
		k.Status, k.PlaceID, k.HolderID = StatusDisposed, "", ""
	}
	return proved, err
}

func (b *moving) checkOut(m Move, k *Key) error {
	p, err := b.tx.PersonByID(m.PersonID)
	if err != nil {
		return fmt.Errorf("person %s: %w", m.PersonID, err)
	}
	if !p.LeftAt.IsZero() {
		return fmt.Errorf("%s left on %s: %w", p.Name, p.LeftAt.Format(time.DateOnly), ErrStatus)
	}
	k.HolderID, k.Due, k.Status = p.ID, m.Until, StatusCheckedOut
	if m.Keep {
		k.Status = StatusInUse
	}
	return nil
}

func (b *moving) checkIn(m Move, k *Key) error {
	if k.Seal != "" {
		return k.refuse()
	}
	if k.Status == StatusFound && k.Attested() {
		if err := provedSince(b.tx, *k, k.Since); err != nil {
			return err
		}
	}
	k.HolderID, k.Due, k.Status = "", time.Time{}, StatusInSafe
	return b.toPlace(m, k)
}

// put is the status of a key that is put away: one that is not attested stays
// what it is.
func (k Key) put(attested Status) Status {
	switch {
	case k.Attested() || k.Type == TypeToken:
		return attested
	case k.Order != "":
		return StatusReceived
	}
	return StatusDeclared
}

// toPlace puts the key where the move says, if there is room.
func (b *moving) toPlace(m Move, k *Key) error {
	p, err := room(b.tx, m.PlaceID, *k)
	if err != nil {
		return err
	}
	k.PlaceID, k.Place = p.ID, p.Path
	if k.Seal != "" {
		b.touched = append(b.touched, k.Seal)
	}
	return nil
}

// room returns the place if one more key, k, fits in it and in what it is in.
func room(tx Tx, placeID string, k Key) (Place, error) {
	if placeID == "" {
		return Place{}, invalid("place", "is missing")
	}
	p, err := tx.PlaceByID(placeID)
	if err != nil {
		return Place{}, fmt.Errorf("place %s: %w", placeID, err)
	}
	for at := p; ; {
		if at.Capacity > 0 {
			n, err := tx.CountKeys(KeyFilter{Place: at.Path, Statuses: resting, Not: k.ID})
			if err != nil {
				return Place{}, err
			}
			if int64(n) >= at.Capacity {
				return Place{}, fmt.Errorf("%s holds %d of %d keys: %w", at.Path, n, at.Capacity, ErrFull)
			}
		}
		if at.ParentID == "" {
			return p, nil
		}
		if at, err = tx.PlaceByID(at.ParentID); err != nil {
			return Place{}, fmt.Errorf("place above %s: %w", p.Path, err)
		}
	}
}

// emptied says whether nothing that the key opened is left on it: its FIDO
// side was reset and seen to have forgotten its credential since it was last
// enrolled, or it was never enrolled.
func emptied(tx Tx, k Key) (bool, error) {
	if !k.Attested() {
		return k.Type == TypeKey, nil
	}
	events, err := tx.EventsAbout(k.ID)
	if err != nil {
		return false, fmt.Errorf("events of %s: %w", k.ID, err)
	}
	var reset struct {
		Proved bool `json:"proved"`
	}
	for _, e := range events {
		switch e.Kind {
		case KindKeyFIDOReset:
			if err := json.Unmarshal([]byte(e.Payload), &reset); err != nil {
				return false, fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
			}
		case KindKeyEnrolled:
			reset.Proved = false
		}
	}
	return reset.Proved, nil
}

// provedSince gives ErrNotProved for a key that has not answered a challenge
// since then.
func provedSince(tx Tx, k Key, since time.Time) error {
	proofs, err := tx.ListProofs(k.ID)
	if err != nil {
		return err
	}
	for _, p := range proofs {
		if p.At.After(since) {
			return nil
		}
	}
	return fmt.Errorf("%s is %s: %w", k.Label(), k.standing(), ErrNotProved)
}
