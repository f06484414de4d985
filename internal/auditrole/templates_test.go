package auditrole_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hwmfa/internal/auditrole"
	"hwmfa/internal/term"
)

func roles(t *testing.T) map[string]auditrole.Role {
	t.Helper()
	made := map[string]auditrole.Role{}
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprintf("2100000000%02d", i))
	}
	for name, r := range map[string]auditrole.Role{
		"one account":           {Trust: []string{"111122223333"}},
		"twenty accounts":       {Trust: many, ExternalID: "a/b=c,d.e@f:g-h", Delegated: true},
		"named auditors":        {TagSession: true, Trust: []string{"arn:aws:iam::111122223333:role/x/y_*", "arn:aws:iam::444455556666:user/ada@example"}},
		"one of another path's": {Trust: []string{"arn:aws:iam::111122223333:role/auditor"}, ExternalID: "8c1f"},
	} {
		r.Partition = "aws"
		role, err := auditrole.New(r, map[bool]string{true: "security/audit/hwmfa", false: "hwmfa-audit"}[strings.Contains(name, "path")])
		if err != nil {
			t.Fatal(err)
		}
		made[name] = role
	}
	return made
}

// stack is what CloudFormation makes of a template in an account. It knows the
// intrinsics that templates of ours may hold, and refuses any other.
type stack struct {
	template           auditrole.Template
	account, partition string
	resources          map[string]any
}

var reference = regexp.MustCompile(`\$\{([^}]*)\}`)

func (s *stack) value(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 {
			for name, args := range v {
				if name == "Ref" || name == "Condition" && fmt.Sprintf("%T", args) == "string" || strings.HasPrefix(name, "Fn::") {
					return s.intrinsic(name, args)
				}
			}
		}
		out := map[string]any{}
		for name, member := range v {
			var err error
			if out[name], err = s.value(member); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		return out, nil
	case []any:
		out := []any{}
		for _, member := range v {
			resolved, err := s.value(member)
			if err != nil {
				return nil, err
			}
			out = append(out, resolved)
		}
		return out, nil
	}
	return v, nil
}

func (s *stack) intrinsic(name string, args any) (any, error) {
	pseudo := map[string]string{"AWS::AccountId": s.account, "AWS::Partition": s.partition}
	list, _ := args.([]any)
	text, _ := args.(string)
	switch {
	case name == "Ref" && s.resources[text] != nil:
		return "reference to " + text, nil
	case name == "Ref" && pseudo[text] != "":
		return pseudo[text], nil
	case name == "Fn::GetAtt" && len(list) == 2 && s.resources[fmt.Sprint(list[0])] != nil && list[1] == "Arn":
		return "ARN of " + fmt.Sprint(list[0]), nil
	case name == "Fn::Sub":
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			if pseudo[m[1]] == "" {
				return nil, fmt.Errorf("Fn::Sub of %q", m[1])
			}
			text = strings.ReplaceAll(text, m[0], pseudo[m[1]])
		}
		return text, nil
	case name == "Condition" && s.template.Conditions[text] != nil:
		return s.value(s.template.Conditions[text])
	case name == "Fn::Equals" && len(list) == 2:
		a, err := s.value(list[0])
		b, err2 := s.value(list[1])
		return a == b, errors.Join(err, err2)
	case name == "Fn::Not" && len(list) == 1:
		v, err := s.value(list[0])
		return v == false, err
	case name == "Fn::Or" && len(list) >= 2 && len(list) <= 10:
		for _, c := range list {
			if v, err := s.value(c); v == true || err != nil {
				return v, err
			}
		}
		return false, nil
	}
	return nil, fmt.Errorf("%s of %v", name, args)
}

