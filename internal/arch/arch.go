// Package arch holds the import rules of this repository and checks them in
// every Go file, whatever its build tags: a linter or go list sees only the
// files of the current build, and a forbidden import in a stub would slip
// through. It is used by its own test and by nothing else.
package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is the path that our own imports begin with.
const module = "hwmfa"

// Check walks a repository and returns every breach of the rules, sorted, as
// "file: what is wrong". An error means that the walk itself failed.
func Check(repo fs.FS) ([]string, error) {
	var breaches []string
	seen := map[string]bool{}
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
		if err != nil {
			return err
		}
		if !seen[f.pkg] {
			seen[f.pkg] = true
			if _, ok := packages[f.pkg]; !ok {
				breaches = append(breaches, f.pkg+": the package has no row in the table of rules")
				return nil
			}
		}
		breaches = append(breaches, f.breaches()...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("walk repository: %w", err)
	}
	for pkg := range packages {
		if !seen[pkg] {
			breaches = append(breaches, pkg+": the table of rules has a row for a package that is not there")
		}
	}
	slices.Sort(breaches)
	return breaches, nil
}

// ignored says which directories the Go tool does not look into either.
func ignored(dir string) bool {
	return strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_") || dir == "testdata" || dir == "vendor"
}

// file is what the rules look at in one Go file.
type file struct {
	name     string
	pkg      string // its directory, "." for the root
	test     bool   // named _test.go
	external bool   // a test of package foo_test
	imports  []string
}

func read(repo fs.FS, name string) (file, error) {
	src, err := fs.ReadFile(repo, name)
	if err != nil {
		return file{}, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
	if err != nil {
		return file{}, fmt.Errorf("parse: %w", err)
	}
	f := file{name: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go")}
	f.external = f.test && strings.HasSuffix(parsed.Name.Name, "_test")
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
}

func (f file) breaches() []string {
	var found []string
	for _, imported := range f.imports {
		if why := f.refuses(imported); why != "" {
			found = append(found, fmt.Sprintf("%s: import %q: %s", f.name, imported, why))
		}
	}
	return found
}

// refuses says why the file may not import something, "" where it may.
func (f file) refuses(imported string) string {
	if imported == module || strings.HasPrefix(imported, module+"/") {
		return f.refusesOurs(strings.TrimPrefix(strings.TrimPrefix(imported, module), "/"))
	}
	owners, guarded := ownersOf(privileges, imported)
	if f.test {
		more, _ := ownersOf(testPrivileges, imported)
		owners = append(slices.Clone(owners), more...)
	}
	switch {
	case slices.Contains(owners, f.pkg):
		return ""
	case guarded:
		return "only " + strings.Join(owners, ", ") + " may"
	case strings.Contains(strings.SplitN(imported, "/", 2)[0], "."):
		return "a module that has no owner in the table of rules"
	}
	return ""
}

func (f file) refusesOurs(pkg string) string {
	switch {
	case slices.Contains(packages[f.pkg], pkg):
		return ""
	case f.external:
		return ""
	case f.test && (strings.HasPrefix(pkg, f.pkg+"/") || slices.Contains(testSupport, pkg)):
		return ""
	}
	return "package " + f.pkg + " may not"
}

// ownersOf finds the longest row of a table that an import falls under.
func ownersOf(table map[string][]string, imported string) (owners []string, guarded bool) {
	longest := -1
	for prefix, allowed := range table {
		if (imported == prefix || strings.HasPrefix(imported, prefix+"/")) && len(prefix) > longest {
			longest, owners, guarded = len(prefix), allowed, true
		}
	}
	return owners, guarded
}
