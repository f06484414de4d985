package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// KindShipmentSent is the kind of the event of a parcel that leaves.
const KindShipmentSent = "shipment.sent"

// Shipment is a parcel with keys in it, on its way to a place. It is open as
// long as a key is in it.
type Shipment struct {
	ID       string // "S-…"
	PlaceID  string // where it goes
	Carrier  string
	Tracking string    // the carrier's number
	Due      time.Time // when it has to be there
	At       time.Time // when it left
	By       string
}

// shipmentJSON is the payload of shipment.sent.
type shipmentJSON struct {
	Place    string `json:"place"`
	Carrier  string `json:"carrier"`
	Tracking string `json:"tracking"`
	Due      string `json:"due"`
}

func shipmentPayload(s Shipment) shipmentJSON {
	return shipmentJSON{s.PlaceID, s.Carrier, s.Tracking, FormatTime(s.Due)}
}

// ship puts the key into the parcel of this moving that goes the same way.
func (b *moving) ship(m Move, k *Key) error {
	p, err := b.tx.PlaceByID(m.PlaceID)
	if err != nil {
		return fmt.Errorf("place %s: %w", cmp.Or(m.PlaceID, "of destination"), err)
	}
	if p.ID == k.PlaceID {
		return fmt.Errorf("%s is at %s: %w", k.Label(), p.Path, ErrStatus)
	}
	what := Shipment{PlaceID: p.ID, Carrier: m.Carrier, Tracking: m.Tracking, Due: m.Until, At: b.act.At, By: b.act.Actor}
	id, known := b.parcels[what]
	if !known {
		if id, err = b.send(what); err != nil {
			return err
		}
	}
	if k.Seal != "" {
		b.touched = append(b.touched, k.Seal)
	}
	k.Shipment, k.Due, k.Status, k.PlaceID, k.Place = id, m.Until, StatusInTransit, p.ID, p.Path
	return nil
}

func (b *moving) send(s Shipment) (string, error) {
	what := s
	id, err := newID(b.tx, "S", func(id string) (bool, error) {
		_, err := b.tx.ShipmentByID(id)
		return found(err)
	}, []byte(s.Carrier), []byte(s.Tracking))
	if err != nil {
		return "", err
	}
	s.ID = id
	if err := b.tx.InsertShipment(s); err != nil {
		return "", err
	}
	if b.parcels == nil {
		b.parcels = map[Shipment]string{}
	}
	b.parcels[what] = id
	_, err = record(b.tx, b.act, KindShipmentSent, id, shipmentPayload(s))
	return id, err
}

// Parcel is a shipment and what is in it still.
type Parcel struct {
	Shipment
	Place string // the path of PlaceID
	Keys  []Key  // in transit; none: it has come, or what was in it is lost
}

// Overdue says whether something of it should have been there by now.
func (p Parcel) Overdue(now time.Time) bool { return len(p.Keys) > 0 && p.Due.Before(now) }

// Parcels lists the shipments, the oldest first: those on their way, or all.
func Parcels(tx Tx, all bool) ([]Parcel, error) {
	shipments, err := tx.ListShipments()
	if err != nil {
		return nil, fmt.Errorf("shipments: %w", err)
	}
	keys, err := tx.ListKeys(KeyFilter{Statuses: []Status{StatusInTransit}})
	if err != nil {
		return nil, fmt.Errorf("keys in transit: %w", err)
	}
	in := map[string][]Key{}
	for _, k := range keys {
		in[k.Shipment] = append(in[k.Shipment], k)
	}
	places, err := tx.ListPlaces()
	if err != nil {
		return nil, fmt.Errorf("places: %w", err)
	}
	paths := map[string]string{}
	for _, p := range places {
		paths[p.ID] = p.Path
	}
	var list []Parcel
	for _, s := range shipments {
		if all || len(in[s.ID]) > 0 {
			list = append(list, Parcel{s, paths[s.PlaceID], in[s.ID]})
		}
	}
	return list, nil
}

// FindParcel returns the shipment of an ID or of a tracking number; several of
// one number give an AmbiguousError.
func FindParcel(tx Tx, ref string) (Parcel, error) {
	ref, err := required("shipment", ref, maxName)
	if err != nil {
		return Parcel{}, err
	}
	all, err := Parcels(tx, true)
	if err != nil {
		return Parcel{}, err
	}
	hits := slices.DeleteFunc(all, func(p Parcel) bool { return Fold(p.ID) != Fold(ref) && Fold(p.Tracking) != Fold(ref) })
	switch len(hits) {
	case 0:
		return Parcel{}, fmt.Errorf("shipment %q: %w", ref, ErrNotFound)
	case 1:
		return hits[0], nil
	}
	ambiguous := &AmbiguousError{Ref: ref}
	for _, p := range hits {
		ambiguous.Candidates = append(ambiguous.Candidates, p.ID)
	}
	return Parcel{}, ambiguous
}
