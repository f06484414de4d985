package iamcheck

import (
	"slices"
	"time"
)

// KnownKey is a key of the inventory, bound or not, with what a person may have written into the name of a device.
type KnownKey struct {
	// KeyID names the key in the inventory.
	KeyID string `json:"key_id"`
	// Serial is the number printed on the key, Tag its asset tag; "" where it has none.
	Serial string `json:"serial"`
	Tag    string `json:"tag"`
	// Token is whether the key is a TOTP token, which AWS lists by the number printed on it.
	Token bool `json:"token"`
	// Lost (lost, compromised, or found and not proved since) and Retired take a key out of the usable ones.
	Lost    bool `json:"lost"`
	Retired bool `json:"retired"`
	// Unready is whether the key is only announced or received: it has to be enrolled before it can be bound.
	Unready bool `json:"unready"`
	// Former are bindings of the key that were removed.
	Former []FormerBinding `json:"former"`
}

// FormerBinding is a binding that was removed: the inventory's word, while AWS may still list the device.
type FormerBinding struct {
	AccountID  string `json:"account_id"`
	DeviceName string `json:"device_name"`
	// Until is when it was removed; zero is unknown.
	Until time.Time `json:"until"`
	// Reset is whether it ended with a FIDO reset of the key, so that what was registered is gone from it.
	Reset bool `json:"reset"`
}

// Keys are all keys of an inventory, to be found by what a device's name says. It does not change once made. Nil is no
// inventory, which knows nothing and says nothing.
type Keys struct {
	byTag, bySerial map[string][]*KnownKey
	byAccount       map[string][]formerKey
}

type formerKey struct {
	key *KnownKey
	was FormerBinding
}

// NewKeys makes the index.
func NewKeys(known []KnownKey) *Keys {
	keys := &Keys{byTag: map[string][]*KnownKey{}, bySerial: map[string][]*KnownKey{}, byAccount: map[string][]formerKey{}}
	known = slices.Clone(known)
	for i := range known {
		k := &known[i]
		if mark := joined(runsOf(k.Tag)); mark != "" {
			keys.byTag[mark] = append(keys.byTag[mark], k)
		}
		if mark := joined(runsOf(k.Serial)); mark != "" {
			keys.bySerial[mark] = append(keys.bySerial[mark], k)
		}
		for _, b := range k.Former {
			keys.byAccount[b.AccountID] = append(keys.byAccount[b.AccountID], formerKey{k, b})
		}
	}
	return keys
}

// former are the bindings of an account that were removed and name the device.
func (keys *Keys) former(account string, d ownDevice) []formerKey {
	if keys == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(keys.byAccount[account]), func(f formerKey) bool {
		b := BoundKey{DeviceName: f.was.DeviceName, KeySerial: f.key.Serial, Token: f.key.Token}
		return !b.fits(d)
	})
}

// text says what AWS still lists.
func (f formerKey) text() string {
	until := ""
	if !f.was.Until.IsZero() {
		until = " until " + f.was.Until.UTC().Format(time.DateOnly)
	}
	said := "AWS lists a device that " + keyLabel(f.key.KeyID, f.was.DeviceName) + " was bound as" + until
	switch {
	case f.was.Reset:
		return said + ", when the key was reset: nobody can use the device, remove it at AWS"
	case f.key.Lost:
		return said + "; the key is missing or compromised: remove the device at AWS"
	case f.key.Retired:
		return said + "; the key is retired: remove the device at AWS"
	}
	return said + ": remove the device at AWS, or bind the key again"
}
