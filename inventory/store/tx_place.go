package store

import "hwmfa/inventory"

func scanPlace(r row) (inventory.Place, error) {
	var p inventory.Place
	var two int64
	err := r.Scan(&p.ID, textColumn{&p.ParentID}, &p.Name, &p.Path, &p.Capacity, &two)
	p.TwoPeople = two != 0
	return p, err
}

const selectPlaces = "SELECT id, parent_id, name, path, capacity, two_people FROM places "

func (t *tx) InsertPlace(p inventory.Place) error {
	return t.exec("INSERT INTO places (id, parent_id, name, path, path_folded, capacity, two_people) VALUES (?, ?, ?, ?, ?, ?, ?)",
		p.ID, null(p.ParentID), p.Name, p.Path, inventory.Fold(p.Path), p.Capacity, number(p.TwoPeople))
}

func (t *tx) UpdatePlace(p inventory.Place) error {
	return t.exec("UPDATE places SET capacity = ?, two_people = ? WHERE id = ?", p.Capacity, number(p.TwoPeople), p.ID)
}

func (t *tx) PlaceByID(id string) (inventory.Place, error) {
	return one(t, scanPlace, selectPlaces+"WHERE id = ?", id)
}

func (t *tx) PlaceByPath(path string) (inventory.Place, error) {
	return one(t, scanPlace, selectPlaces+"WHERE path_folded = ?", inventory.Fold(path))
}

func (t *tx) ListPlaces() ([]inventory.Place, error) {
	return list(t, scanPlace, selectPlaces+"ORDER BY path_folded")
}
