package iamcheck

import "strings"

// matches are an account's bindings held against root's own list.
type matches struct {
	// bound are the bindings of the account.
	bound []BoundKey
	// byDevice are the devices one binding and no other fits, by serial.
	byDevice map[string]BoundKey
	// ambiguous: a device that bindings of two keys fit, or a binding that fits two devices.
	ambiguous bool
	// unlisted: a binding that fits no device.
	unlisted bool
}

// match holds the bindings against root's own list. A binding that knows the whole serial fits that device only; one that
// knows the name fits a FIDO device of that name, or the TOTP token of that serial; so does a token's own serial. What fits twice is not believed.
func match(e *evidence, bound []BoundKey) matches {
	m := matches{byDevice: map[string]BoundKey{}}
	fits := map[string][]int{}
	for _, k := range bound {
		if k.AccountID != e.facts.AccountID {
			continue
		}
		m.bound = append(m.bound, k)
		var found []string
		for _, d := range e.own {
			if k.fits(d) {
				found = append(found, d.Serial)
			}
		}
		switch len(found) {
		case 0:
			m.unlisted = true
		case 1:
			fits[found[0]] = append(fits[found[0]], len(m.bound)-1)
		default:
			m.ambiguous = true
		}
	}
	for serial, keys := range fits {
		best, clash := m.bound[keys[0]], false
		for _, i := range keys[1:] {
			k := m.bound[i]
			clash = clash || k.KeyID != best.KeyID
			if k.proven() {
				best = k
			}
		}
		if clash {
			m.ambiguous = true
			continue
		}
		m.byDevice[serial] = best
	}
	return m
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
