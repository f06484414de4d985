package store

import "hwmfa/inventory"

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
