package awsapi_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page about other tools says of states by their names what the audit says of them.
func TestThePageAboutOtherToolsNamesTheStates(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "other-tools.md"))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]state{}
	for _, s := range states {
		if _, twice := byName[s.name]; twice {
			t.Errorf("two states are called %q", s.name)
		}
		byName[s.name] = s
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 9 || strings.HasPrefix(cells[1], "---") || strings.TrimSpace(cells[1]) == "state" {
			continue
		}
		rows++
		name := strings.TrimSpace(cells[1])
		s, ok := byName[name]
		if !ok {
			t.Errorf("no state is called %q", name)
			continue
		}
		want := string(s.status)
		if s.assurance != "" {
			want += ", " + string(s.assurance)
		}
		if got := strings.TrimSpace(cells[2]); got != want {
			t.Errorf("%s: the page says %s, the audit %s", name, got, want)
		}
		if got := strings.TrimSpace(cells[3]); got != string(s.literal) {
			t.Errorf("%s: the page says literally %s, the audit %s", name, got, s.literal)
		}
	}
	if rows < 25 {
		t.Errorf("the page has %d rows", rows)
	}
}
