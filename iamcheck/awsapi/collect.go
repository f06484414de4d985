// Package awsapi turns AWS into iamcheck.Facts. It is the only importer of the AWS SDK, and it can only read: each client
// stands behind a small interface that names the read calls it makes. Whatever AWS, or a network before it, sends is
// bounded and checked to be whole; a call that failed is named in the facts and never becomes an empty answer.
package awsapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"hwmfa/iamcheck"
)

// ErrCredentials says that the caller's own AWS credentials are missing, expired or refused.
var ErrCredentials = errors.New("no usable AWS credentials")

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
	// Log gets what the SDK has to say, at the level debug; nil drops it.
	Log *slog.Logger
	// Static replaces the SDK's environment altogether, for the demo: nothing of the user's is read or sent.
	Static *Static
}

// Static is an endpoint and the credentials for it.
type Static struct {
	Endpoint, Region, AccessKeyID, SecretAccessKey, SessionToken string
}

// maxWorkers bounds the accounts read at a time; one of them holds one connection.
const maxWorkers = 256

func (o Options) workers() int {
	if o.Workers <= 0 {
		return 8
	}
	return min(o.Workers, maxWorkers)
}

// collector is one run.
type collector struct {
	*clients
	opts Options
	self identity
	org  organization

	mu   sync.Mutex
	each func(iamcheck.Facts) error
}

// identity is who calls.
type identity struct {
	account, partition string
	// root: the caller is the account's root user, whose own device list is root's.
	root bool
}

// Collect reads the accounts and hands the facts of each to each, one at a time, in the order in which they are complete.
// An error of each ends the collection. An error of Collect means that the population is not complete, or ErrCredentials;
// the facts handed over stand.
func Collect(ctx context.Context, opts Options, each func(iamcheck.Facts) error) error {
	cl, err := open(ctx, opts)
	if err != nil {
		return err
	}
	c := &collector{clients: cl, opts: opts, each: each}
	if c.self, err = cl.whoami(ctx); err != nil {
		return fmt.Errorf("asking AWS who is calling: %w", onOneLine(err))
	}
	if opts.Org {
		return c.collectOrganization(ctx)
	}
	f := iamcheck.Facts{AccountID: c.self.account, Partition: c.self.partition}
	if iamcheck.Auditable(f.Partition, f.State) {
		err = c.own(ctx, &f)
	}
	return c.hand(ctx, f, err)
}

// whoami asks STS, which answers any valid credentials.
func (c *clients) whoami(ctx context.Context) (identity, error) {
	out, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if isCredentials(err) {
		return identity{}, asCredentials(err)
	}
	if err != nil {
		return identity{}, err
	}
	account, arn := aws.ToString(out.Account), aws.ToString(out.Arn)
	partition, arnAccount, ok := iamcheck.ARNAccount(arn)
	if !ok || arnAccount != account {
		return identity{}, &malformedError{what: fmt.Sprintf("no caller is %q of account %q", clean(arn, 200), clean(account, 40))}
	}
	return identity{account: account, partition: partition, root: arn == iamcheck.RootARN(partition, account)}, nil
}

// hand passes one account's facts on, and then the failure of the caller's credentials that ends the collection. Facts
// that a cancellation has cut short are not passed on: they would say that AWS failed.
func (c *collector) hand(ctx context.Context, f iamcheck.Facts, failed error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := c.each(f); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("reading account %s: %w", f.AccountID, onOneLine(asCredentials(failed)))
	}
	return nil
}

// asCredentials marks an error as one of the caller's credentials.
func asCredentials(err error) error {
	if errors.Is(err, ErrCredentials) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrCredentials, err)
}
