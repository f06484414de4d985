package udev

import (
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
	got := Rules()
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

var ruleLine = regexp.MustCompile(`^ATTRS\{idVendor\}=="([0-9a-f]{4})"(, ATTRS\{idProduct\}=="[0-9a-f]{4}")?, TAG\+="uaccess", GROUP="plugdev", MODE="0660"$`)

func TestRules_coverEveryMaker(t *testing.T) {
	opened := map[string]int{}
	for line := range strings.Lines(Rules()) {
		line = strings.TrimSuffix(line, "\n")
		switch m := ruleLine.FindStringSubmatch(line); {
		case m != nil:
			opened[m[1]]++
		case line == "" || line[0] == '#' || strings.HasPrefix(line, "LABEL=") || strings.Contains(line, `GOTO="hwmfa_end"`):
		default:
			t.Errorf("not a rule that udev would take: %q", line)
		}
	}
	for _, m := range hw.Makers() {
		want := 1
		if m.Shared {
			want = len(m.Products)
		}
		vendor := (hw.USB{Vendor: m.Vendor}).ID()[:4]
		if opened[vendor] != want {
			t.Errorf("%s (%s) has %d rules, want %d", m.Name, vendor, opened[vendor], want)
		}
	}
	if opened["18d1"] == 0 || strings.Contains(Rules(), `ATTRS{idVendor}=="18d1", TAG`) {
		t.Error("a shared vendor ID is opened as a whole")
	}
}

func TestRender_doesNotDependOnTheOrderOfTheTable(t *testing.T) {
	reversed := hw.Makers()
	slices.Reverse(reversed)
	for i := range reversed {
		reversed[i].Products = slices.Clone(reversed[i].Products)
		slices.Reverse(reversed[i].Products)
	}
	if render(reversed) != Rules() {
		t.Error("the same table in another order gives other rules")
	}
}
