package store

import "hwmfa/inventory"

func scanPlace(r row) (inventory.Place, error) {
	var p inventory.Place
	err := r.Scan(&p.ID, textColumn{&p.ParentID}, &p.Name, &p.Path)
	return p, err
}

const selectPlaces = "SELECT id, parent_id, name, path FROM places "

func (t *tx) InsertPlace(p inventory.Place) error {
	return t.exec("INSERT INTO places (id, parent_id, name, path, path_folded) VALUES (?, ?, ?, ?, ?)",
		p.ID, null(p.ParentID), p.Name, p.Path, inventory.Fold(p.Path))
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
