package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sheet is a report in the making.
type sheet struct {
	facts
	sampled map[string]bool     // nil: all are
	alone   map[string]int      // by the path of a place that takes two: keys counted by one person
	paths   map[string]*string  // of places, by ID: what says them shares them
	lists   map[string][]string // of one text: so do those that name one place or person
	Report
}

// report computes what a stocktake comes to. A key was rightly counted at any
// place at which it rested since the stocktake began, and is not missing if it
// came or left since: moves go on while a count does.
func (f facts) report() Report {
	s := sheet{facts: f, alone: map[string]int{}, paths: map[string]*string{}, lists: map[string][]string{}}
	for id, p := range f.places {
		s.paths[id] = &p.Path
	}
	s.Counters, s.Differences, s.Absences = []Counter{}, []Difference{}, []Absence{}
	if sample := f.stocktake.Sample; sample != nil {
		s.sampled = map[string]bool{}
		for _, id := range sample.Keys {
			s.sampled[id] = true
		}
	}
	s.sort()
	for i := range s.keys {
		s.judge(&s.keys[i])
	}
	for _, place := range slices.Sorted(maps.Keys(s.alone)) {
		detail := fmt.Sprintf("counted by one person: %d", s.alone[place])
		s.Differences = append(s.Differences, Difference{Kind: DiffOneCounter, Expected: &place, Counted: []string{}, By: []string{}, Detail: &detail})
	}
	slices.SortStableFunc(s.Differences, func(a, b Difference) int {
		return cmp.Or(
			cmp.Compare(slices.Index(differenceKinds, a.Kind), slices.Index(differenceKinds, b.Kind)),
			strings.Compare(text(a.Expected), text(b.Expected)), strings.Compare(a.Subject(), b.Subject()),
		)
	})
	slices.SortStableFunc(s.Absences, func(a, b Absence) int {
		return cmp.Or(strings.Compare(a.Why, b.Why), strings.Compare(text(a.Holder), text(b.Holder)), strings.Compare(a.KeyID, b.KeyID))
	})
	return s.Report
}

// sort puts the counts by their keys, and says who counted where and which
// codes name none. A code that was unknown when it was read may have become a
// key's since.
func (s *sheet) sort() {
	names := KeyNames{ids: map[string]bool{}, tags: map[string]string{}, serials: map[string][]string{}}
	if slices.ContainsFunc(s.counts, func(c counted) bool { return c.key == "" }) {
		for _, k := range s.keys {
			names.add(KeyStand{ID: k.ID, Serial: k.Serial, Tag: k.Tag})
		}
	}
	counters := map[Counter]int64{}
	codes := map[string][]counted{}
	for i := range s.counts {
		c := &s.counts[i]
		if c.Seal == nil || c.key == c.Keys[0] { // how many keys are in a bag, a blind count does not tell
			counters[Counter{By: c.by, Place: s.path(c.Place)}]++
		}
		if c.key == "" {
			ids := names.Find(c.code)
			if len(ids) != 1 {
				codes[c.code] = append(codes[c.code], *c)
				continue
			}
			c.key = ids[0]
		}
	}
	slices.SortStableFunc(s.counts, func(a, b counted) int { return strings.Compare(a.key, b.key) })
	for c, n := range counters {
		c.Counted = n
		s.Counters = append(s.Counters, c)
	}
	slices.SortFunc(s.Counters, func(a, b Counter) int {
		return cmp.Or(strings.Compare(a.Place, b.Place), strings.Compare(a.By, b.By))
	})
	for code, all := range codes {
		d := s.difference(DiffUnexpected, all)
		d.Code = &code
		s.Differences = append(s.Differences, d)
	}
}

// of lists the counts of a key.
func (s *sheet) of(keyID string) []counted {
	from, _ := slices.BinarySearchFunc(s.counts, keyID, func(c counted, id string) int { return strings.Compare(c.key, id) })
	to := from
	for to < len(s.counts) && s.counts[to].key == keyID {
		to++
	}
	return s.counts[from:to:to]
}

