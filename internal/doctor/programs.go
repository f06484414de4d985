package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hwmfa/udev"
)

// Program is a running one that has to do with keys. Of other users' programs,
// and of those that hide themselves as scdaemon does, only the name is known.
type Program struct {
	PID  int
	Name string // as the kernel has it, 15 bytes at most: it is the program's own word
	// PCSC: it has the client library of the smart-card service in memory.
	PCSC bool
	// Nodes of the USB bus and hidraw that it has open.
	Nodes []string
	// Scdaemon is GnuPG's, Internal where its own card driver is not switched off.
	Scdaemon, Internal bool
}

const mendScdaemon = "mkdir -p ~/.gnupg && echo disable-ccid >> ~/.gnupg/scdaemon.conf && gpgconf --kill scdaemon"

const (
	maxProcesses = 1 << 16
	maxMaps      = 8 << 20 // bytes of a process's list of mappings
)

// programs scans /proc for those that have a key, or the means to. This process
// is none of them.
func (m Machine) programs(ctx context.Context) (func(*Facts), error) {
	entries, err := os.ReadDir(m.path("proc"))
	if err != nil {
		return nil, err
	}
	self, _ := os.Readlink(m.path("proc/self")) // "" where it is not: then nobody is left out
	found := []Program{}
	for _, e := range entries[:min(len(entries), maxProcesses)] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pid, err := strconv.Atoi(e.Name())
		if err != nil || e.Name() == self {
			continue
		}
		if p, ok := m.program(pid); ok {
			found = append(found, p)
		}
	}
	return func(f *Facts) { f.Programs = &found }, nil
}

// program reads one process; false where it has nothing to do with keys, or has
// ended.
func (m Machine) program(pid int) (Program, bool) {
	dir := m.path("proc", strconv.Itoa(pid))
	name, err := readBounded(filepath.Join(dir, "comm"), 64)
	if err != nil {
		return Program{}, false
	}
	p := Program{PID: pid, Name: strings.TrimRight(string(name), "\n")}
	if p.Name == "pcscd" {
		return Program{}, false // who holds cards is its business
	}
	p.Scdaemon = p.Name == "scdaemon"
	p.Internal = p.Scdaemon && !m.ccidDisabled()
	if maps, err := readBounded(filepath.Join(dir, "maps"), maxMaps); err == nil {
		p.PCSC = bytes.Contains(maps, []byte("/libpcsclite.so"))
	}
	descriptors, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		descriptors = nil // another user's
	}
	for _, d := range descriptors {
		to, err := os.Readlink(filepath.Join(dir, "fd", d.Name()))
		if err == nil && (strings.HasPrefix(to, "/dev/bus/usb/") || strings.HasPrefix(to, "/dev/hidraw")) && !slices.Contains(p.Nodes, to) {
			p.Nodes = append(p.Nodes, to)
		}
	}
	return p, p.Scdaemon || p.PCSC || len(p.Nodes) > 0
}

// ccidDisabled says whether scdaemon is told to leave the bus to pcscd
// (scdaemon(1), --disable-ccid).
func (m Machine) ccidDisabled() bool {
	if m.GnuPG == "" {
		return false
	}
	text, err := readBounded(filepath.Join(m.GnuPG, "scdaemon.conf"), 1<<20)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 0 && strings.TrimPrefix(f[0], "--") == "disable-ccid" {
			return true
		}
	}
	return false
}

func (p Program) String() string { return fmt.Sprintf("%s (process %d)", p.Name, p.PID) }

// end is the command that ends it.
func (p Program) end() string {
	switch {
	case p.Internal:
		return mendScdaemon
	case p.Scdaemon:
		return "gpgconf --kill scdaemon"
	}
	return "kill " + strconv.Itoa(p.PID)
}

// programs judges who may be in the way.
func programs(f Facts) []Finding {
	if f.Programs == nil {
		return nil
	}
	var all []Finding
	for _, p := range *f.Programs {
		usb, hid := f.opened(p)
		switch {
		case len(usb) > 0:
			all = append(all, Finding{idProgramsUSB, Fail, p.String() + " drives a key's card reader itself, past the smart-card service: " + strings.Join(usb, ", "), p.end()})
		case p.Internal:
			all = append(all, Finding{idProgramsScdaemon, Warn, p.String() + " takes card readers for itself whenever GnuPG is used", p.end()})
		case len(hid) > 0:
			all = append(all, Finding{idProgramsHidraw, Warn, p.String() + " has a key's FIDO interface open: " + strings.Join(hid, ", "), p.end()})
		}
	}
	if len(all) == 0 {
		all = one(idPrograms, OK, "no program that you may look at has a key open", "")
	}
	return all
}

// opened are the nodes of keys that a program has open.
func (f Facts) opened(p Program) (usb, hid []string) {
	if f.Bus == nil {
		return nil, nil
	}
	for _, node := range p.Nodes {
		if slices.ContainsFunc(f.Bus.Keys, func(k udev.USBKey) bool {
			return node == fmt.Sprintf("/dev/bus/usb/%03d/%03d", k.USB.Bus, k.USB.Address)
		}) {
			usb = append(usb, node)
		}
		if slices.ContainsFunc(f.Bus.Rules.Nodes, func(n udev.Node) bool { return n.Kind == udev.KindFIDO && n.Path == node }) {
			hid = append(hid, node)
		}
	}
	return usb, hid
}

// holder guesses who has a card: the smart-card service does not tell.
func holder(f Facts) (who, mend string) {
	if f.Programs == nil {
		return "", "close the other program"
	}
	var names []string
	for _, p := range *f.Programs {
		if p.PCSC || p.Scdaemon {
			names = append(names, p.String())
			if mend == "" || p.Scdaemon {
				mend = p.end()
			}
		}
	}
	if names == nil {
		return ", of another user or one that hides itself", "sudo hwmfa doctor"
	}
	return ", by all appearances " + strings.Join(names, " or "), mend
}

// unread names what could not be looked at: its findings are missing.
func unread(f Facts) []Finding {
	var all []Finding
	for _, u := range f.Unread {
		for line := range strings.Lines(errorText(u.Err)) {
			all = append(all, Finding{idUnread, Warn, "could not look at " + u.What + ": " + strings.TrimRight(line, "\n"), "hwmfa doctor --debug"})
		}
	}
	return all
}

func errorText(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return err.Error()
}
