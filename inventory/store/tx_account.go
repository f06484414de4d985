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

func scanException(r row) (inventory.Exception, error) {
	var e inventory.Exception
	err := r.Scan(&e.AccountID, &e.OwnerID, &e.Owner, &e.ApproverID, &e.Approver, &e.Reason, &e.Control,
		timeColumn{&e.Expires}, timeColumn{&e.At}, &e.By)
	return e, err
}

func (t *tx) PutException(e inventory.Exception) error {
	return t.exec(`INSERT INTO exceptions (account_id, owner_id, approver_id, reason, control, expires, at, actor)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id) DO UPDATE SET owner_id = excluded.owner_id,
		approver_id = excluded.approver_id, reason = excluded.reason, control = excluded.control, expires = excluded.expires,
		at = excluded.at, actor = excluded.actor`,
		e.AccountID, e.OwnerID, e.ApproverID, e.Reason, e.Control, inventory.FormatTime(e.Expires), inventory.FormatTime(e.At), e.By)
}

func (t *tx) DeleteException(accountID string) error {
	return t.exec("DELETE FROM exceptions WHERE account_id = ?", accountID)
}

func (t *tx) ListExceptions(accountID string) ([]inventory.Exception, error) {
	where, args := "", []any{}
	if accountID != "" {
		where, args = "WHERE e.account_id = ? ", append(args, accountID)
	}
	return list(t, scanException, `SELECT e.account_id, e.owner_id, o.name, e.approver_id, a.name, e.reason, e.control, e.expires, e.at, e.actor
		FROM exceptions e JOIN people o ON o.id = e.owner_id JOIN people a ON a.id = e.approver_id `+where+"ORDER BY e.account_id", args...)
}
