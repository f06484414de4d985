package iamcheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The guide explains every word that an audit can say.
func TestTheGuideHasEveryWord(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "audit.md"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "words.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	words := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		kind, ok := spec.Type.(*ast.Ident)
		if !ok || kind.Name == "FlagName" { // flags are the policy's: docs/policy.md
			return true
		}
		for _, v := range spec.Values {
			word, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			words++
			if !strings.Contains(string(page), "`"+word+"`") {
				t.Errorf("docs/audit.md does not explain the %s %s", kind.Name, word)
			}
		}
		return true
	})
	if words < 60 {
		t.Errorf("only %d words were looked for", words)
	}
	// Reasons and warnings stand at the beginning of a row: each is explained, not only mentioned.
	for _, kind := range []string{"Reason", "Warning", "Assurance", "Because", "RecoveryName"} {
		for _, word := range constants(t, kind) {
			explained := false
			for line := range strings.Lines(string(page)) {
				cells := strings.Split(line, "|")
				explained = explained || len(cells) > 3 && (strings.TrimSpace(cells[1]) == "`"+word+"`" || strings.TrimSpace(cells[2]) == "`"+word+"`")
			}
			if !explained {
				t.Errorf("%s %s has no row", kind, word)
			}
		}
	}
}
