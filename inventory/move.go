package inventory

import (
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
	VerbUnseal     Verb = "unseal"     // its bag is opened, or found open
	VerbShip       Verb = "ship"       // it goes into a parcel
	VerbArrive     Verb = "arrive"     // its parcel has come
	VerbLose       Verb = "lose"       // nobody knows where it is
	VerbFind       Verb = "find"       // it has turned up
	VerbCompromise Verb = "compromise" // somebody else may have used it
	VerbRetire     Verb = "retire"     // it is not to be used again
	VerbDispose    Verb = "dispose"    // it is destroyed or given away
)

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
	VerbUnseal:     {"key.unsealed", resting},
	VerbShip:       {"key.shipped", resting},
	VerbArrive:     {"key.arrived", []Status{StatusInTransit}},
	VerbLose:       {"key.lost", present},
	VerbFind:       {"key.found", []Status{StatusLost}},
	VerbCompromise: {"key.compromised", append([]Status{StatusLost}, present...)},
	VerbRetire:     {"key.retired", append([]Status{StatusLost, StatusCompromised}, present...)},
	VerbDispose:    {"key.disposed", []Status{StatusRetired}},
}

// isMove says whether events of this kind are moves.
func isMove(kind string) bool {
	for _, s := range steps {
		if s.kind == kind {
			return true
		}
	}
	return false
}

// Facts about moves that callers act on.
var (
	// ErrNeedsWitness: the move takes two people, and no second one confirmed it.
	ErrNeedsWitness = errors.New("a second person has to confirm this")
	// ErrNotProved: the key has to prove first that it is itself.
	ErrNotProved = errors.New("the key has not proved that it is itself")
	// ErrFull: the place holds as many keys as fit.
	ErrFull = errors.New("the place is full")
)

// Move is something that is done with one key.
type Move struct {
	Verb     Verb
	KeyID    string
	PersonID string    // checkout: who takes it
	PlaceID  string    // checkin, move, arrive: where it goes; find: where it turned up, "" with nobody knows
	Seal     string    // seal: the number of the bag
	Shipment string    // ship: the ID of the parcel
	Until    time.Time // checkout: when it has to be back; zero: no date is given
	Keep     bool      // checkout: the person keeps it
	Reason   string    // a line; demanded by checkout, lose, compromise, retire and dispose
	Ticket   string    // a reference into another system
}

// Custody is where a key is and who has it: the part of a key that moves change.
type Custody struct {
	Status   Status
	PlaceID  string // where it lies or, when it is away, belongs; "" nowhere
	HolderID string // the person who has it; "" nobody
	Seal     string // the number of its bag; "" none
	Shipment string // the parcel it is in; "" none
	Due      time.Time
	Since    time.Time // of the event that made it so
}

// custodyJSON is the payload of every move: what the custody of the key is
// from then on, and why.
type custodyJSON struct {
	From     Status   `json:"from"`
	Status   Status   `json:"status"`
	Place    *string  `json:"place"`
	Holder   *string  `json:"holder"`
	Seal     *string  `json:"seal"`
	Shipment *string  `json:"shipment"`
	Due      *string  `json:"due"`
	Reason   *string  `json:"reason"`
	Ticket   *string  `json:"ticket"`
	Witness  *Witness `json:"witness"`
	Proved   *bool    `json:"proved"`
}

// Witness is the second person of a move and how that person confirmed it:
// with a login of their own, or with a key that is theirs and answered a
// challenge.
type Witness struct {
	Login  *string `json:"login"`  // the login that confirmed it
	Key    *string `json:"key"`    // the ID of the key that answered
	Person *string `json:"person"` // the person whose key it is
	Proof  *int64  `json:"proof"`  // the event that holds the answer
	// Request is the event in which the first person asked for it.
	Request *int64 `json:"request"`
}

// MoveKey does with a key what the move says, where its life allows that, and
// returns the key as it is then. A move into or out of a place that takes two
// people gives ErrNeedsWitness without one. Impossible moves give ErrStatus.
func MoveKey(tx Tx, act Act, m Move, w *Witness) (Key, error) {
	k, err := moveKey(tx, act, m, w)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", m.Verb, err)
	}
	return k, nil
}

