package supplied

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"hwmfa/iamcheck"
)

func same(a, b object) bool { return reflect.DeepEqual(a, b) }

func (a *answers) summary(f *iamcheck.Facts) {
	o, why, ok := a.one(summary)
	if !ok {
		return
	}
	counters, whole := o.counts("SummaryMap")
	if why == "" && !whole {
		why = "its SummaryMap is no map of whole numbers"
	}
	if why == "" {
		var wrong []string
		if f.Summary, wrong = iamcheck.SummaryOf(counters); len(wrong) > 0 {
			why = strings.Join(wrong, ", ")
		}
	}
	f.Calls = append(f.Calls, call(summary, iamcheck.ByCaller, outcome(why), why))
}

func outcome(why string) iamcheck.Outcome {
	if why != "" {
		return iamcheck.Malformed
	}
	return iamcheck.OK
}

// ownDevices takes root's own list. Whoever else asked has listed devices of his own, or of a user that he named.
func (a *answers) ownDevices(f *iamcheck.Facts, root bool) {
	o, why, ok := a.one(ownList)
	switch {
	case !ok:
		return
	case !root:
		f.Calls = append(f.Calls, call(ownList, iamcheck.ByCaller, iamcheck.Skipped, "supplied by a caller who is not root: it is some user's list, and not used"))
		return
	}
	users := false
	f.Root.Reading, why = read(o, "MFADevices", maxDevices, why, func(d object) string {
		serial, ok := d.text("SerialNumber")
		user, named := d.text("UserName")
		switch {
		case !ok || serial == "":
			return "a device has no serial"
		case !named || user != "" && user != "root" && user != "<root_account>" && user != f.AccountID && !isRootKey(serial):
			users = true
			return "a device is that of a user: the list was asked for with a user's name"
		}
		f.Root.Devices = append(f.Root.Devices, iamcheck.Device{Serial: serial, EnabledAt: d.time("EnableDate")})
		return has("a device", d.queried("EnableDate"))
	})
	if users {
		f.Root = iamcheck.RootList{} // nothing of it is known to be root's
	}
	f.Calls = append(f.Calls, call(ownList, iamcheck.ByRoot, outcome(why), why))
}

func (a *answers) virtualDevices(f *iamcheck.Facts) {
	o, why, ok := a.one(virtualList)
	if !ok {
		return
	}
	f.Virtual.Reading, why = read(o, "VirtualMFADevices", maxVirtual, why, func(d object) string {
		serial, ok := d.text("SerialNumber")
		if !ok || serial == "" {
			return "a virtual device has no serial"
		}
		device := iamcheck.VirtualDevice{Serial: serial, EnabledAt: d.time("EnableDate")}
		if user, there := d["User"]; there && user != nil {
			owner, ok := user.(object)
			arn, isText := owner.text("Arn")
			if !ok || !isText || arn == "" && len(owner) > 0 {
				return "a virtual device has an owner without an ARN"
			}
			device.Owner = arn
		}
		f.Virtual.Devices = append(f.Virtual.Devices, device)
		if _, enabled := d["EnableDate"]; enabled && device.Owner == "" {
			return "a virtual device has a date since when somebody has it, and nobody has it: ask again without --query"
		}
		return has("a virtual device", d.queried())
	})
	f.Calls = append(f.Calls, call(virtualList, iamcheck.ByCaller, outcome(why), why))
}

// isRootKey reports whether a serial says by itself that it is a key of root's, whatever AWS calls root beside it: nobody has
// verified that it never is the account's alias.
func isRootKey(serial string) bool {
	s, err := iamcheck.ParseSerial(serial)
	return err == nil && strings.HasPrefix(s.Resource, "u2f/root/")
}

// has is a sentence on what something has, where there is anything to say.
func has(who, what string) string {
	if what == "" {
		return ""
	}
	return who + " has " + what
}

// read takes the entries of a list and says how much of it they are. An entry that cannot be understood leaves it incomplete
// and hides none of the others.
func read(o object, name string, most int, why string, entry func(object) string) (iamcheck.Reading, string) {
	if why != "" {
		return iamcheck.Unread, why
	}
	entries, ok := o.list(name)
	if !ok {
		return iamcheck.Unread, name + " is no list of devices"
	}
	for i, d := range entries {
		if i == most {
			return iamcheck.Partial, fmt.Sprintf("more than %d devices", most)
		}
		if wrong := entry(d); wrong != "" && why == "" {
			why = wrong
		}
	}
	if o.more() && why == "" {
		why = "it says that there are more: ask again without --max-items and --no-paginate"
	}
	if why != "" {
		return iamcheck.Partial, why
	}
	return iamcheck.Complete, ""
}

// certifications takes what was asked about single devices.
func (a *answers) certifications(f *iamcheck.Facts) {
	doubtful := map[string]bool{} // files differ about them, whatever further ones say
	for _, n := range a.of[device] {
		serial, ok := n.text("SerialNumber")
		levels := map[string]string{}
		why := ""
		if !ok || serial == "" {
			why = "it names no device"
		} else {
			why = has("it", n.queried("EnableDate"))
		}
		certifications, there := n.object["Certifications"]
		members, isObject := certifications.(object)
		if there && certifications != nil && !isObject {
			why = "its Certifications are no map"
		}
		for scheme := range members {
			level, ok := members.text(scheme)
			if !ok {
				why = "its Certifications are no map of words"
			}
			levels[scheme] = level
		}
		if was, again := f.Certifications[serial]; why == "" && (doubtful[serial] || again && !maps.Equal(was, levels)) {
			why = n.file + " and another file differ about the same device"
			doubtful[serial] = true
			delete(f.Certifications, serial)
		} else if why == "" {
			if f.Certifications == nil {
				f.Certifications = map[string]map[string]string{}
			}
			f.Certifications[serial] = levels
		}
		f.Calls = append(f.Calls, call(device, iamcheck.ByCaller, outcome(why), why))
	}
}
