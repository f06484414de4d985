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

// line finds the line of keys without serials of a product.
func (o Order) line(product string) (int, error) {
	i := slices.IndexFunc(o.Lines, func(l OrderLine) bool { return Fold(l.Product) == Fold(product) })
	if i < 0 {
		return i, fmt.Errorf("order %s lists no %q without serials: %w", o.Number, product, ErrNotFound)
	}
	return i, nil
}

// CutOrder takes off an order's list keys without serials that will not come any
// more, so many of each product; those that came stay on it. A key with a serial
// is retired instead.
func CutOrder(tx Tx, act Act, number string, counts map[string]int64, reason string) (Order, error) {
	act, err := act.check()
	if err != nil {
		return Order{}, fmt.Errorf("cut order: %w", err)
	}
	if reason, err = required("reason", reason, maxReason); err != nil {
		return Order{}, fmt.Errorf("cut order: %w", err)
	}
	o, err := FindOrder(tx, number)
	if err != nil {
		return Order{}, fmt.Errorf("cut order: %w", err)
	}
	if len(counts) == 0 {
		return Order{}, fmt.Errorf("cut order: %w", invalid("count", "is missing"))
	}
	for product, n := range counts {
		i, err := o.line(product)
		if err != nil {
			return Order{}, fmt.Errorf("cut order: %w", err)
		}
		l := &o.Lines[i]
		if open := max(l.Quantity-l.Received, 0); n < 1 || n > open {
			return Order{}, fmt.Errorf("cut order: %w", invalid("count of "+l.Product, "is not 1 to %d, the number that has not come", open))
		}
		l.Quantity -= n
	}
	if err := tx.PutOrder(o); err != nil {
		return Order{}, fmt.Errorf("cut order: %w", err)
	}
	_, err = record(tx, act, KindOrderCut, o.Number, cutJSON{o.Lines, reason})
	return o, err
}

// cutJSON is the payload of order.cut: the lines as they stand then, and why.
type cutJSON struct {
	Counts []OrderLine `json:"counts"`
	Reason string      `json:"reason"`
}

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
