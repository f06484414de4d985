package inventory

import "fmt"

// KindKeyFIDOReset is the kind of the event of a FIDO reset.
const KindKeyFIDOReset = "key.fido_reset"

// ResetKey records that the FIDO side of a key was reset, which ended every
// registration made with it: its bindings are removed and returned. proved says
// whether the key was seen to have lost its identity credential.
func ResetKey(tx Tx, act Act, keyID string, proved bool) ([]Binding, error) {
	act, err := act.check()
	if err != nil {
		return nil, fmt.Errorf("record reset: %w", err)
	}
	if _, err := tx.KeyByID(keyID); err != nil {
		return nil, fmt.Errorf("record reset of %s: %w", keyID, err)
	}
	ended, err := tx.ListBindings("", keyID)
	if err != nil {
		return nil, fmt.Errorf("record reset of %s: bindings: %w", keyID, err)
	}
	payload := struct {
		Accounts []string `json:"accounts"`
		Proved   bool     `json:"proved"`
	}{[]string{}, proved}
	for _, b := range ended {
		payload.Accounts = append(payload.Accounts, b.AccountID)
	}
	if _, err := record(tx, act, KindKeyFIDOReset, keyID, payload); err != nil {
		return nil, fmt.Errorf("record reset of %s: %w", keyID, err)
	}
	for _, b := range ended {
		if _, err := UnbindKey(tx, act, b.AccountID, keyID); err != nil {
			return nil, fmt.Errorf("record reset of %s: %w", keyID, err)
		}
	}
	return ended, nil
}

// wasReset says whether the FIDO side of a key was reset since it was last
// enrolled.
func wasReset(tx Tx, keyID string) (bool, error) {
	events, err := tx.EventsAbout(keyID)
	if err != nil {
		return false, fmt.Errorf("events of %s: %w", keyID, err)
	}
	reset := false
	for _, e := range events {
		switch e.Kind {
		case KindKeyFIDOReset:
			reset = true
		case KindKeyEnrolled:
			reset = false
		}
	}
	return reset, nil
}
