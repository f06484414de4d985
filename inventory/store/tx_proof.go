package store

import "hwmfa/inventory"

func scanProof(r row) (inventory.Proof, error) {
	var p inventory.Proof
	err := r.Scan(&p.KeyID, &p.Event, timeColumn{&p.At}, &p.Method)
	return p, err
}

func (t *tx) PutProof(p inventory.Proof) error {
	return t.exec(`INSERT INTO proofs (key_id, event, at, method) VALUES (?, ?, ?, ?)
		ON CONFLICT (key_id) DO UPDATE SET event = excluded.event, at = excluded.at, method = excluded.method`,
		p.KeyID, p.Event, inventory.FormatTime(p.At), string(p.Method))
}

func (t *tx) DeleteProof(keyID string) error {
	return t.exec("DELETE FROM proofs WHERE key_id = ?", keyID)
}

func (t *tx) ListProofs(keyID string) ([]inventory.Proof, error) {
	return list(t, scanProof, "SELECT key_id, event, at, method FROM proofs WHERE ? IN ('', key_id) ORDER BY event", keyID)
}
