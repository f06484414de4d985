package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"hwmfa/inventory"
)

// Action is what importing a row comes to, a word.
type Action string

// What importing a row can come to.
const (
	ActionCreate   Action = "create"   // the inventory does not have it yet
	ActionChange   Action = "change"   // the inventory has it otherwise
	ActionSame     Action = "same"     // the inventory has it so
	ActionConflict Action = "conflict" // it cannot be: nothing of the file is imported
)

var (
	// ErrConflict: the file says what the inventory cannot take.
	ErrConflict = errors.New("the file and the inventory contradict each other")
	// ErrChanged: the file or the inventory is no longer what the plan was made of.
	ErrChanged = errors.New("the file or the inventory has changed since the differences were shown")
)

// Change is one field of an entry; "" is nothing.
type Change struct{ Field, Old, New string }

// Step is what one row of a file comes to.
type Step struct {
	Row      int
	Where    string // "line 7"
	Action   Action
	Name     string // of the entry, for people
	Changes  []Change
	Notes    []string // what the row says and is not imported, or brings with it
	Conflict string
	// do carries the step out, by the inventory's rules.
	do func(inventory.Tx, inventory.Act) error
}

// set notes a difference, where the file says something and the inventory says
// something else.
func (s *Step) set(field, old, new string) bool {
	if new == "" || new == old {
		return false
	}
	s.Changes = append(s.Changes, Change{field, old, new})
	return true
}

// setFolded is set for names in which letter case does not matter.
func (s *Step) setFolded(field, old, new string) bool {
	return inventory.Fold(old) != inventory.Fold(new) && s.set(field, old, new)
}

// leave notes what the row says otherwise than the inventory and what import
// does not change.
func (s *Step) leave(field, here, file string) {
	if file != "" && inventory.Fold(file) != inventory.Fold(here) {
		if here == "" {
			here = "none"
		}
		s.Notes = append(s.Notes, fmt.Sprintf("%s stays %s", field, here))
	}
}

func (s *Step) conflict(format string, args ...any) {
	s.Action, s.Conflict, s.Changes, s.Notes = ActionConflict, fmt.Sprintf(format, args...), nil, nil
}

// settle gives a step that is neither new nor a conflict its action. What is new
// was nothing before, not what a field is where nobody says so.
func (s *Step) settle() {
	switch {
	case s.Action == ActionCreate:
		for i := range s.Changes {
			s.Changes[i].Old = ""
		}
	case s.Action != "":
	case len(s.Changes) > 0:
		s.Action = ActionChange
	default:
		s.Action = ActionSame
	}
}

// Plan is what importing a file comes to, row by row.
type Plan struct {
	Kind  string
	Steps []Step
}

// Count says how many rows come to an action.
func (p Plan) Count(a Action) int {
	n := 0
	for _, s := range p.Steps {
		if s.Action == a {
			n++
		}
	}
	return n
}

// Differs says whether there is anything to import, or to settle first.
func (p Plan) Differs() bool { return p.Count(ActionSame) < len(p.Steps) }

// Digest is a short name of what the plan would do: another file, or another
// state of the inventory that leads to other steps, has another.
func (p Plan) Digest() string {
	h := sha256.New()
	put := func(texts ...string) {
		fmt.Fprintf(h, "%d:", len(texts))
		for _, t := range texts {
			fmt.Fprintf(h, "%d:%s", len(t), t)
		}
	}
	put(p.Kind)
	for _, s := range p.Steps {
		put(s.Where, string(s.Action), s.Name, s.Conflict)
		put(s.Notes...)
		for _, c := range s.Changes {
			put(c.Field, c.Old, c.New)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// Apply carries a plan out in the transaction that it was made in. Conflicts,
// and the first row that a rule of the inventory refuses, give ErrConflict; the
// transaction has to be given up then.
func (p Plan) Apply(tx inventory.Tx, act inventory.Act) error {
	if p.Count(ActionConflict) == 0 {
		if err := p.Try(tx, act); err != nil {
			return err
		}
	}
	return p.conflicts()
}

// Try is Apply in a transaction that is given up whatever comes of it: the
// first row that a rule refuses becomes a conflict of the plan. It is an error
// where something else than a rule stands in the way.
func (p Plan) Try(tx inventory.Tx, act inventory.Act) error {
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Action != ActionCreate && s.Action != ActionChange {
			continue
		}
		err := s.do(tx, act)
		switch {
		case err == nil:
		case isRule(err):
			s.conflict("%v", err)
			return nil
		default:
			return fmt.Errorf("%s: %s: %w", s.Where, s.Name, err)
		}
	}
	return nil
}

// conflicts is ErrConflict with every row that is one.
func (p Plan) conflicts() error {
	var list Problems
	for _, s := range p.Steps {
		if s.Action == ActionConflict {
			list.add(Problem{Where: s.Where, Row: s.Row, Fault: s.Name + ": " + s.Conflict})
		}
	}
	if err := list.err(); err != nil {
		return fmt.Errorf("%w\n%w", err, ErrConflict)
	}
	return nil
}

// isRule tells a rule of the inventory that refuses from an inventory that does
// not work.
func isRule(err error) bool {
	for _, rule := range []error{
		inventory.ErrNotFound, inventory.ErrExists, inventory.ErrAmbiguous, inventory.ErrInvalid, inventory.ErrStatus,
		inventory.ErrLimit, inventory.ErrNeedsWitness, inventory.ErrNotProved, inventory.ErrFull, inventory.ErrStale,
	} {
		if errors.Is(err, rule) {
			return true
		}
	}
	return false
}
