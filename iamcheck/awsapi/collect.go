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
	// Org collects the accounts of the caller's organization that Filter takes; without it, the caller's own account.
	Org    bool
	Filter iamcheck.Filter
	// Units and Tags read in which units each account is, and its tags, where Filter does not ask for them already.
	Units, Tags bool
	// Profiles are those of the AWS configuration whose credentials to use; none is what the environment says. An organization
	// has one caller; without Org each is a caller of its own.
	Profiles []string
	// Population is told of how many accounts facts are to be expected, once that is known and when it changes; it is not
	// called beside each. nil is told nothing.
	Population func(n int)
	// Caller is told who calls, of each profile, before anything else is asked; nil is told nothing.
	Caller func(account, partition, region, arn string)
	// RoleName is the audit role in the member accounts, with its path where it has one; "" uses none.
	RoleName string
	// ExternalID is sent when the audit role is assumed; "" sends none.
	ExternalID string
	// SessionName is what the audit role's sessions are called; "" is hwmfa-audit. SessionTags come with them.
	SessionName string
	SessionTags []iamcheck.Tag
	// Workers is how many accounts are read at a time, one call of each; 0 is DefaultWorkers, at most MaxWorkers.
	Workers int
	// Log gets what the SDK has to say, at the level debug; nil drops it.
	Log *slog.Logger
	// Record keeps every exchange; nil keeps none.
	Record Recorder
	// Recorded are the calls of accounts that are not asked again; nil asks all.
	Recorded Recorded
	// Offline asks nobody: what is not recorded is a call that failed.
	Offline bool
	// Static replaces the SDK's environment altogether, for the demo: nothing of the user's is read or sent.
	Static *Static
}

// Static is an endpoint and the credentials for it.
type Static struct {
	Endpoint, Region, AccessKeyID, SecretAccessKey, SessionToken string
}

// How many accounts are read at a time. MaxWorkers bounds the connections, which are one or two of each.
const (
	DefaultWorkers = 32
	MaxWorkers     = 256
)

func (o Options) workers() int {
	if o.Workers <= 0 {
		return DefaultWorkers
	}
	return min(o.Workers, MaxWorkers)
}

// units and tags say whether those of each account are needed.
func (o Options) units() bool { return o.Units || o.Filter.NeedsUnits() }
func (o Options) tags() bool  { return o.Tags || o.Filter.NeedsTags() }

// collector is one run.
type collector struct {
	*clients
	opts Options
	self identity
	org  organization

	mu   sync.Mutex
	each func(iamcheck.Facts) error
	// scope is filled as accounts are found, left out and handed over; left is how many are left out.
	scope *iamcheck.Scope
	left  int
	// listed: all accounts are found.
	listed bool
	// anyWay: the units are for rules alone, so that accounts are found by the one list where the units cannot be read.
	// walkFailed is then the call that failed; it is written before any account without units is found.
	anyWay     bool
	walkFailed *iamcheck.Call
}

// identity is who calls.
type identity struct {
	account, partition, arn string
	// root: the caller is the account's root user, whose own device list is root's.
	root bool
}

// ErrNotInOrganization says that the organization has no account or unit that was asked for.
var ErrNotInOrganization = errors.New("not in the organization")

// ErrNothingLeft says that the filter leaves out every account.
var ErrNothingLeft = errors.New("no account of the organization is left to audit")

// Collect reads the accounts and hands the facts of each to each, one at a time, in the order in which they are complete.
// An error of each ends the collection. An error of Collect means that the population is not complete, or ErrCredentials;
// the facts handed over stand, and the scope says what was found.
func Collect(ctx context.Context, opts Options, each func(iamcheck.Facts) error) (iamcheck.Scope, error) {
	scope := iamcheck.NewScope(opts.Filter)
	defer scope.Sort()
	if opts.Org {
		ctx, c, err := connected(ctx, opts, one(opts.Profiles))
		if err != nil {
			return scope, err
		}
		c.each, c.scope = each, &scope
		err = c.collectOrganization(ctx)
		return scope, err
	}
	err := collectCallers(ctx, opts, each, &scope)
	return scope, err
}

// collectCallers reads the account of every profile. One whose credentials are no good keeps none of the others from being
// read.
func collectCallers(ctx context.Context, opts Options, each func(iamcheck.Facts) error, scope *iamcheck.Scope) error {
	profiles := opts.Profiles
	if len(profiles) == 0 {
		profiles = []string{""}
	}
	if opts.Population != nil {
		opts.Population(len(profiles))
	}
	var failed []error
	var ended error
	of, found := map[string]string{}, 0
	for _, profile := range profiles {
		err := func() error {
			ctx, c, err := connected(ctx, opts, profile)
			if err != nil {
				return err
			}
			found++
			if other, again := of[c.self.account]; again {
				return fmt.Errorf("account %s is that of profile %s too", c.self.account, other)
			}
			of[c.self.account] = profile
			c.scope = scope
			c.each = func(f iamcheck.Facts) error {
				ended = each(f)
				return ended
			}
			scope.Listed++
			return c.caller(ctx)
		}()
		if err != nil && profile != "" {
			err = fmt.Errorf("profile %s: %w", profile, err)
		}
		failed = append(failed, err)
		if ended != nil || ctx.Err() != nil {
			break
		}
	}
	if by := iamcheck.ListedByCallers; found == len(profiles) {
		scope.ListedBy = &by
	}
	return errors.Join(failed...)
}

// connected is a collector that knows who it calls as, and the context to call in.
func connected(ctx context.Context, opts Options, profile string) (context.Context, *collector, error) {
	cl, err := open(ctx, opts, profile)
	if err != nil {
		return ctx, nil, err
	}
	scope := iamcheck.NewScope(opts.Filter)
	c := &collector{clients: cl, opts: opts, scope: &scope}
	if ctx, err = c.playPopulation(calledBy(ctx, profile)); err != nil {
		return ctx, nil, err
	}
	if c.self, err = cl.whoami(ctx); err != nil {
		return ctx, nil, fmt.Errorf("asking AWS who is calling: %w", onOneLine(err))
	}
	if opts.Caller != nil {
		opts.Caller(c.self.account, c.self.partition, cl.region, c.self.arn)
	}
	return ctx, c, nil
}

// caller reads the caller's own account.
func (c *collector) caller(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	f, err := c.orRecorded(ctx, c.self.account, func(ctx context.Context, c *collector) (iamcheck.Facts, error) {
		f := iamcheck.Facts{AccountID: c.self.account, Partition: c.self.partition}
		if !iamcheck.Auditable(f.Partition, f.State) {
			return f, nil
		}
		return f, c.own(ctx, &f)
	})
	return c.hand(ctx, f, err)
}

// one is the profile of an organization's caller.
func one(profiles []string) string {
	if len(profiles) == 0 {
		return ""
	}
	return profiles[0]
}

// whoami asks STS, which answers any valid credentials.
func (c *clients) whoami(ctx context.Context) (identity, error) {
	out, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.Options) { o.Retryer = atFirst(o.Retryer) })
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
	return identity{account: account, partition: partition, arn: clean(arn, 2048), root: arn == iamcheck.RootARN(partition, account)}, nil
}

// hand passes one account's facts on, and then the failure of the caller's credentials that ends the collection. Facts
// that a cancellation has cut short are not passed on: they would say that AWS failed.
func (c *collector) hand(ctx context.Context, f iamcheck.Facts, failed error) error {
	if err := c.finish(ctx, f.AccountID, failed); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := c.each(f); err != nil {
		return err
	}
	c.scope.Audited++
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
