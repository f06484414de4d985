package arch

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// required lists the modules of go.mod.
func required(t *testing.T, repo fs.FS) []string {
	t.Helper()
	mod, err := fs.ReadFile(repo, "go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, m := range regexp.MustCompile(`(?m)^(?:require)?\s+(\S+\.\S+/\S+) v\S+`).FindAllSubmatch(mod, -1) {
		modules = append(modules, string(m[1]))
	}
	if len(modules) < 10 {
		t.Fatalf("found only %d modules in go.mod", len(modules))
	}
	return modules
}

// imported lists the modules that our own files import, tests included.
func imported(t *testing.T, repo fs.FS, modules []string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(repo, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && ignored(d.Name()):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		f, err := read(repo, name)
		for _, imported := range f.imports {
			longest := ""
			for _, m := range modules {
				if (imported == m || strings.HasPrefix(imported, m+"/")) && len(m) > len(longest) {
					longest = m
				}
			}
			if longest != "" && !slices.Contains(found, longest) {
				found = append(found, longest)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

func TestDependenciesPage(t *testing.T) {
	repo := os.DirFS(root(t))
	page, err := fs.ReadFile(repo, filepath.ToSlash("docs/dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 {
			t.Errorf("not four cells: %s", line)
			continue
		}
		for _, c := range cells {
			if strings.TrimSpace(c) == "" {
				t.Errorf("an empty cell: %s", line)
			}
		}
		documented = append(documented, strings.Trim(strings.TrimSpace(cells[0]), "`"))
	}
	if !slices.IsSorted(documented) {
		t.Errorf("the table is not sorted: %q", documented)
	}
	modules := required(t, repo)
	used := imported(t, repo, modules)
	for _, m := range used {
		if !slices.Contains(documented, m) {
			t.Errorf("docs/dependencies.md has no line for %s", m)
		}
	}
	for _, m := range documented {
		if !slices.Contains(used, m) {
			t.Errorf("docs/dependencies.md has a line for %s, which nothing imports", m)
		}
	}
}
