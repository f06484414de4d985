package awsapi_test

import (
	"errors"
	"slices"
	"testing"

	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
)

func TestProbe(t *testing.T) {
	every := []string{
		"sts:GetCallerIdentity=ok", "iam:GetAccountSummary=ok", "iam:ListVirtualMFADevices=ok", "organizations:DescribeOrganization=ok",
		"iam:ListOrganizationsFeatures=ok", "organizations:ListAccounts=ok", "sts:AssumeRoot=ok",
	}
	walk := []string{"organizations:ListRoots=ok", "organizations:ListOrganizationalUnitsForParent=ok", "organizations:ListAccountsForParent=ok"}
	without := func(action string, outcome string, more ...string) []string {
		var list []string
		for _, call := range slices.Concat(every, more) {
			if call == action+"=ok" {
				call = action + "=" + outcome
			}
			list = append(list, call)
		}
		slices.Sort(list)
		return list
	}
	for _, c := range []struct {
		name   string
		faults map[string]awstest.Fault
		opts   awsapi.Options
		want   []string
	}{
		{"all of it is allowed", nil, awsapi.Options{}, without("", "")},
		{"no root sessions", map[string]awstest.Fault{"sts:AssumeRoot": {Kind: awstest.Deny}}, awsapi.Options{}, without("sts:AssumeRoot", "denied")},
		{"the organization's features are refused", map[string]awstest.Fault{"iam:ListOrganizationsFeatures": {Kind: awstest.DenySCP}}, awsapi.Options{},
			without("iam:ListOrganizationsFeatures", "denied_by_scp")},
		{"what an audit by units reads", nil, awsapi.Options{Units: true}, without("", "", walk...)},
		{"a walk that is refused", map[string]awstest.Fault{"organizations:ListAccountsForParent": {Kind: awstest.Deny}}, awsapi.Options{Units: true},
			without("organizations:ListAccountsForParent", "denied", walk...)},
		{"what an audit by tags reads", nil, awsapi.Options{Tags: true}, without("", "", "organizations:ListTagsForResource=ok")},
		{"tags that are refused", map[string]awstest.Fault{"organizations:ListTagsForResource": {Kind: awstest.Deny}}, awsapi.Options{Tags: true},
			without("organizations:ListTagsForResource", "denied", "organizations:ListTagsForResource=ok")},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := awstest.Demo()
			org.Faults = c.faults
			for i := range org.Accounts { // into which the sessions go
				org.Accounts[i].Faults = c.faults
			}
			server := serve(t, org)
			callAs(t, server, server.Auditor())
			got, err := awsapi.Probe(t.Context(), c.opts)
			if err != nil || !got.Organization || got.AccountID == "" {
				t.Fatalf("got %+v, %v", got, err)
			}
			list := outcomes(got.Calls)
			slices.Sort(list)
			if !slices.Equal(list, c.want) {
				t.Errorf("got %q, want %q", list, c.want)
			}
		})
	}
}

func TestProbe_noCredentials(t *testing.T) {
	server := serve(t, awstest.Demo())
	callAs(t, server, awstest.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wrong"})
	if _, err := awsapi.Probe(t.Context(), awsapi.Options{}); !errors.Is(err, awsapi.ErrCredentials) {
		t.Errorf("got %v, want %v", err, awsapi.ErrCredentials)
	}
}
