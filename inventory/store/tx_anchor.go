package store

import "hwmfa/inventory"

func scanAnchor(r row) (inventory.Anchor, error) {
	var a inventory.Anchor
	err := r.Scan(hashColumn{&a.SHA256}, &a.Name, &a.PEM, timeColumn{&a.At}, &a.By)
	return a, err
}

func (t *tx) InsertAnchor(a inventory.Anchor) error {
	return t.exec("INSERT INTO anchors (sha256, name, pem, at, actor) VALUES (?, ?, ?, ?, ?)",
		a.SHA256.String(), a.Name, a.PEM, inventory.FormatTime(a.At), a.By)
}

func (t *tx) DeleteAnchor(sha256 inventory.Hash) error {
	return t.exec("DELETE FROM anchors WHERE sha256 = ?", sha256.String())
}

func (t *tx) ListAnchors() ([]inventory.Anchor, error) {
	return list(t, scanAnchor, "SELECT sha256, name, pem, at, actor FROM anchors ORDER BY name, sha256")
}
