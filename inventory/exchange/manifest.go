package exchange

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"strings"

	"hwmfa/inventory"
)

// Manifest is the table of a supplier's delivery list: a row for each serial,
// or for a number of keys of one product without.
func Manifest() Schema {
	return Schema{Name: "hwmfa.manifest/v1", List: "lines", Columns: []Column{
		{Name: "serial", Aliases: []string{"serial_no", "serial_number", "serialnumber", "serials", "s_n", "sn", "device_serial"}, Unique: true, Parse: parseSerial},
		{Name: "product", Aliases: []string{"product_name", "model", "part_number", "part_no", "part", "sku", "item", "article", "description", "mpn"}},
		{Name: "quantity", Aliases: []string{"qty", "count", "pieces"}, Bare: true, Parse: parseCount},
		{Name: "type", Parse: parseWord("type", inventory.Type.Known)},
		{Name: "battery_end", Time: true, Future: true},
		{Name: "order", Aliases: []string{"po", "purchase_order", "order_no", "order_number", "po_number"}},
		{Name: "batch", Aliases: []string{"lot", "lot_number", "batch_number", "carton", "box"}, Out: true},
	}}
}

// ReadManifest reads a delivery list of one order, and the SHA-256 of the file.
// A row that says it is of another order is a fault: it belongs to another
// delivery.
func ReadManifest(r io.Reader, order string, opts Options) ([]inventory.ManifestLine, inventory.Hash, error) {
	sum := sha256.New()
	t, err := Read(io.TeeReader(r, sum), Manifest(), opts)
	if err != nil {
		return nil, inventory.Hash{}, err
	}
	var problems Problems
	lines := make([]inventory.ManifestLine, 0, len(t.Records))
	for _, row := range t.Records {
		l, fault := manifestLine(row, order)
		if fault != "" {
			problems.add(Problem{Where: row.Where, Row: row.Row, Fault: fault})
		}
		lines = append(lines, l)
	}
	if err := problems.err(); err != nil {
		return nil, inventory.Hash{}, err
	}
	return lines, inventory.Hash(sum.Sum(nil)), nil
}

func manifestLine(row Record, order string) (l inventory.ManifestLine, fault string) {
	l = inventory.ManifestLine{
		Serial: row.Text("serial"), Product: row.Text("product"), Type: inventory.Type(row.Text("type")), BatteryEnd: row.Time("battery_end"),
	}
	if q := row.Text("quantity"); q != "" {
		n, err := strconv.ParseInt(q, 10, 64)
		if err != nil {
			return l, "the quantity is not a whole number"
		}
		l.Quantity = n
	}
	switch o := row.Text("order"); {
	case o != "" && !strings.EqualFold(o, order):
		return l, "is of another order"
	case l.Serial != "" && l.Quantity > 1:
		return l, fmt.Sprintf("has one serial for %d keys", l.Quantity)
	case l.Serial == "" && l.Product == "":
		return l, "has neither serial nor product"
	case l.Serial == "" && row.Text("quantity") == "0":
		return l, "announces no key"
	}
	return l, ""
}
