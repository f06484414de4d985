package store

import "hwmfa/inventory"

// selectFolded leaves out what a database itself finds right: it folds ASCII,
// which most names are.
const selectFolded = `SELECT 'key ' || id, tag, tag_folded FROM keys WHERE tag_folded IS DISTINCT FROM lower(tag)
	UNION ALL SELECT 'place ' || id, path, path_folded FROM places WHERE path_folded IS DISTINCT FROM lower(path)
	UNION ALL SELECT 'person ' || id, email, email_folded FROM people WHERE email_folded IS DISTINCT FROM lower(email)
	UNION ALL SELECT 'the binding of ' || key_id || ' to account ' || account_id, device_name, device_name_folded FROM bindings
		WHERE device_name_folded IS DISTINCT FROM lower(device_name)`

func scanFolded(r row) (inventory.Folded, error) {
	var f inventory.Folded
	err := r.Scan(&f.Row, textColumn{&f.Text}, textColumn{&f.Folded})
	return f, err
}

func (t *tx) EachFolded(fn func(inventory.Folded) error) error {
	return each(t, scanFolded, fn, selectFolded)
}
