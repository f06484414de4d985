package doctor

import (
	"fmt"

	"hwmfa/udev"
)

const mendRules = "sudo hwmfa udev install"

// hidraw looks at the keys on the bus: has the kernel a node for them, may this
// user open it, and by which rule.
func hidraw(f Facts) []Finding {
	b := f.Bus
	if b == nil {
		return nil
	}
	var all []Finding
	fido := 0
	for _, n := range b.Rules.Nodes {
		if n.Kind == udev.KindFIDO {
			fido++
		}
	}
	if len(b.Keys) == 0 && fido == 0 {
		all = one(idKeys, Skip, "no security key is plugged in: their nodes and rules could not be looked at", "plug one in")
	}
	driverless := 0
	for _, k := range b.Keys {
		if k.HID > 0 && (k.Driven < k.HID || !b.Hidraw) {
			driverless++
			all = append(all, Finding{
				idHidrawKernel, Fail, fmt.Sprintf("%s at %s: the kernel has no hidraw driver for it", k.Name, k.USB.Path), "sudo modprobe --all usbhid hid-generic",
			})
		}
	}
	if driverless == 0 && fido > 0 {
		all = append(all, Finding{ID: idHidrawKernel, Status: OK, Text: fmt.Sprintf("FIDO interfaces: %d", fido)})
	}
	return append(all, rules(f.User, b.Rules)...)
}

// rules judges nodes and the rules that reach them.
func rules(user string, r udev.Report) []Finding {
	var all []Finding
	open, reached := 0, 0
	for _, n := range r.Nodes {
		if n.Status == udev.StatusOK {
			reached++
		}
		if n.Kind == udev.KindFIDO && n.Open {
			open++
		}
		what := n.Path + " (" + n.Name + "): "
		switch {
		case n.Status == udev.StatusOK:
		case n.Kind == udev.KindFIDO && !n.Open:
			all = append(all, Finding{idHidrawPermission, Fail, what + "you may not open it; " + n.Words(), n.Mend(user)})
		default: // it works, by luck or as root, or it is pcscd that opens it
			all = append(all, Finding{idUdevRules, Warn, what + n.Words(), n.Mend(user)})
		}
	}
	if open > 0 {
		all = append(all, Finding{ID: idHidrawPermission, Status: OK, Text: fmt.Sprintf("FIDO interfaces that you may open: %d", open)})
	}
	switch {
	case r.State == udev.FileForeign:
		all = append(all, Finding{idUdevRules, Warn, r.File + " is not hwmfa's", "sudo hwmfa udev install --force"})
	case r.State == udev.FileOutdated:
		all = append(all, Finding{idUdevRules, Warn, r.File + " is of another version", mendRules})
	case reached == len(r.Nodes) && reached > 0:
		all = append(all, Finding{ID: idUdevRules, Status: OK, Text: fmt.Sprintf("rules reach all %d nodes of keys", reached)})
	case len(r.Nodes) == 0 && r.State == udev.FileInstalled:
		all = append(all, Finding{ID: idUdevRules, Status: OK, Text: r.File + " is in place"})
	case len(r.Nodes) == 0:
		all = append(all, Finding{ID: idUdevRules, Status: Skip, Text: "hwmfa's rules are not in place; whether others do shows when a key is plugged in", Mend: mendRules})
	}
	return all
}
