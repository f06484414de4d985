package udev

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hwmfa/hw"
)

var update = flag.Bool("update", false, "write the golden file anew")

func TestRules(t *testing.T) {
	golden := filepath.Join("testdata", FileName)
	got := rulesText(t)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("rules differ from %s (refresh with -update):\n%s", golden, got)
	}
}

// rulesText is the rules for the group that is the default.
func rulesText(t *testing.T) string {
	t.Helper()
	text, err := Rules("")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var ruleLine = regexp.MustCompile(`^ATTRS?\{idVendor\}=="([0-9a-f]{4})", (ATTRS?\{idProduct\}[!=]="[0-9a-f|]{4,}", )?TAG\+="uaccess", GROUP="plugdev", MODE="066[04]"$`)

func TestRules_coverEveryMaker(t *testing.T) {
	opened := map[string]int{}
	text := rulesText(t)
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch m := ruleLine.FindStringSubmatch(line); {
		case m != nil:
			opened[m[1]]++
		case line == "" || line[0] == '#' || strings.HasPrefix(line, "LABEL=") || strings.Contains(line, `GOTO="hwmfa_`):
		case strings.HasPrefix(line, `ENV{ID_SECURITY_TOKEN}=="1", TAG+="uaccess"`):
		default:
			t.Errorf("not a rule that udev would take: %q", line)
		}
	}
	for _, m := range hw.Makers() {
		want := 2 // its HID interfaces, and its card reader
		if m.Shared {
			want *= len(m.Products)
		}
		vendor := (hw.USB{Vendor: m.Vendor}).ID()[:4]
		if opened[vendor] != want {
			t.Errorf("%s (%s) has %d rules, want %d", m.Name, vendor, opened[vendor], want)
		}
	}
	if opened["18d1"] == 0 || strings.Contains(text, `{idVendor}=="18d1", TAG`) {
		t.Error("a shared vendor ID is opened as a whole")
	}
}

func TestRules_group(t *testing.T) {
	for name, want := range map[string]bool{
		"": true, "plugdev": true, "hw-mfa_2": true,
		"a b": false, `x", RUN+="/bin/sh`: false, "-x": false, "Ä": false, strings.Repeat("a", 33): false,
	} {
		text, err := Rules(name)
		if (err == nil) != want || !want && !errors.Is(err, ErrGroup) {
			t.Errorf("Rules(%q): %v", name, err)
		}
		if want && name != "" && !strings.Contains(text, `GROUP="`+name+`"`) {
			t.Errorf("Rules(%q) does not name the group", name)
		}
	}
}

func TestRender_doesNotDependOnTheOrderOfTheTable(t *testing.T) {
	reversed := hw.Makers()
	slices.Reverse(reversed)
	for i := range reversed {
		reversed[i].Products, reversed[i].Except = slices.Clone(reversed[i].Products), slices.Clone(reversed[i].Except)
		slices.Reverse(reversed[i].Products)
		slices.Reverse(reversed[i].Except)
	}
	if render(reversed, DefaultGroup) != rulesText(t) {
		t.Error("the same table in another order gives other rules")
	}
}
