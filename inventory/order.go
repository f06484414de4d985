package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// FindOrder returns the order of that number, in any letter case.
func FindOrder(tx Tx, number string) (Order, error) {
	o, err := tx.OrderByNumber(number)
	if !errors.Is(err, ErrNotFound) {
		return o, err
	}
	all, err := tx.ListOrders()
	if err != nil {
		return Order{}, fmt.Errorf("orders: %w", err)
	}
	i := slices.IndexFunc(all, func(o Order) bool { return Fold(o.Number) == Fold(number) })
	if i < 0 {
		return Order{}, fmt.Errorf("order %q: %w", number, ErrNotFound)
	}
	return all[i], nil
}

// orderNumber spells the number of an order as its list does; as it is where no
// list was read.
func orderNumber(tx Tx, number string) (string, error) {
	if number == "" {
		return "", nil
	}
	o, err := FindOrder(tx, number)
	if errors.Is(err, ErrNotFound) {
		return number, nil
	}
	return o.Number, err
}

// Orders lists all orders, by time, then number.
func Orders(tx Tx) ([]Order, error) { return tx.ListOrders() }

// neverCame says whether a key was taken off its delivery list: it was retired
// while it was still expected.
func neverCame(tx Tx, k Key) (bool, error) {
	if k.Attested() || k.Status != StatusRetired && k.Status != StatusDisposed {
		return false, nil
	}
	events, err := tx.EventsAbout(k.ID)
	if err != nil {
		return false, fmt.Errorf("events of %s: %w", k.ID, err)
	}
	for _, e := range events {
		if e.Kind != steps[VerbRetire].kind {
			continue
		}
		var c custodyJSON
		if err := json.Unmarshal([]byte(e.Payload), &c); err != nil {
			return false, fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
		}
		return c.From == StatusExpected, nil
	}
	return false, nil
}