// judge holds the counts of one key against what the inventory has of it.
func (s *sheet) judge(k *stockKey) {
	all := s.of(k.ID)
	there := where(all, Basis.genuine)
	rested := k.ever(s.rests)
	for _, kind := range []Basis{BasisOtherKey, BasisResetOrOther, BasisFIDOReset} {
		not := where(all, func(h Basis) bool { return h == kind })
		if len(not) == 0 {
			continue
		}
		d := s.about(k, DifferenceKind(kind), not)
		if proved := BasisProved; best(all) == proved {
			d.How = &proved // the key itself was there too
		}
		s.Differences = append(s.Differences, d)
		switch {
		case kind == BasisFIDOReset:
			there = append(there, not...)
		case best(there) != BasisProved:
			there = nil // what carries its name is not it
		}
	}
	sampled := s.sampled == nil || s.sampled[k.ID]
	if len(there) == 0 {
		if sampled {
			s.absent(k, rested, len(all) > 0)
		}
		return
	}
	s.counted(k, there, rested, sampled)
}

// absent is for a key that nobody counted; impostor says that something else
// carries its name, which is said already.
func (s *sheet) absent(k *stockKey, rested, impostor bool) {
	last := k.last
	switch {
	// One that was there at first and is again was moved to where it can be counted.
	case rested && len(k.before) > 0 && !(s.rests(k.first()) && s.rests(last)):
		why := string(last.Status)
		if last.Status.Resting() {
			why = whyMoved
		}
		s.Absences = append(s.Absences, s.absence(k, why))
	case rested:
		s.Expected++
		if !impostor {
			s.Differences = append(s.Differences, s.about(k, DiffMissing, nil))
		}
	case !s.stocktake.holds(s.path(last.PlaceID)):
	case last.Status == StatusCheckedOut, last.Status == StatusInUse, last.Status == StatusInTransit, last.Status == StatusLost:
		s.Absences = append(s.Absences, s.absence(k, string(last.Status)))
	}
}

// counted is for a key that was there.
func (s *sheet) counted(k *stockKey, there []counted, rested, sampled bool) {
	switch best(there) {
	case BasisProved:
		s.Proved++
	case BasisSealed:
		s.Sealed++
	case BasisClaimed:
		s.Claimed++
	}
	switch {
	case !sampled:
		s.NotSampled++
	case rested:
		s.Expected++
		s.Present++
	}
	places := s.countedAt(there)
	if len(there) > len(places) {
		s.Repeated++
	}
	if rested && hands(there) < 2 {
		if two := s.takesTwoOf(k, there); two != "" {
			s.alone[two]++
		}
	}
	switch {
	case !slices.ContainsFunc(places, func(place string) bool { return !s.mayBe(k, place) }):
	case len(places) > 1:
		s.Differences = append(s.Differences, s.about(k, DiffCountedTwice, there))
	case k.ever(func(c stand) bool { return lies(c.Status) }):
		s.Differences = append(s.Differences, s.about(k, DiffMisplaced, there))
	case k.last.Status == StatusLost:
		s.Differences = append(s.Differences, s.about(k, DiffFound, there))
	default:
		s.Differences = append(s.Differences, s.about(k, DiffAway, there))
	}
}

// countedAt lists the places of counts; one that lies in another of them, and
// says the same more exactly, stands for both.
func (s *sheet) countedAt(counts []counted) (paths []string) {
	for _, c := range counts {
		path := s.path(c.Place)
		same := func(p string) bool { return samePlace(p, path) }
		if i := slices.IndexFunc(paths, same); i < 0 {
			paths = append(paths, path)
		} else if len(path) > len(paths[i]) {
			paths[i] = path
		}
	}
	return paths
}

// samePlace says whether two paths can mean one place: one is the other, or
// says less exactly where it is.
func samePlace(a, b string) bool { return within(a, b) || within(b, a) }

