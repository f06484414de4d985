package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hwmfa/internal/auditrole"
	"hwmfa/internal/term"
)

type policyAuditRoleOptions struct {
	auditrole.Role
	name, format string
}

func newPolicyAuditRoleCommand(a *app) *cobra.Command {
	var opts policyAuditRoleOptions
	cmd := &cobra.Command{
		Use:   "audit-role",
		Short: "Print the least that an audit has to be allowed",
		Long: `Print the role that hwmfa audit assumes in the accounts of an organization, whom
it trusts, and the policy that the auditor needs: the calls that an audit makes,
and no other. Nothing is sent to AWS.

  cloudformation  one template for all accounts: a StackSet for the members, and
                  a stack for the management account, which a StackSet leaves out
  terraform       one configuration for all accounts
  json            the policies alone (hwmfa.audit-role/v1)

The auditor is in the management account, or with --delegated in the account
that is delegated administrator for IAM.` + exitStatusHelp(),
		Example: `  hwmfa policy audit-role --trust 111122223333 > audit-role.json
  hwmfa policy audit-role --trust arn:aws:iam::111122223333:role/auditor --external-id 8c1f --delegated
  hwmfa policy audit-role --trust 111122223333 --format terraform > audit_role.tf`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runPolicyAuditRole(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.format, "format", "cloudformation", "`FORM` of the text: cloudformation, terraform or json")
	f.StringVar(&opts.name, "name", "hwmfa-audit", "`NAME` of the role, with its path where it has one")
	f.StringArrayVar(&opts.Trust, "trust", nil, "`WHO` audits: an account ID, or the ARN of a user or role; give it again for more")
	f.StringVar(&opts.ExternalID, "external-id", "", "`ID` that has to come with the assumption of the role; it is a name, not a secret")
	f.BoolVar(&opts.Delegated, "delegated", false, "the auditor is in the delegated administrator's account")
	f.BoolVar(&opts.TagSession, "session-tags", false, "allow the tags of hwmfa audit --session-tag")
	f.StringVar(&opts.Partition, "partition", "aws", "`PARTITION` of the ARNs in plain policies")
	completeWords(cmd, "format", []string{"cloudformation", "terraform", "json"})
	return cmd
}

func runPolicyAuditRole(_ context.Context, a *app, opts policyAuditRoleOptions) error {
	role, err := auditrole.New(opts.Role, opts.name)
	if err != nil {
		return usageError{err}
	}
	switch opts.format {
	case "cloudformation":
		return a.streams.JSON(role.CloudFormation())
	case "terraform":
		text, err := role.Terraform(term.MarshalJSON)
		if err != nil {
			return err
		}
		// Our own text, which spans lines, around names that were checked.
		return a.streams.Print(text)
	case "json":
		return a.streams.JSON(struct {
			Schema       string           `json:"schema"`
			Partition    string           `json:"partition"`
			Role         string           `json:"role"`
			TrustPolicy  auditrole.Policy `json:"trust_policy"`
			RolePolicy   auditrole.Policy `json:"role_policy"`
			CallerPolicy auditrole.Policy `json:"caller_policy"`
			Steps        []string         `json:"steps"`
		}{"hwmfa.audit-role/v1", role.Partition, role.Path + role.Name, role.TrustPolicy(), role.RolePolicy(), role.CallerPolicy(), role.Steps()})
	}
	return usageError{fmt.Errorf("--format %q: want cloudformation, terraform or json", opts.format)}
}
