package custody

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hwmfa/inventory"
)

// sameSite finds the accounts with several keys whose keys are all at fewer
// sites than they should be. Where the site of one is not known, it may be
// another: nothing is found.
func (c *checking) sameSite() {
	want := float64(c.policy.Custody.SitesPerAccount)
	concerned := 0.0
	for _, account := range c.accounts {
		keys := c.bound[account]
		sites := map[string]bool{}
		for _, k := range keys {
			sites[c.site(k)] = true
		}
		n := float64(len(sites))
		if len(keys) < 2 || sites[""] || n >= want {
			continue
		}
		concerned++
		f := Finding{Subjects: Subjects{Keys: ids(keys), Accounts: []string{account}}, Figure: n, Threshold: want}
		for site := range sites {
			f.Subjects.Places = append(f.Subjects.Places, c.spelled(site))
		}
		slices.Sort(f.Subjects.Places)
		f.Text = fmt.Sprintf("the %d keys of account %s are all at %s", len(keys), account, some(f.Subjects.Places))
		f.Next = "take one of them to another site: hwmfa ship or hwmfa move"
		c.add(f)
	}
	c.measured(concerned, 0)
}

// spelled is a site as it is written.
func (c *checking) spelled(folded string) string {
	for i := range c.Places {
		if p := &c.Places[i]; p.ParentID == "" && inventory.Fold(p.Path) == folded {
			return p.Path
		}
	}
	return folded
}

// together are the keys that lie in the safe in which an artifact lies.
func (c *checking) together(a inventory.Artifact, keys []*inventory.Key) []*inventory.Key {
	var near []*inventory.Key
	for _, k := range keys {
		if a.PlaceID != "" && lies(k) && spot(k.Place) == spot(a.Place) && !slices.Contains(near, k) {
			near = append(near, k)
		}
	}
	return near
}

// keyWithPassword finds keys in one safe with a password of an account that
// they open.
func (c *checking) keyWithPassword() {
	for _, a := range c.Artifacts {
		if !a.RetiredAt.IsZero() || !a.Kind.HoldsPassword() {
			continue
		}
		var accounts []string
		var keys []*inventory.Key
		for _, account := range a.Accounts {
			if near := c.together(a, c.bound[account]); len(near) > 0 {
				accounts = append(accounts, account)
				keys = append(keys, near...)
			}
		}
		if len(keys) == 0 {
			continue
		}
		slices.SortFunc(keys, func(a, b *inventory.Key) int { return strings.Compare(a.ID, b.ID) })
		keys = slices.Compact(keys)
		c.add(Finding{
			Subjects: Subjects{Keys: ids(keys), Accounts: accounts, Places: []string{a.Place}, Artifacts: []string{a.ID}},
			Figure:   float64(len(keys)),
			Text: fmt.Sprintf("%s lies at %s with %s: together they open %s", a.Name(), a.Place, some(labels(keys)),
				count(len(accounts), "account", accounts[0])),
			Next: "keep it elsewhere: hwmfa artifact move " + a.ID + " --place PLACE",
		})
	}
}

// keyWithPIN finds keys in one safe with their PIN envelope.
func (c *checking) keyWithPIN() {
	keys := make(map[string]*inventory.Key, len(c.Keys))
	for i := range c.Keys {
		keys[c.Keys[i].ID] = &c.Keys[i]
	}
	for _, a := range c.Artifacts {
		k := keys[a.KeyID]
		if k == nil || !a.RetiredAt.IsZero() || len(c.together(a, []*inventory.Key{k})) == 0 {
			continue
		}
		c.add(Finding{
			Subjects: Subjects{Keys: []string{k.ID}, Accounts: c.opens[k.ID], Places: []string{k.Place, a.Place}, Artifacts: []string{a.ID}},
			Figure:   1,
			Text:     fmt.Sprintf("%s lies at %s with its PIN, %s", k.Label(), k.Place, a.Name()),
			Next:     "keep it elsewhere: hwmfa artifact move " + a.ID + " --place PLACE",
		})
	}
}

// onePerson finds the accounts that one person can open without anybody else:
// who may open a password of it, and has or can take a key of it or an MFA seed.
func (c *checking) onePerson() {
	passwords, seeds := map[string]map[string]bool{}, map[string]map[string]bool{}
	through := map[string][]string{} // the artifacts of an account
	for _, a := range c.Artifacts {
		into := passwords
		switch {
		case !a.RetiredAt.IsZero() || c.takesTwo(a.PlaceID):
			continue
		case a.Kind == inventory.ArtifactSeedMedium:
			into = seeds
		case !a.Kind.HoldsPassword():
			continue
		}
		for _, account := range a.Accounts {
			if into[account] == nil {
				into[account] = map[string]bool{}
			}
			for _, person := range a.Openers {
				into[account][person] = true
			}
			through[account] = append(through[account], a.ID)
		}
	}
	for _, account := range slices.Sorted(maps.Keys(passwords)) {
		people := map[string]bool{}
		for person := range seeds[account] {
			people[person] = passwords[account][person]
		}
		var keys []*inventory.Key
		for _, k := range c.bound[account] {
			reached := false
			for _, person := range c.alone(k) {
				if passwords[account][person] {
					people[person], reached = true, true
				}
			}
			if reached {
				keys = append(keys, k)
			}
		}
		maps.DeleteFunc(people, func(_ string, can bool) bool { return !can })
		if len(people) == 0 {
			continue
		}
		who := slices.Sorted(maps.Keys(people))
		c.add(Finding{
			Subjects: Subjects{Keys: ids(keys), Accounts: []string{account}, People: who, Artifacts: through[account]},
			Figure:   float64(len(who)),
			Text:     fmt.Sprintf("%s can open account %s without anybody else", some(c.names(who)), account),
			Next: "keep key and password with different people, or in a place that takes two: hwmfa place edit PLACE --two-people; " +
				"hwmfa place revoke PLACE PERSON; hwmfa artifact revoke ARTIFACT PERSON",
		})
	}
}

// count is "account 111111111111" for one, "3 accounts" for more.
func count(n int, noun, one string) string {
	if n == 1 {
		return noun + " " + one
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
