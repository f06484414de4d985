// Package auditrole writes down what AWS has to allow an audit, and nothing
// more: the role in the accounts that are audited, whom it trusts, and the
// policy of the person or program that audits, as CloudFormation, Terraform
// and plain policies; and the alarms on root that such an audit does not
// raise. It asks nobody and changes nothing: people deploy what it prints.
package auditrole

// Policy is an IAM policy document.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement allows actions; there is none that denies.
type Statement struct {
	Sid       string
	Effect    string
	Principal *Principal `json:",omitempty"`
	Action    []string
	Resource  []string  `json:",omitempty"`
	Condition Condition `json:",omitempty"`
}

// Principal is whom a trust policy is about.
type Principal struct{ AWS []string }

// Condition is by operator, then by key.
type Condition map[string]map[string][]string

// language is the version of the policy language, and not a date of ours.
const language = "2012-10-17"

func document(statements ...Statement) Policy {
	for i := range statements {
		statements[i].Effect = "Allow"
	}
	return Policy{Version: language, Statement: statements}
}

// RolePolicy is what the role in an audited account may do: the reads that a
// root session may not make, and the counters where there is no root session.
func (r Role) RolePolicy() Policy {
	return document(Statement{
		Sid: "ReadRootMFA",
		Action: []string{
			"iam:GetAccountSummary",
			"iam:GetMFADevice",
			"iam:ListVirtualMFADevices",
		},
		// None of the three can be narrowed to root's devices.
		Resource: []string{"*"},
	})
}

// TrustPolicy says who may assume the role. The principals are accounts, so
// that the role outlives the auditor's being made anew; where auditors are
// named, a condition admits them alone.
func (r Role) TrustPolicy() Policy {
	trust := func(sid, action string) Statement {
		s := Statement{Sid: sid, Principal: &Principal{}, Action: []string{action}, Condition: Condition{}}
		for _, account := range r.Auditors() {
			s.Principal.AWS = append(s.Principal.AWS, "arn:"+r.Partition+":iam::"+account+":root")
		}
		if arns := r.principals(); arns != nil {
			s.Condition["ArnLike"] = map[string][]string{"aws:PrincipalArn": arns}
		}
		return s
	}
	assume := trust("Auditor", "sts:AssumeRole")
	if r.ExternalID != "" {
		assume.Condition["StringEquals"] = map[string][]string{"sts:ExternalId": {r.ExternalID}}
	}
	if !r.TagSession {
		return document(assume)
	}
	// The external ID is a key of sts:AssumeRole, without which no tag is set anyway.
	return document(assume, trust("AuditorTags", "sts:TagSession"))
}

// CallerPolicy is what the auditor needs in the management or the delegated
// account. Of sts:GetCallerIdentity it says nothing, because STS answers
// everybody.
func (r Role) CallerPolicy() Policy {
	return document(
		Statement{
			Sid:      "ReadOwnRootMFA",
			Action:   []string{"iam:GetAccountSummary", "iam:ListVirtualMFADevices"},
			Resource: []string{"*"},
		},
		Statement{
			Sid: "ReadOrganization",
			Action: []string{
				"iam:ListOrganizationsFeatures",
				"organizations:DescribeOrganization",
				"organizations:ListAccounts",
				"organizations:ListAccountsForParent",
				"organizations:ListOrganizationalUnitsForParent",
				"organizations:ListRoots",
				"organizations:ListTagsForResource",
			},
			Resource: []string{"*"},
		},
		Statement{
			Sid:      "AuditRootSession",
			Action:   []string{"sts:AssumeRoot"},
			Resource: []string{"arn:" + r.Partition + ":iam::*:root"},
			// Without it the session could be one that deletes root's credentials.
			Condition: Condition{"ArnEquals": {"sts:TaskPolicyArn": {taskARN(r.Partition)}}},
		},
		Statement{
			Sid:      "AuditRole",
			Action:   r.assumeActions(),
			Resource: []string{"arn:" + r.Partition + ":iam::*:role" + r.Path + r.Name},
		},
	)
}

// assumeActions are those of assuming the role.
func (r Role) assumeActions() []string {
	if r.TagSession {
		return []string{"sts:AssumeRole", "sts:TagSession"}
	}
	return []string{"sts:AssumeRole"}
}

// taskARN is the managed policy that a root session for an audit is bound to.
func taskARN(partition string) string {
	return "arn:" + partition + ":iam::aws:policy/root-task/IAMAuditRootUserCredentials"
}
