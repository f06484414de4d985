package inventory

import (
	"cmp"
	"fmt"
	"slices"
)

// Delivery is how far an order has come.
type Delivery struct {
	Order    Order
	Keys     []Key      // those on its list, in whatever status, by serial; not those that were taken off it
	Cut      []Key      // those that were taken off it: retired before they came
	Short    []Key      // those that have not come
	Over     []Received // what else came, and what was scanned again
	Enrolled int
}

// DeliveryOf says how far the order of that number has come. What was over or
// substituted at first and has been received since, by whatever order, is not
// listed.
func DeliveryOf(tx Tx, number string) (Delivery, error) {
	o, err := FindOrder(tx, number)
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{Order: o}
	if d.Keys, err = tx.ListKeys(KeyFilter{Order: o.Number}); err != nil {
		return Delivery{}, fmt.Errorf("order %s: %w", o.Number, err)
	}
	// A list's own order is not kept; people look for serials.
	slices.SortFunc(d.Keys, func(a, b Key) int {
		return cmp.Or(cmp.Compare(len(a.Serial), len(b.Serial)), cmp.Compare(a.Serial, b.Serial), cmp.Compare(a.ID, b.ID))
	})
	d.Keys = slices.DeleteFunc(d.Keys, func(k Key) bool {
		cut, err2 := neverCame(tx, k)
		if err = cmp.Or(err, err2); cut {
			d.Cut = append(d.Cut, k)
		}
		return cut
	})
	if err != nil {
		return Delivery{}, fmt.Errorf("order %s: %w", o.Number, err)
	}
	come := map[string]bool{}
	for _, k := range d.Keys {
		if k.Status == StatusExpected {
			d.Short = append(d.Short, k)
		} else {
			come[k.Serial] = true
		}
		if k.Attested() {
			d.Enrolled++
		}
	}
	events, err := tx.EventsAbout(o.Number)
	if err != nil {
		return Delivery{}, fmt.Errorf("order %s: %w", o.Number, err)
	}
	seen := map[Received]bool{}
	for _, e := range events {
		if e.Kind != KindOrderReceived {
			continue
		}
		var payload receivedJSON
		if err := decodeExact([]byte(e.Payload), &payload); err != nil {
			return Delivery{}, fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
		}
		for _, r := range payload.Arrivals {
			same := Received{Code: r.Code, Outcome: r.Outcome}
			if r.Outcome == OutcomeReceived || seen[same] || r.Outcome == OutcomeSubstituted && come[r.Code] {
				continue
			}
			seen[same] = true
			if r.Outcome == OutcomeOver {
				settled, err := cameWith(tx, r.Code)
				if err != nil {
					return Delivery{}, fmt.Errorf("order %s: %w", o.Number, err)
				}
				if settled {
					continue
				}
			}
			d.Over = append(d.Over, r)
		}
	}
	return d, nil
}

// cameWith says whether a key of this serial has come with an order.
func cameWith(tx Tx, serial string) (bool, error) {
	same, err := tx.KeysBySerial(serial)
	if err != nil {
		return false, err
	}
	for _, k := range same {
		cut, err := neverCame(tx, k)
		if err != nil || k.Order != "" && k.Status != StatusExpected && !cut {
			return err == nil, err
		}
	}
	return false, nil
}

// Count says how many keys were announced and how many of those have come: what
// is over makes up for nothing that is short.
func (d Delivery) Count() (received, announced int64) {
	announced = int64(len(d.Keys))
	received = announced - int64(len(d.Short))
	for _, l := range d.Order.Lines {
		received += min(l.Received, l.Quantity)
		announced += l.Quantity
	}
	return received, announced
}

// Complete says whether all that was announced has come, and nothing else. A
// label that was scanned twice brings nothing.
func (d Delivery) Complete() bool {
	for _, l := range d.Order.Lines {
		if l.Received != l.Quantity {
			return false
		}
	}
	other := func(r Received) bool { return r.Outcome != OutcomeDuplicate }
	return len(d.Short) == 0 && !slices.ContainsFunc(d.Over, other)
}
