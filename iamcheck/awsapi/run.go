package awsapi

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/smithy-go"

	"hwmfa/iamcheck"
)

// queue is accounts that are found and not yet read. It has no bound, so that a list is read at its own speed and its length
// known early; an entry is a few hundred bytes.
type queue struct {
	mu     sync.Mutex
	more   sync.Cond
	list   []Account
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.more.L = &q.mu
	return q
}

func (q *queue) push(a Account) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, a)
	q.more.Signal()
}

// close says that no more are to come.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.more.Broadcast()
}

// next waits for an account; ok is false after the last one.
func (q *queue) next() (a Account, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.list) == 0 && !q.closed {
		q.more.Wait()
	}
	if len(q.list) == 0 {
		return Account{}, false
	}
	a = q.list[0]
	q.list[0] = Account{}
	q.list = q.list[1:]
	return a, true
}

// collectOrganization reads the accounts of the organization.
func (c *collector) collectOrganization(ctx context.Context) error {
	c.org = c.describe(ctx)
	if c.org.err != nil {
		return fmt.Errorf("asking about the organization: %w", onOneLine(asCredentials(c.org.err)))
	}
	if c.org.id != "" {
		c.scope.Org = &c.org.id
	}
	if err := c.begin(ctx); err != nil {
		return err
	}
	c.anyWay = c.opts.units() && !c.opts.Filter.NeedsUnits()
	err := c.everyAccount(ctx, func(ctx context.Context, a Account) error {
		f, err := c.account(ctx, a)
		if why, out := c.leavesOut(f); out && err == nil {
			c.leave(why, a.ID)
			return c.finish(ctx, a.ID, nil)
		}
		return c.hand(ctx, f, err)
	})
	if err == nil && c.scope.Audited == 0 {
		err = ErrNothingLeft
	}
	return err
}

// everyAccount finds the accounts of the organization that the filter takes and reads a bounded number of them at a time.
func (c *collector) everyAccount(ctx context.Context, read func(context.Context, Account) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	found := newQueue()
	var workers sync.WaitGroup
	for range c.opts.workers() {
		workers.Go(func() {
			for a, ok := found.next(); ok; a, ok = found.next() {
				if ctx.Err() != nil {
					continue
				}
				if err := read(ctx, a); err != nil {
					cancel(err)
				}
			}
		})
	}
	p := newPopulation(func(a Account) error {
		if c.take(a) {
			found.push(a)
		}
		return nil
	})
	by, err := c.list(ctx, c.opts.units(), p)
	if call := walkFailure(err); call != nil && c.anyWay && !isCredentials(err) && ctx.Err() == nil {
		c.walkFailed = call
		by, err = c.list(ctx, false, p)
	}
	found.close()
	if err == nil {
		err = p.holds(c.self.account)
	}
	if err == nil {
		c.complete(by)
		err = p.lacks(c.opts.Filter)
	}
	workers.Wait()
	switch cause := context.Cause(ctx); {
	case cause != nil:
		return cause
	case isCredentials(err):
		return asCredentials(err)
	}
	return err
}

// walkFailure is the call that kept the units from being read; nil where none failed. Units that contradict each other are no
// failed call: what was found by them may be wrong.
func walkFailure(err error) *iamcheck.Call {
	var of *smithy.OperationError
	if !errors.As(err, &of) {
		return nil
	}
	call := named("organizations:"+of.Operation(), iamcheck.ByCaller, err)
	return &call
}

// facts are an account's before AWS is asked about it.
func (c *collector) facts(a Account) iamcheck.Facts {
	f := iamcheck.Facts{
		AccountID: a.ID, Name: a.Name, Email: a.Email, State: a.State, OUs: a.OUs, Tags: a.Tags, Partition: c.self.partition,
	}
	if f.OUs == nil && c.walkFailed != nil {
		f.Calls = append(f.Calls, *c.walkFailed)
	}
	return f
}

// leavesOut tells what leaves an account out. Tags, and tiers that rest on them or on units, are looked at where those are
// read; where that failed the account is in.
func (c *collector) leavesOut(f iamcheck.Facts) (iamcheck.Term, bool) {
	filter := c.opts.Filter
	dark := c.opts.tags() && f.Tags == nil || c.opts.units() && f.OUs == nil
	if dark && filter.TierOf != nil && filter.TierOf(f) == "" {
		filter.Tiers = nil
	}
	return filter.LeavesOut(f)
}

// take counts an account that is found, and reports whether it is to be read.
func (c *collector) take(a Account) bool {
	c.mu.Lock()
	c.scope.Listed++
	c.mu.Unlock()
	why, out := c.leavesOut(c.facts(a))
	if out {
		c.leave(why, a.ID)
	}
	return !out
}

// leave counts an account that is left out.
func (c *collector) leave(why iamcheck.Term, account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scope.Exclude(why, account)
	c.left++
	c.expect()
}

// complete says that all accounts are found.
func (c *collector) complete(by iamcheck.ListedBy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listed = true
	c.scope.ListedBy = &by
	c.expect()
}

// expect tells of how many accounts facts are to come, where that is known.
func (c *collector) expect() {
	if c.listed && c.opts.Population != nil {
		c.opts.Population(c.scope.Listed - c.left)
	}
}

// ListAccounts hands over the accounts of the caller's organization that the filter takes, one at a time and in no order,
// with their units and tags where Options want them. Tags that could not be read are nil. An error says that these are not
// all accounts; those handed over stand.
func ListAccounts(ctx context.Context, opts Options, each func(Account) error) error {
	ctx, c, err := connected(ctx, opts, one(opts.Profiles))
	if err != nil {
		return err
	}
	return c.everyAccount(ctx, func(ctx context.Context, a Account) error {
		if opts.tags() {
			tags, err := c.tags(ctx, a.ID)
			if isCredentials(err) {
				return asCredentials(err)
			}
			a.Tags = tags
			if _, out := c.leavesOut(c.facts(a)); out {
				return nil
			}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return each(a)
	})
}
