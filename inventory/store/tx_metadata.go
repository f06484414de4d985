package store

import "hwmfa/inventory"

// metadataName is the name of the only row.
const metadataName = "fido"

func scanMetadata(r row) (inventory.Metadata, error) {
	var m inventory.Metadata
	err := r.Scan(&m.Number, timeColumn{&m.NextUpdate}, hashColumn{&m.SHA256}, textColumn{&m.JWT}, timeColumn{&m.At}, &m.By)
	return m, err
}

func (t *tx) PutMetadata(m inventory.Metadata) error {
	return t.exec(`INSERT INTO metadata (name, no, next_update, sha256, jwt, at, actor) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET no = excluded.no, next_update = excluded.next_update, sha256 = excluded.sha256,
		jwt = excluded.jwt, at = excluded.at, actor = excluded.actor`,
		metadataName, m.Number, inventory.FormatTime(m.NextUpdate), m.SHA256.String(), m.JWT, inventory.FormatTime(m.At), m.By)
}

func (t *tx) StoredMetadata() (inventory.Metadata, error) {
	return one(t, scanMetadata, "SELECT no, next_update, sha256, jwt, at, actor FROM metadata WHERE name = ?", metadataName)
}
