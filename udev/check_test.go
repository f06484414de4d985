package udev

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestCheck(t *testing.T) {
	ours := func(f *fakeRoot) { f.file(rulesFile, rulesText(f.t)) }
	others := func(text string) func(*fakeRoot) {
		return func(f *fakeRoot) { f.file("etc/udev/rules.d/69-key.rules", text) }
	}
	tests := []struct {
		name    string
		rules   []func(*fakeRoot)
		vendor  string
		product string
		seen    seen
		mode    os.FileMode
		denied  bool
		fido    string
		card    string
	}{
		{
			"no rules at all", nil, "1050", "0407", plain, 0o600, true,
			"unreached: no rule reaches it; sudo hwmfa udev install",
			"unreached: no rule reaches it; sudo hwmfa udev install",
		},
		{
			"Debian's rules, and nobody at the seat", []func(*fakeRoot){(*fakeRoot).debian}, "1050", "0407", known, 0o600, true,
			"not_yours: it is open only for the person at the seat: /usr/lib/udev/rules.d/70-uaccess.rules:5; sudo hwmfa udev install",
			"ok: /usr/lib/udev/rules.d/70-uaccess.rules:3;",
		},
		{
			"Debian's rules at the seat", []func(*fakeRoot){(*fakeRoot).debian}, "1050", "0407", known, 0o660, false,
			"ok: /usr/lib/udev/rules.d/70-uaccess.rules:5;", "ok: /usr/lib/udev/rules.d/70-uaccess.rules:3;",
		},
		{
			"a key of an unknown maker that fido_id knows", []func(*fakeRoot){(*fakeRoot).debian}, "dead", "beef", known, 0o660, false,
			"ok: /usr/lib/udev/rules.d/70-uaccess.rules:5;", "",
		},
		{
			"a key of an unknown maker, and nothing that knows keys", []func(*fakeRoot){ours}, "dead", "beef", plain, 0o600, true,
			"unreached: no rule reaches it; sudo hwmfa udev install", "",
		},
		{
			"our rules, written after the key was plugged in", []func(*fakeRoot){ours}, "1050", "0407", plain, 0o600, true,
			"not_applied: a rule reaches it and is not applied yet: /etc/udev/rules.d/70-hwmfa.rules:18; sudo hwmfa udev install",
			"not_applied: a rule reaches it and is not applied yet: /etc/udev/rules.d/70-hwmfa.rules:57; sudo hwmfa udev install",
		},
		{
			"our rules, for a group that the user is not in", []func(*fakeRoot){ours}, "1050", "0407", known, 0o660, true,
			"not_yours: it is open for the group plugdev, which you are not in: /etc/udev/rules.d/70-hwmfa.rules:18; sudo usermod --append --groups plugdev eva",
			"ok: /etc/udev/rules.d/70-hwmfa.rules:57;",
		},
		{
			"a YubiHSM is not opened", []func(*fakeRoot){ours}, "1050", "0030", plain, 0o600, true,
			"unreached: no rule reaches it; sudo hwmfa udev install", "",
		},
		{
			"another program's rule, by its group", []func(*fakeRoot){others("KERNEL==\"hidraw*\", \\\n  ATTRS{idVendor}==\"1050\", \\\n# in between\n  GROUP=\"plugdev\", MODE=\"0660\"\n")},
			"1050", "0407", plain, 0o660, false,
			"ok: /etc/udev/rules.d/69-key.rules:1;", "unreached: no rule reaches it; sudo hwmfa udev install",
		},
		{
			"a rule for everybody", []func(*fakeRoot){others("SUBSYSTEM==\"hidraw\", MODE=\"0666\"\n")}, "1050", "0407", plain, 0o666, false,
			"ok: /etc/udev/rules.d/69-key.rules:1;", "unreached: no rule reaches it; sudo hwmfa udev install",
		},
		{
			"a rule that a program decides about is not believed", []func(*fakeRoot){others("SUBSYSTEM==\"hidraw\", PROGRAM=\"/bin/true\", TAG+=\"uaccess\"\n")},
			"1050", "0407", plain, 0o600, true,
			"unreached: no rule reaches it; sudo hwmfa udev install", "unreached: no rule reaches it; sudo hwmfa udev install",
		},
		{
			"without udevd's word a property is no reason", []func(*fakeRoot){(*fakeRoot).debian}, "1050", "0407", unknown, 0o600, true,
			"unreached: no rule reaches it; sudo hwmfa udev install", "unreached: no rule reaches it; sudo hwmfa udev install",
		},
		{
			"uaccess comes too late in a file behind the seat's", []func(*fakeRoot){func(f *fakeRoot) {
				f.file("etc/udev/rules.d/90-key.rules", "SUBSYSTEM==\"hidraw\", TAG+=\"uaccess\"\n")
			}}, "1050", "0407", plain, 0o600, true,
			"unreached: no rule reaches it; sudo hwmfa udev install", "unreached: no rule reaches it; sudo hwmfa udev install",
		},
		{
			"a file in /etc takes the place of the one of its name", []func(*fakeRoot){(*fakeRoot).debian, func(f *fakeRoot) {
				f.link("/dev/null", "etc/udev/rules.d/70-uaccess.rules")
			}}, "1050", "0407", known, 0o600, true,
			"unreached: no rule reaches it; sudo hwmfa udev install", "unreached: no rule reaches it; sudo hwmfa udev install",
		},
		{
			"a later rule takes the tag away", []func(*fakeRoot){(*fakeRoot).debian, func(f *fakeRoot) {
				f.file("etc/udev/rules.d/71-not.rules", "SUBSYSTEM==\"hidraw\", TAG-=\"uaccess\"\n")
			}}, "1050", "0407", known, 0o600, true,
			"unreached: no rule reaches it; sudo hwmfa udev install", "ok: /usr/lib/udev/rules.d/70-uaccess.rules:3;",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeRoot(t)
			for _, add := range tt.rules {
				add(f)
			}
			f.plug(tt.vendor, tt.product, tt.seen, 0)
			f.chmod("dev/hidraw0", tt.mode)
			f.chmod("dev/bus/usb/001/007", tt.mode|0o004)
			if tt.denied {
				f.Access = func(string) error { return syscall.EACCES }
			}
			r := f.check()
			if got := r.node(t, KindFIDO); got != tt.fido {
				t.Errorf("the FIDO node is\n%s, want\n%s", got, tt.fido)
			}
			if tt.card == "" {
				if len(r.Nodes) != 1 {
					t.Errorf("got %+v, want no card reader of a maker who is not known", r.Nodes)
				}
				return
			}
			if got := r.node(t, KindCard); got != tt.card {
				t.Errorf("the card reader's node is\n%s, want\n%s", got, tt.card)
			}
		})
	}
}

