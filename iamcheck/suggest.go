package iamcheck

import (
	"cmp"
	"slices"
	"strings"
)

// maxSuggestions bounds what is suggested of one device: a mark that many keys carry tells none of them.
const maxSuggestions = 5

// suggestions are the keys that a device of root's may be, where no binding claims it. They are for a person to look into:
// a name is what somebody typed, so that no assurance rests on one of them.
func suggestions(e *evidence, m matches, keys *Keys, d ownDevice) []Suggestion {
	list := []Suggestion{}
	if !d.known || d.serial.Kind != FIDO && d.serial.Kind != TOTP || e.foreign || m.claimed(d.Serial) {
		return list
	}
	add := func(k *KnownKey, why Because, what string) {
		if slices.ContainsFunc(list, func(s Suggestion) bool { return s.KeyID == k.KeyID }) {
			return
		}
		if bound, listed := m.of(k.KeyID); !listed {
			list = append(list, Suggestion{k.KeyID, why, "this may be key " + k.KeyID + ": " + what + k.advice(e.facts.AccountID, d, bound)})
		}
	}
	for i, k := range m.bound {
		if len(m.fits[i]) == 0 && d.serial.Kind == FIDO && near(k.DeviceName, d.serial.Name()) {
			known := KnownKey{KeyID: k.KeyID, Lost: k.Lost, Retired: k.Retired}
			add(&known, BecauseNear, "it is bound as "+k.DeviceName+", which AWS does not list")
		}
	}
	for _, f := range keys.former(e.facts.AccountID, d) {
		add(f.key, BecauseFormer, "it was bound under this name")
	}
	serials, tags := keys.carried(d)
	for _, k := range serials {
		why, what := BecauseSerial, "the name carries its serial "+k.Serial
		if d.serial.Kind == TOTP {
			why, what = BecauseToken, "it is the token of this serial"
		}
		add(k, why, what)
	}
	for _, k := range tags {
		add(k, BecauseTag, "the name carries its tag "+k.Tag)
	}
	return list[:min(len(list), maxSuggestions)]
}

// advice is what to do about a suggestion.
func (k *KnownKey) advice(account string, d ownDevice, bound bool) string {
	name := ""
	if d.serial.Kind == FIDO {
		name = d.serial.Name()
		if name == "" || strings.Trim(name, nameLetters) != "" {
			return ""
		}
		name = " --device-name " + name
	}
	bind := "hwmfa account bind " + account + " " + k.KeyID + name
	switch {
	case k.Lost:
		return "; the key is missing or compromised: remove the device at AWS"
	case k.Retired:
		return "; the key is retired: remove the device at AWS"
	case k.Unready:
		return "; if so, enroll it, then " + bind
	case bound:
		return "; if so: hwmfa account unbind " + account + " " + k.KeyID + ", then " + bind
	}
	return "; if so, bind it with " + bind
}

// nameLetters are the letters of a device name that the inventory takes.
const nameLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+=,.@-_"

// carried are the keys whose serial, and those whose tag, the device's name carries; for a TOTP token, those of its serial.
func (keys *Keys) carried(d ownDevice) (serials, tags []*KnownKey) {
	if keys == nil {
		return nil, nil
	}
	if d.serial.Kind == TOTP {
		for _, k := range keys.bySerial[joined(runsOf(d.Serial))] {
			if k.Token && sameToken(k.Serial, d.Serial) {
				serials = append(serials, k)
			}
		}
		return serials, nil
	}
	runs := runsOf(d.serial.Name())
	for from := range runs {
		for to := from + 1; to <= len(runs); to++ {
			mark := joined(runs[from:to])
			whole := to-from == len(runs)
			if whole || len(mark) >= minSerialMark {
				serials = append(serials, keys.bySerial[mark]...)
			}
			if whole || len(mark) >= minTagMark {
				tags = append(tags, keys.byTag[mark]...)
			}
		}
	}
	return inOrder(serials), inOrder(tags)
}

// The shortest serial and tag that say something as part of a name: root-2 is not the key of serial 2.
const (
	minSerialMark = 4
	minTagMark    = 3
)

func inOrder(keys []*KnownKey) []*KnownKey {
	slices.SortFunc(keys, func(a, b *KnownKey) int { return cmp.Compare(a.KeyID, b.KeyID) })
	return slices.Compact(keys)
}
