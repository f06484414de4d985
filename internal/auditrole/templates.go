package auditrole

import (
	"fmt"
	"strings"
)

// Steps says in words where what is printed has to go, one step a line: to all
// members, and to the management account by itself.
func (r Role) Steps() []string {
	return r.steps(
		"Every member account: the policies of the role.",
		"The management account",
	)
}

func (r Role) steps(members, management string) []string {
	account := "the management account"
	gets := ": it is the auditor's, and gets the auditor's policy."
	if r.Delegated {
		account = "the delegated administrator's"
		gets = ": no root session reaches it, and it gets the role too."
	}
	return []string{
		members,
		management + gets,
		"The auditor's account " + strings.Join(r.Auditors(), ", ") + " is " + account + ": attach " + r.Name + callerSuffix + " to who runs the audit.",
		"Then run: hwmfa audit --org --role-name " + r.roleArgument() + r.externalArgument(),
	}
}

func (r Role) roleArgument() string { return strings.TrimPrefix(r.Path, "/") + r.Name }

func (r Role) externalArgument() string {
	if r.ExternalID == "" {
		return ""
	}
	return " --external-id " + r.ExternalID
}

// sub is a string in which CloudFormation puts the partition.
type sub struct {
	Text string `json:"Fn::Sub"`
}

// Template is a CloudFormation template.
type Template struct {
	AWSTemplateFormatVersion string
	Description              string
	Metadata                 map[string][]string
	Conditions               map[string]any
	Resources                map[string]Resource
	Outputs                  map[string]Output
}

// Resource is one of a template.
type Resource struct {
	Type       string
	Condition  string
	Properties map[string]any
}

// Output is what a stack says of itself.
type Output struct {
	Description string
	Condition   string
	Value       any
}

// CloudFormation is one template for all accounts: in the auditor's own it
// makes the auditor's policy, in any other the role.
func (r Role) CloudFormation() Template {
	r.Partition = "${AWS::Partition}"
	var auditor any
	var accounts []any
	for _, account := range r.Auditors() {
		accounts = append(accounts, map[string]any{"Fn::Equals": []any{map[string]string{"Ref": "AWS::AccountId"}, account}})
	}
	if auditor = accounts[0]; len(accounts) > 1 {
		auditor = joinOr(accounts)
	}
	return Template{
		AWSTemplateFormatVersion: "2010-09-09",
		Description:              "Lets hwmfa audit the MFA of root users: a role that reads, and in the auditor's account the policy to use it.",
		Metadata: map[string][]string{"Steps": r.steps(
			"Every member account: a StackSet of this template, with service-managed permissions over the whole organization.",
			"The management account, which such a StackSet leaves out: a stack of this template by itself",
		)},
		Conditions: map[string]any{
			"IsAuditor": auditor,
			"IsAudited": map[string]any{"Fn::Not": []any{map[string]string{"Condition": "IsAuditor"}}},
		},
		Resources: map[string]Resource{
			"AuditRole": {Type: "AWS::IAM::Role", Condition: "IsAudited", Properties: map[string]any{
				"RoleName":                 r.Name,
				"Path":                     r.Path,
				"Description":              description,
				"AssumeRolePolicyDocument": substituted(r.TrustPolicy()),
				"Policies": []any{map[string]any{
					"PolicyName":     "read-root-mfa",
					"PolicyDocument": substituted(r.RolePolicy()),
				}},
			}},
			"CallerPolicy": {Type: "AWS::IAM::ManagedPolicy", Condition: "IsAuditor", Properties: map[string]any{
				"ManagedPolicyName": r.Name + callerSuffix,
				"Path":              r.Path,
				"Description":       callerDescription,
				"PolicyDocument":    substituted(r.CallerPolicy()),
			}},
		},
		Outputs: map[string]Output{
			"RoleArn":   {Description: "The role that the audit assumes.", Condition: "IsAudited", Value: map[string]any{"Fn::GetAtt": []string{"AuditRole", "Arn"}}},
			"PolicyArn": {Description: "The policy to attach to the auditor.", Condition: "IsAuditor", Value: map[string]string{"Ref": "CallerPolicy"}},
		},
	}
}

