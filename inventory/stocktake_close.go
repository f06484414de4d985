package inventory

import (
	"errors"
	"fmt"
	"maps"
)

// CloseRequest says what becomes of the differences of a stocktake. Those of
// which it says nothing stay open.
type CloseRequest struct {
	// Accept gives the reason to accept a difference by what it is about (see
	// Difference.Subject), All one for those that it does not name, "" none.
	Accept map[string]string
	All    string
	// Leave says, by what they are about, why All is not to accept some.
	Leave map[string]string
	// KeepOpen: differences may stay open.
	KeepOpen bool
}

// ErrDifferences: a stocktake has differences of which was not said what
// becomes of them.
var ErrDifferences = errors.New("not said what becomes of every difference")

// UnacceptedError says why differences that CloseRequest.All is for cannot be
// accepted: the place is full, or a second person has to confirm it.
type UnacceptedError struct{ Why map[string]string }

func (e *UnacceptedError) Error() string {
	return fmt.Sprintf("differences that cannot be accepted: %d", len(e.Why))
}

// CloseStocktake ends a stocktake and writes its report down. Accepting a
// difference changes the inventory to what was found: a missing key is lost, a
// misplaced one moves, one that was away is put away, a lost one is found, a
// reset one has lost its bindings; the others are taken note of. What Accept
// names has to be possible; what All is for and is not gives an UnacceptedError.
func CloseStocktake(tx Tx, act Act, s Stocktake, r CloseRequest) (Stocktake, Report, error) {
	act, err := act.check()
	if err != nil {
		return Stocktake{}, Report{}, fmt.Errorf("close stocktake: %w", err)
	}
	report, err := StocktakeReport(tx, s, act.At)
	if err == nil {
		err = resolve(tx, act, s, report.Differences, r)
	}
	if err != nil {
		return Stocktake{}, Report{}, fmt.Errorf("close stocktake %s: %w", s.ID, err)
	}
	body, err := report.text()
	if err != nil {
		return Stocktake{}, Report{}, fmt.Errorf("close stocktake %s: %w", s.ID, err)
	}
	e, err := recordText(tx, act, KindStocktakeClosed, s.ID, body)
	if err != nil {
		return Stocktake{}, Report{}, fmt.Errorf("close stocktake %s: %w", s.ID, err)
	}
	s.Closing = &Closing{At: act.At, By: act.Actor, Event: e.Seq}
	return s, report, nil
}

// resolve settles every difference, in place.
func resolve(tx Tx, act Act, s Stocktake, all []Difference, r CloseRequest) error {
	if err := r.check(s.Blind); err != nil {
		return err
	}
	unknown := maps.Clone(r.Accept)
	undecided := 0
	var accepted []*Difference
	for i := range all {
		d := &all[i]
		subject := d.Subject()
		delete(unknown, subject)
		reason, named := r.Accept[subject]
		why, left := r.Leave[subject]
		switch {
		case named:
			d.settle(ResolutionAccepted, &reason)
			accepted = append(accepted, d)
		case left:
			d.settle(ResolutionOpen, null(why))
		case r.All != "":
			d.settle(ResolutionAccepted, &r.All)
			accepted = append(accepted, d)
		default:
			d.settle(ResolutionOpen, nil)
			undecided++
		}
	}
	for subject := range unknown {
		return fmt.Errorf("a difference about %s: %w", Code(subject), ErrNotFound)
	}
	if undecided > 0 && !r.KeepOpen {
		return fmt.Errorf("%d of %d: %w", undecided, len(all), ErrDifferences)
	}
	return acceptAll(tx, act, s, accepted, r)
}

