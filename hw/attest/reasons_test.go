package attest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// TestReasons wants every reason in the table to have a case that ends in it,
// and every word to be one of a kind.
func TestReasons(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "reasons.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	words := make(map[string]string)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := words[word]; ok {
			t.Errorf("%s and %s are both %q", other, spec.Names[0].Name, word)
		}
		words[word] = spec.Names[0].Name
		return true
	})
	if len(words) < 30 {
		t.Fatalf("only %d reasons found in reasons.go", len(words))
	}
	tested := make(map[string]bool)
	for _, c := range fidoCases() {
		tested[c.reason] = true
	}
	for _, c := range pivCases() {
		tested[c.reason] = true
	}
	for _, c := range modelCases() {
		tested[c.reason] = true
	}
	for word, name := range words {
		if !tested[word] {
			t.Errorf("no case ends in %s", name)
		}
		delete(tested, word)
	}
	delete(tested, "")
	if len(tested) > 0 {
		t.Errorf("cases end in words that are not in the table: %v", tested)
	}
}
