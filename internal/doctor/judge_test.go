package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/iamcheck"
	"hwmfa/udev"
)

var (
	now  = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	key  = udev.USBKey{USB: hw.USB{Vendor: 0x1050, Product: 0x0407, Bus: 1, Address: 7, Path: "1-2"}, Name: "YubiKey 4/5", HID: 1, Driven: 1, Card: true}
	node = udev.Node{Kind: udev.KindFIDO, Path: "/dev/hidraw0", USB: key.USB, Name: key.Name, Open: true, Status: udev.StatusOK}
)

// healthy is a workstation on which nothing is wrong.
func healthy() Facts {
	return Facts{
		Now: now, Built: now.AddDate(0, -1, 0), User: "eva",
		Libraries:    []Library{{"libfido2", true, "1.12.0"}, {"PC/SC", true, "1.9.9"}, {"libusb", true, ""}},
		Bus:          &Bus{Hidraw: true, Keys: []udev.USBKey{key}, Rules: udev.Report{File: "/r", State: udev.FileInstalled, Nodes: []udev.Node{node}}},
		Service:      &Service{Program: true, Driver: true, Socket: true},
		Cards:        &Cards{Seen: []hw.Sighting{{Interface: hw.InterfaceCard, Node: "Reader 00 00", USB: &key.USB}}},
		Programs:     &[]Program{},
		Inventory:    &Inventory{Events: 7, LastEvent: now.AddDate(0, 0, -1), Metadata: &Metadata{Number: 9, NextUpdate: now.AddDate(0, 1, 0), AddedAt: now.AddDate(0, 0, -3)}},
		AWSAsked:     true,
		AWS:          &AWS{AccountID: "111111111111", Organization: true, Calls: []iamcheck.Call{{Action: "sts:GetCallerIdentity", Outcome: iamcheck.OK}}},
		Synchronized: new(true),
		CoreDumps:    new(false),
	}
}

func TestJudge_healthy(t *testing.T) {
	for _, f := range Judge(healthy()) {
		if f.Status != OK || f.Mend != "" {
			t.Errorf("on a healthy machine: %+v", f)
		}
	}
}

