package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"testing"

	"hwmfa/iamcheck"
)

// constants lists the values of the string constants of one type that package
// iamcheck declares in its words.
func constants(t *testing.T, typeName string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "iamcheck", "words.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typeName {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) < 5 {
		t.Fatalf("found only %d constants of type %s", len(values), typeName)
	}
	return values
}

func TestEveryWordOfAnAuditHasAMeaning(t *testing.T) {
	for _, r := range constants(t, "Reason") {
		if reasonTexts[iamcheck.Reason(r)] == "" {
			t.Errorf("reason %s has no text", r)
		}
	}
	for _, w := range constants(t, "Warning") {
		if warningTexts[iamcheck.Warning(w)] == "" {
			t.Errorf("warning %s has no text", w)
		}
	}
}
