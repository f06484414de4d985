package custody

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

// Snapshot is what the inventory holds at one moment.
type Snapshot struct {
	Keys       []inventory.Key
	Places     []inventory.Place
	People     []inventory.Person
	Accounts   []inventory.Account
	Bindings   []inventory.Binding
	Proofs     []inventory.Proof
	Access     []inventory.Access
	Artifacts  []inventory.Artifact
	Exceptions []inventory.Exception
	Bags       []inventory.Bag
}

// Read takes a snapshot.
func Read(tx inventory.Tx) (Snapshot, error) {
	var s Snapshot
	var errs [10]error
	s.Keys, errs[0] = inventory.Keys(tx, inventory.KeyFilter{})
	s.Places, errs[1] = inventory.Places(tx)
	s.People, errs[2] = inventory.People(tx)
	s.Accounts, errs[3] = inventory.Accounts(tx)
	s.Bindings, errs[4] = inventory.Bindings(tx)
	s.Proofs, errs[5] = inventory.Proofs(tx)
	s.Access, errs[6] = inventory.AccessList(tx)
	s.Artifacts, errs[7] = inventory.Artifacts(tx)
	s.Exceptions, errs[8] = inventory.Exceptions(tx)
	s.Bags, errs[9] = inventory.Bags(tx)
	if err := errors.Join(errs[:]...); err != nil {
		return Snapshot{}, fmt.Errorf("read inventory: %w", err)
	}
	return s, nil
}

// checking is one run of Check: the snapshot by what rules ask for.
type checking struct {
	Snapshot
	policy     policy.Policy
	advisories func(inventory.Key) []string
	now        time.Time

	people   map[string]*inventory.Person
	places   map[string]*inventory.Place
	accounts []string                    // that keys are bound to, sorted
	bound    map[string][]*inventory.Key // the usable keys of each
	opens    map[string][]string         // the accounts of each key, sorted
	proved   map[string]time.Time        // when a key last proved to be itself
	opener   map[string][]string         // who may open a place by a grant on it
	broken   map[time.Time]string        // the numbers of bags found broken, by when

	found    []Finding
	outcome  Outcome
	severity Severity
}

func newChecking(s Snapshot, p policy.Policy, advisories func(inventory.Key) []string, now time.Time) *checking {
	c := &checking{
		Snapshot: s, policy: p, advisories: advisories, now: now,
		people: make(map[string]*inventory.Person, len(s.People)), places: make(map[string]*inventory.Place, len(s.Places)),
		bound: map[string][]*inventory.Key{}, opens: map[string][]string{},
		proved: make(map[string]time.Time, len(s.Proofs)), opener: map[string][]string{}, broken: map[time.Time]string{},
	}
	keys := make(map[string]*inventory.Key, len(s.Keys))
	for i := range s.Keys {
		keys[s.Keys[i].ID] = &s.Keys[i]
	}
	for i := range s.People {
		c.people[s.People[i].ID] = &s.People[i]
	}
	for i := range s.Places {
		c.places[s.Places[i].ID] = &s.Places[i]
	}
	for _, b := range s.Bindings {
		c.opens[b.KeyID] = append(c.opens[b.KeyID], b.AccountID)
		k := keys[b.KeyID]
		if k == nil || !k.Status.Usable() {
			continue
		}
		if c.bound[b.AccountID] == nil {
			c.accounts = append(c.accounts, b.AccountID)
		}
		c.bound[b.AccountID] = append(c.bound[b.AccountID], k)
	}
	slices.Sort(c.accounts)
	for _, p := range s.Proofs {
		c.proved[p.KeyID] = p.At
	}
	for _, a := range s.Access {
		c.opener[a.PlaceID] = append(c.opener[a.PlaceID], a.PersonID)
	}
	for _, b := range s.Bags {
		if b.State == inventory.BagBroken {
			c.broken[b.EndedAt] = b.Number
		}
	}
	return c
}

// site is the site at which a key is, as far as it is known: that of the
// person who has it, or else of the place where it lies or belongs.
func (c *checking) site(k *inventory.Key) string {
	if p := c.people[k.HolderID]; p != nil && p.Site != "" {
		return siteOf(p.Site)
	}
	return siteOf(k.Place)
}

// siteOf is the site of a path, in the form in which sites are compared.
func siteOf(path string) string {
	site, _, _ := strings.Cut(inventory.Fold(path), "/")
	return site
}

// spot is the safe of a path or, where none is named, the site: what lies
// there is together, whatever the slot.
func spot(path string) string {
	names := strings.SplitN(inventory.Fold(path), "/", 3)
	return strings.Join(names[:min(2, len(names))], "/")
}

// lies says whether a key is at its place and not with somebody.
func lies(k *inventory.Key) bool { return k.Status.Resting() && k.HolderID == "" && k.PlaceID != "" }

// upwards calls fn with a place and all that it is in.
func (c *checking) upwards(placeID string, fn func(*inventory.Place)) {
	const levels = 3 // and no deeper, whatever the rows say
	p := c.places[placeID]
	for level := 0; p != nil && level < levels; level++ {
		fn(p)
		p = c.places[p.ParentID]
	}
}

// takesTwo says whether nothing goes out of a place without a second person.
func (c *checking) takesTwo(placeID string) (two bool) {
	c.upwards(placeID, func(p *inventory.Place) { two = two || p.TwoPeople })
	return two
}

// openers are the people who may open a place, by a grant on it or on what it
// is in.
func (c *checking) openers(placeID string) []string {
	var all []string
	c.upwards(placeID, func(p *inventory.Place) { all = append(all, c.opener[p.ID]...) })
	slices.Sort(all)
	return slices.Compact(all)
}

// alone are the people who can take a key without anybody else.
func (c *checking) alone(k *inventory.Key) []string {
	switch {
	case k.HolderID != "":
		return []string{k.HolderID}
	case lies(k) && !c.takesTwo(k.PlaceID):
		return c.openers(k.PlaceID)
	}
	return nil
}

// name is what a person is called.
func (c *checking) name(personID string) string {
	if p := c.people[personID]; p != nil {
		return p.Name
	}
	return personID
}

func (c *checking) names(people []string) []string {
	names := make([]string, len(people))
	for i, id := range people {
		names[i] = c.name(id)
	}
	return names
}

// days are the whole days from one time to another.
func days(from, to time.Time) float64 { return float64(int(to.Sub(from) / (24 * time.Hour))) }

func ids(keys []*inventory.Key) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.ID
	}
	return all
}

func labels(keys []*inventory.Key) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.Label()
	}
	return all
}
