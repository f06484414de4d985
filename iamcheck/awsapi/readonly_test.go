package awsapi_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// constants are the string values of the constants of some types in a Go file.
func constants(t *testing.T, path string, types ...string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || !slices.Contains(types, name.Name) {
			return true
		}
		for _, v := range spec.Values {
			value, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s has no such constants", path)
	}
	return values
}

// reads are all the calls the package may make. The two that assume mint sessions that expire; nothing changes at AWS.
var reads = map[string][]string{
	"iam": {
		"GetAccountSummary", "GetLoginProfile", "GetMFADevice", "ListAccessKeys", "ListMFADevices",
		"ListOrganizationsFeatures", "ListSigningCertificates", "ListVirtualMFADevices",
	},
	"sts": {"AssumeRole", "AssumeRoot", "GetCallerIdentity"},
	"organizations": {
		"DescribeOrganization", "ListAccounts", "ListAccountsForParent", "ListOrganizationalUnitsForParent", "ListRoots",
		"ListTagsForResource",
	},
}

func TestOnlyReadsAreReachable(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	methods := map[string][]string{}
	constructed := map[string]int{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if service, ok := strings.CutPrefix(path, "github.com/aws/aws-sdk-go-v2/service/"); ok {
				service, _, _ = strings.Cut(service, "/")
				if reads[service] == nil {
					t.Errorf("%s imports the service %s", entry.Name(), service)
				}
				if spec.Name != nil && !strings.HasSuffix(path, "/types") {
					t.Errorf("%s renames %s, which hides what it calls", entry.Name(), path)
				}
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.InterfaceType:
				for _, m := range n.Methods.List {
					for _, name := range m.Names {
						service := receiverOf(m)
						methods[service] = append(methods[service], name.Name)
					}
				}
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				if !ok || pkg.Obj != nil || reads[pkg.Name] == nil {
					return true
				}
				name := n.Sel.Name
				if name == "NewFromConfig" {
					constructed[pkg.Name]++
					return true
				}
				verb := strings.TrimSuffix(strings.TrimSuffix(name, "Input"), "Output")
				if name != "Options" && (verb == name || !slices.Contains(reads[pkg.Name], verb)) {
					t.Errorf("%s uses %s.%s", entry.Name(), pkg.Name, name)
				}
			}
			return true
		})
	}
	for service, want := range reads {
		got := methods[service]
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("the interface over %s has %v, want %v", service, got, want)
		}
		if constructed[service] != 1 {
			t.Errorf("%d clients of %s are made, want one behind its interface", constructed[service], service)
		}
	}
}

// receiverOf is the service whose Options a method takes.
func receiverOf(m *ast.Field) string {
	service := ""
	ast.Inspect(m.Type, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Options" {
			service = sel.X.(*ast.Ident).Name
		}
		return true
	})
	return service
}
