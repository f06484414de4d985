package inventory

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Exposure is one account that a key opens, and what else opens it.
type Exposure struct {
	Account    Account
	DeviceName string // under which the key is registered there
	// Spares are the other keys that are known to work: usable, bound, and
	// proved since. Unproved are usable and bound, and nobody has asked them.
	Spares, Unproved []Key
	// Beside are the copies of its password that lay where the key did.
	Beside []Artifact
}

// Exposures is what may be open to whoever has a key.
type Exposures struct {
	Key Key
	// Accounts come in the order in which they matter: those that no other key
	// is known to open first.
	Accounts []Exposure
	// Envelopes hold its PIN.
	Envelopes []Artifact
}

// Exposed lists what a key opens, and what is left without it.
func Exposed(tx Tx, keyID string) (Exposures, error) {
	e, err := exposed(tx, keyID)
	if err != nil {
		return Exposures{}, fmt.Errorf("what %s opens: %w", keyID, err)
	}
	return e, nil
}

func exposed(tx Tx, keyID string) (e Exposures, err error) {
	if e.Key, err = tx.KeyByID(keyID); err != nil {
		return e, err
	}
	bindings, err := tx.ListBindings("", keyID)
	if err != nil {
		return e, err
	}
	beside, err := e.readArtifacts(tx)
	if err != nil {
		return e, err
	}
	for _, b := range bindings {
		x := Exposure{DeviceName: b.DeviceName}
		if x.Account, err = tx.AccountByID(b.AccountID); err != nil {
			return e, err
		}
		if x.Spares, x.Unproved, err = otherKeys(tx, b); err != nil {
			return e, err
		}
		for _, a := range beside {
			if slices.Contains(a.Accounts, b.AccountID) {
				x.Beside = append(x.Beside, a)
			}
		}
		e.Accounts = append(e.Accounts, x)
	}
	slices.SortStableFunc(e.Accounts, func(a, b Exposure) int { return min(len(a.Spares), 1) - min(len(b.Spares), 1) })
	return e, nil
}

// readArtifacts finds the envelopes with the key's PIN, and returns the copies
// of passwords at the place where it lay last.
func (e *Exposures) readArtifacts(tx Tx) (beside []Artifact, err error) {
	lay, err := layAtPlace(tx, e.Key)
	if err != nil {
		return nil, err
	}
	all, err := tx.ListArtifacts()
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		switch {
		case !a.RetiredAt.IsZero():
		case a.KeyID == e.Key.ID:
			e.Envelopes = append(e.Envelopes, a)
		case a.Kind.HoldsPassword() && lay && a.PlaceID == e.Key.PlaceID:
			beside = append(beside, a)
		}
	}
	return beside, nil
}

// layAtPlace says whether the key was at its place before what was done with it
// last, or is there still.
func layAtPlace(tx Tx, k Key) (bool, error) {
	if k.PlaceID == "" || k.Status.Resting() {
		return k.PlaceID != "", nil
	}
	events, err := tx.EventsAbout(k.ID)
	if err != nil {
		return false, err
	}
	for _, e := range slices.Backward(events) {
		if !isMove(e.Kind) {
			continue
		}
		var c custodyJSON
		if err := json.Unmarshal([]byte(e.Payload), &c); err != nil {
			return false, fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
		}
		return c.From.Resting(), nil
	}
	return false, nil
}
