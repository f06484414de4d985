package inventory

import (
	"cmp"
	"fmt"
	"time"
)

// How says how a binding is known.
type How string

// The ways a binding is known.
const (
	// HowNamed: a person typed under which device name the key is registered.
	HowNamed How = "named"
	// HowWitnessed: this program saw the key being registered.
	HowWitnessed How = "witnessed"
)

// Binding says that a key is a root MFA device of an account.
type Binding struct {
	AccountID  string
	KeyID      string
	DeviceName string // as AWS lists it: u2f/root/NAME-…
	How        How
	At         time.Time
	By         string
}

// MaxRootDevices is how many MFA devices AWS allows one root user.
const MaxRootDevices = 8

// BindKey records that a key is a root MFA device of an account, which is
// made on first use. The key must be usable; a key is bound to an account at
// most once, a token to one account, a device name used once an account
// whatever its letter case, and no more than MaxRootDevices fit. A token needs no
// device name: AWS calls it by its serial. At and By come from the act.
func BindKey(tx Tx, act Act, b Binding) (Binding, error) {
	act, err := act.check()
	if err != nil {
		return Binding{}, fmt.Errorf("bind: %w", err)
	}
	k, err := tx.KeyByID(b.KeyID)
	if err != nil {
		return Binding{}, fmt.Errorf("bind %s: %w", b.KeyID, err)
	}
	if k.Type == TypeToken {
		b.DeviceName = cmp.Or(b.DeviceName, k.Serial)
	}
	if err := b.check(); err != nil {
		return Binding{}, fmt.Errorf("bind: %w", err)
	}
	b.At, b.By = act.At, act.Actor
	if !k.Status.Usable() {
		return Binding{}, fmt.Errorf("bind: %s is %s: %w", k.Label(), k.Status, ErrStatus)
	}
	if err := b.refuseDuplicates(tx, k); err != nil {
		return Binding{}, fmt.Errorf("bind: %w", err)
	}
	if err := ensureAccount(tx, act, b.AccountID); err != nil {
		return Binding{}, fmt.Errorf("bind: %w", err)
	}
	if err := tx.InsertBinding(b); err != nil {
		return Binding{}, fmt.Errorf("bind %s: %w", b.KeyID, err)
	}
	_, err = record(tx, act, KindBindingAdded, b.KeyID, bindingPayload(b))
	return b, err
}

// check holds the device name to what the AWS console takes.
func (b Binding) check() error {
	if err := CheckAccountID(b.AccountID); err != nil {
		return err
	}
	if b.How != HowNamed && b.How != HowWitnessed {
		return invalid("binding", "is neither named nor witnessed")
	}
	if n := len(b.DeviceName); n == 0 || n > maxDevice {
		return invalid("device name", "has %d characters, not 1 to %d", n, maxDevice)
	}
	for _, r := range b.DeviceName {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		case r == '+', r == '=', r == ',', r == '.', r == '@', r == '-', r == '_':
		default:
			return invalid("device name", "may hold letters, digits and + = , . @ - _ only")
		}
	}
	return nil
}

func (b Binding) refuseDuplicates(tx Tx, k Key) error {
	others, err := tx.ListBindings(b.AccountID, "")
	if err != nil {
		return fmt.Errorf("bindings of %s: %w", b.AccountID, err)
	}
	for _, o := range others {
		if o.KeyID == b.KeyID {
			return &ExistsError{What: "binding to account", Value: b.AccountID, Owner: k.Label() + " under device name " + o.DeviceName}
		}
		if Fold(o.DeviceName) == Fold(b.DeviceName) {
			owner, err := tx.KeyByID(o.KeyID)
			if err != nil {
				return err
			}
			return &ExistsError{What: "device name", Value: o.DeviceName + " of account " + b.AccountID, Owner: owner.Label()}
		}
	}
	if len(others) >= MaxRootDevices {
		return fmt.Errorf("account %s has %d keys bound, AWS allows %d MFA devices: %w", b.AccountID, len(others), MaxRootDevices, ErrLimit)
	}
	if k.Type != TypeToken {
		return nil
	}
	// The seed of a token is known to the account that it was registered with.
	elsewhere, err := tx.ListBindings("", b.KeyID)
	if err == nil && len(elsewhere) > 0 {
		err = fmt.Errorf("%s is a token, for one account, and bound to %s: %w", k.Label(), elsewhere[0].AccountID, ErrLimit)
	}
	return err
}

// UnbindKey removes the binding of a key to an account and returns what it
// was. The key's status does not matter: a lost key is unbound like any other.
func UnbindKey(tx Tx, act Act, accountID, keyID string) (Binding, error) {
	act, err := act.check()
	if err != nil {
		return Binding{}, fmt.Errorf("unbind: %w", err)
	}
	if err := CheckAccountID(accountID); err != nil {
		return Binding{}, fmt.Errorf("unbind: %w", err)
	}
	if keyID == "" {
		return Binding{}, fmt.Errorf("unbind: %w", invalid("key", "is empty"))
	}
	list, err := tx.ListBindings(accountID, keyID)
	if err != nil {
		return Binding{}, fmt.Errorf("unbind %s from %s: %w", keyID, accountID, err)
	}
	if len(list) == 0 {
		return Binding{}, fmt.Errorf("binding of %s to account %s: %w", keyID, accountID, ErrNotFound)
	}
	if err := tx.DeleteBinding(accountID, keyID); err != nil {
		return Binding{}, fmt.Errorf("unbind %s from %s: %w", keyID, accountID, err)
	}
	_, err = record(tx, act, KindBindingRemoved, keyID, bindingPayload(list[0]))
	return list[0], err
}

// Bindings lists all bindings, by account, then device name.
func Bindings(tx Tx) ([]Binding, error) { return tx.ListBindings("", "") }

// bindingJSON is the payload of events about bindings.
type bindingJSON struct {
	Account    string `json:"account"`
	DeviceName string `json:"device_name"`
	How        How    `json:"how"`
}

func bindingPayload(b Binding) any { return bindingJSON{b.AccountID, b.DeviceName, b.How} }
