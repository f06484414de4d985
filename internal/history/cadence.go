package history

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/inventory"
)

// Cadence is how often a scope was audited in a period.
type Cadence struct {
	From, To time.Time
	// Runs are those that ended in the period, the oldest first, incomplete ones too.
	Runs []inventory.AuditRun
	// Gaps are the times without a complete run, in order. The first begins with the last run before the period, where there
	// is one; the last ends with the first run after it, or else with the period.
	Gaps []Gap
	// Population is how many accounts are known: those of the inventory, of the last complete run before the period, and of
	// every run in it.
	Population int
	// NeverAudited are the accounts of the population that no run in the period looked at, NeverDecided those that were looked
	// at and came to unknown each time.
	NeverAudited, NeverDecided []string
}

// Gap is a time without a complete run. After and Before are the IDs of the runs at its ends, "" where it begins or ends with
// the period.
type Gap struct {
	From, To      time.Time
	After, Before string
}

// Length is how long it lasted.
func (g Gap) Length() time.Duration { return g.To.Sub(g.From) }

// Longest is the longest gap, the first of several.
func (c Cadence) Longest() Gap {
	return slices.MaxFunc(c.Gaps, func(a, b Gap) int { return cmp.Compare(a.Length(), b.Length()) })
}

// Longer are the gaps that are longer than a time.
func (c Cadence) Longer(than time.Duration) []Gap {
	return slices.DeleteFunc(slices.Clone(c.Gaps), func(g Gap) bool { return g.Length() <= than })
}

// ReadCadence reads how often the scope of a run was audited from one time to another. Accounts are read one run at a time.
func ReadCadence(tx inventory.Tx, like inventory.AuditRun, from, to time.Time) (Cadence, error) {
	all, err := tx.ListAuditRuns(like.Scope.Key())
	if err != nil {
		return Cadence{}, err
	}
	slices.SortStableFunc(all, func(a, b inventory.AuditRun) int { return a.Finished.Compare(b.Finished) })
	c := Cadence{From: from, To: to, Gaps: gaps(all, from, to)}
	accounts, err := inventory.Accounts(tx)
	if err != nil {
		return Cadence{}, err
	}
	// What an account came to: it is known, it was looked at, it was decided.
	const known, seen, decided = 0, 1, 2
	state := map[string]int{}
	if like.Scope.Organization != "" && len(like.Scope.Filters) == 0 {
		for _, a := range accounts {
			state[a.ID] = known
		}
	}
	var last *inventory.AuditRun // complete, before the period
	for _, r := range all {
		switch {
		case r.Finished.Before(from):
			if r.Complete() {
				last = &r
			}
		case !r.Finished.After(to):
			c.Runs = append(c.Runs, r)
		}
	}
	take := func(r inventory.AuditRun, in bool) error {
		list, err := inventory.ReadAudit(tx, r)
		if err != nil {
			return err
		}
		for v, err := range list {
			switch {
			case err != nil:
				return err
			case !in:
				state[v.AccountID] = max(state[v.AccountID], known)
			case v.Level2 == string(iamcheck.Unknown):
				state[v.AccountID] = max(state[v.AccountID], seen)
			default:
				state[v.AccountID] = decided
			}
		}
		return nil
	}
	if last != nil {
		if err := take(*last, false); err != nil {
			return Cadence{}, err
		}
	}
	for _, r := range c.Runs {
		if err := take(r, true); err != nil {
			return Cadence{}, err
		}
	}
	c.Population = len(state)
	for _, id := range slices.Sorted(maps.Keys(state)) {
		switch state[id] {
		case known:
			c.NeverAudited = append(c.NeverAudited, id)
		case seen:
			c.NeverDecided = append(c.NeverDecided, id)
		}
	}
	return c, nil
}

// gaps are the times between complete runs, which come in the order in which they ended, that touch a period.
func gaps(runs []inventory.AuditRun, from, to time.Time) []Gap {
	open := Gap{From: from}
	var all []Gap
	for _, r := range runs {
		if !r.Complete() {
			continue
		}
		if r.Finished.Before(from) {
			open = Gap{From: r.Finished, After: r.ID}
			continue
		}
		open.To, open.Before = r.Finished, r.ID
		all = append(all, open)
		open = Gap{From: r.Finished, After: r.ID}
		if !r.Finished.Before(to) {
			return all
		}
	}
	open.To = to
	return append(all, open)
}
