package store

import "hwmfa/inventory"

// StocktakeEvents says its condition in the words of the index, by which both
// databases see that the index has all of them.
func (t *tx) StocktakeEvents() ([]inventory.Event, error) {
	return list(t, scanEvent, selectEvents+"WHERE kind = 'stocktake.started' OR kind = 'stocktake.closed' ORDER BY seq")
}

func (t *tx) EachKeyName(fn func(inventory.KeyName) error) error {
	scan := func(r row) (n inventory.KeyName, err error) {
		return n, r.Scan(&n.ID, textColumn{&n.Serial}, textColumn{&n.Tag}, textColumn{&n.Seal})
	}
	return each(t, scan, fn, "SELECT id, serial, tag, seal FROM keys ORDER BY id")
}
