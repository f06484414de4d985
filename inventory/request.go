package inventory

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kinds of events about requests.
const (
	KindRequestMade      = "request.made"
	KindRequestConfirmed = "request.confirmed"
	KindRequestWithdrawn = "request.withdrawn"
)

// RequestLife is how long a request can be confirmed.
const RequestLife = 24 * time.Hour

// ErrOver: the request cannot be confirmed any more.
var ErrOver = errors.New("cannot be confirmed any more")

// Request is what one person wants to do and a second one has to confirm. It is open until it is confirmed or withdrawn.
type Request struct {
	ID    string // "R-…"
	Event int64  // the event in which it was made
	At    time.Time
	By    string // the login that asked
	Moves string // as the event has them; Asked reads them
}

// Ends is the time from which the request cannot be confirmed any more.
func (r Request) Ends() time.Time { return r.At.Add(RequestLife) }

// requestJSON is the payload of request.made, and what Request.Moves holds.
type requestJSON struct {
	Moves []moveJSON   `json:"moves"`
	Place *PlaceChange `json:"place"`
	// Requests from before have neither.
	Artifact *ArtifactChange `json:"artifact,omitempty"`
	Access   *AccessChange   `json:"access,omitempty"`
}

// moveJSON is a move as it was asked for.
type moveJSON struct {
	Verb     Verb    `json:"verb"`
	Key      string  `json:"key"`
	Since    string  `json:"since"` // of the key's custody when it was asked for
	Person   *string `json:"person"`
	Place    *string `json:"place"`
	Seal     *string `json:"seal"`
	Carrier  *string `json:"carrier"`
	Tracking *string `json:"tracking"`
	Until    *string `json:"until"`
	Keep     bool    `json:"keep"`
	Reason   *string `json:"reason"`
	Ticket   *string `json:"ticket"`
}

func (m Move) asked(k Key) moveJSON {
	return moveJSON{
		Verb: m.Verb, Key: k.ID, Since: FormatTime(k.Since), Person: null(m.PersonID), Place: null(m.PlaceID), Seal: null(m.Seal),
		Carrier: null(m.Carrier), Tracking: null(m.Tracking), Until: nullTime(m.Until), Keep: m.Keep, Reason: null(m.Reason), Ticket: null(m.Ticket),
	}
}

func (j moveJSON) move() (Move, error) {
	until, err := timeOf(j.Until)
	return Move{
		Verb: j.Verb, KeyID: j.Key, PersonID: text(j.Person), PlaceID: text(j.Place), Seal: text(j.Seal),
		Carrier: text(j.Carrier), Tracking: text(j.Tracking), Until: until, Keep: j.Keep, Reason: text(j.Reason), Ticket: text(j.Ticket),
	}, err
}

// read reads the moves back, and what was written down with them.
func (r Request) read() (moves []Move, body requestJSON, err error) {
	if err := decodeExact([]byte(r.Moves), &body); err != nil {
		return nil, body, fmt.Errorf("request %s: %w: %w", r.ID, ErrDamaged, err)
	}
	for _, j := range body.Moves {
		m, err := j.move()
		if err != nil {
			return nil, body, fmt.Errorf("request %s: %w: %w", r.ID, ErrDamaged, err)
		}
		moves = append(moves, m)
	}
	return moves, body, nil
}

// Asked is what the request is about.
func (r Request) Asked() (Asked, error) {
	moves, body, err := r.read()
	return Asked{Moves: moves, Place: body.Place, Artifact: body.Artifact, Access: body.Access}, err
}

// AskWitness records moves that MoveKeys gave ErrNeedsWitness for, so that a
// second person can confirm them.
func AskWitness(tx Tx, act Act, moves []Move) (Request, error) {
	act, err := act.check()
	if err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	if len(moves) == 0 || len(moves) > maxMoves {
		return Request{}, fmt.Errorf("request: %w", invalid("keys", "are %d, not 1 to %d", len(moves), maxMoves))
	}
	body := requestJSON{Moves: []moveJSON{}}
	for _, m := range moves {
		if m, err = m.check(act); err != nil {
			return Request{}, fmt.Errorf("request: %w", err)
		}
		k, err := tx.KeyByID(m.KeyID)
		if err != nil {
			return Request{}, fmt.Errorf("request: key %s: %w", m.KeyID, err)
		}
		body.Moves = append(body.Moves, m.asked(k))
	}
	return makeRequest(tx, act, body)
}

