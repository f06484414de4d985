package auditrole_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
	"hwmfa/internal/auditrole"
)

// world is an organization in which an audit makes every call that it can make.
func world() (awstest.Organization, auditrole.Role) {
	org := awstest.Demo()
	for i := range org.Accounts {
		if org.Accounts[i].Role != "" {
			org.Accounts[i].Role, org.Accounts[i].ExternalID = "hwmfa-audit", "8c1f"
		}
	}
	// An account in the root may be found by it before the units below are asked for.
	org.Units = []awstest.Unit{{ID: "ou-exam-00000001", Name: "below"}}
	org.Accounts[len(org.Accounts)-1].Unit = org.Units[0].ID
	role, err := auditrole.New(auditrole.Role{
		Partition: "aws", Trust: []string{"arn:aws:iam::" + org.Management + ":user/aud*"}, ExternalID: "8c1f",
	}, "hwmfa-audit")
	if err != nil {
		panic(err)
	}
	return org, role
}

// audit is what a whole audit through the gate learned of each account. An error
// stands for the population.
func audit(t *testing.T, url string, who awstest.Credentials) (map[string]iamcheck.Facts, error) {
	t.Helper()
	all := map[string]iamcheck.Facts{}
	var failed []error
	// The second time it asks for units and tags, as filters and rules of tiers do.
	for _, more := range []bool{false, true} {
		_, err := awsapi.Collect(context.Background(), awsapi.Options{
			Org: true, Units: more, Tags: more, RoleName: "hwmfa-audit", ExternalID: "8c1f", Static: &awsapi.Static{
				Endpoint: url, Region: "us-east-1", AccessKeyID: who.AccessKeyID, SecretAccessKey: who.SecretAccessKey,
			},
		}, func(f iamcheck.Facts) error {
			all[fmt.Sprintf("%s %t", f.AccountID, more)] = f
			return nil
		})
		failed = append(failed, err)
	}
	return all, errors.Join(failed...)
}

func TestAnAuditIsAllowedWhatItDoes(t *testing.T) {
	org, role := world()
	g, url, who := guarded(t, org, role)
	whole, err := audit(t, url, who)
	if err != nil || len(whole) != 2*len(org.Accounts) {
		t.Fatalf("%d of %d accounts, %v", len(whole), len(org.Accounts), err)
	}
	if len(g.denied) > 0 {
		t.Errorf("denied: %v", slices.Sorted(maps.Keys(g.denied)))
	}

	for made := range g.made {
		if name, ok := strings.CutPrefix(made, "root iam:"); ok && matchesFilter(t, auditrole.MetricFilter(auditrole.RootUse, "aws"), event(t, map[string]any{"eventName": name})) {
			t.Errorf("%s in the audit's root session raises the alarm", name)
		}
	}

	// Nothing is allowed that it did not do, and each is needed: without it, it learns less.
	for actor, policy := range map[string]auditrole.Policy{"caller": role.CallerPolicy(), "role": role.RolePolicy()} {
		for _, action := range actions(policy) {
			if !g.made[actor+" "+action] {
				t.Errorf("%s may call %s, and the audit does not", actor, action)
				continue
			}
			t.Run("without "+action+" the "+actor+" learns less", func(t *testing.T) {
				g, url, who := guarded(t, org, role)
				g.caller, g.role = without(g.caller, actor == "caller", action), without(g.role, actor == "role", action)
				less, err := audit(t, url, who)
				if !g.denied[actor+" "+action] {
					t.Errorf("nothing was denied to the %s but %v", actor, slices.Sorted(maps.Keys(g.denied)))
				}
				// Where the one list is denied, the lists of the units give the same.
				if err == nil && reflect.DeepEqual(less, whole) && action != "organizations:ListAccounts" {
					t.Error("the facts are the same")
				}
			})
		}
	}
}

func TestTagsOfSessionsAreAllowedWhereTheyAreAskedFor(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		org, role := world()
		role.TagSession = allowed
		g, url, who := guarded(t, org, role)
		_, err := awsapi.Collect(context.Background(), awsapi.Options{
			Org: true, RoleName: "hwmfa-audit", ExternalID: "8c1f", SessionTags: []iamcheck.Tag{{Key: "run", Value: "1"}}, Static: &awsapi.Static{
				Endpoint: url, Region: "us-east-1", AccessKeyID: who.AccessKeyID, SecretAccessKey: who.SecretAccessKey,
			},
		}, func(iamcheck.Facts) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if denied := g.denied["caller sts:AssumeRole"]; denied == allowed || len(g.denied) > 1 {
			t.Errorf("allowed %t: denied %v", allowed, slices.Sorted(maps.Keys(g.denied)))
		}
	}
}

