package udev

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"hwmfa/hw"
)

// Status is what is to be said of a node.
type Status string

// What a node's status can be, best first.
const (
	// StatusOK: a rule reaches it, and this user may open it. Of a card reader's
	// node a rule is enough: it is pcscd that opens it.
	StatusOK Status = "ok"
	// StatusNotApplied: a rule reaches it, and came after it was plugged in.
	StatusNotApplied Status = "not_applied"
	// StatusNotYours: a rule opens it for others than this user.
	StatusNotYours Status = "not_yours"
	// StatusUnreached: no rule reaches it.
	StatusUnreached Status = "unreached"
)

// FileStatus says what stands where our rules belong.
type FileStatus string

// The states of our rules file.
const (
	FileInstalled FileStatus = "installed"
	FileOutdated  FileStatus = "outdated" // ours, of another version or group
	FileForeign   FileStatus = "foreign"
	FileAbsent    FileStatus = "absent"
)

// Node is a device node that rules should reach, and what reaches it.
type Node struct {
	Kind   Kind
	Path   string // "/dev/hidraw0"
	USB    hw.USB // zero for a device that is not on the bus
	Name   string // our table's word for it, or its own claim
	Open   bool   // this user may read and write it
	Grants []Grant
	Status Status
	// Group is the one that would open it for this user, where there is one.
	Group string
	// Member: the user is in Group, and its session began before that.
	Member bool
}

// Report is what Check found.
type Report struct {
	File  string // where our rules belong, or a package has put them
	State FileStatus
	Nodes []Node
}

// Reached says whether nothing is to be mended.
func (r Report) Reached() bool {
	return !slices.ContainsFunc(r.Nodes, func(n Node) bool { return n.Status != StatusOK })
}

// Check says for every key that is plugged in which rule reaches its nodes and
// whether this user may open them. It opens none. What could not be read is in
// the error; the report stands without it.
func (m *Machine) Check(ctx context.Context) (Report, error) {
	report := Report{File: "/" + rulesFile}
	if err := ctx.Err(); err != nil {
		return report, err
	}
	state, errFile := m.fileStatus()
	files, errRules := m.rules()
	devices, errDevices := m.devices()
	groups, errGroups := m.groups()
	if errors.Is(errGroups, fs.ErrNotExist) {
		errGroups = nil
	}
	report.State = state
	if state == FileAbsent && errFile == nil && m.packaged() {
		report.File, report.State = "/"+packagedFile, FileInstalled
	}
	for _, d := range devices {
		n := Node{Kind: d.kind, Path: d.node, USB: d.usb, Name: d.name, Grants: m.apply(files, d)}
		n.Open = m.Access(m.path(d.node)) == nil
		m.judge(&n, d, groups)
		report.Nodes = append(report.Nodes, n)
	}
	err := errors.Join(errFile, errRules, errDevices, errGroups)
	if err != nil {
		err = fmt.Errorf("check udev rules: %w", err)
	}
	return report, err
}

// judge decides a node's status.
func (m *Machine) judge(n *Node, d device, groups []group) {
	opens := n.Open || n.Kind == KindCard
	switch {
	case len(n.Grants) == 0:
		n.Status = StatusUnreached
		return
	case opens && m.applied(*n, d, groups):
		n.Status = StatusOK
		return
	case !m.applied(*n, d, groups):
		n.Status = StatusNotApplied
		return
	}
	n.Status = StatusNotYours
	for _, g := range n.Grants {
		if found, ok := findGroup(groups, g.Group); ok {
			n.Group = g.Group
			n.Member = slices.Contains(found.members, m.User) && !slices.Contains(m.Groups, found.id)
		}
	}
}

// applied says whether what the rules give shows on the node.
func (m *Machine) applied(n Node, d device, groups []group) bool {
	gid, mode, ok := owner(m.path(d.node))
	if !ok {
		return false
	}
	for _, g := range n.Grants {
		switch {
		case g.Seat:
			if d.known && !slices.Contains(d.tags, "uaccess") {
				return false
			}
		case g.Group != "":
			// With an access list the group's bits are the mask.
			if found, ok := findGroup(groups, g.Group); ok && (gid != found.id || mode&0o060 != 0o060) {
				return false
			}
		case mode&0o006 != 0o006:
			return false
		}
	}
	return true
}

// Words says in a line what is the matter with a node, or what opens it.
func (n Node) Words() string {
	switch n.Status {
	case StatusUnreached:
		return "no rule reaches it"
	case StatusNotApplied:
		return "a rule reaches it and is not applied yet: " + n.by()
	case StatusNotYours:
		switch {
		case n.Member:
			return "it is open for the group " + n.Group + ", which this session began without: " + n.by()
		case n.Group != "":
			return "it is open for the group " + n.Group + ", which you are not in: " + n.by()
		}
		return "it is open only for the person at the seat: " + n.by()
	}
	return n.by()
}

// by names the rules that reach the node.
func (n Node) by() string {
	var all []string
	for _, g := range n.Grants {
		all = append(all, fmt.Sprintf("%s:%d", g.File, g.Line))
	}
	return strings.Join(slices.Compact(all), ", ")
}

// Mend is the command that makes a node accessible, "" where nothing is wrong.
func (n Node) Mend(user string) string {
	switch {
	case n.Status == StatusOK:
		return ""
	case n.Status == StatusNotYours && n.Member:
		return "newgrp " + n.Group
	case n.Status == StatusNotYours && n.Group != "":
		return "sudo usermod --append --groups " + n.Group + " " + user
	}
	return "sudo hwmfa udev install"
}
