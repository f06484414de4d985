package awsapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"hwmfa/iamcheck"
)

const (
	// maxAccountPages bounds the account list; a page holds at most twenty accounts.
	maxAccountPages = 100_000
	// walkFrom is the page of the account list from which on the units are asked beside it: smaller organizations are
	// listed before a walk would get anywhere.
	walkFrom = 3
)

// Account is an account of an organization as its lists show it.
type Account struct {
	// ID is twelve digits.
	ID string
	// Name, Email (of the root user) and State are "" where AWS gave none.
	Name, Email, State string
	// OUs are the IDs of the units the account is in, the root first; nil is unknown.
	OUs []string
	// Tags are nil where they were not read.
	Tags map[string]string
}

// population gathers the accounts of an organization, each once, from however many lists at a time.
type population struct {
	// each gets every account; it must not wait.
	each func(Account) error

	mu    sync.Mutex
	seen  map[string]struct{}
	units map[string]struct{}
	// wrong are entries of lists that are no accounts. They hide none after them, and no population is complete with them.
	wrong []error
}

func newPopulation(each func(Account) error) *population {
	return &population{each: each, seen: map[string]struct{}{}, units: map[string]struct{}{}}
}

// add takes a page of a list of accounts, which are all in one unit where path names it.
func (p *population) add(accounts []orgtypes.Account, path []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range accounts {
		id := aws.ToString(a.Id)
		if _, again := p.seen[id]; again {
			continue
		}
		if !iamcheck.IsAccountID(id) {
			if len(p.wrong) < 10 {
				p.seen[id] = struct{}{}
				p.wrong = append(p.wrong, fmt.Errorf("account list: %q is no account ID", clean(id, 40)))
			}
			continue
		}
		p.seen[id] = struct{}{}
		state := string(a.State)
		if state == "" {
			state = string(a.Status)
		}
		err := p.each(Account{
			ID: id, Name: clean(aws.ToString(a.Name), 256), Email: clean(aws.ToString(a.Email), 320), State: clean(state, 64), OUs: path,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// addUnit takes one unit.
func (p *population) addUnit(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.units[id] = struct{}{}
}

// lacks are those of the accounts and units named, to be looked at or to be left out, that were not found: a digit that is
// wrong in an exclusion would have an account asked that was to be left alone.
func (p *population) lacks(f iamcheck.Filter) error {
	var wrong []error
	for _, id := range slices.Concat(f.Accounts, f.Units, f.Exclude) {
		of, what := p.seen, "account"
		if iamcheck.IsUnitID(id) {
			of, what = p.units, "unit"
		}
		if _, ok := of[id]; !ok {
			wrong = append(wrong, fmt.Errorf("%w: %s %s", ErrNotInOrganization, what, id))
		}
	}
	return errors.Join(wrong...)
}

// holds says why a population that ended well cannot be all of it: whoever may list an organization is in it. A list of
// Organizations' ends where no token is sent, so that nothing else tells one that lost its token from one that is at its end.
func (p *population) holds(caller string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.seen[caller]; !ok {
		return fmt.Errorf("listing the organization's accounts: %w", &malformedError{what: "the account of the caller, " + caller + ", is not among them"})
	}
	return nil
}

// list finds every account of the organization: by its one list, whose pages can only be asked for one after another, and,
// where that is long or fails, side by side by the units. Whichever is complete first ends the other; where neither is, the
// population is not complete, and the errors of both say so. With units the path of each account is wanted, which only the
// walk knows.
func (c *clients) list(ctx context.Context, units bool, p *population) (by iamcheck.ListedBy, err error) {
	if units {
		by, err = iamcheck.ListedByUnits, c.walk(ctx, p)
	} else {
		by, err = c.race(ctx, p)
	}
	if err != nil {
		err = fmt.Errorf("listing the organization's accounts: %w", onOneLine(err))
	}
	return by, errors.Join(append(p.wrong, err)...)
}

// race is both ways of list.
func (c *clients) race(ctx context.Context, p *population) (iamcheck.ListedBy, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	flat, walked := make(chan error, 1), make(chan error, 1)
	long := make(chan struct{})
	go func() { flat <- c.flat(ctx, p, sync.OnceFunc(func() { close(long) })) }()

	var first error
	select {
	case first = <-flat:
		if first == nil || isCredentials(first) || ctx.Err() != nil {
			return iamcheck.ListedByList, first
		}
		flat = nil // it has failed
	case <-long:
	}
	go func() { walked <- c.walk(ctx, p) }()
	var second error
	select {
	case first = <-flat: // never, where it has failed
		if first == nil {
			cancel()
			<-walked
			return iamcheck.ListedByList, nil
		}
		second = <-walked
	case second = <-walked:
		if flat != nil && second == nil {
			cancel()
			<-flat
		} else if flat != nil {
			if first = <-flat; first == nil {
				return iamcheck.ListedByList, nil
			}
		}
	}
	if second != nil {
		return "", errors.Join(first, second)
	}
	return iamcheck.ListedByUnits, nil
}

// flat reads the organization's one list. It calls long when that has more than a few pages.
func (c *clients) flat(ctx context.Context, p *population, long func()) error {
	some, page := false, 0
	err := pages(maxAccountPages, func(marker string) (string, bool, error) {
		if page++; page > walkFrom {
			long()
		}
		out, err := c.org.ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: markerOf(marker)})
		if err != nil {
			return "", false, err
		}
		some = some || len(out.Accounts) > 0
		next := aws.ToString(out.NextToken)
		return next, next != "", p.add(out.Accounts, nil)
	})
	if err == nil && !some {
		// An organization has its management account at the least.
		err = &malformedError{what: "an organization without accounts"}
	}
	return err
}

// tags reads an account's tags.
func (c *clients) tags(ctx context.Context, account string) (map[string]string, error) {
	tags := map[string]string{}
	err := pages(maxOwnPages, func(marker string) (string, bool, error) {
		out, err := c.org.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{
			ResourceId: aws.String(account), NextToken: markerOf(marker),
		})
		if err != nil {
			return "", false, err
		}
		for _, t := range out.Tags {
			tags[clean(aws.ToString(t.Key), 128)] = clean(aws.ToString(t.Value), 256)
		}
		next := aws.ToString(out.NextToken)
		return next, next != "", nil
	})
	if err != nil {
		return nil, err
	}
	return tags, nil
}
