package doctor

import (
	"errors"
	"fmt"
	"slices"

	"hwmfa/hw"
	"hwmfa/udev"
)

// mendPolkit lets the group that the rules name talk to pcscd, of which polkit
// otherwise thinks that only who sits at the machine may (pcsc-lite,
// doc/README.polkit).
const mendPolkit = `echo 'polkit.addRule(function(action, subject) { if (action.id.indexOf("org.debian.pcsc-lite.") == 0 && subject.isInGroup("` + udev.DefaultGroup + `")) return polkit.Result.YES; });' | sudo tee /etc/polkit-1/rules.d/50-hwmfa.rules`

// cards looks at the smart-card service and at what it shows.
func cards(f Facts) []Finding {
	c, s := f.Cards, f.Service
	if c == nil || s == nil {
		return nil
	}
	if !f.built("PC/SC") {
		return one(idPcscd, Skip, "this program was built without PC/SC, and reads no cards", "")
	}
	if !s.Program {
		return one(idPcscdAbsent, Fail, "the smart-card service is not installed", "sudo apt-get install pcscd libccid")
	}
	if errors.Is(c.Err, hw.ErrService) {
		return one(idPcscdStopped, Fail, "the smart-card service does not run, or its socket is not where programs look", "sudo systemctl enable --now pcscd.socket")
	}
	if errors.Is(c.Err, hw.ErrPermission) {
		return one(idPcscdPolkit, Fail, "the smart-card service does not let you in: polkit denies it to sessions that are not at the machine", mendPolkit)
	}
	var all []Finding
	if !s.Driver {
		all = one(idPcscdDriver, Fail, "the driver for card readers on USB is not installed", "sudo apt-get install libccid")
	}
	if errors.Is(c.Err, hw.ErrReaderLimit) {
		all = append(all, Finding{idPcscdReaders, Warn, "the smart-card service shows 16 readers, which is all that it can: others are not seen", "unplug readers, or enroll in turns of 16"})
	}
	all = append(all, held(f)...)
	if s.Driver {
		all = append(all, unseen(f)...)
	}
	if len(all) == 0 {
		all = one(idPcscd, OK, fmt.Sprintf("the smart-card service answers; cards that it shows: %d", len(c.Seen)), "")
	}
	return all
}

// unseen names the keys whose card the service does not show. A card without a
// place on the bus, such as one that is held, may be any of them, and so may one
// beyond the service's limit.
func unseen(f Facts) []Finding {
	placeless := slices.ContainsFunc(f.Cards.Seen, func(s hw.Sighting) bool { return s.USB == nil })
	if f.Bus == nil || placeless || errors.Is(f.Cards.Err, hw.ErrReaderLimit) {
		return nil
	}
	var all []Finding
	for _, k := range f.Bus.Keys {
		if k.Card && !slices.ContainsFunc(f.Cards.Seen, func(s hw.Sighting) bool { return sameDevice(s.USB, k.USB) }) {
			all = append(all, Finding{
				idPcscdUnseen, Warn, fmt.Sprintf("%s at %s has a card reader that the smart-card service does not show", k.Name, k.USB.Path),
				"sudo systemctl restart pcscd.service",
			})
		}
	}
	return all
}

func sameDevice(at *hw.USB, u hw.USB) bool {
	return at.Bus == u.Bus && at.Address == u.Address
}

// held names the cards that another program has, and who that may be.
func held(f Facts) []Finding {
	var all []Finding
	for _, s := range f.Cards.Seen {
		switch {
		case errors.Is(s.Err, hw.ErrBusy):
			who, mend := holder(f)
			all = append(all, Finding{idCardHeld, Fail, s.Node + ": another program has the card" + who, mend})
		case errors.Is(s.Err, hw.ErrPermission):
			all = append(all, Finding{idPcscdPolkit, Fail, s.Node + ": the smart-card service does not let you use the card", mendPolkit})
		}
	}
	return all
}
