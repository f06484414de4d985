package iamcheck

import "slices"

// Scope says which accounts a run is about and which it leaves out, so that a report cannot be taken for one about more than
// was looked at.
type Scope struct {
	// Org is the organization's ID; nil where none was audited, or AWS did not tell it.
	Org *string `json:"org"`
	// Filters are what the run was asked to look at; none is every account.
	Filters []Term `json:"filters"`
	// ListedBy is how all accounts were found; nil where they were not.
	ListedBy *ListedBy `json:"listed_by"`
	// Listed is how many accounts were found, Audited how many of them there are findings on.
	Listed  int `json:"listed"`
	Audited int `json:"audited"`
	// Supplied is how many more accounts there are findings on that were not found so: somebody supplied answers about them.
	Supplied int `json:"supplied"`
	// Excluded are the accounts that filters left out.
	Excluded []Exclusion `json:"excluded"`
}

// Whole reports whether the run is about every account of an organization.
func (s Scope) Whole() bool {
	return s.ListedBy != nil && (*s.ListedBy == ListedByList || *s.ListedBy == ListedByUnits) && s.Audited == s.Listed
}

// Missed is how many accounts were found, not left out, and not audited either: the run was cut off.
func (s Scope) Missed() int {
	n := s.Listed - s.Audited
	for _, x := range s.Excluded {
		n -= x.Count
	}
	return n
}

// ListedBy is a way to find accounts.
type ListedBy string

// Accounts come from the organization's one list, from the lists of its units, or are those whose credentials were given.
const (
	ListedByList    ListedBy = "list"
	ListedByUnits   ListedBy = "units"
	ListedByCallers ListedBy = "callers"
	// ListedBySupplied: the accounts are those that answers were supplied of.
	ListedBySupplied ListedBy = "supplied"
)

// Term is one value of a filter.
type Term struct {
	Filter FilterKind `json:"filter"`
	Value  string     `json:"value"`
}

// Exclusion are the accounts that were left out for one reason.
type Exclusion struct {
	Filter FilterKind `json:"filter"`
	// Value is the exclusion that names the accounts or a unit they are in; nil where they match no value of the filter.
	Value *string `json:"value"`
	Count int     `json:"count"`
	// Accounts are their IDs, in order.
	Accounts []string `json:"accounts"`
}

// FilterKind is what a filter looks at.
type FilterKind string

// The filters. Exclude names accounts and units.
const (
	FilterAccount FilterKind = "account"
	FilterUnit    FilterKind = "ou"
	FilterTag     FilterKind = "tag"
	FilterTier    FilterKind = "tier"
	FilterExclude FilterKind = "exclude"
)

// Filter says which accounts of an organization to look at: those that match a value of every kind that is given, and no
// exclusion. The zero value takes all.
type Filter struct {
	Accounts []string // IDs
	Units    []string // IDs of units, which take along those below them
	Tags     []Tag    // of several of one key any; of several keys all
	Tiers    []string
	// TierOf tells an account's tier; needed with Tiers only.
	TierOf func(Facts) string
	// Exclude are the IDs of accounts and of units.
	Exclude []string
}

// Tag is a tag of an account.
type Tag struct{ Key, Value string }

// IsUnitID reports whether s has the form of a unit's ID (ou-…), or of the root's (r-…), which is the topmost unit.
func IsUnitID(s string) bool {
	for i, rest := range []string{"ou-", "r-"} {
		if len(s) <= len(rest) || s[:len(rest)] != rest || len(s) > 68 {
			continue
		}
		dashes := 0
		for _, c := range []byte(s[len(rest):]) {
			switch {
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			case c == '-':
				dashes++
			default:
				return false
			}
		}
		return dashes == 1-i
	}
	return false
}

// NeedsUnits reports whether the filter asks in which units an account is.
func (f Filter) NeedsUnits() bool {
	return len(f.Units) > 0 || slices.ContainsFunc(f.Exclude, IsUnitID)
}

// NeedsTags reports whether the filter asks for an account's tags.
func (f Filter) NeedsTags() bool { return len(f.Tags) > 0 }

// Terms are all values, in the order of the filters.
func (f Filter) Terms() []Term {
	terms := []Term{}
	add := func(kind FilterKind, values ...string) {
		for _, v := range values {
			terms = append(terms, Term{kind, v})
		}
	}
	add(FilterAccount, f.Accounts...)
	add(FilterUnit, f.Units...)
	for _, t := range f.Tags {
		add(FilterTag, t.Key+"="+t.Value)
	}
	add(FilterTier, f.Tiers...)
	add(FilterExclude, f.Exclude...)
	return terms
}

// LeavesOut tells what leaves an account out; its value is "" where the account matches none of the filter's. What is not
// known of an account leaves it in: units that are nil, and tags that are nil.
func (f Filter) LeavesOut(a Facts) (Term, bool) {
	for _, x := range f.Exclude {
		if x == a.AccountID || slices.Contains(a.OUs, x) {
			return Term{FilterExclude, x}, true
		}
	}
	switch {
	case len(f.Accounts) > 0 && !slices.Contains(f.Accounts, a.AccountID):
		return Term{Filter: FilterAccount}, true
	case len(f.Units) > 0 && a.OUs != nil && !slices.ContainsFunc(a.OUs, func(u string) bool { return slices.Contains(f.Units, u) }):
		return Term{Filter: FilterUnit}, true
	case a.Tags != nil && !f.tagged(a.Tags):
		return Term{Filter: FilterTag}, true
	case len(f.Tiers) > 0 && f.untiered(a):
		return Term{Filter: FilterTier}, true
	}
	return Term{}, false
}

// tagged reports whether every key that is asked for has one of its values.
func (f Filter) tagged(tags map[string]string) bool {
	for _, want := range f.Tags {
		value, has := tags[want.Key]
		if !has || !slices.Contains(f.Tags, Tag{want.Key, value}) {
			return false
		}
	}
	return true
}

// untiered reports whether the account's tier is none of those that are asked for.
func (f Filter) untiered(a Facts) bool { return !slices.Contains(f.Tiers, f.TierOf(a)) }

// NewScope is the scope before any account is found. Each exclusion is there, so that one that leaves out nobody shows.
func NewScope(f Filter) Scope {
	s := Scope{Filters: f.Terms(), Excluded: []Exclusion{}}
	for _, x := range f.Exclude {
		s.at(Term{FilterExclude, x})
	}
	return s
}

// Exclude counts one account that was left out.
func (s *Scope) Exclude(why Term, account string) {
	x := s.at(why)
	x.Count++
	x.Accounts = append(x.Accounts, account)
}

// Sort puts the accounts that were left out in order.
func (s *Scope) Sort() {
	for _, x := range s.Excluded {
		slices.Sort(x.Accounts)
	}
}

// at is the exclusion for a reason.
func (s *Scope) at(why Term) *Exclusion {
	i := slices.IndexFunc(s.Excluded, func(x Exclusion) bool {
		return x.Filter == why.Filter && (x.Value == nil && why.Value == "" || x.Value != nil && *x.Value == why.Value)
	})
	if i < 0 {
		i = len(s.Excluded)
		x := Exclusion{Filter: why.Filter, Accounts: []string{}}
		if why.Value != "" {
			x.Value = &why.Value
		}
		s.Excluded = append(s.Excluded, x)
	}
	return &s.Excluded[i]
}