func TestCheck_member(t *testing.T) {
	f := newFakeRoot(t)
	f.file(rulesFile, rulesText(t))
	f.plug("1050", "0407", known, 0o660)
	f.User = "adam"
	f.Access = func(string) error { return syscall.EACCES }
	for _, n := range f.check().Nodes {
		if n.Kind == KindFIDO && (!n.Member || n.Mend("adam") != "newgrp plugdev") {
			t.Errorf("%s: %s; %s", n.Status, n.Words(), n.Mend("adam"))
		}
	}
}

func TestCheck_file(t *testing.T) {
	f := newFakeRoot(t)
	for _, c := range []struct {
		name, text string
		want       FileStatus
	}{
		{"ours", rulesText(t), FileInstalled},
		{"ours of another version", marker + "\n# older\n", FileOutdated},
		{"somebody else's", "# mine\n", FileForeign},
		{"empty", "", FileForeign},
	} {
		f.file(rulesFile, c.text)
		if r := f.check(); r.State != c.want || !r.Reached() {
			t.Errorf("%s: the file is %s, want %s; with no key, nothing is to be mended", c.name, r.State, c.want)
		}
	}
}

func TestCheck_package(t *testing.T) {
	f := newFakeRoot(t)
	_, rules, _ := strings.Cut(rulesText(t), "\n")
	f.file(packagedFile, "# Part of the package hwmfa.\n"+rules)
	if r := f.check(); r.State != FileInstalled || r.File != "/"+packagedFile {
		t.Errorf("a package's rules are %s at %s", r.State, r.File)
	}
	// What stands in /etc takes their place.
	f.file(rulesFile, "# mine\n")
	if r := f.check(); r.State != FileForeign || r.File != "/"+rulesFile {
		t.Errorf("rules above them are %s at %s", r.State, r.File)
	}
	g := newFakeRoot(t)
	g.file(packagedFile, "# Part of the package hwmfa.\n# older\n")
	if r := g.check(); r.State != FileAbsent {
		t.Errorf("rules of another version are %s", r.State)
	}
}

func TestUSBKeys(t *testing.T) {
	f := newFakeRoot(t)
	f.plug("1050", "0407", plain, 0o600)
	got, err := f.USBKeys()
	if err != nil || len(got) != 1 || got[0].HID != 1 || got[0].Driven != 1 || !got[0].Card || got[0].Name != "YubiKey 4/5" || got[0].USB.Path != "1-2" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestMatchAny(t *testing.T) {
	for _, c := range []struct {
		patterns, value string
		want            bool
	}{
		{"hidraw*", "hidraw12", true},
		{"a|b", "b", true},
		{"?*", "", false},
		{"*:0b????:*", ":030000:0b0000:", true},
		{"*", "a/b", true},
		{"[!a]", "b", true},
		{"[", "[", false},
		{"", "", true},
	} {
		if got := matchAny(c.patterns, c.value); got != c.want {
			t.Errorf("matchAny(%q, %q) = %v", c.patterns, c.value, got)
		}
	}
}

// FuzzParse holds the parser to what it promises: lines count from 1, every
// token has a key and an operator, and a comment in front changes only lines.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`ATTRS{idVendor}=="1050", TAG+="uaccess", MODE:="0660"` + "\n"))
	f.Add([]byte("A==\"\\\"\" \\\n# c\n , B=\"x\"\nLABEL=\"y\"\n"))
	f.Add([]byte(`RUN{builtin}+="uaccess"`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all := parse("f", text)
		for _, r := range all {
			if r.line < 1 || len(r.tokens) == 0 {
				t.Errorf("%+v", r)
			}
			for _, tok := range r.tokens {
				if tok.key == "" || tok.op == "" {
					t.Errorf("%+v", tok)
				}
			}
		}
		if again := parse("f", append([]byte("# c\n"), text...)); len(again) != len(all) {
			t.Errorf("%d rules behind a comment, %d without", len(again), len(all))
		}
	})
}