func makeRequest(tx Tx, act Act, body requestJSON) (Request, error) {
	act, err := act.check()
	if err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	b, err := canonicalJSON(body)
	if err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	r := Request{At: act.At, By: act.Actor, Moves: string(b)}
	if r.ID, err = newID(tx, "R", func(id string) (bool, error) {
		_, err := tx.RequestByID(id)
		return found(err)
	}, b); err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	e, err := record(tx, act, KindRequestMade, r.ID, body)
	if err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	r.Event = e.Seq
	if err := tx.InsertRequest(r); err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	return r, nil
}

// ConfirmRequest carries out, as its second person, what a request asks for,
// and returns the keys as they are then. A login that cannot be the second one
// gives ErrWitness; a request that is too old, or whose keys moved since, ErrOver.
func ConfirmRequest(tx Tx, act Act, id string) (Request, []Key, error) {
	act, err := act.check()
	if err != nil {
		return Request{}, nil, fmt.Errorf("confirm: %w", err)
	}
	r, err := FindRequest(tx, id)
	if err != nil {
		return Request{}, nil, err
	}
	asked, err := r.confirmable(tx, act)
	if err != nil {
		return Request{}, nil, fmt.Errorf("request %s: %w", r.ID, err)
	}
	if err := r.end(tx, act, KindRequestConfirmed); err != nil {
		return Request{}, nil, fmt.Errorf("request %s: %w", r.ID, err)
	}
	var keys []Key
	switch place := asked.Place; {
	case place != nil:
		var p Place
		if p, err = tx.PlaceByID(place.PlaceID); err == nil {
			_, err = setRules(tx, act, p, place.Capacity, place.TwoPeople)
		}
	case asked.Access != nil:
		_, err = grantAccess(tx, act, asked.Access.PlaceID, asked.Access.PersonID, true)
	case asked.Artifact != nil:
		err = asked.Artifact.carryOut(tx, act)
	default:
		w := &Witness{Login: &act.Actor, Request: &r.Event, AskedBy: &r.By, confirmed: true}
		keys, err = MoveKeys(tx, act, asked.Moves, w)
	}
	if err != nil {
		return Request{}, nil, fmt.Errorf("request %s: %w", r.ID, err)
	}
	return r, keys, nil
}

// confirmable returns what is asked for if the actor may confirm it now.
func (r Request) confirmable(tx Tx, act Act) (Asked, error) {
	if err := secondLogin(tx, r.By, act.Actor); err != nil {
		return Asked{}, err
	}
	if act.At.Before(r.At) || !act.At.Before(r.Ends()) {
		return Asked{}, fmt.Errorf("it was made on %s: %w", r.At.Format("2006-01-02 15:04"), ErrOver)
	}
	moves, body, err := r.read()
	if err != nil {
		return Asked{}, err
	}
	for i, m := range moves {
		k, err := tx.KeyByID(m.KeyID)
		if err != nil {
			return Asked{}, fmt.Errorf("key %s: %w", m.KeyID, err)
		}
		if FormatTime(k.Since) != body.Moves[i].Since {
			return Asked{}, fmt.Errorf("%s has moved since: %w", k.Label(), ErrOver)
		}
	}
	return r.Asked()
}

// end closes a request.
func (r Request) end(tx Tx, act Act, kind string) error {
	if err := tx.DeleteRequest(r.ID); err != nil {
		return err
	}
	_, err := record(tx, act, kind, r.ID, struct{}{})
	return err
}

// WithdrawRequest ends a request without doing what it asks for. Anybody may
// withdraw one: who asked, or who refuses to confirm it.
func WithdrawRequest(tx Tx, act Act, id string) (Request, error) {
	act, err := act.check()
	if err != nil {
		return Request{}, fmt.Errorf("withdraw: %w", err)
	}
	r, err := FindRequest(tx, id)
	if err == nil {
		err = r.end(tx, act, KindRequestWithdrawn)
	}
	if err != nil {
		return Request{}, fmt.Errorf("withdraw: %w", err)
	}
	return r, nil
}

// FindRequest returns the open request of an ID, in any letter case.
func FindRequest(tx Tx, id string) (Request, error) {
	id, err := required("request", id, maxName)
	if err != nil {
		return Request{}, err
	}
	r, err := tx.RequestByID(strings.ToUpper(id))
	if err != nil {
		return Request{}, fmt.Errorf("request %q: %w", id, err)
	}
	return r, nil
}

// Requests lists the open requests, the oldest first.
func Requests(tx Tx) ([]Request, error) { return tx.ListRequests() }
