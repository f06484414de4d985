package awsapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"hwmfa/iamcheck"
)

// maxAccountPages bounds the account list; a page holds at most twenty accounts.
const maxAccountPages = 100_000

// organization is what the caller can learn of the organization it is in.
type organization struct {
	// management is the management account's ID; "" is unknown, or there is no organization.
	management string
	// standalone: AWS says that the caller's account is in no organization.
	standalone bool
	// centralRemoval is whether RootCredentialsManagement is on; nil is unknown.
	centralRemoval *bool
	// failed are the calls that failed; they are named in the finding of every account that they leave in the dark.
	failed []iamcheck.Call
	// err is the first failure for the caller's credentials.
	err error
}

// describe asks about the organization.
func (c *clients) describe(ctx context.Context) organization {
	var o organization
	out, err := c.org.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	var none *orgtypes.AWSOrganizationsNotInUseException
	switch {
	case errors.As(err, &none):
		o.standalone = true
		return o
	case err == nil:
		o.management = aws.ToString(out.Organization.MasterAccountId)
		if !iamcheck.IsAccountID(o.management) {
			o.management, err = "", &malformedError{what: "the management account's ID is not twelve digits"}
		}
	}
	o.note("organizations:DescribeOrganization", err)

	features, err := c.iam.ListOrganizationsFeatures(ctx, &iam.ListOrganizationsFeaturesInput{})
	if err == nil {
		on := slices.Contains(features.EnabledFeatures, iamtypes.FeatureTypeRootCredentialsManagement)
		o.centralRemoval = &on
	}
	o.note("iam:ListOrganizationsFeatures", err)
	return o
}

func (o *organization) note(action string, err error) {
	if err == nil {
		return
	}
	o.failed = append(o.failed, named(action, iamcheck.ByCaller, err))
	if isCredentials(err) && o.err == nil {
		o.err = err
	}
}

// membership is an account's part.
func (o *organization) membership(account string) iamcheck.Membership {
	switch {
	case o.standalone:
		return iamcheck.Standalone
	case o.management == "":
		return ""
	case o.management == account:
		return iamcheck.Management
	}
	return iamcheck.Member
}

// place writes what is known of the organization into an account's facts.
func (o *organization) place(f *iamcheck.Facts) {
	f.Membership = o.membership(f.AccountID)
	f.CentralRemoval = o.centralRemoval
	f.Calls = append(f.Calls, o.failed...)
}

// listed is one entry of the account list.
type listed struct{ id, name, email, state string }

// listAccounts hands over each account once, page by page. It goes on past an entry that cannot be one and names it in the
// error at the end.
func (c *clients) listAccounts(ctx context.Context, each func(listed) error) error {
	var wrong []error
	seen := map[string]struct{}{}
	err := pages(maxAccountPages, func(marker string) (string, bool, error) {
		out, err := c.org.ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: markerOf(marker)})
		if err != nil {
			return "", false, err
		}
		for _, a := range out.Accounts {
			id := aws.ToString(a.Id)
			if !iamcheck.IsAccountID(id) {
				if len(wrong) < 10 {
					wrong = append(wrong, fmt.Errorf("account list: %q is no account ID", clean(id, 40)))
				}
				continue
			}
			if _, again := seen[id]; again {
				continue
			}
			seen[id] = struct{}{}
			state := string(a.State)
			if state == "" {
				state = string(a.Status)
			}
			if err := each(listed{id, clean(aws.ToString(a.Name), 256), clean(aws.ToString(a.Email), 320), clean(state, 64)}); err != nil {
				return "", false, err
			}
		}
		next := aws.ToString(out.NextToken)
		return next, next != "", nil
	})
	if err == nil && len(seen) == 0 && wrong == nil {
		// An organization has its management account at the least.
		err = &malformedError{what: "an organization without accounts"}
	}
	if err != nil {
		wrong = append(wrong, fmt.Errorf("listing the organization's accounts: %w", onOneLine(err)))
	}
	return errors.Join(wrong...)
}

// collectOrganization reads every account of the organization, a bounded number at a time.
func (c *collector) collectOrganization(ctx context.Context) error {
	c.org = c.describe(ctx)
	if c.org.err != nil {
		return fmt.Errorf("asking about the organization: %w", onOneLine(asCredentials(c.org.err)))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	queue := make(chan listed)
	var workers sync.WaitGroup
	for range c.opts.workers() {
		workers.Go(func() {
			for a := range queue {
				f, err := c.account(ctx, a)
				if err := c.hand(ctx, f, err); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := c.listAccounts(ctx, func(a listed) error {
		select {
		case queue <- a:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(queue)
	workers.Wait()
	switch cause := context.Cause(ctx); {
	case cause != nil:
		return cause
	case isCredentials(err):
		return asCredentials(err)
	}
	return err
}
