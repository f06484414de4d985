package inventory

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Basis says what a count of a key rests on, a word.
type Basis string

// What counts rest on. The first three are keys that were there, the strongest
// first. The others are plugged keys that show the name of a key of the
// inventory and are not what was enrolled under it; they are called as hwmfa
// verify calls them.
const (
	BasisProved       Basis = "proved"         // it answered a challenge
	BasisSealed       Basis = "sealed"         // its numbered bag was there, intact
	BasisClaimed      Basis = "claimed"        // its name was scanned or typed
	BasisOtherKey     Basis = "other_key"      // another key
	BasisFIDOReset    Basis = "fido_reset"     // the key, its FIDO side erased
	BasisResetOrOther Basis = "reset_or_other" // one of the two
)

var bases = []Basis{BasisProved, BasisSealed, BasisClaimed, BasisOtherKey, BasisFIDOReset, BasisResetOrOther}

// genuine says whether a key was there that nothing speaks against.
func (h Basis) genuine() bool { return h == BasisProved || h == BasisSealed || h == BasisClaimed }

// Count is one key, or one code that names none, counted at a place.
type Count struct {
	PlaceID string
	How     Basis
	KeyID   string // "": Code names no key
	Code    string // what was read
	Seal    string // the number of the bag; "" none
	Proof   int64  // the event that holds the key's answer; 0 none
	Detail  string // what gave a key away
}

// countedJSON is the payload of stocktake.counted: counts at one place that
// rest on the same.
type countedJSON struct {
	Place  string   `json:"place"`
	How    Basis    `json:"how"`
	Keys   []string `json:"keys"`
	Codes  []string `json:"codes"`
	Seal   *string  `json:"seal"`
	Proof  *int64   `json:"proof"`
	Detail *string  `json:"detail"`
}

// MaxCode bounds what is kept of a code that names no key, in bytes.
const MaxCode = 128

// maxBatch is how many counts one event holds at most.
const maxBatch = 1000

// RecordCounts writes counts into an open stocktake. Counting is never refused
// because somebody counted the same: what counts come to is for the report.
func RecordCounts(tx Tx, act Act, stocktakeID string, counts []Count) error {
	act, err := act.check()
	if err == nil {
		err = recordCounts(tx, act, stocktakeID, counts)
	}
	if err != nil {
		return fmt.Errorf("count: %w", err)
	}
	return nil
}

func recordCounts(tx Tx, act Act, stocktakeID string, counts []Count) error {
	s, err := OpenStocktake(tx, stocktakeID)
	if err != nil {
		return err
	}
	batches, err := batch(counts)
	if err != nil {
		return err
	}
	checked := map[string]bool{}
	for _, b := range batches {
		if !checked[b.Place] {
			if _, err := s.counts(tx, b.Place); err != nil {
				return err
			}
			checked[b.Place] = true
		}
		if _, err := record(tx, act, KindStocktakeCounted, s.ID, b); err != nil {
			return err
		}
	}
	return nil
}

// counts returns the place of that ID or path if the stocktake counts it.
func (s Stocktake) counts(tx Tx, ref string) (Place, error) {
	p, err := FindPlace(tx, ref)
	if err == nil && !s.holds(p.Path) {
		err = invalid("place", "%s is not counted by stocktake %s", p.Path, s.ID)
	}
	return p, err
}

// CountPlace returns the place that a count is for: the one that ref names, or
// for "" the only one of the stocktake.
func CountPlace(tx Tx, s Stocktake, ref string) (Place, error) {
	if ref != "" {
		return s.counts(tx, ref)
	}
	if len(s.Places) > 1 {
		return Place{}, invalid("place", "is not named, and stocktake %s counts %d", s.ID, len(s.Places))
	}
	return s.Places[0], nil
}

// batch puts counts together that differ by key or code alone, in the order in
// which they come.
func batch(counts []Count) ([]countedJSON, error) {
	var batches []countedJSON
	open := map[Count]int{}
	for _, c := range counts {
		if err := c.check(); err != nil {
			return nil, err
		}
		common := c
		common.KeyID, common.Code = "", ""
		i, ok := open[common]
		if !ok || len(batches[i].Keys)+len(batches[i].Codes) == maxBatch {
			i = len(batches)
			open[common] = i
			batches = append(batches, countedJSON{
				Place: c.PlaceID, How: c.How, Keys: []string{}, Codes: []string{}, Seal: null(c.Seal), Detail: null(c.Detail),
			})
			if c.Proof != 0 {
				batches[i].Proof = &c.Proof
			}
		}
		if c.KeyID != "" {
			batches[i].Keys = append(batches[i].Keys, c.KeyID)
		} else {
			batches[i].Codes = append(batches[i].Codes, c.Code)
		}
	}
	return batches, nil
}

func (c Count) check() error {
	if !slices.Contains(bases, c.How) {
		return invalid("count", "rests on nothing known")
	}
	if id, ok := normalizeKeyID(c.KeyID); c.KeyID != "" && (!ok || id != c.KeyID) {
		return invalid("count", "is of no ID of a key")
	}
	if c.KeyID != "" {
		return nil
	}
	_, err := required("code", c.Code, MaxCode)
	return err
}

// Code makes what was read fit to be kept: bounded, and of printable
// characters.
func Code(read string) string {
	return claimed(Canonical(strings.ToValidUTF8(read, string(unicode.ReplacementChar))), MaxCode)
}

// countsOf reads back the counts of one event.
func countsOf(e Event) ([]counted, error) {
	j := &countedJSON{}
	if err := json.Unmarshal([]byte(e.Payload), j); err != nil {
		return nil, fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
	}
	all := make([]counted, 0, len(j.Keys)+len(j.Codes))
	for _, id := range j.Keys {
		all = append(all, counted{countedJSON: j, by: e.Actor, key: id})
	}
	for _, code := range j.Codes {
		all = append(all, counted{countedJSON: j, by: e.Actor, code: code})
	}
	return all, nil
}
