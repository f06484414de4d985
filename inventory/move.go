package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Verb is what is done with a key, a word.
type Verb string

// What can be done with a key.
const (
	VerbReceive    Verb = "receive"    // an expected key has arrived
	VerbCheckOut   Verb = "checkout"   // a person takes it
	VerbCheckIn    Verb = "checkin"    // it is put away
	VerbMove       Verb = "move"       // it goes from place to place
	VerbSeal       Verb = "seal"       // it goes into a numbered bag
	VerbUnseal     Verb = "unseal"     // its bag is opened
	VerbBreak      Verb = "break"      // its bag was found open
	VerbShip       Verb = "ship"       // it goes into a parcel
	VerbArrive     Verb = "arrive"     // its parcel has come
	VerbLose       Verb = "lose"       // nobody knows where it is
	VerbFind       Verb = "find"       // it has turned up
	VerbCompromise Verb = "compromise" // somebody else may have used it
	VerbRetire     Verb = "retire"     // it is not to be used again
	VerbDispose    Verb = "dispose"    // it is destroyed or given away
)

// bagged keys can be in a bag: those that lie somewhere, and those that were
// in one when they went out of use.
var bagged = append([]Status{StatusFound, StatusLost, StatusCompromised, StatusRetired}, resting...)

// steps say from which statuses a verb takes a key, and the kind of its event.
var steps = map[Verb]struct {
	kind string
	from []Status
}{
	VerbReceive:    {"key.received", []Status{StatusExpected}},
	VerbCheckOut:   {"key.checked_out", []Status{StatusEnrolled, StatusInSafe}},
	VerbCheckIn:    {"key.checked_in", []Status{StatusEnrolled, StatusCheckedOut, StatusInUse, StatusFound}},
	VerbMove:       {"key.moved", resting},
	VerbSeal:       {"key.sealed", []Status{StatusReceived, StatusDeclared, StatusEnrolled, StatusInSafe}},
	VerbUnseal:     {"key.unsealed", bagged},
	VerbBreak:      {"key.seal_broken", bagged},
	VerbShip:       {"key.shipped", resting},
	VerbArrive:     {"key.arrived", []Status{StatusInTransit}},
	VerbLose:       {"key.lost", present},
	VerbFind:       {"key.found", []Status{StatusLost}},
	VerbCompromise: {"key.compromised", append([]Status{StatusLost}, present...)},
	VerbRetire:     {"key.retired", append([]Status{StatusExpected, StatusLost, StatusCompromised}, present...)},
	VerbDispose:    {"key.disposed", []Status{StatusRetired}},
}

// moveVerbs are the verbs by the kinds of the events that they write.
var moveVerbs = func() map[string]Verb {
	verbs := map[string]Verb{}
	for v, s := range steps {
		verbs[s.kind] = v
	}
	return verbs
}()

// isMove says whether events of this kind are moves.
func isMove(kind string) bool { return moveVerbs[kind] != "" }

// Facts about moves that callers act on.
var (
	// ErrNeedsWitness: the move takes two people, and no second one confirmed it.
	ErrNeedsWitness = errors.New("a second person has to confirm this")
	// ErrNotProved: the key has to prove first that it is itself.
	ErrNotProved = errors.New("the key has not proved that it is itself")
	// ErrFull: the place holds as many keys as fit.
	ErrFull = errors.New("the place is full")
	// ErrSealed: the key is in a sealed bag, which has to be opened first.
	ErrSealed = errors.New("it is in a sealed bag")
)

// Move is something that is done with one key.
type Move struct {
	Verb     Verb
	KeyID    string
	PersonID string // checkout: who takes it
	// PlaceID is where it goes (checkin, move, ship, arrive) or turned up
	// (find); "" for find: with nobody knows, for arrive: where it was sent.
	PlaceID  string
	Seal     string    // seal: the number of the bag
	Carrier  string    // ship: who carries it
	Tracking string    // ship: the carrier's number of the parcel
	Until    time.Time // checkout: when it has to be back, zero: no date is given; ship: when it has to be there
	Keep     bool      // checkout: the person keeps it
	Opening  bool      // checkout: it was so before the inventory was, and may be overdue
	Reason   string    // a line; demanded of checkout, unseal, break, lose, compromise, retire and dispose
	Ticket   string    // a reference into another system
}

// maxMoves bounds how many keys are moved at once.
const maxMoves = 1000

// MoveKey does with a key what the move says, where its life allows that, and
// returns the key as it is then. A move that takes two people gives
// ErrNeedsWitness without one; an impossible one gives ErrStatus.
func MoveKey(tx Tx, act Act, m Move, w *Witness) (Key, error) {
	keys, err := MoveKeys(tx, act, []Move{m}, w)
	if err != nil {
		return Key{}, err
	}
	return keys[0], nil
}

