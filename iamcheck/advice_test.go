package iamcheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// constants lists the values of the string constants of one type that words.go declares.
func constants(t *testing.T, typeName string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "words.go", nil, 0)
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

func TestEveryWordOfAnAuditHasAdvice(t *testing.T) {
	advice := map[string]Advice{}
	for _, r := range constants(t, "Reason") {
		advice["reason "+r] = Reason(r).Advice()
	}
	for _, w := range constants(t, "Warning") {
		advice["warning "+w] = Warning(w).Advice()
	}
	for _, r := range constants(t, "RecoveryName") {
		advice["recovery "+r] = RecoveryName(r).Advice()
	}
	if has := len(reasonAdvice) + len(warningAdvice) + len(recoveryAdvice); has != len(advice) {
		t.Errorf("there is advice on %d words, and there are %d", has, len(advice))
	}
	for word, a := range advice {
		if a.Text == "" || a.Remedy == "" {
			t.Errorf("%s: something is not said: %+v", word, a)
		}
		// What the Security Finding Format of AWS has room for.
		if n := utf8.RuneCountInString(a.Remedy); n > 512 {
			t.Errorf("%s: the remedy has %d characters, at most 512 fit", word, n)
		}
		if a.URL != "" && !strings.HasPrefix(a.URL, "https://docs.aws.amazon.com/") {
			t.Errorf("%s: %s is no page of AWS", word, a.URL)
		}
	}
}

// What other guides get wrong, and somebody would lock root out with or lose a day over.
func TestRemediesAreRightWhereOtherGuidesAreNot(t *testing.T) {
	all := map[string]string{}
	for r, a := range reasonAdvice {
		all["reason "+string(r)] = a.Remedy
	}
	for w, a := range warningAdvice {
		all["warning "+string(w)] = a.Remedy
	}
	for r, a := range recoveryAdvice {
		all["recovery "+string(r)] = a.Remedy
	}
	for word, remedy := range all {
		for _, wrong := range []string{"enable-mfa-device", "create-virtual-mfa-device", "get-credential-report"} {
			if strings.Contains(remedy, wrong) {
				t.Errorf("%s: %s does not exist for root, or proves nothing", word, wrong)
			}
		}
		if strings.Contains(remedy, "--user-name root") && !strings.Contains(remedy, "NoSuchEntity") {
			t.Errorf("%s: root is no user name", word)
		}
	}
	for r, needed := range map[Reason]bool{RootCredentialsRemoved: false, AccountClosed: false, NoMFA: true, CompensatingControl: true} {
		if r.Advice().Needed() != needed {
			t.Errorf("%s: something to do: %v", r, !needed)
		}
	}
	for _, r := range []Reason{NoMFA, VirtualRootDevice, SMSRootDevice} {
		if !strings.Contains(r.Advice().Remedy, "No API registers a device for root") {
			t.Errorf("%s does not say that it is done at the console", r)
		}
	}
	two, remove := strings.Index(reasonAdvice[VirtualRootDevice].Remedy, "assign two keys"), strings.Index(reasonAdvice[VirtualRootDevice].Remedy, "remove the virtual device")
	if two < 0 || remove < two {
		t.Error("the virtual device goes after the two keys are there")
	}
}
