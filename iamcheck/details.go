package iamcheck

import (
	"fmt"
	"time"
)

// details are the cases of the warnings that come of holding the bindings against root's own list, in the order of this
// function: first what is said of bound keys, by binding, then what is said of devices, by their place in the list.
func details(e *evidence, m matches, keys *Keys) []Detail {
	list := []Detail{}
	whole := e.ownReading == Complete && !e.foreign
	for _, about := range []func(BoundKey) (Warning, string){
		func(k BoundKey) (Warning, string) { return wordIf(k.Lost, BoundKeyLost), "is missing or compromised" },
		func(k BoundKey) (Warning, string) { return wordIf(k.Retired, BoundKeyRetired), "is retired" },
		func(k BoundKey) (Warning, string) {
			return wordIf(k.Reset, BoundKeyReset), "was found without its identity credential"
		},
		func(k BoundKey) (Warning, string) {
			return wordIf(k.Advisory, BoundKeyAdvisory), "has an open security advisory"
		},
		func(k BoundKey) (Warning, string) {
			return wordIf(k.Distrusted, BoundKeyDistrusted), "has an attestation that is not believed any more"
		},
	} {
		for i, k := range m.bound {
			if w, what := about(k); w != "" {
				list = append(list, m.detail(i, w, k.label()+" "+what+", and "+m.whereabouts(i, whole)))
			}
		}
	}
	for i, k := range m.bound {
		if whole && len(m.fits[i]) == 0 {
			list = append(list, m.detail(i, BindingContradicted, k.label()+" is bound and AWS lists no such device"))
		}
	}
	for i, k := range m.bound {
		if m.ambiguous[i] {
			list = append(list, m.detail(i, BindingAmbiguous, k.label()+" is not the only one that fits, or fits two devices"))
		}
	}
	for _, d := range e.own {
		list = append(list, deviceDetails(e, m, keys, d)...)
	}
	return list
}

// deviceDetails are what there is to say of one device: that it contradicts the key bound to it, or that nobody's is.
func deviceDetails(e *evidence, m matches, keys *Keys, d ownDevice) []Detail {
	if !d.known || d.serial.Kind != FIDO && d.serial.Kind != TOTP || e.foreign {
		return nil
	}
	about := func(w Warning, keyID, text string) Detail {
		return Detail{Warning: w, KeyID: stringOrNil(keyID), Device: &d.Serial, Text: text}
	}
	k, bound := m.byDevice[d.Serial]
	if !bound {
		var list []Detail
		for _, f := range keys.former(e.facts.AccountID, d) {
			if is, _ := m.of(f.key.KeyID); !is {
				list = append(list, about(FormerKeyListed, f.key.KeyID, f.text()))
			}
		}
		if keys != nil && !m.claimed(d.Serial) {
			list = append(list, about(UnenrolledDevice, "", shown(d)+" is a device that no key is bound to"))
		}
		return list
	}
	var list []Detail
	if why := k.Model.contradicts(e.facts.Certifications[d.Serial], d.EnabledAt); why != "" {
		list = append(list, about(CertificationContradicted, k.KeyID, fmt.Sprintf("%s is a %s, %s: %s is another device", k.label(), k.Model.Name, why, shown(d))))
	}
	if at := timeOrNil(d.EnabledAt); at != nil && !k.Since.IsZero() && at.Before(k.Since) {
		list = append(list, about(DeviceOlderThanKey, k.KeyID, fmt.Sprintf("%s was registered on %s, before %s came into the inventory on %s",
			shown(d), at.Format(time.DateOnly), k.label(), k.Since.UTC().Format(time.DateOnly))))
	}
	return list
}

// detail is a case of binding i.
func (m matches) detail(i int, w Warning, text string) Detail {
	d := Detail{Warning: w, KeyID: &m.bound[i].KeyID, Text: text}
	if len(m.fits[i]) == 1 {
		d.Device = &m.fits[i][0]
	}
	return d
}

// whereabouts says whether AWS still lists the device of binding i: a lost key that nobody registered any more is yesterday's
// trouble, one that is still registered is today's.
func (m matches) whereabouts(i int, whole bool) string {
	switch {
	case len(m.fits[i]) > 0:
		return "its device is still registered at AWS"
	case whole:
		return "AWS does not list its device any more"
	}
	return "whether its device is still registered could not be seen"
}

// label names a bound key for people.
func (k BoundKey) label() string { return keyLabel(k.KeyID, k.DeviceName) }

func keyLabel(id, deviceName string) string {
	if deviceName == "" {
		return "key " + id
	}
	return "key " + id + " (device name " + deviceName + ")"
}

// shown names a device for people: by what follows the account in its serial.
func shown(d ownDevice) string { return d.serial.Resource }

func wordIf(is bool, w Warning) Warning {
	if is {
		return w
	}
	return ""
}

// contradicts says why AWS's certifications of a device cannot be those of the model, "" where they can. That AWS names none
// proves nothing, and a certification that was given or taken away since the device was registered may be answered either
// way; so that only a level above all the model ever had, or below all it had since, is a contradiction.
func (r *ModelRecord) contradicts(certifications map[string]string, enabled time.Time) string {
	if r == nil {
		return ""
	}
	level, fips := levelsOf(certifications)
	if fips && !r.FIPS {
		return "which never had a FIPS validation, and AWS reports one"
	}
	if level == 0 || len(r.Levels) == 0 {
		return ""
	}
	highest, lowest := r.between(enabled)
	switch {
	case level > highest:
		return fmt.Sprintf("which never had a FIDO level above %d, and AWS reports level %d", highest, level)
	case level < lowest:
		return fmt.Sprintf("which has had FIDO level %d or higher since then, and AWS reports level %d", lowest, level)
	}
	return ""
}

// between is the highest level the model ever had, and the lowest since a time; zero time is from the beginning.
func (r *ModelRecord) between(since time.Time) (highest, lowest int) {
	// What was in force at that time stands until the next word; before the first word there was no level.
	lowest = 0
	if !since.IsZero() {
		for _, l := range r.Levels {
			if !l.Since.After(since) {
				lowest = l.Level
			}
		}
	}
	for _, l := range r.Levels {
		highest = max(highest, l.Level)
		if l.Since.After(since) {
			lowest = min(lowest, l.Level)
		}
	}
	return highest, lowest
}

// levelsOf are AWS's words on a device: its FIDO level, 0 for none, and whether it has a FIPS validation.
func levelsOf(certifications map[string]string) (level int, fips bool) {
	for scheme, word := range certifications {
		n := levelOf(word)
		switch {
		case isFIDO(scheme):
			level = max(level, n)
		case isFIPS(scheme):
			fips = fips || n >= 1
		}
	}
	return level, fips
}
