package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"hwmfa/iamcheck"
)

const (
	// walkers is how many calls of a walk over the units are made at a time.
	walkers = 16
	// maxUnits bounds the units of an organization; AWS grants 2,000 and more on request.
	maxUnits = 100_000
	// maxDepth bounds how deep units are nested, the root included; AWS's own limit is five below the root.
	maxDepth = 20
)

// walk finds the accounts by the units they are in, from the roots down. It goes twice: an account that is moved meanwhile
// from a unit that is not yet read into one that is would be in neither.
func (c *clients) walk(ctx context.Context, p *population) error {
	for range 2 {
		w := &walker{clients: c, found: p, turn: make(chan struct{}, walkers), units: map[string]string{}}
		ctx, cancel := context.WithCancelCause(ctx)
		w.cancel = cancel
		w.roots(ctx)
		w.running.Wait()
		err := context.Cause(ctx)
		cancel(nil)
		if err == nil && !w.some {
			err = &malformedError{what: "an organization without accounts"}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// walker is one walk.
type walker struct {
	*clients
	found   *population
	turn    chan struct{}
	running sync.WaitGroup
	cancel  context.CancelCauseFunc

	mu    sync.Mutex
	units map[string]string // those above each
	some  bool
}

// begin reads a part of the tree beside the others; its failure ends the walk.
func (w *walker) begin(read func() error) {
	w.running.Go(func() {
		if err := read(); err != nil {
			w.cancel(err)
		}
	})
}

// page makes one call when it is its turn.
func (w *walker) page(ctx context.Context, call func() error) error {
	select {
	case w.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-w.turn }()
	return call()
}

func (w *walker) roots(ctx context.Context) {
	w.begin(func() error {
		return pages(maxOwnPages, func(marker string) (string, bool, error) {
			var out *organizations.ListRootsOutput
			err := w.page(ctx, func() (err error) {
				out, err = w.org.ListRoots(ctx, &organizations.ListRootsInput{NextToken: markerOf(marker)})
				return err
			})
			if err != nil {
				return "", false, err
			}
			for _, r := range out.Roots {
				if err := w.unit(ctx, aws.ToString(r.Id), nil); err != nil {
					return "", false, err
				}
			}
			next := aws.ToString(out.NextToken)
			return next, next != "", nil
		})
	})
}

// unit begins to read a unit: the units in it, and beside them its accounts.
func (w *walker) unit(ctx context.Context, id string, above []string) error {
	if !iamcheck.IsUnitID(id) {
		return &malformedError{what: fmt.Sprintf("%q is no unit's ID", clean(id, 80))}
	}
	parent := strings.Join(above, "/")
	w.mu.Lock()
	other, again := w.units[id]
	w.units[id] = parent
	many := len(w.units) > maxUnits
	w.mu.Unlock()
	switch {
	case again && other == parent:
		return nil
	case again:
		return &malformedError{what: fmt.Sprintf("unit %s is in two places", id)}
	case many:
		return &malformedError{what: fmt.Sprintf("more than %d units", maxUnits)}
	case len(above) >= maxDepth:
		return &malformedError{what: fmt.Sprintf("units nested more than %d deep", maxDepth)}
	}
	w.found.addUnit(id)
	path := append(slices.Clone(above), id)
	w.begin(func() error { return w.below(ctx, id, path) })
	w.begin(func() error { return w.accounts(ctx, id, path) })
	return nil
}

func (w *walker) below(ctx context.Context, id string, path []string) error {
	return pages(maxUnits, func(marker string) (string, bool, error) {
		var out *organizations.ListOrganizationalUnitsForParentOutput
		err := w.page(ctx, func() (err error) {
			out, err = w.org.ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{
				ParentId: aws.String(id), NextToken: markerOf(marker),
			})
			return err
		})
		if err != nil {
			return "", false, err
		}
		for _, u := range out.OrganizationalUnits {
			if err := w.unit(ctx, aws.ToString(u.Id), path); err != nil {
				return "", false, err
			}
		}
		next := aws.ToString(out.NextToken)
		return next, next != "", nil
	})
}

func (w *walker) accounts(ctx context.Context, id string, path []string) error {
	return pages(maxAccountPages, func(marker string) (string, bool, error) {
		var out *organizations.ListAccountsForParentOutput
		err := w.page(ctx, func() (err error) {
			out, err = w.org.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{
				ParentId: aws.String(id), NextToken: markerOf(marker),
			})
			return err
		})
		if err != nil {
			return "", false, err
		}
		w.mu.Lock()
		w.some = w.some || len(out.Accounts) > 0
		w.mu.Unlock()
		next := aws.ToString(out.NextToken)
		return next, next != "", w.found.add(out.Accounts, path)
	})
}
