package awsapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"hwmfa/iamcheck"
)

// Access is what the caller's credentials are good for.
type Access struct {
	AccountID string // whose credentials they are
	// Organization says whether the account is in one, as far as AWS tells.
	Organization bool
	// Calls are the audit's calls, each made once; those into other accounts
	// into one account.
	Calls []iamcheck.Call
}

// Probe makes each call that an audit begins with once, for the smallest answer, and names what came of it. AssumeRoot is
// tried on the first member account that AWS lists, which mints a session that is thrown away. Credentials that are no good
// give ErrCredentials.
func Probe(ctx context.Context, opts Options) (Access, error) {
	c, err := open(ctx, opts, one(opts.Profiles))
	if err != nil {
		return Access{}, err
	}
	self, err := c.whoami(ctx)
	if err != nil {
		return Access{}, fmt.Errorf("asking AWS who is calling: %w", onOneLine(err))
	}
	a := Access{AccountID: self.account}
	note := func(action string, err error) { a.Calls = append(a.Calls, named(action, iamcheck.ByCaller, err)) }
	note("sts:GetCallerIdentity", nil)
	_, err = c.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	note("iam:GetAccountSummary", err)
	_, err = c.iam.ListVirtualMFADevices(ctx, &iam.ListVirtualMFADevicesInput{MaxItems: aws.Int32(1)})
	note("iam:ListVirtualMFADevices", err)
	if err := c.probeOrganization(ctx, self, opts, &a); err != nil {
		return a, err
	}
	return a, ctx.Err()
}

// probeOrganization makes the calls of an audit of all accounts.
func (c *clients) probeOrganization(ctx context.Context, self identity, opts Options, a *Access) error {
	o := c.describe(ctx)
	if isCredentials(o.err) {
		return asCredentials(o.err)
	}
	if o.standalone {
		return nil
	}
	a.Organization = true
	for _, action := range []string{"organizations:DescribeOrganization", "iam:ListOrganizationsFeatures"} {
		if !slices.ContainsFunc(o.failed, func(call iamcheck.Call) bool { return call.Action == action }) {
			a.Calls = append(a.Calls, named(action, iamcheck.ByCaller, nil))
		}
	}
	a.Calls = append(a.Calls, o.failed...)
	out, err := c.org.ListAccounts(ctx, &organizations.ListAccountsInput{})
	a.Calls = append(a.Calls, named("organizations:ListAccounts", iamcheck.ByCaller, err))
	if err != nil {
		return nil
	}
	member := ""
	for _, account := range out.Accounts {
		id := aws.ToString(account.Id)
		if iamcheck.IsAccountID(id) && id != self.account && id != o.management && iamcheck.Auditable(self.partition, string(account.State)) {
			member = id
			break
		}
	}
	if member == "" {
		a.Calls = append(a.Calls, skipped("sts:AssumeRoot", iamcheck.ByCaller, "no member account is listed first"))
		return nil
	}
	_, err = c.assumeRoot(ctx, self.partition, member)
	a.Calls = append(a.Calls, named("sts:AssumeRoot", iamcheck.ByCaller, err))
	if opts.RoleName != "" {
		_, err = c.assumeRole(ctx, self.partition, member, opts)
		a.Calls = append(a.Calls, named("sts:AssumeRole", iamcheck.ByCaller, err))
	}
	return nil
}
