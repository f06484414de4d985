package inventory

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// StocktakeReport computes what a stocktake comes to: for one that is open as
// of at, for a closed one what was written down when it was closed.
func StocktakeReport(tx Tx, s Stocktake, at time.Time) (Report, error) {
	if s.Closing != nil {
		return writtenReport(tx, s)
	}
	f, err := readFacts(tx, s, at)
	if err != nil {
		return Report{}, fmt.Errorf("stocktake %s: %w", s.ID, err)
	}
	return f.report(), nil
}

// writtenReport reads the report of a closed stocktake.
func writtenReport(tx Tx, s Stocktake) (r Report, err error) {
	e, err := tx.EventByNumber(s.Closing.Event)
	if err != nil {
		return Report{}, fmt.Errorf("stocktake %s: %w", s.ID, err)
	}
	if err := json.Unmarshal([]byte(e.Payload), &r); err != nil {
		return Report{}, fmt.Errorf("stocktake %s: event %d: %w: %w", s.ID, e.Seq, ErrDamaged, err)
	}
	return r, nil
}

func readFacts(tx Tx, s Stocktake, at time.Time) (facts, error) {
	f := facts{stocktake: s, places: map[string]Place{}, people: map[string]string{}, at: at}
	places, err := tx.ListPlaces()
	if err != nil {
		return facts{}, err
	}
	for _, p := range places {
		f.places[p.ID] = p
	}
	people, err := tx.ListPeople()
	if err != nil {
		return facts{}, err
	}
	for _, p := range people {
		f.people[p.ID] = p.Name
	}
	err = tx.EachKeyStand(func(k KeyStand) error {
		f.keys = append(f.keys, stockKey{ID: k.ID, Serial: k.Serial, Tag: k.Tag, was: []Custody{k.Custody}})
		return nil
	})
	if err != nil {
		return facts{}, err
	}
	moved := map[string]bool{}
	err = tx.EachEvent(s.Started+1, func(e Event) error {
		switch {
		case e.Kind == KindStocktakeCounted && e.Subject == s.ID:
			counts, err := countsOf(e)
			f.counts = append(f.counts, counts...)
			return err
		case strings.HasPrefix(e.Kind, "key.") && e.Kind != KindKeyProved:
			moved[e.Subject] = true
		}
		return nil
	})
	if err != nil {
		return facts{}, err
	}
	for i, k := range f.keys {
		if moved[k.ID] {
			if f.keys[i].was, err = custodies(tx, k.ID, s.Started); err != nil {
				return facts{}, err
			}
		}
	}
	return f, nil
}

// custodies lists where a key was and how it stood when the event of that
// number was written, and after each change since.
func custodies(tx Tx, keyID string, event int64) ([]Custody, error) {
	events, err := tx.EventsAbout(keyID)
	if err != nil {
		return nil, err
	}
	p := newProjection()
	var was []Custody
	for _, e := range events {
		if !strings.HasPrefix(e.Kind, "key.") {
			continue
		}
		if err := p.key(e); err != nil {
			return nil, fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
		}
		c := p.keys[keyID].Custody
		n := len(was)
		switch {
		case n > 0 && e.Seq < event:
			was[0] = c
		case n == 0 || was[n-1].Status != c.Status || was[n-1].PlaceID != c.PlaceID || was[n-1].HolderID != c.HolderID:
			was = append(was, c)
		}
	}
	return was, nil
}
