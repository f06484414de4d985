package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// projection is the state that events come to: what rows there are, by a name
// for people, and what each holds.
type projection struct {
	rows   map[string]string
	keys   map[string]*keyState
	moves  map[string]*lastMove // by key
	people map[string]Person
	orders map[string]Order
	places map[string]placeState
	bags   map[string]Bag
}

func newProjection() projection {
	return projection{
		rows: map[string]string{}, keys: map[string]*keyState{}, moves: map[string]*lastMove{}, people: map[string]Person{}, orders: map[string]Order{},
		places: map[string]placeState{}, bags: map[string]Bag{},
	}
}

// placeState is what the events come to for one place.
type placeState struct {
	Made  string // the payload of place.made
	Path  string
	Rules placeRules
}

// apply takes in the next event.
func (p projection) apply(raw *RawEvent) error {
	if m, known := p.moves[raw.Subject]; known && isMove(raw.Kind) {
		m.at = append(m.at[:0], raw.Time...)
		m.payload = append(m.payload[:0], raw.Payload...)
		return nil
	}
	e, err := raw.event()
	if err != nil {
		return err
	}
	if err := p.applied(e); err != nil {
		return damagedEvent(e.Seq, err)
	}
	return nil
}

func (p projection) applied(e Event) error {
	switch e.Kind {
	case KindPlaceMade:
		p.places[e.Subject] = placeState{Made: e.Payload}
	case KindPlaceChanged:
		place := p.places[e.Subject]
		err := json.Unmarshal([]byte(e.Payload), &place.Rules)
		p.places[e.Subject] = place
		return err
	case KindAccountSaved:
		p.rows[accountRow(e.Subject)] = e.Payload
	case KindAnchorAdded:
		p.rows[anchorRow(e.Subject)] = dated(e.Payload, e.Time, e.Actor)
	case KindAnchorRemoved:
		delete(p.rows, anchorRow(e.Subject))
	case KindBindingAdded, KindBindingRemoved:
		return p.binding(e)
	case KindPlaceGranted, KindPlaceRevoked:
		return p.access(e)
	case KindArtifactAdded, KindArtifactMoved, KindArtifactChanged, KindArtifactRetired:
		return p.artifact(e)
	case KindExceptionAdded:
		p.rows[exceptionRow(e.Subject)] = dated(e.Payload, e.Time, e.Actor)
	case KindExceptionEnded:
		delete(p.rows, exceptionRow(e.Subject))
	case KindBagSealed, KindBagOpened, KindBagBroken:
		return p.bag(e)
	case KindShipmentSent:
		p.rows[shipmentRow(e.Subject)] = dated(e.Payload, e.Time, e.Actor)
	case KindRequestMade:
		p.rows[requestRow(e.Subject)] = dated(fmt.Sprint(e.Seq, " ", e.Payload), e.Time, e.Actor)
	case KindRequestConfirmed, KindRequestWithdrawn:
		delete(p.rows, requestRow(e.Subject))
	case KindOrderListed, KindOrderReceived, KindOrderCut:
		return p.order(e)
	case KindPersonSaved, KindPersonLeft:
		return p.person(e)
	case KindAuditRecorded:
		return p.audit(e)
	}
	if strings.HasPrefix(e.Kind, "key.") {
		return p.key(e)
	}
	return nil
}

func (p projection) binding(e Event) error {
	var b struct {
		Account string `json:"account"`
	}
	if err := json.Unmarshal([]byte(e.Payload), &b); err != nil {
		return err
	}
	if e.Kind == KindBindingAdded {
		p.rows[bindingRow(e.Subject, b.Account)] = dated(e.Payload, e.Time, e.Actor)
	} else {
		delete(p.rows, bindingRow(e.Subject, b.Account))
	}
	return nil
}