func TestARootSessionForAnotherTaskIsDenied(t *testing.T) {
	_, role := world()
	q := request{action: "sts:AssumeRoot", resource: "arn:aws:iam::222222222222:root", context: map[string]string{}}
	for task, want := range map[string]bool{
		"arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials":          true,
		"arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials":         false,
		"arn:aws:iam::222222222222:policy/root-task/IAMAuditRootUserCredentials": false,
		"": false,
	} {
		q.context["sts:TaskPolicyArn"] = task
		if got := allows(role.CallerPolicy(), q); got != want {
			t.Errorf("task %q: allowed %t, want %t", task, got, want)
		}
	}
	if allows(role.CallerPolicy(), request{action: "sts:AssumeRole", resource: "arn:aws:iam::222222222222:role/admin"}) {
		t.Error("another role may be assumed")
	}
}

func TestTheRoleTrustsTheAuditorAlone(t *testing.T) {
	_, role := world()
	auditor := "arn:aws:iam::" + role.Auditors()[0]
	for name, c := range map[string]struct {
		account, arn, id string
		want             bool
	}{
		"the auditor":                         {auditor + ":root", auditor + ":user/auditor", "8c1f", true},
		"somebody else of the same account":   {auditor + ":root", auditor + ":user/eve", "8c1f", false},
		"the auditor without the external ID": {auditor + ":root", auditor + ":user/auditor", "", false},
		"another account":                     {"arn:aws:iam::999999999999:root", auditor + ":user/auditor", "8c1f", false},
	} {
		q := request{principal: c.account, action: "sts:AssumeRole", context: map[string]string{"aws:PrincipalArn": c.arn, "sts:ExternalId": c.id}}
		if got := allows(role.TrustPolicy(), q); got != c.want {
			t.Errorf("%s: trusted %t, want %t", name, got, c.want)
		}
	}
}

// TestPoliciesAreTheCallsOfTheClients holds the policies against the source: a
// call that is put into a client's interface has to be allowed to somebody, and
// one that is taken out must not stay allowed.
func TestPoliciesAreTheCallsOfTheClients(t *testing.T) {
	_, role := world()
	source := clientCalls(t)
	allowed := []string{"sts:GetCallerIdentity"}
	for _, p := range []auditrole.Policy{role.CallerPolicy(), role.RolePolicy(), taskPolicy} {
		allowed = append(allowed, actions(p)...)
	}
	for _, action := range source {
		if !slices.Contains(allowed, action) {
			t.Errorf("the audit can call %s, which nobody is allowed", action)
		}
	}
	for _, action := range append(actions(role.CallerPolicy()), actions(role.RolePolicy())...) {
		if !slices.Contains(source, action) {
			t.Errorf("%s is allowed, and the audit cannot call it", action)
		}
		if strings.Contains(action, "*") {
			t.Errorf("%s is more than one call", action)
		}
	}
}

// clientCalls are the methods of the interfaces over the SDK's clients.
func clientCalls(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../iamcheck/awsapi/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source: %v", err)
	}
	var calls []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			i, ok := n.(*ast.InterfaceType)
			if !ok {
				return true
			}
			for _, m := range i.Methods.List {
				ast.Inspect(m.Type, func(n ast.Node) bool {
					if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Options" && len(m.Names) == 1 {
						calls = append(calls, sel.X.(*ast.Ident).Name+":"+m.Names[0].Name)
					}
					return true
				})
			}
			return true
		})
	}
	if len(calls) < 10 {
		t.Fatalf("only %v were found", calls)
	}
	return calls
}

func actions(p auditrole.Policy) []string {
	var all []string
	for _, s := range p.Statement {
		all = append(all, s.Action...)
	}
	return all
}

// without is a policy less one action, where it is meant.
func without(p auditrole.Policy, meant bool, action string) auditrole.Policy {
	if !meant {
		return p
	}
	p.Statement = slices.Clone(p.Statement)
	for i, s := range p.Statement {
		p.Statement[i].Action = slices.DeleteFunc(slices.Clone(s.Action), func(a string) bool { return a == action })
	}
	return p
}
