package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// StocktakeReport computes what a stocktake comes to: for one that is open as
// of at, for a closed one what was written down when it was closed.
func StocktakeReport(tx Tx, s Stocktake, at time.Time) (Report, error) {
	if s.Closing != nil {
		var differences []Difference
		r, err := writtenReport(tx, s, func(d Difference) { differences = append(differences, d) })
		r.Differences = differences
		return r, err
	}
	f, err := readFacts(tx, s, at)
	if err != nil {
		return Report{}, fmt.Errorf("stocktake %s: %w", s.ID, err)
	}
	return f.report(), nil
}

// CountDifferences says how many differences the report of a closed stocktake
// has.
func CountDifferences(tx Tx, s Stocktake) (n int, err error) {
	_, err = writtenReport(tx, s, func(Difference) { n++ })
	return n, err
}

// writtenReport reads the report of a closed stocktake, and hands its differences
// over one by one.
func writtenReport(tx Tx, s Stocktake, each func(Difference)) (Report, error) {
	e, err := tx.EventByNumber(s.Closing.Event)
	if err != nil {
		return Report{}, fmt.Errorf("stocktake %s: %w", s.ID, err)
	}
	r, err := readReport(strings.NewReader(e.Payload), each)
	if err != nil {
		return Report{}, fmt.Errorf("stocktake %s: event %d: %w: %w", s.ID, e.Seq, ErrDamaged, err)
	}
	return r, nil
}

// readReport reads back what Report.text wrote, without the differences.
func readReport(from io.Reader, each func(Difference)) (r Report, err error) {
	d := json.NewDecoder(from)
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return r, errors.Join(err, errors.New("not an object"))
	}
	rest := map[string]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return r, err
		}
		if name == "differences" {
			err = eachElement(d, each)
		} else {
			var value json.RawMessage
			err = d.Decode(&value)
			rest[fmt.Sprint(name)] = value
		}
		if err != nil {
			return r, err
		}
	}
	if _, err := d.Token(); err != nil {
		return r, err
	}
	frame, err := json.Marshal(rest)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(frame, &r)
}

// eachElement reads a list.
func eachElement[T any](d *json.Decoder, each func(T)) error {
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		var element T
		if err := d.Decode(&element); err != nil {
			return err
		}
		each(element)
	}
	_, err := d.Token()
	return err
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
	if f.keys, err = readStockKeys(tx); err != nil {
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
	for i := range f.keys {
		if k := &f.keys[i]; moved[k.ID] {
			was, err := custodies(tx, k.ID, s.Started)
			if err != nil {
				return facts{}, err
			}
			k.before, k.last = was[:len(was)-1], was[len(was)-1]
		}
	}
	return f, nil
}

// readStockKeys reads every key as it stands.
func readStockKeys(tx Tx) ([]stockKey, error) {
	n, err := tx.CountKeys(KeyFilter{})
	if err != nil {
		return nil, err
	}
	keys := make([]stockKey, 0, n)
	// Many lie at one place, and each row brings the name of it along.
	same := map[string]string{}
	once := func(s string) string {
		if _, there := same[s]; !there {
			same[s] = s
		}
		return same[s]
	}
	err = tx.EachKeyStand(func(k KeyStand) error {
		last := k.Custody.stand()
		last.Status, last.PlaceID, last.HolderID = Status(once(string(last.Status))), once(last.PlaceID), once(last.HolderID)
		keys = append(keys, stockKey{ID: k.ID, Serial: k.Serial, Tag: k.Tag, last: last})
		return nil
	})
	return keys, err
}

// custodies lists where a key was and how it stood when the event of that
// number was written, and after each change since.
func custodies(tx Tx, keyID string, event int64) ([]stand, error) {
	events, err := tx.EventsAbout(keyID)
	if err != nil {
		return nil, err
	}
	p := newProjection()
	var was []stand
	for _, e := range events {
		if !strings.HasPrefix(e.Kind, "key.") {
			continue
		}
		if err := p.key(e); err != nil {
			return nil, fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
		}
		c := p.keys[keyID].Custody.stand()
		n := len(was)
		switch {
		case n > 0 && e.Seq < event:
			was[0] = c
		case n == 0 || was[n-1].Status != c.Status || was[n-1].PlaceID != c.PlaceID || was[n-1].HolderID != c.HolderID:
			was = append(was, c)
		}
	}
	if len(was) == 0 {
		return nil, fmt.Errorf("%w: no event says where %s was", ErrDamaged, keyID)
	}
	return was, nil
}
