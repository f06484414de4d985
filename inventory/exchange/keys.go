package exchange

import (
	"slices"
	"time"

	"hwmfa/inventory"
)

// keyColumns are by which rows name a key: its ID in this inventory, its serial
// or its tag. Where the rows are about keys, no two may name the same.
func keyColumns(unique bool) []Column {
	id := []string{"key"}
	if unique {
		id = append(id, "id")
	}
	return []Column{
		{Name: "key_id", Aliases: id, Unique: unique},
		{Name: "serial", Aliases: []string{"serial_no", "serial_number", "serialnumber", "s_n", "sn"}, Unique: unique, Parse: parseSerial},
		{Name: "tag", Aliases: []string{"asset_tag", "label", "barcode"}, Unique: unique, Parse: inventory.NormalizeTag},
	}
}

// Keys carries keys. Importing declares the ones that are not there: what they
// attest comes in only by plugging them in.
func Keys() Kind {
	return Kind{
		Name: "keys", About: "a security key or TOTP token",
		Schema: schema("keys", append(keyColumns(true),
			Column{Name: "type", Parse: parseWord("type", inventory.Type.Known)},
			Column{Name: "status", Parse: parseWord("status", inventory.Status.Known)},
			Column{Name: "place", Aliases: []string{"location"}, Parse: inventory.NormalizePlace},
			Column{Name: "holder", Out: true},
			Column{Name: "product", Aliases: []string{"model", "model_name", "product_name"}},
			Column{Name: "order", Aliases: []string{"po", "purchase_order", "order_no", "order_number"}},
			Column{Name: "battery_end", Time: true, Future: true},
			Column{Name: "firmware", Out: true}, Column{Name: "form_factor", Out: true}, Column{Name: "aaguid", Out: true},
			Column{Name: "attestation", Out: true}, Column{Name: "anchor", Out: true},
			Column{Name: "added_at", Time: true, Out: true}, Column{Name: "enrolled_at", Time: true, Out: true},
		)...),
		rows: keyRows, step: keyStep,
		identity: func(r *register, row Record) string {
			k, _, _ := r.key(row)
			return k.ID
		},
	}
}

func keyRows(tx inventory.Tx) ([][]string, error) {
	all, err := inventory.Keys(tx, inventory.KeyFilter{})
	rows := make([][]string, 0, len(all))
	for _, k := range all {
		firmware := ""
		if !k.Firmware.IsZero() {
			firmware = k.Firmware.String()
		}
		rows = append(rows, []string{
			k.ID, k.Serial, k.Tag, string(k.Type), string(k.Status), k.Place, k.Holder, k.Product, k.Order, exportDay(k.BatteryEnd),
			firmware, k.FormFactor.String(), inventory.FormatAAGUID(k.AAGUID),
			string(k.Attestation.Status()), k.Attestation.Anchor, exportTime(k.AddedAt), exportTime(k.EnrolledAt),
		})
	}
	return rows, err
}

// key finds the key that a row names. All that the row says of it has to be of
// one key; an ID of another inventory says nothing.
func (r *register) key(row Record) (k inventory.Key, known bool, fault string) {
	id, serial, tag := row.Text("key_id"), row.Text("serial"), row.Text("tag")
	if id == "" && serial == "" && tag == "" {
		return k, false, "the row names no key: neither key_id, serial nor tag"
	}
	if k, known = r.keys[id]; known {
		if serial != "" && serial != k.Serial {
			return k, true, "the key with this ID has another serial"
		}
		return k, true, ""
	}
	switch same := r.bySerial[serial]; {
	case serial == "":
	case len(same) == 1:
		return same[0], true, ""
	case len(same) > 1:
		if i := slices.IndexFunc(same, func(k inventory.Key) bool { return tag != "" && inventory.Fold(k.Tag) == inventory.Fold(tag) }); i >= 0 {
			return same[i], true, ""
		}
		return k, false, "several keys have this serial; name one by its ID"
	}
	if k, known = r.byTag[inventory.Fold(tag)]; known && serial != "" {
		return k, true, "the tag is that of " + k.Label()
	}
	return k, known, ""
}

func keyStep(r *register, row Record) Step {
	k, known, fault := r.key(row)
	s := Step{Name: rowName(row)}
	if known {
		s.Name = k.Label()
	}
	if fault != "" {
		s.conflict("%s", fault)
		return s
	}
	if !known {
		return declareStep(r, s, row)
	}
	if other, taken := r.byTag[inventory.Fold(row.Text("tag"))]; taken && other.ID != k.ID {
		s.conflict("the tag is that of %s", other.Label())
		return s
	}
	if t := row.Text("type"); t != "" && t != string(k.Type) {
		s.conflict("the inventory has it as a %s", k.Type)
		return s
	}
	s.leave("status", string(k.Status), row.Text("status"))
	s.leave("place", k.Place, row.Text("place"))
	s.leave("holder", k.Holder, row.Text("holder"))
	s.leave("product", k.Product, row.Text("product"))
	s.leave("order", k.Order, row.Text("order"))
	s.leave("battery_end", exportDay(k.BatteryEnd), exportDay(row.Time("battery_end")))
	if tag := row.Text("tag"); s.set("tag", k.Tag, tag) {
		s.do = func(tx inventory.Tx, act inventory.Act) error {
			_, err := inventory.TagKey(tx, act, k.ID, tag)
			return err
		}
	}
	return s
}

// rowName is what a row calls a key.
func rowName(row Record) string {
	for _, column := range []string{"tag", "serial", "key_id"} {
		if name := row.Text(column); name != "" {
			return name
		}
	}
	return "a key"
}

// declareStep is a key that the inventory does not have.
func declareStep(r *register, s Step, row Record) Step {
	if row.Text("serial") == "" && row.Text("tag") == "" {
		s.conflict("there is no key with this ID, and a new one needs a serial or a tag")
		return s
	}
	d := inventory.Declaration{
		Serial: row.Text("serial"), Tag: row.Text("tag"), Type: inventory.Type(row.Text("type")), Product: row.Text("product"),
		Order: row.Text("order"), Place: row.Text("place"), BatteryEnd: row.Time("battery_end"),
	}
	status := inventory.Status(row.Text("status"))
	d.Expected = status == inventory.StatusExpected
	s.Action = ActionCreate
	for _, c := range []Change{
		{"serial", "", d.Serial}, {"tag", "", d.Tag}, {"type", "", string(d.Type)}, {"place", "", d.Place},
		{"product", "", d.Product}, {"order", "", d.Order}, {"battery_end", "", exportDay(d.BatteryEnd.Truncate(24 * time.Hour))},
	} {
		s.set(c.Field, c.Old, c.New)
	}
	r.newPlace(&s, d.Place)
	switch status {
	case "", inventory.StatusExpected, inventory.StatusReceived, inventory.StatusDeclared:
	default:
		s.Notes = append(s.Notes, "comes in unattested, not as "+string(status)+": hwmfa enroll attests it")
	}
	s.do = func(tx inventory.Tx, act inventory.Act) error {
		_, err := inventory.DeclareKey(tx, act, d)
		return err
	}
	return s
}
