package awsapi

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"hwmfa/iamcheck"
)

// organization is what the caller can learn of the organization it is in.
type organization struct {
	// id is the organization's; "" is unknown, or there is no organization.
	id string
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
		o.id = clean(aws.ToString(out.Organization.Id), 64)
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