// check holds the request to its form. Of a blind stocktake nobody knows the
// differences yet, not even whether there are any.
func (r CloseRequest) check(blind bool) error {
	var err error
	switch {
	case blind && len(r.Accept) > 0:
		return invalid("accept", "names keys, and what a blind stocktake found is shown when it is closed")
	case blind && r.All == "" && !r.KeepOpen:
		return ErrDifferences
	}
	for _, reason := range r.Accept {
		if _, err = required("reason", reason, maxReason); err != nil {
			return err
		}
	}
	if r.All != "" {
		_, err = required("reason", r.All, maxReason)
	}
	return err
}

func (d *Difference) settle(r Resolution, reason *string) { d.Resolution, d.Reason = &r, reason }

// acceptAll changes the inventory to what was found. The keys of one bag move
// together.
func acceptAll(tx Tx, act Act, s Stocktake, accepted []*Difference, r CloseRequest) error {
	bags := map[string]int{}
	var groups [][]*Difference
	var moves [][]Move
	for _, d := range accepted {
		m, err := d.move(tx, act, s)
		if err != nil {
			return fmt.Errorf("%s %s: %w", d.Kind, d.Subject(), err)
		}
		if m.Verb == "" {
			continue
		}
		i, ok := bags[m.Seal]
		if !ok || m.Seal == "" {
			i = len(groups)
			groups, moves = append(groups, nil), append(moves, nil)
			bags[m.Seal] = i
		}
		m.Seal = ""
		groups[i], moves[i] = append(groups[i], d), append(moves[i], m)
	}
	unaccepted := &UnacceptedError{Why: map[string]string{}}
	for i, group := range groups {
		_, err := MoveKeys(tx, act, moves[i], nil)
		if err == nil {
			continue
		}
		for _, d := range group {
			_, named := r.Accept[d.Subject()]
			if named || !isRefusal(err) {
				return fmt.Errorf("%s %s: %w", d.Kind, d.Subject(), err)
			}
			unaccepted.Why[d.Subject()] = claimed(err.Error(), maxReason)
		}
	}
	if len(unaccepted.Why) > 0 {
		return unaccepted
	}
	return nil
}

// isRefusal says whether an error is a rule's and not the store's.
func isRefusal(err error) bool {
	return errors.Is(err, ErrNeedsWitness) || errors.Is(err, ErrFull) || errors.Is(err, ErrStatus) || errors.Is(err, ErrNotProved)
}

// move is what accepting the difference does with its key, with the number of
// the bag it is in; the zero Move where nothing is to be done.
func (d *Difference) move(tx Tx, act Act, s Stocktake) (Move, error) {
	if d.KeyID == nil {
		return Move{}, nil
	}
	if d.Kind == DiffFIDOReset {
		_, err := ResetKey(tx, act, *d.KeyID, true)
		return Move{}, err
	}
	k, err := tx.KeyByID(*d.KeyID)
	if err != nil {
		return Move{}, err
	}
	m := Move{Verb: d.verb(k.Status), KeyID: k.ID, Seal: k.Seal, Reason: claimed("stocktake "+s.ID+": "+*d.Reason, maxReason)}
	if m.Verb == "" || m.Verb == VerbLose {
		return m, nil
	}
	p, err := tx.PlaceByPath(d.Counted[0])
	m.PlaceID = p.ID
	return m, err
}

// verb is how a key of that status comes to be where it was found; "" where
// nothing is to be done, or nothing can be.
func (d *Difference) verb(now Status) Verb {
	switch d.Kind {
	case DiffMissing:
		return VerbLose
	case DiffOtherKey, DiffResetOrOther:
		// What was there is not the key, and nobody knows where that is, unless
		// it proved to be there beside it.
		if *d.How != BasisProved && now != StatusLost {
			return VerbLose
		}
	case DiffMisplaced:
		if now == StatusFound {
			return VerbCheckIn
		}
		return VerbMove
	case DiffFound:
		return VerbFind
	case DiffAway:
		switch now {
		case StatusCheckedOut, StatusInUse:
			return VerbCheckIn
		case StatusInTransit:
			return VerbArrive
		case StatusExpected:
			return VerbReceive
		}
	}
	return ""
}
