package store

import (
	"fmt"

	"hwmfa/inventory"
)

// StocktakeEvents says its condition in the words of the index, by which both
// databases see that the index has all of them.
func (t *tx) StocktakeEvents() ([]inventory.Event, error) {
	return list(t, scanEvent, `SELECT seq, at, actor, kind, subject, CASE kind WHEN 'stocktake.started' THEN payload ELSE '' END, prev_hash, hash
		FROM events WHERE kind = 'stocktake.started' OR kind = 'stocktake.closed' ORDER BY seq`)
}

func (t *tx) EventByNumber(seq int64) (inventory.Event, error) {
	return one(t, scanEvent, selectEvents+"WHERE seq = ?", seq)
}

// EachKeyStand reads the rows as they lie: an order costs more than they do.
func (t *tx) EachKeyStand(fn func(inventory.KeyStand) error) error {
	scan := func(r row) (k inventory.KeyStand, err error) {
		err = r.Scan(&k.ID, textColumn{&k.Serial}, textColumn{&k.Tag}, &k.Status, textColumn{&k.PlaceID}, textColumn{&k.HolderID},
			textColumn{&k.Seal}, maybeTime{&k.Due}, timeColumn{&k.Since})
		if err == nil && !k.Status.Known() {
			err = fmt.Errorf("%w: key %s has status %q", inventory.ErrDamaged, k.ID, k.Status)
		}
		return k, err
	}
	return each(t, scan, fn, "SELECT id, serial, tag, status, place_id, holder_id, seal, due, since FROM keys")
}
