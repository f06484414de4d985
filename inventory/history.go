package inventory

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Step is one event of a key's history, with names for IDs.
type Step struct {
	Seq   int64
	At    time.Time
	Actor string
	Kind  string
	// Custody is what it was from then on, nil for an event that did not change
	// it; From is the status before, "" where there was none or the event does
	// not say.
	Custody       *Custody
	From          Status
	Place, Holder string // the names of those of Custody
	// FromPlace and FromHolder are those from before.
	FromPlace, FromHolder string
	Witness               *Witness
	WitnessName           string // the person whose key or login it was; the login where nobody has it
	// Method is how a key proved to be itself, "" for other events.
	Method Method
}

// History reads what became of a key from its events, the oldest first.
func History(tx Tx, keyID string) ([]Step, error) {
	events, err := tx.EventsAbout(keyID)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", keyID, err)
	}
	n, err := readNames(tx)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", keyID, err)
	}
	all := make([]Step, 0, len(events))
	for _, e := range events {
		s, err := n.step(e)
		if err != nil {
			return nil, fmt.Errorf("history of %s: event %d: %w: %w", keyID, e.Seq, ErrDamaged, err)
		}
		for _, before := range slices.Backward(all) {
			if s.Custody != nil && before.Custody != nil {
				s.FromPlace, s.FromHolder = before.Place, before.Holder
				break
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// names are what IDs stand for.
type names struct {
	places, people map[string]string
	logins         map[string]string // of people
}

func readNames(tx Tx) (names, error) {
	n := names{map[string]string{}, map[string]string{}, map[string]string{}}
	places, err := tx.ListPlaces()
	if err != nil {
		return n, err
	}
	for _, p := range places {
		n.places[p.ID] = p.Path
	}
	people, err := tx.ListPeople()
	for _, p := range people {
		n.people[p.ID] = p.Name
		if p.Login != "" {
			n.logins[Fold(p.Login)] = p.Name
		}
	}
	return n, err
}

func (n names) step(e Event) (Step, error) {
	s := Step{Seq: e.Seq, At: e.Time, Actor: e.Actor, Kind: e.Kind}
	payload := []byte(e.Payload)
	switch {
	case e.Kind == KindKeyDeclared, e.Kind == KindKeyEnrolled:
		var d struct {
			Status Status  `json:"status"`
			Place  *string `json:"place"`
			Holder *string `json:"holder"`
		}
		if err := json.Unmarshal(payload, &d); err != nil {
			return s, err
		}
		s.Custody = &Custody{Status: d.Status, PlaceID: text(d.Place), HolderID: text(d.Holder), Since: e.Time}
	case e.Kind == KindKeyProved:
		return s, json.Unmarshal(payload, &struct {
			Method *Method `json:"method"`
		}{&s.Method})
	case isMove(e.Kind):
		var c custodyJSON
		if err := json.Unmarshal(payload, &c); err != nil {
			return s, err
		}
		custody, err := c.custody(e.Time)
		if err != nil {
			return s, err
		}
		s.Custody, s.From, s.Witness = &custody, c.From, c.Witness
	}
	if s.Custody != nil {
		s.Place, s.Holder = n.places[s.Custody.PlaceID], n.people[s.Custody.HolderID]
	}
	if w := s.Witness; w != nil {
		s.WitnessName = n.people[text(w.Person)]
		if login := text(w.Login); login != "" {
			s.WitnessName = login
			if name := n.logins[Fold(LoginOf(login))]; name != "" {
				s.WitnessName = name
			}
		}
	}
	return s, nil
}
