package inventory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	began  = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	berlin = Place{ID: "P-B", Name: "Berlin", Path: "Berlin"}
	safe1  = Place{ID: "P-1", ParentID: "P-B", Name: "safe 1", Path: "Berlin/safe 1"}
	slot2  = Place{ID: "P-12", ParentID: "P-1", Name: "slot 2", Path: "Berlin/safe 1/slot 2"}
	slot3  = Place{ID: "P-13", ParentID: "P-1", Name: "slot 3", Path: "Berlin/safe 1/slot 3"}
	safe2  = Place{ID: "P-2", ParentID: "P-B", Name: "safe 2", Path: "Berlin/safe 2", TwoPeople: true}
	rome   = Place{ID: "P-R", Name: "Rome", Path: "Rome"}
)

// at is a custody at a place.
func at(p Place, s Status) Custody { return Custody{Status: s, PlaceID: p.ID, Since: began} }

// keyed is a key that had these custodies since the stocktake began.
func keyed(n int, was ...Custody) stockKey {
	k := stockKey{ID: fmt.Sprintf("K-%08d", n), Serial: fmt.Sprint(n), Tag: fmt.Sprintf("YK-%d", n)}
	for i, c := range was {
		if i < len(was)-1 {
			k.before = append(k.before, c.stand())
		} else {
			k.last = c.stand()
		}
	}
	return k
}

// count is a count of the n-th key by Ada.
func count(n int, p Place, how Basis) counted {
	return counted{countedJSON: &countedJSON{Place: p.ID, How: how}, by: "ada", key: fmt.Sprintf("K-%08d", n)}
}

func (c counted) from(who string) counted { c.by = who; return c }

func code(text string, p Place) counted {
	return counted{countedJSON: &countedJSON{Place: p.ID, How: BasisClaimed}, by: "ada", code: text}
}