const (
	description       = "Read by hwmfa audit: which MFA devices root has"
	callerDescription = "What hwmfa audit needs to read the organization and the MFA of its root users"
)

// joinOr is Fn::Or, which takes ten conditions at most, nested where there are
// more.
func joinOr(conditions []any) any {
	const most = 10
	for len(conditions) > most {
		first := map[string]any{"Fn::Or": conditions[:most:most]}
		conditions = append([]any{first}, conditions[most:]...)
	}
	return map[string]any{"Fn::Or": conditions}
}

// substituted is a policy in which CloudFormation puts the partition into ARNs.
func substituted(p Policy) map[string]any {
	var statements []map[string]any
	for _, s := range p.Statement {
		out := map[string]any{"Sid": s.Sid, "Effect": s.Effect, "Action": s.Action}
		if s.Principal != nil {
			out["Principal"] = map[string]any{"AWS": substitutedAll(s.Principal.AWS)}
		}
		if s.Resource != nil {
			out["Resource"] = substitutedAll(s.Resource)
		}
		if len(s.Condition) > 0 {
			condition := map[string]map[string]any{}
			for operator, keys := range s.Condition {
				condition[operator] = map[string]any{}
				for key, values := range keys {
					condition[operator][key] = substitutedAll(values)
				}
			}
			out["Condition"] = condition
		}
		statements = append(statements, out)
	}
	return map[string]any{"Version": p.Version, "Statement": statements}
}

func substitutedAll(texts []string) []any {
	var out []any
	for _, text := range texts {
		if strings.Contains(text, "${") {
			out = append(out, sub{text})
			continue
		}
		out = append(out, text)
	}
	return out
}

// Terraform is one configuration for all accounts, as terraform fmt writes it;
// see CloudFormation. marshal writes a policy as JSON, its lines indented by
// prefix.
func (r Role) Terraform(marshal func(v any, prefix string) ([]byte, error)) (string, error) {
	r.Partition = "${data.aws_partition.current.partition}"
	var docs [3]string
	for i, p := range []Policy{r.TrustPolicy(), r.RolePolicy(), r.CallerPolicy()} {
		doc, err := marshal(p, "    ")
		if err != nil {
			return "", err
		}
		docs[i] = string(doc)
	}
	steps := "#   " + strings.Join(r.steps("Every member account: apply this in each.", "The management account: apply this there too"), "\n#   ")
	quoted := `"` + strings.Join(r.Auditors(), `", "`) + `"`
	return fmt.Sprintf(terraform, steps, quoted, r.Name, r.Path, description, docs[0], docs[1], r.Name+callerSuffix, r.Path, callerDescription, docs[2]), nil
}

const terraform = `# Lets hwmfa audit the MFA of root users. The same configuration serves every
# account: in the auditor's own it makes the auditor's policy, in any other the
# role that reads.
#
%s

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

locals {
  is_auditor = contains([%s], data.aws_caller_identity.current.account_id)
}

resource "aws_iam_role" "audit" {
  count       = local.is_auditor ? 0 : 1
  name        = "%s"
  path        = "%s"
  description = "%s"

  assume_role_policy = <<-EOT
    %s
  EOT
}

resource "aws_iam_role_policy" "audit" {
  count = local.is_auditor ? 0 : 1
  name  = "read-root-mfa"
  role  = aws_iam_role.audit[0].id

  policy = <<-EOT
    %s
  EOT
}

resource "aws_iam_policy" "caller" {
  count       = local.is_auditor ? 1 : 0
  name        = "%s"
  path        = "%s"
  description = "%s"

  policy = <<-EOT
    %s
  EOT
}
`
