package inventory

import (
	"errors"
	"fmt"
)

// ErrNoDelivery: the key is on no delivery list.
var ErrNoDelivery = errors.New("the key is on no delivery list")

// CheckDelivery gives ErrNoDelivery for an enrollment of a key that no delivery
// list announced: by its serial, as the product that it is and with the
// enrollment's order, if that names one; or, where it has no serial, as one of
// those that came with the order and are not enrolled yet.
func CheckDelivery(tx Tx, e Enrollment) error {
	serial, err := NormalizeSerial(e.Serial)
	if err != nil {
		return err
	}
	if serial != "" {
		same, err := tx.KeysBySerial(serial)
		if err != nil {
			return err
		}
		for _, k := range same {
			switch {
			case k.Order == "":
			case e.Order != "" && Fold(e.Order) != Fold(k.Order):
				return fmt.Errorf("serial %s is on the list of order %s, not of %s: %w", serial, k.Order, e.Order, ErrNoDelivery)
			case !k.Attested() && !sameProduct(k.Product, e.Product):
				return fmt.Errorf("serial %s is on the list of order %s as a %s, and this is a %s: %w", serial, k.Order, k.Product, claimed(e.Product, maxName), ErrNoDelivery)
			default:
				return nil
			}
		}
		return fmt.Errorf("serial %s: %w", serial, ErrNoDelivery)
	}
	if e.Order == "" {
		return fmt.Errorf("it shows no serial, and no order is named: %w", ErrNoDelivery)
	}
	return e.oneOf(tx)
}

// oneOf says whether the key, which shows no serial, can be one of those that
// came with its order.
func (e Enrollment) oneOf(tx Tx) error {
	o, err := FindOrder(tx, e.Order)
	if err != nil {
		return err
	}
	keys, err := tx.ListKeys(KeyFilter{Order: o.Number})
	if err != nil {
		return err
	}
	for _, l := range o.Lines {
		if !sameProduct(l.Product, e.Product) {
			continue
		}
		left := l.Received
		for _, k := range keys {
			if k.Serial == "" && sameProduct(l.Product, k.Product) {
				left--
			}
		}
		if left > 0 {
			return nil
		}
		return fmt.Errorf("all %d %s that came with order %s are enrolled: %w", l.Received, l.Product, o.Number, ErrNoDelivery)
	}
	return fmt.Errorf("order %s lists no %s without serials: %w", o.Number, e.Product, ErrNoDelivery)
}