func (p projection) order(e Event) error {
	o := p.orders[e.Subject]
	if e.Kind == KindOrderListed {
		var listed orderJSON
		if err := json.Unmarshal([]byte(e.Payload), &listed); err != nil {
			return err
		}
		sum, err := ParseHash(listed.Manifest)
		if err != nil {
			return err
		}
		o = Order{Number: e.Subject, Supplier: text(listed.Supplier), Manifest: sum, Lines: listed.Lines, At: e.Time, By: e.Actor}
	} else {
		var received receivedJSON
		if err := json.Unmarshal([]byte(e.Payload), &received); err != nil {
			return err
		}
		if len(received.Counts) > 0 {
			o.Lines = received.Counts
		}
	}
	p.orders[e.Subject] = o
	return nil
}

// audit keeps of a run what its row has, not the verdicts.
func (p projection) audit(e Event) error {
	var j auditJSON
	if err := json.Unmarshal([]byte(e.Payload), &j); err != nil {
		return err
	}
	head, err := canonicalJSON(j)
	p.rows[auditRow(e.Subject)] = auditState(string(head), e.Actor, e.Seq, e.Time)
	return err
}

func (p projection) access(e Event) error {
	var a accessJSON
	if err := json.Unmarshal([]byte(e.Payload), &a); err != nil {
		return err
	}
	if e.Kind == KindPlaceGranted {
		p.rows[accessRow(e.Subject, a.Person)] = dated(e.Payload, e.Time, e.Actor)
	} else {
		delete(p.rows, accessRow(e.Subject, a.Person))
	}
	return nil
}

func (p projection) artifact(e Event) error {
	var a artifactState
	if err := json.Unmarshal([]byte(e.Payload), &a.Is); err != nil {
		return err
	}
	a.Is.Reason = nil
	if e.Kind == KindArtifactRetired {
		a.RetiredAt = FormatTime(e.Time)
	}
	return putRow(p.rows, artifactRow(e.Subject), a)
}

func (p projection) bag(e Event) error {
	bag := Bag{Number: e.Subject, State: BagIntact, SealedAt: e.Time, SealedBy: e.Actor}
	for state, kind := range bagEnds {
		if kind != e.Kind {
			continue
		}
		var ended bagEnded
		if err := json.Unmarshal([]byte(e.Payload), &ended); err != nil {
			return err
		}
		bag = p.bags[e.Subject]
		bag.State, bag.EndedAt, bag.EndedBy, bag.Reason = state, e.Time, e.Actor, ended.Reason
	}
	p.bags[e.Subject] = bag
	return putRow(p.rows, bagRow(e.Subject), bag)
}

func (p projection) person(e Event) error {
	who := p.people[e.Subject]
	if e.Kind == KindPersonLeft {
		who.LeftAt = e.Time
	} else {
		var saved personJSON
		if err := json.Unmarshal([]byte(e.Payload), &saved); err != nil {
			return err
		}
		who = Person{
			ID: e.Subject, Name: saved.Name, Email: text(saved.Email), Login: text(saved.Login), Site: text(saved.Site), LeftAt: who.LeftAt,
		}
	}
	p.people[e.Subject] = who
	return nil
}

// finish writes down what more than one event makes.
func (p projection) finish() error {
	var errs []error
	for number, o := range p.orders {
		o.Lines = append([]OrderLine{}, o.Lines...)
		errs = append(errs, putRow(p.rows, orderRow(number), o))
	}
	for id, who := range p.people {
		errs = append(errs, putRow(p.rows, personRow(id), who))
	}
	for id, place := range p.places {
		place.Path = p.path(id)
		errs = append(errs, putRow(p.rows, placeRow(id), place))
	}
	return errors.Join(errs...)
}

// path is that of a place.
func (p projection) path(id string) string {
	var names []string
	for range placeLevels {
		var made placeJSON
		if json.Unmarshal([]byte(p.places[id].Made), &made) != nil || made.Name == "" {
			break
		}
		names = append(names, made.Name)
		id = text(made.Parent)
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}
