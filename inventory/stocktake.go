package inventory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kinds of events about stocktakes. A stocktake is these events and nothing
// else: what it found is computed from them.
const (
	KindStocktakeStarted = "stocktake.started"
	KindStocktakeCounted = "stocktake.counted"
	KindStocktakeClosed  = "stocktake.closed"
)

// Stocktake is one count of the keys of some places.
type Stocktake struct {
	ID     string  // "ST-7Q2M4XRD"
	Places []Place // what is below them is counted too
	// Blind: nothing of what is expected is shown before it is closed.
	Blind bool
	// Population is how many keys rested in the places when it began, and
	// SHA256 the hash of their IDs; see PopulationHash.
	Population int64
	SHA256     Hash
	Sample     *Sample // nil: all are counted
	At         time.Time
	By         string
	Started    int64    // the event
	Closing    *Closing // nil: open
}

// Sample is the part of a population that is to be counted.
type Sample struct {
	Seed string
	Keys []string // their IDs, sorted
}

// Closing is how a stocktake ended.
type Closing struct {
	At    time.Time
	By    string
	Event int64 // which holds the report
}

// StartRequest says what is to be counted.
type StartRequest struct {
	Places []string // paths or IDs
	Blind  bool
	Sample int    // how many keys; 0 all
	Seed   string // what the sample is drawn by
}

// maxSample bounds a sample: its IDs are written into one event.
const maxSample = 10_000

// StartStocktake opens a stocktake of some places.
func StartStocktake(tx Tx, act Act, r StartRequest) (Stocktake, error) {
	s, err := startStocktake(tx, act, r)
	if err != nil {
		return Stocktake{}, fmt.Errorf("start stocktake: %w", err)
	}
	return s, nil
}

func startStocktake(tx Tx, act Act, r StartRequest) (Stocktake, error) {
	act, err := act.check()
	if err != nil {
		return Stocktake{}, err
	}
	s := Stocktake{Blind: r.Blind, At: act.At, By: act.Actor}
	if s.Places, err = placesNamed(tx, r.Places); err != nil {
		return Stocktake{}, err
	}
	population, err := s.population(tx)
	if err != nil {
		return Stocktake{}, err
	}
	s.Population, s.SHA256 = int64(len(population)), PopulationHash(population)
	if r.Sample != 0 {
		if s.Sample, err = drawn(population, r); err != nil {
			return Stocktake{}, err
		}
	}
	began, err := tx.StocktakeEvents()
	if err != nil {
		return Stocktake{}, err
	}
	if s.ID, err = newID(tx, "ST", func(id string) (bool, error) {
		return slices.ContainsFunc(began, func(e Event) bool { return e.Subject == id }), nil
	}, []byte(FormatTime(act.At))); err != nil {
		return Stocktake{}, err
	}
	e, err := record(tx, act, KindStocktakeStarted, s.ID, startedPayload(s))
	s.Started = e.Seq
	return s, err
}

// placesNamed looks places up; one that lies in another of them is left out.
func placesNamed(tx Tx, refs []string) ([]Place, error) {
	if len(refs) == 0 {
		return nil, invalid("place", "is missing")
	}
	var all []Place
	for _, ref := range refs {
		p, err := FindPlace(tx, ref)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Place) int { return cmp.Compare(Fold(a.Path), Fold(b.Path)) })
	var outer []Place
	for _, p := range all {
		if !slices.ContainsFunc(outer, func(o Place) bool { return within(p.Path, o.Path) }) {
			outer = append(outer, p)
		}
	}
	return outer, nil
}

// population lists the IDs of the keys that rest in the places, sorted.
func (s Stocktake) population(tx Tx) ([]string, error) {
	places, err := tx.ListPlaces()
	if err != nil {
		return nil, err
	}
	counted := map[string]bool{}
	for _, p := range places {
		counted[p.ID] = s.holds(p.Path)
	}
	var ids []string
	err = tx.EachKeyStand(func(k KeyStand) error {
		if k.Status.Resting() && counted[k.PlaceID] {
			ids = append(ids, k.ID)
		}
		return nil
	})
	slices.Sort(ids)
	return ids, err
}

func drawn(population []string, r StartRequest) (*Sample, error) {
	seed, err := required("seed", r.Seed, maxName)
	if err != nil {
		return nil, err
	}
	if most := min(len(population), maxSample); r.Sample < 1 || r.Sample > most {
		if r.Blind { // how many there are is not to be learnt
			return nil, invalid("sample", "is not a number of keys that can be drawn")
		}
		return nil, invalid("sample", "is not 1 to %d: so many keys can be drawn", most)
	}
	return &Sample{Seed: seed, Keys: DrawSample(population, r.Sample, seed)}, nil
}

