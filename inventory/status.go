package inventory

import "fmt"

// moves are the steps of a key's life that ChangeStatus allows.
var moves = map[Status][]Status{
	StatusEnrolled: {StatusLost, StatusRetired},
	StatusLost:     {StatusEnrolled, StatusRetired},
}

// ChangeStatus takes a key to another status: lost, found again (enrolled) or
// retired, which is final. The reason may be empty. Other moves give ErrStatus.
func ChangeStatus(tx Tx, act Act, keyID string, to Status, reason string) (Key, error) {
	act, err := act.check()
	if err != nil {
		return Key{}, fmt.Errorf("change status: %w", err)
	}
	if reason, err = line("reason", reason, maxReason); err != nil {
		return Key{}, fmt.Errorf("change status: %w", err)
	}
	k, err := tx.KeyByID(keyID)
	if err != nil {
		return Key{}, fmt.Errorf("change status of %s: %w", keyID, err)
	}
	from := k.Status
	allowed := false
	for _, s := range moves[from] {
		allowed = allowed || s == to
	}
	if !allowed {
		return Key{}, fmt.Errorf("%s cannot go from %s to %q: %w", k.Label(), from, to, ErrStatus)
	}
	k.Status = to
	if err := tx.UpdateKey(k); err != nil {
		return Key{}, fmt.Errorf("change status of %s: %w", keyID, err)
	}
	_, err = record(tx, act, KindKeyStatus, k.ID, struct {
		From   Status  `json:"from"`
		To     Status  `json:"to"`
		Reason *string `json:"reason"`
	}{from, to, null(reason)})
	return k, err
}
