package exchange

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of docs/exchange.md anew")

// No column is one that a file is refused for, and no header means two columns
// of one kind.
func TestColumns(t *testing.T) {
	schemas := []Schema{Manifest()}
	for _, k := range Kinds() {
		schemas = append(schemas, k.Schema)
	}
	for _, s := range schemas {
		first := map[string]string{}
		for _, c := range s.Columns {
			for _, header := range append([]string{c.Name}, c.Aliases...) {
				if foldHeader(header) != header {
					t.Errorf("%s: %s is not folded", s.List, header)
				}
				if isSecretHeader(header) {
					t.Errorf("%s: %s reads like a secret", s.List, header)
				}
				if other, twice := first[header]; twice && header != c.Name && s.index(header) < 0 {
					t.Errorf("%s: %s means %s and %s", s.List, header, other, c.Name)
				}
				first[header] = c.Name
			}
		}
	}
}

// The page lists every column as it is.
func TestColumnsPage(t *testing.T) {
	const path = "../../docs/exchange.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(page), "<!-- columns: begin -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- columns: end -->")
	if !ok1 || !ok2 {
		t.Fatal("the page has no marks for the tables")
	}
	var b strings.Builder
	for _, k := range Kinds() {
		describe(&b, "`"+k.Name+"`: "+k.About, k.Schema)
	}
	describe(&b, "Delivery lists of suppliers, which `hwmfa receive` reads: a key by its serial, or a quantity", Manifest())
	want := before + "<!-- columns: begin -->\n" + b.String() + "<!-- columns: end -->" + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Error("docs/exchange.md is not up to date: go test ./inventory/exchange -run ColumnsPage -update")
	}
}

func describe(b *strings.Builder, title string, s Schema) {
	fmt.Fprintf(b, "\n%s\n\n| column | also called | |\n|---|---|---|\n", title)
	for _, c := range s.Columns {
		name := c.Name
		if c.Out {
			name = "*" + name + "*"
		}
		var marks []string
		for _, m := range []struct {
			is   bool
			word string
		}{{c.Required, "needed"}, {c.Unique, "one row each"}, {c.Time, "time"}} {
			if m.is {
				marks = append(marks, m.word)
			}
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", name, strings.Join(c.Aliases, ", "), strings.Join(marks, ", "))
	}
}
