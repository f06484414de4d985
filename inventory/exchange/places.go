package exchange

import (
	"strconv"

	"hwmfa/inventory"
)

// Places carries sites, safes and slots.
func Places() Kind {
	return Kind{
		Name: "places", About: "a site, safe or slot",
		Schema: schema("places",
			Column{Name: "path", Aliases: []string{"place", "location"}, Required: true, Unique: true, Parse: inventory.NormalizePlace},
			Column{Name: "capacity", Bare: true, Parse: parseCount},
			Column{Name: "two_people", Bare: true, Parse: parseBool},
		),
		rows: placeRows, step: placeStep,
		identity: func(_ *register, row Record) string { return inventory.Fold(row.Text("path")) },
	}
}

func placeRows(tx inventory.Tx) ([][]string, error) {
	all, err := inventory.Places(tx)
	rows := make([][]string, 0, len(all))
	for _, p := range all {
		rows = append(rows, []string{p.Path, strconv.FormatInt(p.Capacity, 10), strconv.FormatBool(p.TwoPeople)})
	}
	return rows, err
}

func placeStep(r *register, row Record) Step {
	path := row.Text("path")
	old, known := r.places[inventory.Fold(path)]
	s := Step{Name: path}
	if known {
		s.Name = old.Path
	} else {
		s.Action = ActionCreate
	}
	capacity, two := old.Capacity, old.TwoPeople
	if s.set("capacity", strconv.FormatInt(old.Capacity, 10), row.Text("capacity")) {
		capacity, _ = strconv.ParseInt(row.Text("capacity"), 10, 64) // parseCount has read it
	}
	if s.set("two_people", strconv.FormatBool(old.TwoPeople), row.Text("two_people")) {
		two = !two
	}
	s.do = func(tx inventory.Tx, act inventory.Act) error {
		p, err := inventory.EnsurePlace(tx, act, path)
		if err == nil {
			_, err = inventory.ChangePlace(tx, act, p.ID, capacity, two)
		}
		return err
	}
	return s
}