func TestJudge(t *testing.T) {
	scdaemon := Program{PID: 42, Name: "scdaemon", Scdaemon: true, Internal: true}
	browser := Program{PID: 43, Name: "firefox", Nodes: []string{"/dev/hidraw0"}}
	with := func(n udev.Node) func(*Facts) { return func(f *Facts) { f.Bus.Rules.Nodes = []udev.Node{n} } }
	denied := node
	denied.Open, denied.Status, denied.Group = false, udev.StatusNotYours, "plugdev"
	unreached := node
	unreached.Status = udev.StatusUnreached
	late := node
	late.Open, late.Status = false, udev.StatusNotApplied
	card := udev.Node{Kind: udev.KindCard, Path: "/dev/bus/usb/001/007", Name: key.Name, Status: udev.StatusUnreached}
	held := func(f *Facts, programs ...Program) {
		f.Cards.Seen[0].Err = fmt.Errorf("card: %w", hw.ErrBusy)
		f.Programs = &programs
	}
	calls := func(action string, o iamcheck.Outcome) func(*Facts) {
		return func(f *Facts) { f.AWS.Calls = append(f.AWS.Calls, iamcheck.Call{Action: action, Outcome: o}) }
	}
	tests := []struct {
		name   string
		change func(*Facts)
		want   string // STATUS ID | part of the text | mend
	}{
		{"a build without libraries", func(f *Facts) { f.Libraries[0].Built = false }, "warn libraries|built without libfido2|CGO_ENABLED=1 make build"},
		{"no key", func(f *Facts) { f.Bus.Keys, f.Bus.Rules.Nodes = nil, nil }, "skip keys|no security key|plug one in"},
		{"no key and no rules", func(f *Facts) { f.Bus.Keys, f.Bus.Rules = nil, udev.Report{State: udev.FileAbsent} }, "skip udev.rules|not in place|sudo hwmfa udev install"},
		{"no driver", func(f *Facts) { f.Bus.Keys[0].Driven = 0 }, "fail hidraw.kernel|YubiKey 4/5 at 1-2|sudo modprobe --all usbhid hid-generic"},
		{"a kernel without hidraw", func(f *Facts) { f.Bus.Hidraw = false }, "fail hidraw.kernel|YubiKey 4/5 at 1-2|sudo modprobe --all usbhid hid-generic"},
		{"a user outside the group", with(denied), "fail hidraw.permission|which you are not in|sudo usermod --append --groups plugdev eva"},
		{"rules that are not applied", with(late), "fail hidraw.permission|not applied yet|sudo hwmfa udev install"},
		{"a node that is open by luck", with(unreached), "warn udev.rules|no rule reaches it|sudo hwmfa udev install"},
		{"a card reader without a rule", func(f *Facts) { f.Bus.Rules.Nodes = append(f.Bus.Rules.Nodes, card) }, "warn udev.rules|/dev/bus/usb/001/007|sudo hwmfa udev install"},
		{"a foreign file", func(f *Facts) { f.Bus.Rules.State = udev.FileForeign }, "warn udev.rules|is not hwmfa's|sudo hwmfa udev install --force"},
		{"an old file", func(f *Facts) { f.Bus.Rules.State = udev.FileOutdated }, "warn udev.rules|another version|sudo hwmfa udev install"},
		{"a build without PC/SC", func(f *Facts) { f.Libraries[1].Built = false }, "skip pcscd|without PC/SC|"},
		{"no pcscd", func(f *Facts) { f.Service.Program = false }, "fail pcscd.absent|not installed|sudo apt-get install pcscd libccid"},
		{"no driver for readers", func(f *Facts) { f.Service.Driver = false }, "fail pcscd.driver|not installed|sudo apt-get install libccid"},
		{"pcscd stopped", func(f *Facts) { f.Cards = &Cards{Err: hw.ErrService} }, "fail pcscd.stopped|does not run|sudo systemctl enable --now pcscd.socket"},
		{"polkit denies the service", func(f *Facts) { f.Cards = &Cards{Err: fmt.Errorf("list: %w", hw.ErrPermission)} }, "fail pcscd.polkit|polkit denies|" + mendPolkit},
		{"polkit denies the card", func(f *Facts) { f.Cards.Seen[0].Err = hw.ErrPermission }, "fail pcscd.polkit|Reader 00 00|" + mendPolkit},
		{"sixteen readers", func(f *Facts) { f.Cards.Err = hw.ErrReaderLimit }, "warn pcscd.readers|16 readers|unplug readers, or enroll in turns of 16"},
		{"a card that is not shown", func(f *Facts) { f.Cards.Seen = nil }, "warn pcscd.unseen|YubiKey 4/5 at 1-2|sudo systemctl restart pcscd.service"},
		{"a card held by scdaemon", func(f *Facts) { held(f, scdaemon) }, "fail card.held|by all appearances scdaemon (process 42)|" + mendScdaemon},
		{"a card held by a program", func(f *Facts) { held(f, Program{PID: 9, Name: "opensc", PCSC: true}) }, "fail card.held|opensc (process 9)|kill 9"},
		{"a card held by nobody who shows", func(f *Facts) { held(f) }, "fail card.held|hides itself|sudo hwmfa doctor"},
		{"scdaemon about", func(f *Facts) { f.Programs = &[]Program{scdaemon} }, "warn programs.scdaemon|takes card readers for itself|" + mendScdaemon},
		{"scdaemon with the reader open", func(f *Facts) {
			f.Programs = &[]Program{{PID: 42, Name: "scdaemon", Scdaemon: true, Internal: true, Nodes: []string{"/dev/bus/usb/001/007"}}}
		}, "fail programs.usb|/dev/bus/usb/001/007|" + mendScdaemon},
		{"a browser with the key open", func(f *Facts) { f.Programs = &[]Program{browser} }, "warn programs.hidraw|firefox (process 43)|kill 43"},
		{"AWS not asked", func(f *Facts) { f.AWS, f.AWSAsked = nil, false }, "skip aws|not asked|hwmfa doctor --aws"},
		{"no credentials", func(f *Facts) { f.AWS = &AWS{Err: errors.New("no usable\nAWS credentials")} }, "fail aws.credentials|no usable AWS credentials|aws sso login"},
		{"a call denied", calls("iam:GetAccountSummary", iamcheck.Denied), "fail aws.denied|iam:GetAccountSummary: denied|" + mendPolicy},
		{"the organization denied", calls("organizations:ListAccounts", iamcheck.DeniedBySCP), "warn aws.organization|organizations:ListAccounts: denied_by_scp|" + mendPolicy},
		{"root sessions denied", calls("sts:AssumeRoot", iamcheck.Denied), "warn aws.organization|sts:AssumeRoot: denied|aws iam enable-organizations-root-sessions"},
		{"no organization", func(f *Facts) { f.AWS.Organization = false }, "skip aws.organization|in no organization|"},
		{"no inventory", func(f *Facts) { f.Inventory = &Inventory{None: true} }, "skip inventory|none yet|hwmfa enroll"},
		{"no server", func(f *Facts) { f.Inventory = &Inventory{Problem: "server not reachable", Mend: "try again"} }, "fail inventory.unreachable|server not reachable|try again"},
		{"a broken journal", func(f *Facts) { f.Inventory.Broken = "event 3 was altered" }, "fail inventory.journal|event 3|hwmfa journal verify"},
		{"no metadata", func(f *Facts) { f.Inventory.Metadata = nil }, "warn metadata|no FIDO metadata|hwmfa trust update"},
		{"expired metadata", func(f *Facts) { f.Inventory.Metadata.Expired = 12 }, "warn metadata|expired 12 days ago|hwmfa trust update"},
		{"forged metadata", func(f *Facts) { f.Inventory.MetadataFault = "bad signature" }, "fail metadata|bad signature|hwmfa trust update"},
		{"a clock before the build", func(f *Facts) { f.Now = f.Built.AddDate(-1, 0, 0) }, "fail clock|before this program was built|" + mendClock},
		{"a clock before the journal", func(f *Facts) { f.Inventory.LastEvent = now.Add(time.Hour) }, "fail clock|before the inventory was last changed|" + mendClock},
		{"a clock before the metadata", func(f *Facts) { f.Inventory.Metadata.AddedAt = now.Add(time.Hour) }, "fail clock|before the FIDO metadata|" + mendClock},
		{"a clock of another century", func(f *Facts) { f.Now = now.AddDate(80, 0, 0) }, "fail clock|twenty years|" + mendClock},
		{"a clock that nobody keeps", func(f *Facts) { f.Synchronized = new(false) }, "warn clock.synchronized|no time server|" + mendClock},
		{"a clock of which nothing is known", func(f *Facts) { f.Synchronized = nil }, "skip clock.synchronized|does not say|"},
		{"core dumps", func(f *Facts) { f.CoreDumps = new(true) }, "fail coredumps|a PIN among it|ulimit -c 0"},
		{"a part that cannot be read", func(f *Facts) { f.Unread = []Unread{{"the clock", errors.New("a\nb")}} }, "warn unread|could not look at the clock: b|hwmfa doctor --debug"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := healthy()
			tt.change(&f)
			all := Judge(f)
			want := strings.SplitN(tt.want, "|", 3)
			if !slices.ContainsFunc(all, func(f Finding) bool {
				return string(f.Status)+" "+f.ID == want[0] && strings.Contains(f.Text, want[1]) && f.Mend == want[2]
			}) {
				t.Errorf("no %q in %+v", tt.want, all)
			}
			if Failed(all) != strings.HasPrefix(tt.want, "fail") {
				t.Errorf("failed: %v", Failed(all))
			}
			for _, f := range all {
				if !slices.Contains(IDs(), f.ID) {
					t.Errorf("%q is not among the IDs", f.ID)
				}
				if (f.Status == Warn || f.Status == Fail) && f.Mend == "" {
					t.Errorf("nothing mends %+v", f)
				}
			}
		})
	}
}

// What was not seen is never well.
func TestJudge_nothingSeen(t *testing.T) {
	for _, f := range Judge(Facts{Now: now, Unread: []Unread{{"everything", context.DeadlineExceeded}}}) {
		if f.Status == OK && f.ID != idClock {
			t.Errorf("found well unseen: %+v", f)
		}
	}
}
