package inventory

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// VerifyState holds the rows that answers are given from against what the
// events of the journal come to, and names each that differs, is gone or was
// put there by nobody. The journal itself is for VerifyJournal, stored evidence
// for VerifyRecords, proofs for VerifyProofs.
func VerifyState(tx Tx) error {
	c := newStateCheck()
	return c.end(tx, walk(tx, c))
}

// stateCheck holds rows against what the events come to.
type stateCheck struct {
	want projection
	bad  []error // events that say nothing: they are named, and the others count
}

func newStateCheck() *stateCheck { return &stateCheck{want: newProjection()} }

func (c *stateCheck) see(e *RawEvent) bool {
	if err := c.want.apply(e); err != nil {
		c.bad = append(c.bad, fmt.Errorf("verify state: %w", err))
	}
	return len(c.bad) < maxBadEvents
}

// maxBadEvents is how many are named.
const maxBadEvents = 100

// end returns what is wrong; err is what ended the reading.
func (c *stateCheck) end(tx Tx, err error) error {
	if len(c.bad) >= maxBadEvents {
		return errors.Join(c.bad...)
	}
	var have map[string]string
	var keys, names []error
	if err == nil {
		keys, err = c.want.compareKeys(tx)
	}
	if err == nil {
		c.bad = append(c.bad, c.want.finish())
		have, err = stateRows(tx)
	}
	if err == nil {
		names, err = misfolded(tx)
	}
	if err != nil {
		return errors.Join(append(c.bad, fmt.Errorf("verify state: %w", err))...)
	}
	bad := slices.Concat(c.bad, keys, names)
	for _, name := range slices.Sorted(maps.Keys(c.want.rows)) {
		row, there := have[name]
		switch {
		case !there:
			bad = append(bad, goneRow(name))
		case row != c.want.rows[name]:
			bad = append(bad, changedRow(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, known := c.want.rows[name]; !known {
			bad = append(bad, strangeRow(name))
		}
	}
	return errors.Join(bad...)
}

// misfolded names the rows that are looked up by something else than what they
// show.
func misfolded(tx Tx) (bad []error, err error) {
	err = tx.EachFolded(func(f Folded) error {
		if f.Folded != Fold(f.Text) {
			bad = append(bad, fmt.Errorf("%s is not found by what it is called: %w", f.Row, ErrDamaged))
		}
		return nil
	})
	return bad, err
}

func goneRow(name string) error { return fmt.Errorf("%s is gone: %w", name, ErrDamaged) }
func changedRow(name string) error {
	return fmt.Errorf("%s is not what the journal recorded: %w", name, ErrDamaged)
}
func strangeRow(name string) error {
	return fmt.Errorf("%s is not of the journal: %w", name, ErrDamaged)
}
