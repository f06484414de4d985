package inventory

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
)

// Difference kinds are words for what a count finds otherwise than the
// inventory has it.
type DifferenceKind string

// The kinds of differences, the gravest first.
const (
	// DiffOtherKey, DiffResetOrOther, DiffFIDOReset: a plugged key shows the name
	// of this one and is not what was enrolled.
	DiffOtherKey     = DifferenceKind(BasisOtherKey)
	DiffResetOrOther = DifferenceKind(BasisResetOrOther)
	DiffFIDOReset    = DifferenceKind(BasisFIDOReset)
	// DiffMissing: it had to be there, and nobody counted it.
	DiffMissing DifferenceKind = "missing"
	// DiffCountedTwice: it was counted at two places, and no move explains both.
	DiffCountedTwice DifferenceKind = "counted_twice"
	// DiffMisplaced: it was counted, and belongs to another place.
	DiffMisplaced DifferenceKind = "misplaced"
	// DiffAway: it was counted, and the inventory has it with a person, in a
	// parcel, not arrived yet, or disposed of.
	DiffAway DifferenceKind = "away"
	// DiffFound: it was counted, and the inventory has it as lost.
	DiffFound DifferenceKind = "found"
	// DiffUnexpected: a code that names no key of the inventory.
	DiffUnexpected DifferenceKind = "unexpected"
	// DiffOneCounter: a place that takes two people, where keys were counted by
	// one alone.
	DiffOneCounter DifferenceKind = "one_counter"
)

var differenceKinds = []DifferenceKind{
	DiffOtherKey, DiffResetOrOther, DiffFIDOReset, DiffMissing, DiffCountedTwice, DiffMisplaced, DiffAway, DiffFound, DiffUnexpected, DiffOneCounter,
}

// DifferenceKinds lists every kind, the gravest first.
func DifferenceKinds() []DifferenceKind { return append([]DifferenceKind(nil), differenceKinds...) }

// Resolution is what became of a difference when its stocktake was closed, a word.
type Resolution string

// What becomes of differences.
const (
	ResolutionOpen     Resolution = "open"     // still to be cleared up
	ResolutionAccepted Resolution = "accepted" // the inventory was changed to what was found, where it can be
)

// Difference is one thing that a count found otherwise than the inventory has
// it. What does not apply is nil.
type Difference struct {
	By       []string       `json:"by"`      // who counted it
	Code     *string        `json:"code"`    // what was read, where it names no key
	Counted  []string       `json:"counted"` // the paths of the places it was counted at
	Detail   *string        `json:"detail"`
	Expected *string        `json:"expected"` // the path of the place it belongs to
	Holder   *string        `json:"holder"`
	How      *Basis         `json:"how"` // the strongest of its counts
	KeyID    *string        `json:"key_id"`
	Kind     DifferenceKind `json:"kind"`
	Reason   *string        `json:"reason"`
	// Reason and Resolution are nil as long as the stocktake is open.
	Resolution *Resolution `json:"resolution"`
	Serial     *string     `json:"serial"`
	Status     *Status     `json:"status"` // what the inventory has it as
	Tag        *string     `json:"tag"`
}

// Subject names what the difference is about: the ID of a key, a code, or the
// path of a place.
func (d Difference) Subject() string {
	switch {
	case d.KeyID != nil:
		return *d.KeyID
	case d.Code != nil:
		return *d.Code
	}
	return text(d.Expected)
}

// Absence is a key that is not there, and need not be.
type Absence struct {
	Due     *string `json:"due"`
	Holder  *string `json:"holder"`
	KeyID   string  `json:"key_id"`
	Overdue bool    `json:"overdue"`
	Place   *string `json:"place"` // the one it belongs to now
	Serial  *string `json:"serial"`
	Since   string  `json:"since"`
	Tag     *string `json:"tag"`
	// Why is its status, or "moved": it was moved while the count went on, and
	// was not counted.
	Why string `json:"why"`
}

// whyMoved is the one reason for an absence that is no status.
const whyMoved = "moved"

// Counter is somebody who counted at a place.
type Counter struct {
	By      string `json:"by"`
	Counted int64  `json:"counted"` // keys and codes; a bag is one
	Place   string `json:"place"`
}