// lies says whether a key in this status can lie at its place. Only those that
// rest have to.
func lies(s Status) bool {
	return s.Resting() || s == StatusFound || s == StatusCompromised || s == StatusRetired
}

// mayBe says whether the inventory had the key at that place at any time since
// the stocktake began.
func (s *sheet) mayBe(k *stockKey, place string) bool {
	return k.ever(func(c stand) bool {
		return lies(c.Status) && c.PlaceID != "" && samePlace(s.path(c.PlaceID), place)
	})
}

// rests says whether a key has to be found where the stocktake counts.
func (s *sheet) rests(c stand) bool {
	return c.Status.Resting() && s.stocktake.holds(s.path(c.PlaceID))
}

// path is the path of a place, "" for none.
func (f facts) path(placeID string) string { return f.places[placeID].Path }

// takesTwo returns the path of the nearest place, this one or one above it,
// that takes two people; "" where none does.
func (f facts) takesTwo(placeID string) string {
	for p := f.places[placeID]; p.ID != ""; p = f.places[p.ParentID] {
		if p.TwoPeople {
			return p.Path
		}
	}
	return ""
}

// takesTwoOf is takesTwo of where a key was counted or, where that was said less
// exactly, of where it rests.
func (s *sheet) takesTwoOf(k *stockKey, there []counted) string {
	if two := s.takesTwo(there[0].Place); two != "" {
		return two
	}
	two := ""
	k.ever(func(c stand) bool {
		if s.rests(c) {
			two = s.takesTwo(c.PlaceID)
		}
		return two != ""
	})
	return two
}

// about is a difference about a key.
func (s *sheet) about(k *stockKey, kind DifferenceKind, counts []counted) Difference {
	d := s.difference(kind, counts)
	d.KeyID, d.Serial, d.Tag, d.Status = &k.ID, nullIn(&k.Serial), nullIn(&k.Tag), &k.last.Status
	d.Expected, d.Holder = s.paths[k.last.PlaceID], null(s.people[k.last.HolderID])
	return d
}

// difference is one that says who counted it and where.
func (s *sheet) difference(kind DifferenceKind, counts []counted) Difference {
	d := Difference{Kind: kind, Counted: []string{}, By: []string{}}
	if len(counts) == 0 {
		return d
	}
	d.How, d.Counted, d.By = &bases[slices.Index(bases, best(counts))], s.shared(s.countedAt(counts)), s.shared(people(counts))
	slices.Sort(d.Counted)
	for _, c := range counts {
		if c.Detail != nil {
			d.Detail = c.Detail
			break
		}
	}
	return d
}

// shared is a list that others have too, where it is of one text.
func (s *sheet) shared(list []string) []string {
	if len(list) != 1 {
		return list
	}
	if _, there := s.lists[list[0]]; !there {
		s.lists[list[0]] = list
	}
	return s.lists[list[0]]
}

// where picks the counts that rest on what is asked for.
func where(all []counted, is func(Basis) bool) (some []counted) {
	for i, c := range all {
		switch {
		case is(c.How) && len(some) == i: // almost always all of them: no copy
			some = all[: i+1 : i+1]
		case is(c.How):
			some = append(some, c)
		}
	}
	return some
}

// best is the strongest that counts rest on, "" without any.
func best(counts []counted) Basis {
	for _, h := range bases {
		if slices.ContainsFunc(counts, func(c counted) bool { return c.How == h }) {
			return h
		}
	}
	return ""
}

// hands is how many people counted: whoever became root is still themselves.
func hands(counts []counted) int {
	logins := map[string]bool{}
	for _, c := range counts {
		logins[Fold(LoginOf(c.by))] = true
	}
	return len(logins)
}

// people lists who counted, each once.
func people(counts []counted) []string {
	var all []string
	for _, c := range counts {
		all = append(all, c.by)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
