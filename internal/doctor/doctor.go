// Package doctor says what a workstation lacks to work with keys: it looks at
// the machine, judges what it saw, and names for each fault the command that
// mends it. Looking and judging are apart: Look gathers Facts within a bound of
// time, and Judge is a function of them.
//
// It opens no key beyond listing it, changes nothing, and asks AWS only where
// its caller gives it the means.
package doctor

import "slices"

// Status is a finding's.
type Status string

// What a finding can be.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
	// Skip: it was not looked at, or there is nothing to look at.
	Skip Status = "skip"
)

// Finding is one line of the report.
type Finding struct {
	ID     string // one of IDs
	Status Status
	Text   string // may hold what programs and keys call themselves: not escaped
	// Mend is the command that mends it, or where no command does what a person
	// has to do; "" where nothing is wrong.
	Mend string
}

// The findings. docs/doctor.md has a section for each.
const (
	idLibraries         = "libraries"
	idKeys              = "keys"
	idHidrawKernel      = "hidraw.kernel"
	idHidrawPermission  = "hidraw.permission"
	idUdevRules         = "udev.rules"
	idPcscd             = "pcscd"
	idPcscdAbsent       = "pcscd.absent"
	idPcscdStopped      = "pcscd.stopped"
	idPcscdDriver       = "pcscd.driver"
	idPcscdPolkit       = "pcscd.polkit"
	idPcscdReaders      = "pcscd.readers"
	idPcscdUnseen       = "pcscd.unseen"
	idCardHeld          = "card.held"
	idPrograms          = "programs"
	idProgramsScdaemon  = "programs.scdaemon"
	idProgramsUSB       = "programs.usb"
	idProgramsHidraw    = "programs.hidraw"
	idAWS               = "aws"
	idAWSCredentials    = "aws.credentials"
	idAWSDenied         = "aws.denied"
	idAWSOrganization   = "aws.organization"
	idInventory         = "inventory"
	idInventoryFault    = "inventory.unreachable"
	idInventoryJournal  = "inventory.journal"
	idMetadata          = "metadata"
	idClock             = "clock"
	idClockSynchronized = "clock.synchronized"
	idCoreDumps         = "coredumps"
	idUnread            = "unread"
)

// IDs lists what a finding can be about.
func IDs() []string {
	return []string{
		idLibraries, idKeys, idHidrawKernel, idHidrawPermission, idUdevRules,
		idPcscd, idPcscdAbsent, idPcscdStopped, idPcscdDriver, idPcscdPolkit, idPcscdReaders, idPcscdUnseen, idCardHeld,
		idPrograms, idProgramsScdaemon, idProgramsUSB, idProgramsHidraw,
		idAWS, idAWSCredentials, idAWSDenied, idAWSOrganization,
		idInventory, idInventoryFault, idInventoryJournal, idMetadata,
		idClock, idClockSynchronized, idCoreDumps, idUnread,
	}
}

// Judge says what is to be said of what was seen, group by group.
func Judge(f Facts) []Finding {
	var all []Finding
	for _, group := range []func(Facts) []Finding{
		libraries, hidraw, cards, programs, amazon, inventories, clocks, coreDumps, unread,
	} {
		all = append(all, group(f)...)
	}
	return all
}

// Failed says whether something is to be mended before work begins.
func Failed(all []Finding) bool {
	return slices.ContainsFunc(all, func(f Finding) bool { return f.Status == Fail })
}

func one(id string, s Status, text, mend string) []Finding {
	return []Finding{{ID: id, Status: s, Text: text, Mend: mend}}
}