// Report is what a stocktake comes to, its fields in the order in which the
// journal has their names. The numbers are of keys: Proved, Sealed and Claimed
// are those that were counted, expected or not, by the strongest of their counts.
type Report struct {
	Absences    []Absence    `json:"absences"`
	Claimed     int64        `json:"claimed"`
	Counters    []Counter    `json:"counters"`
	Differences []Difference `json:"differences"`
	Expected    int64        `json:"expected"` // had to be there
	// NotSampled were counted and are not in the sample.
	NotSampled int64 `json:"not_sampled"`
	Present    int64 `json:"present"` // of these: counted
	Proved     int64 `json:"proved"`
	// Repeated were counted more than once at one place, which is no difference.
	Repeated int64 `json:"repeated"`
	Sealed   int64 `json:"sealed"`
}

// text is the report as the journal has it, its names being in order. There may
// be as many differences as keys: they are written one by one, and first of all
// measured, so that the text is never in memory twice.
func (r Report) text() (string, error) {
	var size length
	if err := r.write(&size); err != nil {
		return "", err
	}
	var b strings.Builder
	b.Grow(int(size))
	err := r.write(&b)
	return b.String(), err
}

func (r Report) write(w io.Writer) error {
	absences, differences := r.Absences, r.Differences
	r.Absences, r.Differences = []Absence{}, []Difference{}
	frame, err := encodeJSON(r)
	if err != nil {
		return err
	}
	rest, err := encodeList(w, string(frame), "absences", absences)
	if err == nil {
		rest, err = encodeList(w, rest, "differences", differences)
	}
	if err == nil {
		_, err = io.WriteString(w, rest)
	}
	return err
}

// encodeList writes what comes before the empty list of that name, and the list
// with its elements, and returns what comes after it. Inside of a text the quotes
// of a name would be escaped.
func encodeList[T any](w io.Writer, frame, name string, list []T) (rest string, err error) {
	before, rest, _ := strings.Cut(frame, `"`+name+`":[]`)
	_, err = io.WriteString(w, before+`"`+name+`":[`)
	e := json.NewEncoder(elements{w})
	e.SetEscapeHTML(false)
	for i := 0; i < len(list) && err == nil; i++ {
		if i > 0 {
			_, err = io.WriteString(w, ",")
		}
		err = errors.Join(err, e.Encode(&list[i]))
	}
	if err == nil {
		_, err = io.WriteString(w, "]")
	}
	return rest, err
}

// length counts what is written to it.
type length int

func (n *length) Write(p []byte) (int, error) {
	*n += length(len(p))
	return len(p), nil
}

// elements takes what an encoder writes at a time, a value and a newline, without
// the newline.
type elements struct{ to io.Writer }

func (e elements) Write(p []byte) (int, error) {
	n, err := e.to.Write(p[:len(p)-1])
	if err == nil {
		n++
	}
	return n, err
}

// Number is how many differences there are of a kind.
func (r Report) Number(kind DifferenceKind) (n int) {
	for _, d := range r.Differences {
		if d.Kind == kind {
			n++
		}
	}
	return n
}

// absence describes a key that is not there.
func (f facts) absence(k *stockKey, why string) Absence {
	now := k.last
	return Absence{
		KeyID: k.ID, Serial: nullIn(&k.Serial), Tag: nullIn(&k.Tag), Why: why, Place: null(f.path(now.PlaceID)), Holder: null(f.people[now.HolderID]),
		Since: FormatTime(now.Since), Due: nullTime(now.Due), Overdue: Custody{Due: now.Due}.Overdue(f.at),
	}
}

// nullIn is null of a text that stays where it is.
func nullIn(s *string) *string {
	if *s == "" {
		return nil
	}
	return s
}

// facts are what a report is computed from.
type facts struct {
	stocktake Stocktake
	places    map[string]Place  // by ID
	people    map[string]string // their names, by ID
	keys      []stockKey
	counts    []counted
	at        time.Time
}

// stockKey is a key with every custody it had since the stocktake began. There
// may be a hundred thousand: almost all had one, which is kept without a list.
type stockKey struct {
	ID, Serial, Tag string
	before          []stand // the last one left out
	last            stand   // that of now
}

// stand is what of a custody counts at a stocktake.
type stand struct {
	Status            Status
	PlaceID, HolderID string
	Due, Since        time.Time
}

func (c Custody) stand() stand { return stand{c.Status, c.PlaceID, c.HolderID, c.Due, c.Since} }

// ever says whether the key stood so at any time since the stocktake began.
func (k *stockKey) ever(so func(stand) bool) bool {
	return slices.ContainsFunc(k.before, so) || so(k.last)
}

// first is how it stood when the stocktake began.
func (k *stockKey) first() stand {
	if len(k.before) > 0 {
		return k.before[0]
	}
	return k.last
}

// counted is a count as the journal has it. What those of one event have in
// common they share: there may be a hundred thousand.
type counted struct {
	*countedJSON
	by        string
	key, code string // one of the two
}
