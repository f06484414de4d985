package iamcheck

import (
	"reflect"
	"testing"
)

func TestFilter(t *testing.T) {
	account := Facts{AccountID: "111111111111", OUs: []string{"r-exam", "ou-exam-11111111", "ou-exam-22222222"}, Tags: map[string]string{"env": "prod", "team": "a"}}
	unread := Facts{AccountID: "111111111111"}
	tier := func(Facts) string { return "gold" }
	for _, c := range []struct {
		name string
		f    Filter
		a    Facts
		out  bool
		by   Term
	}{
		{"nothing asked for takes all", Filter{}, account, false, Term{}},
		{"an account named", Filter{Accounts: []string{"222222222222", "111111111111"}}, account, false, Term{}},
		{"another account named", Filter{Accounts: []string{"222222222222"}}, account, true, Term{Filter: FilterAccount}},
		{"a unit above it", Filter{Units: []string{"ou-exam-11111111"}}, account, false, Term{}},
		{"the root", Filter{Units: []string{"r-exam"}}, account, false, Term{}},
		{"another unit", Filter{Units: []string{"ou-exam-33333333"}}, account, true, Term{Filter: FilterUnit}},
		{"one of two values of a tag", Filter{Tags: []Tag{{"env", "dev"}, {"env", "prod"}}}, account, false, Term{}},
		{"one of two keys", Filter{Tags: []Tag{{"env", "prod"}, {"team", "b"}}}, account, true, Term{Filter: FilterTag}},
		{"a key it does not have", Filter{Tags: []Tag{{"cost", ""}}}, account, true, Term{Filter: FilterTag}},
		{"no tags at all", Filter{Tags: []Tag{{"env", "prod"}}}, Facts{Tags: map[string]string{}}, true, Term{Filter: FilterTag}},
		{"its tier", Filter{Tiers: []string{"gold"}, TierOf: tier}, account, false, Term{}},
		{"another tier", Filter{Tiers: []string{"lead"}, TierOf: tier}, account, true, Term{Filter: FilterTier}},
		{"excluded by its ID", Filter{Exclude: []string{"111111111111"}}, account, true, Term{FilterExclude, "111111111111"}},
		{"excluded by a unit, though named", Filter{Accounts: []string{"111111111111"}, Exclude: []string{"ou-exam-22222222"}}, account, true, Term{FilterExclude, "ou-exam-22222222"}},
		{"units and tags that are not known leave it in", Filter{Units: []string{"ou-exam-33333333"}, Tags: []Tag{{"env", "dev"}}}, unread, false, Term{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if by, out := c.f.LeavesOut(c.a); out != c.out || by != c.by {
				t.Errorf("got %t %+v, want %t %+v", out, by, c.out, c.by)
			}
		})
	}
}

func TestScopeNamesWhatIsLeftOut(t *testing.T) {
	s := NewScope(Filter{Units: []string{"ou-exam-11111111"}, Exclude: []string{"2", "3"}})
	s.Exclude(Term{FilterExclude, "2"}, "2")
	s.Exclude(Term{Filter: FilterUnit}, "9")
	s.Exclude(Term{Filter: FilterUnit}, "4")
	s.Sort()
	two, three := "2", "3"
	want := Scope{
		Filters: []Term{{FilterUnit, "ou-exam-11111111"}, {FilterExclude, "2"}, {FilterExclude, "3"}},
		Excluded: []Exclusion{
			{FilterExclude, &two, 1, []string{"2"}}, {FilterExclude, &three, 0, []string{}}, {FilterUnit, nil, 2, []string{"4", "9"}},
		},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

func TestIsUnitID(t *testing.T) {
	for id, want := range map[string]bool{
		"ou-ab12-11111111": true, "r-ab12": true, "": false, "ou-": false, "ou-ab12": false, "ou-ab12-1-1": false, "r-": false,
		"r-ab-12": false, "ou-AB12-11111111": false, "111111111111": false, "ou-ab12-\x1b1111111": false,
	} {
		if got := IsUnitID(id); got != want {
			t.Errorf("%q: got %t, want %t", id, got, want)
		}
	}
}
