package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// witnessCheck holds every witness that a move names against the events that
// made one: a request of somebody else that was confirmed just before by who
// made the move, or the answer of the key that was given just before. What names
// none is held against the places that took two people then (alone_check.go).
type witnessCheck struct {
	alone aloneCheck
	open  map[string]askedFor // by request
	done  askedFor            // what was confirmed last
	proof struct {
		event          int64
		key, actor, at string
	}
	bad []error
}

// askedFor is a request as its event has it, and how it was confirmed.
type askedFor struct {
	event       int64
	by, payload string
	confirmedBy string
	at          string
	asks        requestJSON
	moves       []moveJSON // that were not made yet
}

func newWitnessCheck(state *stateCheck) *witnessCheck {
	return &witnessCheck{open: map[string]askedFor{}, alone: newAloneCheck(state)}
}

func (c *witnessCheck) see(e *RawEvent) bool {
	verb := moveVerbs[e.Kind]
	switch e.Kind {
	case KindRequestMade:
		own := e.clone()
		c.open[own.Subject] = askedFor{event: own.Seq, by: own.Actor, payload: own.Payload}
	case KindRequestWithdrawn:
		delete(c.open, e.Subject)
	case KindRequestConfirmed:
		c.confirmed(e.clone())
	case KindKeyProved:
		own := e.clone()
		c.proof.event, c.proof.key, c.proof.actor, c.proof.at = own.Seq, own.Subject, own.Actor, own.Time
	}
	// The names of a payload are sorted, and this is the last.
	witnessed := verb != "" && !strings.HasSuffix(e.Payload, `"witness":null}`) && c.moved(e)
	if why := c.alone.see(e, verb, witnessed, c.done); why != "" {
		c.fail(e, why)
	}
	return len(c.bad) < maxBadEvents
}

func (c *witnessCheck) confirmed(e RawEvent) {
	r, known := c.open[e.Subject]
	delete(c.open, e.Subject)
	var body requestJSON
	switch {
	case !known:
		c.fail(&e, "it confirms a request that nobody made")
	case Fold(LoginOf(r.by)) == Fold(LoginOf(e.Actor)):
		c.fail(&e, "it confirms what the same login asked for")
	case json.Unmarshal([]byte(r.payload), &body) != nil:
		c.fail(&e, "it confirms a request that cannot be read")
	default:
		r.confirmedBy, r.at, r.asks, r.moves = e.Actor, e.Time, body, body.Moves
		c.done = r
	}
}

// moved checks the witness of a move, and says whether it names one.
func (c *witnessCheck) moved(e *RawEvent) bool {
	var is custodyJSON
	if json.Unmarshal([]byte(e.Payload), &is) != nil || is.Witness == nil {
		return false
	}
	switch w := is.Witness; {
	case w.Login != nil:
		c.byLogin(e, is, *w)
	case w.Key == nil || w.Proof == nil || *w.Proof != c.proof.event || *w.Key != c.proof.key || c.proof.actor != e.Actor || c.proof.at != e.Time:
		c.fail(e, "its witness is a key that did not answer then")
	case *w.Key == e.Subject:
		c.fail(e, "its witness is the key that is moved")
	}
	return true
}

func (c *witnessCheck) byLogin(e *RawEvent, is custodyJSON, w Witness) {
	r := c.done
	if w.Request == nil || w.AskedBy == nil || *w.Request != r.event || *w.AskedBy != r.by || *w.Login != r.confirmedBy || e.Actor != r.confirmedBy || e.Time != r.at {
		c.fail(e, "its witness confirmed no request then")
		return
	}
	i := slices.IndexFunc(r.moves, func(m moveJSON) bool { return m.became(e, is) })
	if i < 0 {
		c.fail(e, fmt.Sprintf("it is not what was asked for in event %d", r.event))
		return
	}
	c.done.moves = slices.Delete(r.moves, i, i+1)
}

// became says whether a move that was asked for is the one of an event.
func (m moveJSON) became(e *RawEvent, is custodyJSON) bool {
	return steps[m.Verb].kind == e.Kind && m.Key == e.Subject && text(m.Reason) == text(is.Reason) && text(m.Ticket) == text(is.Ticket) &&
		(m.Place == nil || text(is.Place) == *m.Place) && (m.Person == nil || text(is.Holder) == *m.Person)
}

func (c *witnessCheck) fail(e *RawEvent, why string) {
	c.bad = append(c.bad, fmt.Errorf("event %d (%s of %s): %s: %w", e.Seq, e.Kind, e.Subject, why, ErrDamaged))
}

// end returns what is wrong; where the reading ended before its time, the chain
// says so.
func (c *witnessCheck) end() error { return errors.Join(c.bad...) }
