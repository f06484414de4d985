package store

import "hwmfa/inventory"

func scanAccess(r row) (inventory.Access, error) {
	var a inventory.Access
	err := r.Scan(&a.PlaceID, &a.Place, &a.PersonID, &a.Person, timeColumn{&a.At}, &a.By)
	return a, err
}

func (t *tx) InsertAccess(a inventory.Access) error {
	return t.exec("INSERT INTO place_access (place_id, person_id, at, actor) VALUES (?, ?, ?, ?)",
		a.PlaceID, a.PersonID, inventory.FormatTime(a.At), a.By)
}

func (t *tx) DeleteAccess(placeID, personID string) error {
	return t.exec("DELETE FROM place_access WHERE place_id = ? AND person_id = ?", placeID, personID)
}

func (t *tx) ListAccess(placeID, personID string) ([]inventory.Access, error) {
	where, args := "1 = 1", []any{}
	if placeID != "" {
		where, args = where+" AND a.place_id = ?", append(args, placeID)
	}
	if personID != "" {
		where, args = where+" AND a.person_id = ?", append(args, personID)
	}
	return list(t, scanAccess, `SELECT a.place_id, p.path, a.person_id, u.name, a.at, a.actor FROM place_access a
		JOIN places p ON p.id = a.place_id JOIN people u ON u.id = a.person_id WHERE `+where+" ORDER BY p.path_folded, u.name, u.id", args...)
}