// TestReport is what counts of Berlin come to.
func TestReport(t *testing.T) {
	in := at(safe1, StatusInSafe)
	out := at(safe1, StatusCheckedOut)
	late := out
	late.Due = began.Add(time.Hour)
	tests := []struct {
		name   string
		sample []string
		keys   []stockKey
		counts []counted
		// want is expected/present, proved+sealed+claimed, and then what else there is.
		want string
	}{
		{"nothing there and nothing counted", nil, nil, nil, "0/0 0+0+0"},
		{"all proved", nil, []stockKey{keyed(1, in), keyed(2, at(slot2, StatusSealed))},
			[]counted{count(1, safe1, BasisProved), count(2, slot2, BasisProved)}, "2/2 2+0+0"},
		{"each by the strongest of its counts", nil, []stockKey{keyed(1, in), keyed(2, in), keyed(3, in)},
			[]counted{count(1, safe1, BasisClaimed), count(2, safe1, BasisClaimed), count(3, safe1, BasisClaimed), count(1, safe1, BasisProved), count(2, safe1, BasisSealed)},
			"3/3 1+1+1 repeated 2"},
		{"a key that nobody counted", nil, []stockKey{keyed(1, in), keyed(2, in)}, []counted{count(1, safe1, BasisProved)},
			"2/1 1+0+0 missing K-00000002 expected Berlin/safe 1"},
		{"a key in a slot counted for its safe, and one of the safe in a slot", nil, []stockKey{keyed(1, at(slot2, StatusInSafe)), keyed(2, in)},
			[]counted{count(1, safe1, BasisClaimed), count(2, slot3, BasisClaimed)}, "2/2 0+0+2"},
		{"the wrong slot", nil, []stockKey{keyed(1, at(slot2, StatusInSafe))}, []counted{count(1, slot3, BasisClaimed)},
			"1/1 0+0+1 misplaced K-00000001 expected Berlin/safe 1/slot 2 at Berlin/safe 1/slot 3"},
		{"a key of a place that is not counted", nil, []stockKey{keyed(1, at(rome, StatusInSafe)), keyed(2, at(rome, StatusInSafe))}, []counted{count(1, safe1, BasisProved)},
			"0/0 1+0+0 misplaced K-00000001 expected Rome at Berlin/safe 1"},
		{"a key that lies nowhere", nil, []stockKey{keyed(1, Custody{Status: StatusEnrolled})}, []counted{count(1, safe1, BasisProved)},
			"0/0 1+0+0 misplaced K-00000001 at Berlin/safe 1"},
		{"one place says more exactly where", nil, []stockKey{keyed(1, at(slot2, StatusInSafe))}, []counted{count(1, safe1, BasisClaimed), count(1, slot2, BasisClaimed)},
			"1/1 0+0+1 repeated 1"},
		{"two places", nil, []stockKey{keyed(1, in)}, []counted{count(1, safe1, BasisClaimed), count(1, rome, BasisClaimed)},
			"1/1 0+0+1 counted_twice K-00000001 expected Berlin/safe 1 at Berlin/safe 1 and Rome"},
		{"two places that a move explains", nil, []stockKey{keyed(1, in, at(rome, StatusInSafe))}, []counted{count(1, safe1, BasisClaimed), count(1, rome, BasisClaimed)},
			"1/1 0+0+1"},
		{"the same person twice, and another", nil, []stockKey{keyed(1, in), keyed(2, in)},
			[]counted{count(1, safe1, BasisClaimed), count(1, safe1, BasisClaimed), count(2, safe1, BasisClaimed), count(2, safe1, BasisClaimed).from("ben")},
			"2/2 0+0+2 repeated 2"},
		{"checked out, in use, in a parcel", nil, []stockKey{keyed(1, out), keyed(2, at(safe1, StatusInUse)), keyed(3, at(safe1, StatusInTransit)), keyed(4, at(rome, StatusCheckedOut))}, nil,
			"0/0 0+0+0 absent K-00000001 checked_out; absent K-00000003 in_transit; absent K-00000002 in_use"},
		{"overdue", nil, []stockKey{keyed(1, late)}, nil, "0/0 0+0+0 absent K-00000001 checked_out overdue"},
		{"known to be lost", nil, []stockKey{keyed(1, at(safe1, StatusLost))}, nil, "0/0 0+0+0 absent K-00000001 lost"},
		{"found though lost", nil, []stockKey{keyed(1, at(safe1, StatusLost))}, []counted{count(1, safe1, BasisProved)},
			"0/0 1+0+0 found K-00000001 expected Berlin/safe 1 at Berlin/safe 1"},
		{"here though checked out, expected, disposed of", nil, []stockKey{keyed(1, out), keyed(2, Custody{Status: StatusExpected}), keyed(3, Custody{Status: StatusDisposed})},
			[]counted{count(1, safe1, BasisClaimed), count(2, safe1, BasisClaimed), count(3, safe1, BasisClaimed)},
			"0/0 0+0+3 away K-00000002 at Berlin/safe 1; away K-00000003 at Berlin/safe 1; away K-00000001 expected Berlin/safe 1 at Berlin/safe 1"},
		{"what may lie there, counted and not", nil, []stockKey{keyed(1, at(safe1, StatusRetired)), keyed(2, at(safe1, StatusFound)), keyed(3, at(safe1, StatusCompromised)), keyed(4, at(safe1, StatusRetired))},
			[]counted{count(1, safe1, BasisClaimed), count(2, safe1, BasisClaimed), count(3, safe1, BasisClaimed)}, "0/0 0+0+3"},
		{"checked out before it was counted", nil, []stockKey{keyed(1, in, out)}, nil, "0/0 0+0+0 absent K-00000001 checked_out"},
		{"checked out after it was counted", nil, []stockKey{keyed(1, in, out)}, []counted{count(1, safe1, BasisProved)}, "1/1 1+0+0"},
		{"checked in after its safe was counted", nil, []stockKey{keyed(1, out, in), keyed(2, in)}, []counted{count(2, safe1, BasisProved)},
			"1/1 1+0+0 absent K-00000001 moved"},
		{"enrolled and put away meanwhile", nil, []stockKey{keyed(1, Custody{Status: StatusEnrolled}, in)}, []counted{count(1, safe1, BasisClaimed)}, "1/1 0+0+1"},
		{"moved from slot to slot, and counted in neither", nil, []stockKey{keyed(1, at(slot2, StatusInSafe), at(slot3, StatusInSafe))}, nil,
			"1/0 0+0+0 missing K-00000001 expected Berlin/safe 1/slot 3"},
		{"moved from slot to slot, and counted where it is", nil, []stockKey{keyed(1, at(slot2, StatusInSafe), at(slot3, StatusInSafe))}, []counted{count(1, slot3, BasisClaimed)}, "1/1 0+0+1"},
		{"taken out and put back, and never counted", nil, []stockKey{keyed(1, in, out, in)}, nil,
			"1/0 0+0+0 missing K-00000001 expected Berlin/safe 1"},
		{"moved out of what is counted", nil, []stockKey{keyed(1, in, at(rome, StatusInSafe))}, nil, "0/0 0+0+0 absent K-00000001 moved"},
		{"reported lost meanwhile", nil, []stockKey{keyed(1, in, at(safe1, StatusLost))}, nil, "0/0 0+0+0 absent K-00000001 lost"},
		{"a code that names nothing, read twice", nil, nil, []counted{code("99", safe1), code("99", rome).from("ben")},
			"0/0 0+0+0 unexpected 99 at Berlin/safe 1 and Rome by ada and ben"},
		{"a code that has become a key's", nil, []stockKey{keyed(1, in)}, []counted{code("yk-1", safe1)}, "1/1 0+0+1"},
		{"another key under its name", nil, []stockKey{keyed(1, in)}, []counted{count(1, safe1, BasisClaimed), count(1, safe1, BasisOtherKey)},
			"1/0 0+0+0 other_key K-00000001 expected Berlin/safe 1 at Berlin/safe 1"},
		{"reset or another key", nil, []stockKey{keyed(1, in)}, []counted{count(1, safe1, BasisResetOrOther)},
			"1/0 0+0+0 reset_or_other K-00000001 expected Berlin/safe 1 at Berlin/safe 1"},
		{"another key beside it", nil, []stockKey{keyed(1, in)}, []counted{count(1, safe1, BasisOtherKey), count(1, safe1, BasisProved)},
			"1/1 1+0+0 other_key K-00000001 expected Berlin/safe 1 at Berlin/safe 1"},
		{"the key itself, reset", nil, []stockKey{keyed(1, in)}, []counted{count(1, safe1, BasisFIDOReset)},
			"1/1 0+0+0 fido_reset K-00000001 expected Berlin/safe 1 at Berlin/safe 1"},
		{"a place that takes two, counted by one", nil, []stockKey{keyed(1, at(safe2, StatusInSafe)), keyed(2, at(safe2, StatusInSafe))},
			[]counted{count(1, safe2, BasisClaimed), count(2, safe2, BasisClaimed), count(2, safe2, BasisClaimed).from("ben")},
			"2/2 0+0+2 repeated 1 one_counter Berlin/safe 2 expected Berlin/safe 2"},
		{"a place that takes two, counted by one who became root", nil, []stockKey{keyed(1, at(safe2, StatusInSafe))},
			[]counted{count(1, safe2, BasisClaimed), count(1, safe2, BasisClaimed).from("ada as root")},
			"1/1 0+0+1 repeated 1 one_counter Berlin/safe 2 expected Berlin/safe 2"},
		{"a place that takes two, counted by one for its site", nil, []stockKey{keyed(1, at(safe2, StatusInSafe)), keyed(2, in)},
			[]counted{count(1, berlin, BasisClaimed), count(2, berlin, BasisClaimed)},
			"2/2 0+0+2 one_counter Berlin/safe 2 expected Berlin/safe 2"},
		{"a sample", []string{"K-00000001", "K-00000002"}, []stockKey{keyed(1, in), keyed(2, in), keyed(3, in), keyed(4, in), keyed(5, out)},
			[]counted{count(1, safe1, BasisProved), count(3, safe1, BasisClaimed)},
			"2/1 1+0+1 not sampled 1 missing K-00000002 expected Berlin/safe 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := facts{stocktake: Stocktake{Places: []Place{berlin}}, places: map[string]Place{}, keys: tt.keys, counts: tt.counts, at: began.Add(24 * time.Hour)}
			for _, p := range []Place{berlin, safe1, slot2, slot3, safe2, rome} {
				f.places[p.ID] = p
			}
			if tt.sample != nil {
				f.stocktake.Sample = &Sample{Keys: tt.sample}
			}
			if got := shown(f.report()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// shown is a report in a line.
func shown(r Report) string {
	s := fmt.Sprintf("%d/%d %d+%d+%d", r.Expected, r.Present, r.Proved, r.Sealed, r.Claimed)
	if r.Repeated > 0 {
		s += fmt.Sprintf(" repeated %d", r.Repeated)
	}
	if r.NotSampled > 0 {
		s += fmt.Sprintf(" not sampled %d", r.NotSampled)
	}
	var rest []string
	for _, d := range r.Differences {
		line := string(d.Kind) + " " + d.Subject()
		if d.Expected != nil {
			line += " expected " + *d.Expected
		}
		if len(d.Counted) > 0 {
			line += " at " + strings.Join(d.Counted, " and ")
		}
		if len(d.By) > 1 {
			line += " by " + strings.Join(d.By, " and ")
		}
		rest = append(rest, line)
	}
	for _, a := range r.Absences {
		line := "absent " + a.KeyID + " " + a.Why
		if a.Overdue {
			line += " overdue"
		}
		rest = append(rest, line)
	}
	if len(rest) > 0 {
		s += " " + strings.Join(rest, "; ")
	}
	return s
}

// TestReportCounters: who counted how many where.
func TestReportCounters(t *testing.T) {
	f := facts{stocktake: Stocktake{Places: []Place{berlin}}, places: map[string]Place{"P-1": safe1, "P-2": safe2}, counts: []counted{
		code("a", safe2), code("b", safe1), code("a", safe1).from("ben"), code("c", safe1),
	}}
	number := "A-1"
	bag := &countedJSON{Place: "P-2", How: BasisSealed, Keys: []string{"K-00000001", "K-00000002", "K-00000001", "K-00000002"}, Seal: &number}
	for _, id := range bag.Keys { // read twice
		f.counts = append(f.counts, counted{countedJSON: bag, by: "ben", key: id})
	}
	want := []Counter{{By: "ada", Place: "Berlin/safe 1", Counted: 2}, {By: "ben", Place: "Berlin/safe 1", Counted: 1}, {By: "ada", Place: "Berlin/safe 2", Counted: 1}, {By: "ben", Place: "Berlin/safe 2", Counted: 2}}
	if got := f.report().Counters; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestDrawSample: the sample follows from population and seed alone, as
// docs/stocktake.md has it.
func TestDrawSample(t *testing.T) {
	var ids []string
	for i := range 100 {
		ids = append(ids, fmt.Sprintf("K-%08d", i))
	}
	sample := DrawSample(ids, 5, "2026-03")
	reversed := slices.Clone(ids)
	slices.Reverse(reversed)
	if again := DrawSample(reversed, 5, "2026-03"); !slices.Equal(sample, again) {
		t.Errorf("in another order %v, not %v", again, sample)
	}
	if other := DrawSample(ids, 5, "2026-04"); slices.Equal(sample, other) {
		t.Errorf("another seed draws the same: %v", other)
	}
	if larger := DrawSample(ids, 6, "2026-03"); slices.ContainsFunc(sample, func(id string) bool { return !slices.Contains(larger, id) }) {
		t.Errorf("a larger sample %v leaves out some of %v", larger, sample)
	}
	if all := DrawSample(ids, 200, "x"); !slices.Equal(all, ids) {
		t.Errorf("more than there are: %d keys", len(all))
	}
	if PopulationHash(ids) != PopulationHash(reversed) || PopulationHash(ids) == PopulationHash(ids[1:]) {
		t.Error("the hash of a population is not that of its IDs")
	}
	doc := page(t, "stocktake.md")
	example := []string{"K-0000000A", "K-0000000B", "K-0000000C", "K-0000000D"}
	for _, want := range append(DrawSample(example, 2, "2026-03"), PopulationHash(example).String()) {
		if !strings.Contains(doc, want) {
			t.Errorf("the example of docs/stocktake.md does not come to %s", want)
		}
	}
}

func TestNames(t *testing.T) {
	n := KeyNames{ids: map[string]bool{}, tags: map[string]string{}, serials: map[string][]string{}, seals: map[string][]string{}}
	n.add(KeyStand{ID: "K-00000001", Serial: "12345678", Tag: "YK-1", Custody: Custody{Seal: "A-1"}})
	n.add(KeyStand{ID: "K-00000002", Serial: "TOK1", Tag: "00123", Custody: Custody{Seal: "A-1"}})
	n.add(KeyStand{ID: "K-00000003", Serial: "123"})
	n.add(KeyStand{ID: "K-00000004", Serial: "123"})
	for code, want := range map[string]string{
		"12345678": "[K-00000001]", "0012345678": "[K-00000001]", "yk-1": "[K-00000001]", "k-0000000i": "[K-00000001]", "tok1": "[K-00000002]",
		"00123": "[K-00000003 K-00000004 K-00000002]", "123": "[K-00000003 K-00000004]", "K-00000009": "[]", "": "[]", "\x1b[2J": "[]",
	} {
		if got := fmt.Sprint(n.Find(code)); got != want {
			t.Errorf("%q names %s, want %s", code, got, want)
		}
	}
	if got := n.InBag("A-1"); len(got) != 2 {
		t.Errorf("bag A-1 holds %v", got)
	}
}

// TestReport_form: the report is in the journal's one form as it is encoded.
func TestReport_form(t *testing.T) {
	text, how, status, resolution := "x", BasisProved, StatusLost, ResolutionOpen
	r := Report{
		Counters: []Counter{{By: "a", Place: "b", Counted: 1}},
		Differences: []Difference{{
			Kind: DiffMissing, KeyID: &text, Serial: &text, Tag: &text, Code: &text, Status: &status, Expected: &text, Counted: []string{"c"},
			How: &how, By: []string{"<&>"}, Holder: &text, Detail: &text, Resolution: &resolution, Reason: &text,
		}},
		Absences: []Absence{{KeyID: "k", Serial: &text, Tag: &text, Why: "w", Place: &text, Holder: &text, Since: "s", Due: &text, Overdue: true}},
	}
	for _, r := range []Report{r, {}} {
		got, err1 := encodeJSON(r)
		want, err2 := canonicalJSON(r)
		if err1 != nil || err2 != nil || string(got) != string(want) {
			t.Errorf("got  %s\nwant %s (%v, %v)", got, want, err1, err2)
		}
	}
}

func TestReportText(t *testing.T) {
	code, detail, path := `"differences":[],"absences":[]`, "a <b> & \"c\"\u2028", "Berlin/safe 1"
	accepted := ResolutionAccepted
	report := Report{
		Absences:    []Absence{{KeyID: "K-1", Since: "x", Why: "lost"}, {KeyID: "K-2", Place: &path}},
		Differences: []Difference{{By: []string{}, Counted: []string{path}, Code: &code, Detail: &detail, Kind: DiffUnexpected, Resolution: &accepted}, {Kind: DiffMissing}},
		Counters:    []Counter{{By: detail, Counted: 3, Place: path}}, Claimed: 7, Sealed: 9,
	}
	for _, r := range []Report{report, {Absences: []Absence{}, Counters: report.Counters, Differences: report.Differences[:1]}, {Absences: report.Absences, Differences: []Difference{}}} {
		want, err := canonicalJSON(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.text()
		if got != string(want) || err != nil {
			t.Errorf("got %s, %v\nwant %s", got, err, want)
		}
		var read []Difference
		back, err := readReport(strings.NewReader(got), func(d Difference) { read = append(read, d) })
		if back.Differences = read; read == nil {
			back.Differences = []Difference{}
		}
		if again, _ := back.text(); again != got || err != nil {
			t.Errorf("read back as %s, %v", again, err)
		}
		for _, damaged := range []string{"", "[]", got[:len(got)-1], got[:len(got)/2], strings.Replace(got, `"kind":`, `"kind":4,"kind":`, 1)} {
			if damaged == got {
				continue
			}
			if _, err := readReport(strings.NewReader(damaged), func(Difference) {}); err == nil {
				t.Errorf("taken for a report: %.80s", damaged)
			}
		}
	}
}
