package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrOnlyKey: the key guards an account of which no other working key is proved.
var ErrOnlyKey = errors.New("no second working key is proved")

// CheckSpare refuses to put a key's registrations at risk. For every account
// that the key is bound to there has to be another usable key, bound to it and
// proved since it was bound and last changed; otherwise it gives ErrOnlyKey and names the accounts. A key
// that is bound to none passes.
func CheckSpare(tx Tx, keyID string) error {
	k, err := tx.KeyByID(keyID)
	if err != nil {
		return fmt.Errorf("key %s: %w", keyID, err)
	}
	bindings, err := tx.ListBindings("", keyID)
	if err != nil {
		return fmt.Errorf("bindings of %s: %w", k.Label(), err)
	}
	var alone []string
	for _, b := range bindings {
		spare, err := hasSpare(tx, b)
		if err != nil {
			return fmt.Errorf("keys of account %s: %w", b.AccountID, err)
		}
		if !spare {
			alone = append(alone, b.AccountID)
		}
	}
	if len(alone) > 0 {
		return fmt.Errorf("%s guards account %s: %w", k.Label(), strings.Join(alone, ", "), ErrOnlyKey)
	}
	return nil
}

// hasSpare says whether the account of a binding has another key that works.
func hasSpare(tx Tx, b Binding) (bool, error) {
	spares, _, err := otherKeys(tx, b)
	return len(spares) > 0, err
}

// otherKeys returns the other usable keys of a binding's account: those that
// were proved since they were bound and last changed, and the rest.
func otherKeys(tx Tx, b Binding) (proved, unproved []Key, err error) {
	all, err := tx.ListBindings(b.AccountID, "")
	if err != nil {
		return nil, nil, err
	}
	for _, other := range all {
		if other.KeyID == b.KeyID {
			continue
		}
		k, err := tx.KeyByID(other.KeyID)
		if err != nil {
			return nil, nil, err
		}
		if !k.Status.Usable() {
			continue
		}
		works, err := worksSince(tx, other)
		if err != nil {
			return nil, nil, err
		}
		if works {
			proved = append(proved, k)
		} else {
			unproved = append(unproved, k)
		}
	}
	return proved, unproved, nil
}

// worksSince says whether the key of a binding was proved after that, and after
// the last change made on it, which may have ended what was registered.
func worksSince(tx Tx, b Binding) (bool, error) {
	proofs, err := tx.ListProofs(b.KeyID)
	if err != nil || len(proofs) == 0 || !proofs[0].At.After(b.At) {
		return false, err
	}
	events, err := tx.EventsAbout(b.KeyID)
	if err != nil {
		return false, fmt.Errorf("events of %s: %w", b.KeyID, err)
	}
	return !slices.ContainsFunc(events, func(e Event) bool { return e.Kind == KindKeyChanged && e.Seq > proofs[0].Event }), nil
}