// within says whether a place is another or lies below it.
func within(path, above string) bool {
	path, above = Fold(path), Fold(above)
	return path == above || strings.HasPrefix(path, above+"/")
}

// holds says whether a place is among those that are counted.
func (s Stocktake) holds(path string) bool {
	return slices.ContainsFunc(s.Places, func(p Place) bool { return within(path, p.Path) })
}

// startedJSON is the payload of stocktake.started.
type startedJSON struct {
	Places     []string    `json:"places"`
	Blind      bool        `json:"blind"`
	Population int64       `json:"population"`
	SHA256     string      `json:"population_sha256"`
	Sample     *sampleJSON `json:"sample"`
}

type sampleJSON struct {
	Seed string   `json:"seed"`
	Keys []string `json:"keys"`
}

func startedPayload(s Stocktake) startedJSON {
	j := startedJSON{Blind: s.Blind, Population: s.Population, SHA256: s.SHA256.String()}
	for _, p := range s.Places {
		j.Places = append(j.Places, p.ID)
	}
	if s.Sample != nil {
		j.Sample = &sampleJSON{s.Sample.Seed, s.Sample.Keys}
	}
	return j
}

// Stocktakes lists every stocktake, the oldest first.
func Stocktakes(tx Tx) ([]Stocktake, error) {
	events, err := tx.StocktakeEvents()
	if err != nil {
		return nil, fmt.Errorf("stocktakes: %w", err)
	}
	var all []Stocktake
	for _, e := range events {
		if e.Kind == KindStocktakeStarted {
			var s Stocktake
			if s, err = stocktakeOf(tx, e); err == nil {
				all = append(all, s)
			}
		} else {
			err = closing(all, e)
		}
		if err != nil {
			return nil, fmt.Errorf("stocktakes: event %d: %w", e.Seq, err)
		}
	}
	return all, nil
}

// stocktakeOf reads back what startedPayload wrote.
func stocktakeOf(tx Tx, e Event) (Stocktake, error) {
	var j startedJSON
	if err := json.Unmarshal([]byte(e.Payload), &j); err != nil {
		return Stocktake{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	s := Stocktake{ID: e.Subject, Blind: j.Blind, Population: j.Population, At: e.Time, By: e.Actor, Started: e.Seq}
	var err error
	if s.SHA256, err = ParseHash(j.SHA256); err != nil {
		return Stocktake{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if j.Sample != nil {
		s.Sample = &Sample{Seed: j.Sample.Seed, Keys: j.Sample.Keys}
	}
	for _, id := range j.Places {
		p, err := tx.PlaceByID(id)
		if err != nil {
			return Stocktake{}, fmt.Errorf("place %s: %w", id, err)
		}
		s.Places = append(s.Places, p)
	}
	return s, nil
}

// closing takes in the event that closed one of the stocktakes.
func closing(all []Stocktake, e Event) error {
	i := slices.IndexFunc(all, func(s Stocktake) bool { return s.ID == e.Subject })
	if i < 0 {
		return fmt.Errorf("%w: it closes %s, which never began", ErrDamaged, e.Subject)
	}
	all[i].Closing = &Closing{At: e.Time, By: e.Actor, Event: e.Seq}
	return nil
}

// FindStocktake returns the stocktake with an ID, in any letter case, or for ""
// the newest.
func FindStocktake(tx Tx, ref string) (Stocktake, error) {
	ref, err := line("stocktake", ref, maxName)
	if err != nil {
		return Stocktake{}, err
	}
	all, err := Stocktakes(tx)
	if err != nil {
		return Stocktake{}, err
	}
	for _, s := range slices.Backward(all) {
		if ref == "" || s.ID == strings.ToUpper(ref) {
			return s, nil
		}
	}
	return Stocktake{}, fmt.Errorf("stocktake %q: %w", ref, ErrNotFound)
}

// OpenStocktake returns the open stocktake with an ID, or for "" the only one
// that is open. One that is closed gives ErrStatus.
func OpenStocktake(tx Tx, ref string) (Stocktake, error) {
	if ref != "" {
		s, err := FindStocktake(tx, ref)
		if err == nil && s.Closing != nil {
			err = fmt.Errorf("stocktake %s was closed on %s by %s: %w", s.ID, FormatTime(s.Closing.At)[:16], s.Closing.By, ErrStatus)
		}
		return s, err
	}
	all, err := Stocktakes(tx)
	if err != nil {
		return Stocktake{}, err
	}
	all = slices.DeleteFunc(all, func(s Stocktake) bool { return s.Closing != nil })
	switch len(all) {
	case 0:
		return Stocktake{}, invalid("stocktake", "is not named, and none is open")
	case 1:
		return all[0], nil
	}
	var ids []string
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	return Stocktake{}, invalid("stocktake", "is not named, and several are open: %s", strings.Join(ids, ", "))
}
