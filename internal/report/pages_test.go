package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
)

var update = flag.Bool("update", false, "write what the pages have to say into them")

// page holds the parts of a page that a pattern finds against what they have to be. Each match has three groups: what stands
// before the part, its name within that, and the part.
func page(t *testing.T, name string, pattern *regexp.Regexp, want map[string]string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	updated := pattern.ReplaceAllStringFunc(string(text), func(match string) string {
		groups := pattern.FindStringSubmatch(match)
		part, known := want[groups[2]]
		if !known {
			t.Errorf("docs/%s has a part %q that nothing is known of", name, groups[2])
			return match
		}
		found++
		if groups[3] != part && !*update {
			t.Errorf("docs/%s, %s: got\n%s\nwant\n%s\n(-update writes it)", name, groups[2], groups[3], part)
		}
		return groups[1] + part + groups[4]
	})
	if found != len(want) {
		t.Errorf("docs/%s has %d parts, want %d", name, found, len(want))
	}
	if *update && updated != string(text) {
		if err := os.WriteFile(path, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPagesShowWhatIsWritten(t *testing.T) {
	indent := func(doc string) string {
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(doc), "", "  "); err != nil {
			t.Fatal(err)
		}
		return b.String() + "\n"
	}
	asffLines, ocsfLines := strings.Split(written(t, report.FormatASFF, head(), virtual()), "\n"), strings.Split(written(t, report.FormatOCSF, head(), virtual()), "\n")
	page(t, "audit-formats.md", regexp.MustCompile("(?s)(<!-- sample: (\\w+) -->\n```\\w+\n)(.*?)(```\n)"), map[string]string{
		"json":  written(t, report.FormatJSON, head(), virtual()),
		"jsonl": written(t, report.FormatJSONL, head(), virtual()),
		"csv":   strings.ReplaceAll(written(t, report.FormatCSV, head(), states()...), "\r\n", "\n"),
		"asff":  indent(strings.TrimSuffix(asffLines[1], ",")),
		"ocsf":  indent(ocsfLines[0]),
	})
}

func TestPagesListTheControls(t *testing.T) {
	benchmarks := "| version | hardware MFA (Level 2) | any MFA (Level 1) | no MFA asked of removed credentials | hardware is audited | any MFA is audited |\n|---|---|---|---|---|---|\n"
	for _, b := range iamcheck.Benchmarks() {
		exempts := "no"
		if b.ExemptsRemoved {
			exempts = "yes"
		}
		benchmarks += fmt.Sprintf("| %s | %s | %s | %s | %s (%s) | %s (%s) |\n", b.Version, b.Hardware.ID, b.RootMFA.ID, exempts,
			b.Hardware.Assessment, b.Hardware.Certainty, b.RootMFA.Assessment, b.RootMFA.Certainty)
	}
	mappings := "| framework | requirement | hardware MFA | any MFA | who says so | how sure |\n|---|---|---|---|---|---|\n"
	for _, m := range iamcheck.Mappings() {
		has := map[iamcheck.Control]string{iamcheck.HardwareMFA: "", iamcheck.RootMFA: ""}
		for _, c := range m.Controls {
			has[c] = "yes"
		}
		mappings += fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", m.Framework, m.Requirement, has[iamcheck.HardwareMFA], has[iamcheck.RootMFA], m.Source, m.Certainty)
	}
	page(t, "controls.md", regexp.MustCompile(`(?s)(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->\n)`), map[string]string{"benchmarks": benchmarks, "mappings": mappings})
}
