package arch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// root finds the repository by its go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Fatal("no go.mod above the test")
	}
}

func TestRepository(t *testing.T) {
	breaches, err := Check(os.DirFS(root(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range breaches {
		t.Error(b)
	}
}

// complete is a repository in which every package of the table has one file.
func complete() fstest.MapFS {
	repo := fstest.MapFS{}
	for pkg := range packages {
		repo[pkg+"/a.go"] = &fstest.MapFile{Data: []byte("package a\n")}
	}
	return repo
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name, file, src string
		want            string // part of the one breach, "" for none
	}{
		{"a package without a row", "utils/u.go", "package utils", "utils: the package has no row"},
		{"a row keeps an import in", "hw/ctap/b.go", `package a; import "hwmfa/hw"`, ""},
		{"a row keeps an import out", "hw/b.go", `package a; import "hwmfa/inventory"`, `hw/b.go: import "hwmfa/inventory": package hw may not`},
		{"the rules of CIS import nothing of ours", "iamcheck/b.go", `package a; import "hwmfa/hw"`, "package iamcheck may not"},
		{"a file of another build is seen", "hw/b_windows.go", "//go:build never\n\npackage a\nimport \"hwmfa/udev\"", "package hw may not"},
		{"C outside its owner", "hw/card/b.go", "//go:build cgo\n\npackage a\nimport \"C\"", "only hw/local may"},
		{"C in its owner", "hw/local/b.go", `package a; import "C"`, ""},
		{"the AWS SDK outside its owner", "cmd/hwmfa/b.go", `package a; import "github.com/aws/aws-sdk-go-v2/service/iam"`, "only iamcheck/awsapi may"},
		{"a driver outside its owner", "inventory/b.go", `package a; import _ "modernc.org/sqlite"`, "only inventory/store may"},
		{"SQL outside its owner", "inventory/b.go", `package a; import "database/sql"`, "only inventory/store may"},
		{"a process outside its owners", "hw/local/b.go", `package a; import "os/exec"`, "only udev"},
		{"a process in a test", "hw/softkey/b_test.go", `package a; import "os/exec"`, ""},
		{"a witness in a test", "hw/softkey/b_test.go", `package a; import "github.com/go-webauthn/webauthn/protocol"`, ""},
		{"a witness outside a test", "hw/softkey/b.go", `package a; import "github.com/go-webauthn/webauthn/protocol"`, "only hw/attest may"},
		{"C in a test", "hw/softkey/b_test.go", `package a; import "C"`, "only hw/local may"},
		{"the network outside its owners", "iamcheck/b.go", `package a; import "net/http"`, "only iamcheck/awsapi"},
		{"a URL is not the network", "internal/config/b.go", `package a; import "net/url"`, ""},
		{"a module nobody knows", "hw/b.go", `package a; import "example.com/left/pad"`, "a module that has no owner"},
		{"a name that only begins like an owner's", "hw/b.go", `package a; import "github.com/spf13/cobraish"`, "a module that has no owner"},
		{"a package's own test keeps to its row", "hw/b_test.go", `package a; import "hwmfa/inventory"`, "package hw may not"},
		{"a package's own test uses its test support", "inventory/store/b_test.go", `package a; import "hwmfa/inventory/store/storetest"`, ""},
		{"an external test stands where a caller stands", "hw/ctap/b_test.go", `package a_test; import "hwmfa/hw/softkey"`, ""},
		{"an external test has no privilege", "hw/ctap/b_test.go", `package a_test; import "database/sql"`, "only inventory/store may"},
		{"a file that is no test cannot call itself one", "hw/ctap/b.go", `package a_test; import "hwmfa/hw/softkey"`, "package hw/ctap may not"},
		{"test data is not looked at", "hw/testdata/b.go", `package a; import "hwmfa/inventory"`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			repo := complete()
			repo[tt.file] = &fstest.MapFile{Data: []byte(tt.src)}
			got, err := Check(repo)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || tt.want == "" || !strings.Contains(got[0], tt.want) {
				t.Errorf("got %q, want one breach with %q", got, tt.want)
			}
		})
	}
}

func TestCheck_aRowWithoutItsPackage(t *testing.T) {
	repo := complete()
	delete(repo, "udev/a.go")
	got, err := Check(repo)
	if err != nil {
		t.Fatal(err)
	}
	if want := "udev: the table of rules has a row for a package that is not there"; !slices.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCheck_aFileThatDoesNotParse(t *testing.T) {
	repo := complete()
	repo["hw/b.go"] = &fstest.MapFile{Data: []byte("package")}
	if _, err := Check(repo); err == nil {
		t.Error("a file that does not parse went unseen")
	}
}

// An import may only go up: a cycle in the table would let one through.
func TestTableHasNoCycle(t *testing.T) {
	var visit func(pkg string, way []string)
	visit = func(pkg string, way []string) {
		if slices.Contains(way, pkg) {
			t.Fatalf("cycle: %s", strings.Join(append(way, pkg), " -> "))
		}
		for _, next := range packages[pkg] {
			if _, ok := packages[next]; !ok {
				t.Errorf("%s may import %s, which has no row", pkg, next)
			}
			visit(next, append(slices.Clone(way), pkg))
		}
	}
	for pkg := range packages {
		visit(pkg, nil)
	}
}
