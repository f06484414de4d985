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

func scanAccount(r row) (inventory.Account, error) {
	var a inventory.Account
	err := r.Scan(&a.ID, textColumn{&a.Name}, textColumn{&a.Tier})
	return a, err
}

func (t *tx) PutAccount(a inventory.Account) error {
	return t.exec(`INSERT INTO accounts (id, name, tier) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, tier = excluded.tier`, a.ID, null(a.Name), null(a.Tier))
}

func (t *tx) AccountByID(id string) (inventory.Account, error) {
	return one(t, scanAccount, "SELECT id, name, tier FROM accounts WHERE id = ?", id)
}

func (t *tx) ListAccounts() ([]inventory.Account, error) {
	return list(t, scanAccount, "SELECT id, name, tier FROM accounts ORDER BY id")
}

func scanBinding(r row) (inventory.Binding, error) {
	var b inventory.Binding
	err := r.Scan(&b.AccountID, &b.KeyID, &b.DeviceName, &b.How, timeColumn{&b.At}, &b.By)
	return b, err
}

func (t *tx) InsertBinding(b inventory.Binding) error {
	return t.exec(`INSERT INTO bindings (account_id, key_id, device_name, device_name_folded, how, at, actor)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		b.AccountID, b.KeyID, b.DeviceName, inventory.Fold(b.DeviceName), string(b.How), inventory.FormatTime(b.At), b.By)
}

func (t *tx) DeleteBinding(accountID, keyID string) error {
	return t.exec("DELETE FROM bindings WHERE account_id = ? AND key_id = ?", accountID, keyID)
}

func (t *tx) ListBindings(accountID, keyID string) ([]inventory.Binding, error) {
	where, args := "1 = 1", []any{}
	if accountID != "" {
		where, args = where+" AND account_id = ?", append(args, accountID)
	}
	if keyID != "" {
		where, args = where+" AND key_id = ?", append(args, keyID)
	}
	return list(t, scanBinding, "SELECT account_id, key_id, device_name, how, at, actor FROM bindings WHERE "+where+
		" ORDER BY account_id, device_name_folded", args...)
}

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