// deploy is the properties of what the template makes in an account.
func deploy(t *testing.T, doc []byte, account string) map[string]any {
	t.Helper()
	s := stack{account: account, partition: "aws", resources: map[string]any{}}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(&s.template); err != nil {
		t.Fatal(err)
	}
	for name, r := range s.template.Resources {
		s.resources[name] = r
	}
	made := map[string]any{}
	for name, r := range s.template.Resources {
		condition, err := s.intrinsic("Condition", r.Condition)
		properties, err2 := s.value(r.Properties)
		if err := errors.Join(err, err2); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if condition == true {
			made[r.Type] = properties
		}
	}
	for name, o := range s.template.Outputs {
		_, err := s.intrinsic("Condition", o.Condition)
		_, err2 := s.value(o.Value)
		if err := errors.Join(err, err2); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return made
}

// plain is a value as any JSON decoder sees it.
func plain(t *testing.T, v any) any {
	t.Helper()
	doc, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(doc, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestATemplateMakesThePolicies(t *testing.T) {
	for name, r := range roles(t) {
		t.Run(name, func(t *testing.T) {
			doc, err := term.MarshalJSON(r.CloudFormation(), "")
			if err != nil {
				t.Fatal(err)
			}
			for _, account := range r.Auditors() {
				made := deploy(t, doc, account)
				want := map[string]any{"AWS::IAM::ManagedPolicy": plain(t, map[string]any{
					"ManagedPolicyName": r.Name + "-caller", "Path": r.Path, "PolicyDocument": r.CallerPolicy(),
					"Description": made["AWS::IAM::ManagedPolicy"].(map[string]any)["Description"],
				})}
				if !reflect.DeepEqual(made, want) {
					t.Errorf("in the auditor's account %s it makes %v, want %v", account, made, want)
				}
			}
			made := deploy(t, doc, "999999999999")
			want := map[string]any{"AWS::IAM::Role": plain(t, map[string]any{
				"RoleName": r.Name, "Path": r.Path, "AssumeRolePolicyDocument": r.TrustPolicy(),
				"Description": made["AWS::IAM::Role"].(map[string]any)["Description"],
				"Policies":    []any{map[string]any{"PolicyName": "read-root-mfa", "PolicyDocument": r.RolePolicy()}},
			})}
			if !reflect.DeepEqual(made, want) {
				t.Errorf("in a member account it makes %v, want %v", made, want)
			}
		})
	}
}

var heredoc = regexp.MustCompile(`(?s)<<-EOT\n(.*?)\n  EOT`)

func TestAConfigurationHoldsThePolicies(t *testing.T) {
	for name, r := range roles(t) {
		t.Run(name, func(t *testing.T) {
			text, err := r.Terraform(term.MarshalJSON)
			if err != nil {
				t.Fatal(err)
			}
			var got []any
			for _, m := range heredoc.FindAllStringSubmatch(text, -1) {
				var doc any
				if err := json.Unmarshal([]byte(strings.ReplaceAll(m[1], "${data.aws_partition.current.partition}", "aws")), &doc); err != nil {
					t.Fatal(err)
				}
				got = append(got, doc)
			}
			want := []any{plain(t, r.TrustPolicy()), plain(t, r.RolePolicy()), plain(t, r.CallerPolicy())}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("it holds %v, want %v", got, want)
			}
			if !strings.Contains(text, `contains(["`+strings.Join(r.Auditors(), `", "`)+`"]`) {
				t.Error("it does not name the auditors")
			}
			if refs := reference.FindAllString(text, -1); slices.ContainsFunc(refs, func(s string) bool { return s != "${data.aws_partition.current.partition}" }) {
				t.Errorf("it refers to %v", refs)
			}
		})
	}
}

func TestUnusableRolesAreRefused(t *testing.T) {
	usable := auditrole.Role{Partition: "aws", Trust: []string{"111122223333"}}
	with := func(change func(*auditrole.Role)) auditrole.Role {
		r := usable
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		role auditrole.Role
		name string
	}{
		"no name":                         {usable, ""},
		"a path alone":                    {usable, "security/"},
		"an empty part of a path":         {usable, "a//b"},
		"a name that ends a string":       {usable, `a"b`},
		"a name that is a reference":      {usable, "${x}"},
		"a name of two lines":             {usable, "a\nb"},
		"a name too long for its policy":  {usable, strings.Repeat("a", 58)},
		"nobody to trust":                 {with(func(r *auditrole.Role) { r.Trust = nil }), "x"},
		"everybody to trust":              {with(func(r *auditrole.Role) { r.Trust = []string{"*"} }), "x"},
		"an account of eleven digits":     {with(func(r *auditrole.Role) { r.Trust = []string{"11112222333"} }), "x"},
		"a wildcard for the account":      {with(func(r *auditrole.Role) { r.Trust = []string{"arn:aws:iam::*:role/x"} }), "x"},
		"a session instead of a role":     {with(func(r *auditrole.Role) { r.Trust = []string{"arn:aws:sts::111122223333:assumed-role/x/y"} }), "x"},
		"root":                            {with(func(r *auditrole.Role) { r.Trust = []string{"arn:aws:iam::111122223333:root"} }), "x"},
		"an ARN that ends a string":       {with(func(r *auditrole.Role) { r.Trust = []string{`arn:aws:iam::111122223333:role/x"`} }), "x"},
		"an ARN of another partition":     {with(func(r *auditrole.Role) { r.Trust = []string{"arn:aws-us-gov:iam::111122223333:role/x"} }), "x"},
		"an account beside an ARN":        {with(func(r *auditrole.Role) { r.Trust = []string{"111122223333", "arn:aws:iam::111122223333:role/x"} }), "x"},
		"an external ID of one character": {with(func(r *auditrole.Role) { r.ExternalID = "a" }), "x"},
		"an external ID with a space":     {with(func(r *auditrole.Role) { r.ExternalID = "a b" }), "x"},
		"a partition without root users":  {with(func(r *auditrole.Role) { r.Partition = "aws-cn" }), "x"},
		"a partition that is a reference": {with(func(r *auditrole.Role) { r.Partition = "${x}" }), "x"},
		"more auditors than a policy holds": {with(func(r *auditrole.Role) {
			r.Trust = strings.Split(strings.Repeat("111122223333,", 20)+"111122223334", ",")
		}), "x"},
	} {
		if _, err := auditrole.New(c.role, c.name); !errors.Is(err, auditrole.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
