package awsapi

import (
	"context"

	"hwmfa/iamcheck"
)

// account reads one account of the organization, or what was recorded of it.
func (c *collector) account(ctx context.Context, a Account) (iamcheck.Facts, error) {
	known := c.facts(a)
	return c.orRecorded(ctx, a.ID, func(ctx context.Context, c *collector) (iamcheck.Facts, error) {
		return c.ask(ctx, known)
	})
}

// ask reads one account of the organization, of which its lists told what is known.
func (c *collector) ask(ctx context.Context, f iamcheck.Facts) (iamcheck.Facts, error) {
	c.org.place(&f)
	if c.opts.tags() {
		tags, err := c.tags(ctx, f.AccountID)
		f.Calls = append(f.Calls, named("organizations:ListTagsForResource", iamcheck.ByCaller, err))
		f.Tags = tags
		if isCredentials(err) {
			return f, err
		}
		if _, out := c.leavesOut(f); out {
			return f, nil
		}
	}
	if !iamcheck.Auditable(f.Partition, f.State) {
		why := "the account's state is " + f.State
		if f.State == "" || f.State == "ACTIVE" {
			why = "the partition is " + f.Partition
		}
		f.Calls = append(f.Calls, skipped("sts:AssumeRoot", iamcheck.ByCaller, why))
		return f, nil
	}
	if f.AccountID == c.self.account {
		return f, c.own(ctx, &f)
	}
	return f, c.other(ctx, &f)
}

// own reads the caller's own account with the caller's own credentials.
func (c *collector) own(ctx context.Context, f *iamcheck.Facts) error {
	s := &session{by: iamcheck.ByCaller}
	if c.self.root {
		s.by = iamcheck.ByRoot
	}
	var failed error
	note := func(err error) {
		if isCredentials(err) && failed == nil {
			failed = err
		}
	}
	note(c.summary(ctx, s, f))
	if c.self.root {
		note(c.ownDevices(ctx, s, f))
	} else {
		f.Calls = append(f.Calls, skipped("iam:ListMFADevices", s.by, "the caller is not root: the answer would be the caller's own devices"))
	}
	note(c.virtualDevices(ctx, s, f))
	note(c.certifications(ctx, s, f))
	if !f.Summary.NoCredentials() {
		return failed
	}
	if !c.opts.Org {
		o := c.describe(ctx)
		note(o.err)
		o.place(f)
	}
	if c.self.root {
		c.otherCredentials(ctx, s, f)
	}
	return failed
}

// other reads an account that is not the caller's: root's side with a root session, the rest with the audit role. Its error
// is one of the caller's credentials.
func (c *collector) other(ctx context.Context, f *iamcheck.Facts) error {
	root, err := c.rootSession(ctx, f)
	if err != nil {
		return err
	}
	counted := false
	if root != nil {
		counted = c.summary(ctx, root, f) == nil
		// A failure is named in the facts; the session's credentials are not the caller's.
		_ = c.ownDevices(ctx, root, f)
	}
	role, err := c.roleSession(ctx, f)
	if err != nil {
		return err
	}
	if role != nil {
		if !counted {
			c.summaryAgain(ctx, role, f)
		}
		_ = c.virtualDevices(ctx, role, f)
		_ = c.certifications(ctx, role, f)
	}
	if root != nil && f.Summary.NoCredentials() {
		c.otherCredentials(ctx, root, f)
	}
	return nil
}

// rootSession opens one where there can be one; nil without an error where there is none.
func (c *collector) rootSession(ctx context.Context, f *iamcheck.Facts) (*session, error) {
	const action = "sts:AssumeRoot"
	if f.Membership == iamcheck.Management {
		f.Calls = append(f.Calls, skipped(action, iamcheck.ByCaller, "the management account has no root session"))
		return nil, nil
	}
	s, err := c.assumeRoot(ctx, f.Partition, f.AccountID)
	f.Calls = append(f.Calls, named(action, iamcheck.ByCaller, err))
	if isCredentials(err) {
		return nil, err
	}
	return s, nil
}

// roleSession assumes the audit role where one is named; nil without an error where that is not to be had.
func (c *collector) roleSession(ctx context.Context, f *iamcheck.Facts) (*session, error) {
	const action = "sts:AssumeRole"
	if c.opts.RoleName == "" {
		f.Calls = append(f.Calls, skipped("iam:ListVirtualMFADevices", iamcheck.ByRole, "no audit role is named"))
		return nil, nil
	}
	s, err := c.assumeRole(ctx, f.Partition, f.AccountID, c.opts)
	f.Calls = append(f.Calls, named(action, iamcheck.ByCaller, err))
	if isCredentials(err) {
		return nil, err
	}
	return s, nil
}

// summaryAgain asks the audit role for the counters that the root session did not give, and keeps those it did give where
// the role's answer is no better.
func (c *collector) summaryAgain(ctx context.Context, role *session, f *iamcheck.Facts) {
	first := f.Summary
	f.Summary = nil
	if err := c.summary(ctx, role, f); err != nil && first != nil {
		f.Summary = first
	}
}