func moveKey(tx Tx, act Act, m Move, w *Witness) (Key, error) {
	act, err := act.check()
	if err != nil {
		return Key{}, err
	}
	if m, err = m.check(act); err != nil {
		return Key{}, err
	}
	k, err := tx.KeyByID(m.KeyID)
	if err != nil {
		return Key{}, fmt.Errorf("key %s: %w", m.KeyID, err)
	}
	step := steps[m.Verb]
	if !slices.Contains(step.from, k.Status) {
		return Key{}, fmt.Errorf("%s is %s: %w", k.Label(), k.standing(), ErrStatus)
	}
	before := k.Custody
	proved, err := m.apply(tx, act, &k)
	if err != nil {
		return Key{}, err
	}
	if err := needsWitness(tx, m, before, k, w); err != nil {
		return Key{}, err
	}
	k.Since = act.At
	if err := tx.UpdateKey(k); err != nil {
		return Key{}, err
	}
	if _, err = record(tx, act, step.kind, k.ID, custodyPayload(before.Status, k.Custody, m, w, proved)); err != nil {
		return Key{}, err
	}
	return tx.KeyByID(k.ID) // with the names of place and holder
}

// check holds the move to its form.
func (m Move) check(act Act) (Move, error) {
	if _, ok := steps[m.Verb]; !ok {
		return m, invalid("verb", "is unknown")
	}
	var err error
	if m.Reason, err = line("reason", m.Reason, maxReason); err != nil {
		return m, err
	}
	if m.Ticket, err = line("ticket", m.Ticket, maxName); err != nil {
		return m, err
	}
	switch m.Verb {
	case VerbCheckOut, VerbLose, VerbCompromise, VerbRetire, VerbDispose:
		if m.Reason == "" {
			return m, invalid("reason", "is missing")
		}
	}
	if !m.Until.IsZero() {
		m.Until = m.Until.UTC().Truncate(time.Microsecond)
		if !m.Until.After(act.At) || m.Until.Year() > 9999 {
			return m, invalid("until", "is not in the future")
		}
	}
	return m, nil
}

// apply changes the custody of the key as the move says. proved is not nil
// where the event says whether the key was proved to be empty.
func (m Move) apply(tx Tx, act Act, k *Key) (proved *bool, err error) {
	switch m.Verb {
	case VerbReceive:
		k.Status = StatusReceived
		if m.PlaceID != "" {
			err = m.toPlace(tx, k)
		}
	case VerbCheckOut:
		var p Person
		if p, err = tx.PersonByID(m.PersonID); err != nil {
			return nil, fmt.Errorf("person %s: %w", m.PersonID, err)
		}
		if !p.LeftAt.IsZero() {
			return nil, fmt.Errorf("%s left on %s: %w", p.Name, p.LeftAt.Format(time.DateOnly), ErrStatus)
		}
		k.HolderID, k.Due, k.Status = p.ID, m.Until, StatusCheckedOut
		if m.Keep {
			k.Status = StatusInUse
		}
	case VerbCheckIn:
		if k.Status == StatusFound && k.Attested() {
			if err := provedSince(tx, *k, k.Since); err != nil {
				return nil, err
			}
		}
		k.HolderID, k.Due, k.Status = "", time.Time{}, StatusInSafe
		err = m.toPlace(tx, k)
	case VerbMove:
		err = m.toPlace(tx, k)
	case VerbSeal:
		if m.Seal == "" {
			return nil, invalid("seal", "has no number")
		}
		k.Seal, k.Status = m.Seal, k.put(StatusSealed)
	case VerbUnseal:
		if k.Seal == "" {
			return nil, fmt.Errorf("%s is in no sealed bag: %w", k.Label(), ErrStatus)
		}
		k.Seal, k.Status = "", k.put(StatusInSafe)
	case VerbShip:
		if m.Shipment == "" {
			return nil, invalid("shipment", "is missing")
		}
		k.Shipment, k.Due, k.Status = m.Shipment, m.Until, StatusInTransit
	case VerbArrive:
		k.Shipment, k.Due, k.Status = "", time.Time{}, k.put(StatusInSafe)
		if k.Seal != "" {
			k.Status = k.put(StatusSealed)
		}
		err = m.toPlace(tx, k)
	case VerbLose:
		k.Status, k.Due, k.Shipment = StatusLost, time.Time{}, ""
	case VerbFind:
		k.Status, k.HolderID, k.Seal = StatusFound, "", ""
		if m.PlaceID != "" {
			err = m.toPlace(tx, k)
		}
	case VerbCompromise:
		k.Status, k.Due, k.Shipment = StatusCompromised, time.Time{}, ""
	case VerbRetire:
		k.Status, k.Due, k.Shipment = StatusRetired, time.Time{}, ""
	case VerbDispose:
		var gone bool
		if gone, err = emptied(tx, *k); err != nil {
			return nil, err
		}
		proved = &gone
		k.Status, k.PlaceID, k.HolderID, k.Seal = StatusDisposed, "", "", ""
	}
	return proved, err
}

