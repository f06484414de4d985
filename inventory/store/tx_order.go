package store

import "hwmfa/inventory"

const selectOrders = "SELECT number, supplier, manifest_sha256, at, actor FROM orders "

func scanOrder(r row) (inventory.Order, error) {
	var o inventory.Order
	err := r.Scan(&o.Number, textColumn{&o.Supplier}, hashColumn{&o.Manifest}, timeColumn{&o.At}, &o.By)
	return o, err
}

func scanOrderLine(r row) (inventory.OrderLine, error) {
	var l inventory.OrderLine
	err := r.Scan(&l.Product, &l.Quantity, &l.Received)
	return l, err
}

func (t *tx) PutOrder(o inventory.Order) error {
	err := t.exec(`INSERT INTO orders (number, supplier, manifest_sha256, at, actor) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (number) DO UPDATE SET supplier = excluded.supplier`,
		o.Number, null(o.Supplier), o.Manifest.String(), inventory.FormatTime(o.At), o.By)
	for i, l := range o.Lines {
		if err != nil {
			return err
		}
		err = t.exec(`INSERT INTO order_lines (order_no, line, product, quantity, received) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (order_no, line) DO UPDATE SET quantity = excluded.quantity, received = excluded.received`, o.Number, i+1, l.Product, l.Quantity, l.Received)
	}
	return err
}

func (t *tx) OrderByNumber(number string) (inventory.Order, error) {
	o, err := one(t, scanOrder, selectOrders+"WHERE number = ?", number)
	if err != nil {
		return o, err
	}
	return t.withLines(o)
}

func (t *tx) ListOrders() ([]inventory.Order, error) {
	all, err := list(t, scanOrder, selectOrders+"ORDER BY at, number")
	for i := range all {
		if err != nil {
			break
		}
		all[i], err = t.withLines(all[i])
	}
	return all, err
}

func (t *tx) withLines(o inventory.Order) (inventory.Order, error) {
	var err error
	o.Lines, err = list(t, scanOrderLine, "SELECT product, quantity, received FROM order_lines WHERE order_no = ? ORDER BY line", o.Number)
	return o, err
}