// MoveKeys carries moves out in their order, all or none, and returns the keys
// as they are then, each once. Those that go into a bag or a parcel go into the
// same one. ErrNeedsWitness comes last, when nothing else stands against any.
func MoveKeys(tx Tx, act Act, moves []Move, w *Witness) ([]Key, error) {
	act, err := act.check()
	if err != nil {
		return nil, err
	}
	if len(moves) == 0 || len(moves) > maxMoves {
		return nil, invalid("keys", "are %d, not 1 to %d", len(moves), maxMoves)
	}
	b := moving{tx: tx, act: act, witness: w}
	var needs error
	for _, m := range moves {
		switch err := b.move(m); {
		case errors.Is(err, ErrNeedsWitness):
			needs = cmp.Or(needs, err)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", m.Verb, err)
		}
	}
	if err := b.bagsAreWhole(); err != nil {
		return nil, err
	}
	if needs != nil {
		return nil, needs
	}
	return keysOf(tx, moves)
}

// keysOf returns the keys of moves, each once.
func keysOf(tx Tx, moves []Move) ([]Key, error) {
	var keys []Key
	for _, m := range moves {
		if slices.ContainsFunc(keys, func(k Key) bool { return k.ID == m.KeyID }) {
			continue
		}
		k, err := tx.KeyByID(m.KeyID)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", m.KeyID, err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// moving is moves that are carried out together.
type moving struct {
	tx      Tx
	act     Act
	witness *Witness
	// ended are the bags that it opened or found open; touched are those whose
	// keys it moved.
	ended, touched []string
	parcels        map[Shipment]string // the parcels it sent, by what is on them
}

func (b *moving) move(m Move) error {
	m, err := m.check(b.act)
	if err != nil {
		return err
	}
	k, err := b.tx.KeyByID(m.KeyID)
	if err != nil {
		return fmt.Errorf("key %s: %w", m.KeyID, err)
	}
	step := steps[m.Verb]
	if !slices.Contains(step.from, k.Status) {
		if !k.Status.Resting() {
			k.Seal = "" // to open its bag would not help
		}
		return k.refuse()
	}
	before := k.Custody
	proved, err := b.apply(m, &k)
	if err != nil {
		return err
	}
	needs := b.needsWitness(m, before, k)
	if needs != nil && !errors.Is(needs, ErrNeedsWitness) {
		return needs
	}
	k.Since, k.Reason, k.Ticket = b.act.At, m.Reason, m.Ticket
	if err := b.tx.UpdateKey(k); err != nil {
		return err
	}
	if _, err := record(b.tx, b.act, step.kind, k.ID, custodyPayload(before.Status, k.Custody, b.witness, proved)); err != nil {
		return err
	}
	return needs
}

// StatusError says that what is to be done with a key is not done with one in
// its status.
type StatusError struct {
	Key    string // as people name it
	Stands string // how it stands: "lost since 2026-03-01 11:00"
	Status Status
	Seal   string // the number of its bag, if that is what stands against it; "" it is not
}

func (e *StatusError) Error() string {
	s := e.Key + " is " + e.Stands
	if e.Seal != "" {
		s += ", and in sealed bag " + e.Seal
	}
	return s + ": " + ErrStatus.Error()
}

// Is makes errors.Is(err, ErrStatus) hold, and ErrSealed where it is sealed.
func (e *StatusError) Is(target error) bool {
	return target == ErrStatus || target == ErrSealed && e.Seal != ""
}

// refuse says why a key cannot be moved so.
func (k Key) refuse() error {
	e := &StatusError{Key: k.Label(), Stands: k.standing(), Status: k.Status}
	if k.Status != StatusLost && k.Status != StatusInTransit {
		e.Seal = k.Seal
	}
	return e
}

// check holds the move to its form.
func (m Move) check(act Act) (Move, error) {
	if _, ok := steps[m.Verb]; !ok {
		return m, invalid("verb", "is unknown")
	}
	texts := []struct {
		field string
		text  *string
		limit int
	}{{"reason", &m.Reason, maxReason}, {"ticket", &m.Ticket, maxName}, {"carrier", &m.Carrier, maxName}, {"tracking number", &m.Tracking, maxName}}
	var err error
	for _, t := range texts {
		if *t.text, err = line(t.field, *t.text, t.limit); err != nil {
			return m, err
		}
	}
	switch m.Verb {
	case VerbCheckOut, VerbUnseal, VerbBreak, VerbLose, VerbCompromise, VerbRetire, VerbDispose:
		if m.Reason == "" {
			return m, invalid("reason", "is missing")
		}
	case VerbShip:
		switch {
		case m.Carrier == "":
			return m, invalid("carrier", "is missing")
		case m.Tracking == "":
			return m, invalid("tracking number", "is missing")
		case m.Until.IsZero():
			return m, invalid("due", "is missing")
		}
	}
	if m.Keep && !m.Until.IsZero() {
		return m, invalid("until", "is for a key that is brought back, and this one is kept")
	}
	if !m.Until.IsZero() {
		m.Until = m.Until.UTC().Truncate(time.Microsecond)
		if !m.Until.After(act.At) && !(m.Opening && m.Verb == VerbCheckOut) || m.Until.Year() < 2000 || m.Until.Year() > 9999 {
			return m, invalid("until", "is not in the future")
		}
	}
	return m, nil
}