// put is the status of a key that is put away: one that is not attested stays
// what it is.
func (k Key) put(attested Status) Status {
	switch {
	case k.Attested() || k.Type == TypeToken:
		return attested
	case k.Order != "":
		return StatusReceived
	}
	return StatusDeclared
}

// toPlace puts the key where the move says, if there is room.
func (m Move) toPlace(tx Tx, k *Key) error {
	if m.PlaceID == "" {
		return invalid("place", "is missing")
	}
	p, err := tx.PlaceByID(m.PlaceID)
	if err != nil {
		return fmt.Errorf("place %s: %w", m.PlaceID, err)
	}
	if p.Capacity > 0 && k.PlaceID != p.ID {
		n, err := tx.CountKeys(KeyFilter{Place: p.Path, Statuses: resting})
		if err != nil {
			return err
		}
		if int64(n) >= p.Capacity {
			return fmt.Errorf("%s holds %d of %d keys: %w", p.Path, n, p.Capacity, ErrFull)
		}
	}
	k.PlaceID, k.Place = p.ID, p.Path
	return nil
}

// needsWitness says ErrNeedsWitness where the move takes two people and w is
// nil: it goes into or out of a place that demands it, opens a sealed bag, or
// disposes of a key that was not proved to be empty.
func needsWitness(tx Tx, m Move, before Custody, after Key, w *Witness) error {
	if w != nil {
		return nil
	}
	switch m.Verb {
	case VerbUnseal:
		return fmt.Errorf("seal %s: %w", before.Seal, ErrNeedsWitness)
	case VerbReceive, VerbLose, VerbFind, VerbCompromise, VerbRetire:
		return nil // what has happened is written down by whoever learns of it
	case VerbDispose:
		gone, err := emptied(tx, after)
		if err == nil && !gone {
			err = fmt.Errorf("%s was not proved to be empty: %w", after.Label(), ErrNeedsWitness)
		}
		return err
	}
	for _, id := range []string{before.PlaceID, after.PlaceID} {
		two, err := takesTwo(tx, id)
		if err != nil {
			return err
		}
		if two != "" {
			return fmt.Errorf("%s takes two people: %w", two, ErrNeedsWitness)
		}
	}
	return nil
}

// emptied says whether nothing that the key opened is left on it: its FIDO
// side was reset and seen to have forgotten its credential since it was last
// enrolled, or it was never enrolled.
func emptied(tx Tx, k Key) (bool, error) {
	if !k.Attested() {
		return k.Type == TypeKey, nil
	}
	return wasReset(tx, k.ID)
}

// provedSince gives ErrNotProved for a key that has not answered a challenge
// since then.
func provedSince(tx Tx, k Key, since time.Time) error {
	proofs, err := tx.ListProofs(k.ID)
	if err != nil {
		return err
	}
	for _, p := range proofs {
		if p.At.After(since) {
			return nil
		}
	}
	return fmt.Errorf("%s was found again: %w", k.Label(), ErrNotProved)
}

func custodyPayload(from Status, c Custody, m Move, w *Witness, proved *bool) custodyJSON {
	return custodyJSON{
		From: from, Status: c.Status, Place: null(c.PlaceID), Holder: null(c.HolderID), Seal: null(c.Seal),
		Shipment: null(c.Shipment), Due: nullTime(c.Due), Reason: null(m.Reason), Ticket: null(m.Ticket), Witness: w, Proved: proved,
	}
}

// custody reads back what custodyPayload wrote.
func (c custodyJSON) custody(at time.Time) (Custody, error) {
	due, err := timeOf(c.Due)
	return Custody{
		Status: c.Status, PlaceID: text(c.Place), HolderID: text(c.Holder), Seal: text(c.Seal),
		Shipment: text(c.Shipment), Due: due, Since: at,
	}, err
}

// standing says in words how a key stands: "checked_out since 2026-03-01".
func (k Key) standing() string {
	if k.Since.IsZero() {
		return string(k.Status)
	}
	s := string(k.Status) + " since " + k.Since.UTC().Format("2006-01-02 15:04")
	if k.Holder != "" {
		s += ", with " + k.Holder
	}
	return s
}
