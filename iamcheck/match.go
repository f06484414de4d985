package iamcheck

import (
	"slices"
	"strings"
)

// matches are an account's bindings held against root's own list.
type matches struct {
	// bound are the bindings of the account.
	bound []BoundKey
	// fits are, for each binding, the serials of the devices it fits.
	fits [][]string
	// byDevice are the devices one binding and no other fits, by serial.
	byDevice map[string]BoundKey
	// ambiguous are the bindings that fit two devices, or fit one that a binding of another key fits as well.
	ambiguous map[int]bool
}

// match holds the bindings against root's own list. A binding that knows the whole serial fits that device only; one that
// knows the name fits a FIDO device of that name, or the TOTP token of that serial; so does a token's own serial. What fits twice is not believed.
func match(e *evidence, bound []BoundKey) matches {
	m := matches{byDevice: map[string]BoundKey{}, ambiguous: map[int]bool{}}
	claims := map[string][]int{}
	for _, k := range bound {
		if k.AccountID != e.facts.AccountID {
			continue
		}
		i := len(m.bound)
		var found []string
		for _, d := range e.own {
			if k.fits(d) {
				found = append(found, d.Serial)
			}
		}
		m.bound, m.fits = append(m.bound, k), append(m.fits, found)
		if len(found) == 1 {
			claims[found[0]] = append(claims[found[0]], i)
		}
		if len(found) > 1 {
			m.ambiguous[i] = true
		}
	}
	for serial, keys := range claims {
		best, clash := m.bound[keys[0]], false
		for _, i := range keys[1:] {
			k := m.bound[i]
			clash = clash || k.KeyID != best.KeyID
			if k.proven() {
				best = k
			}
		}
		if !clash {
			m.byDevice[serial] = best
			continue
		}
		for _, i := range keys {
			m.ambiguous[i] = true
		}
	}
	return m
}

// claimed reports whether any binding fits the device, believed or not.
func (m matches) claimed(serial string) bool {
	return slices.ContainsFunc(m.fits, func(found []string) bool { return slices.Contains(found, serial) })
}

// of is the binding of a key to the account, and whether it fits a device.
func (m matches) of(keyID string) (bound, listed bool) {
	for i, k := range m.bound {
		if k.KeyID == keyID {
			bound, listed = true, listed || len(m.fits[i]) > 0
		}
	}
	return bound, listed
}

// fits reports whether the binding is of the device.
func (k BoundKey) fits(d ownDevice) bool {
	if !d.known {
		return false
	}
	if k.DeviceSerial != "" {
		return k.DeviceSerial == d.Serial && (d.serial.Kind == FIDO || d.serial.Kind == TOTP)
	}
	switch d.serial.Kind {
	case FIDO:
		return k.DeviceName != "" && k.DeviceName == d.serial.Name()
	case TOTP:
		return k.DeviceName == d.Serial || k.Token && sameToken(k.KeySerial, d.Serial)
	}
	return false
}

// sameToken reports whether two spellings are of one token's serial: labels and AWS differ in letter case, and in zeros
// before a number.
func sameToken(a, b string) bool {
	spell := func(s string) string {
		if strings.Trim(s, "0123456789") == "" {
			return strings.TrimLeft(s, "0")
		}
		return strings.ToUpper(s)
	}
	return a != "" && spell(a) == spell(b)
}
