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
	if opts.units() || err != nil {
		c.probeUnits(ctx, a)
	}
	if opts.tags() {
		_, err := c.tags(ctx, self.account)
		a.Calls = append(a.Calls, named("organizations:ListTagsForResource", iamcheck.ByCaller, err))
	}
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

// probeUnits makes the calls of a walk over the units, which an audit needs where it looks at units, or where the list of all
// accounts is denied.
func (c *clients) probeUnits(ctx context.Context, a *Access) {
	note := func(action string, err error) { a.Calls = append(a.Calls, named(action, iamcheck.ByCaller, err)) }
	roots, err := c.org.ListRoots(ctx, &organizations.ListRootsInput{})
	if err == nil && len(roots.Roots) == 0 {
		err = &malformedError{what: "an organization without a root"}
	}
	note("organizations:ListRoots", err)
	if err != nil {
		return
	}
	root := roots.Roots[0].Id
	_, err = c.org.ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{ParentId: root})
	note("organizations:ListOrganizationalUnitsForParent", err)
	_, err = c.org.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: root})
	note("organizations:ListAccountsForParent", err)
}
