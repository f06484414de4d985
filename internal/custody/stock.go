package custody

import (
	"fmt"
	"strings"

	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

// overCapacity finds the places that hold more than fits, counting as moves do.
func (c *checking) overCapacity() {
	there := map[string]float64{}
	for i := range c.Keys {
		if k := &c.Keys[i]; k.Status.Resting() {
			c.upwards(k.PlaceID, func(p *inventory.Place) { there[p.ID]++ })
		}
	}
	for i := range c.Places {
		p := &c.Places[i]
		n, most := there[p.ID], float64(p.Capacity)
		if p.Capacity == 0 || n <= most {
			continue
		}
		c.add(Finding{
			Subjects: Subjects{Places: []string{p.Path}}, Figure: n, Threshold: most,
			Text: fmt.Sprintf("%s holds %.0f keys, and %.0f fit in it", p.Path, n, most),
			Next: "put some elsewhere: hwmfa move KEY --place PLACE; or correct it: hwmfa place edit " + p.ID + " --capacity N",
		})
	}
}

// sparePoolLow finds the pools that hold fewer spare keys than they should. A
// spare key can be used, lies in a place and is bound to no account.
func (c *checking) sparePoolLow() {
	low := 0.0
	for _, pool := range c.policy.Custody.Spares {
		n := 0.0
		for i := range c.Keys {
			k := &c.Keys[i]
			if k.Type == inventory.TypeKey && lies(k) && k.Status.Usable() && len(c.opens[k.ID]) == 0 &&
				policy.Matches(pool.Model, k.Product) && (pool.Site == "" || siteOf(k.Place) == inventory.Fold(strings.Trim(pool.Site, " "))) {
				n++
			}
		}
		if n >= float64(pool.Level) {
			continue
		}
		low++
		f := Finding{Figure: n, Threshold: float64(pool.Level), Next: "order keys, or bring some from another site"}
		what, where := "of any model", "in all"
		if pool.Model != "" {
			what = "of model " + pool.Model
		}
		if pool.Site != "" {
			where = "at " + pool.Site
			f.Subjects.Places = []string{pool.Site}
		}
		f.Text = fmt.Sprintf("%.0f spare keys %s are %s, and there should be %d", n, what, where, pool.Level)
		c.add(f)
	}
	c.measured(low, 0)
}

// replicaMissing finds the artifacts that have fewer copies at other sites than
// their kind should.
func (c *checking) replicaMissing() {
	copies := map[string][]inventory.Artifact{}
	for _, a := range c.Artifacts {
		if a.ReplicaOf != "" && a.RetiredAt.IsZero() {
			copies[a.ReplicaOf] = append(copies[a.ReplicaOf], a)
		}
	}
	for _, rule := range c.policy.Custody.Replicas {
		for _, a := range c.Artifacts {
			if string(a.Kind) != rule.Kind || a.ReplicaOf != "" || !a.RetiredAt.IsZero() {
				continue
			}
			sites := map[string]bool{}
			for _, r := range copies[a.ID] {
				if site := siteOf(r.Place); site != "" && a.PlaceID != "" && site != siteOf(a.Place) {
					sites[site] = true
				}
			}
			if len(sites) >= rule.OffSite {
				continue
			}
			f := Finding{
				Subjects: Subjects{Artifacts: []string{a.ID}, Accounts: a.Accounts}, Figure: float64(len(sites)), Threshold: float64(rule.OffSite),
				Text: fmt.Sprintf("%s has copies at %d other sites, and should at %d", a.Name(), len(sites), rule.OffSite),
				Next: "make a copy: hwmfa artifact add --kind " + string(a.Kind) + " --label LABEL --place PLACE --replica-of " + a.ID,
			}
			if a.PlaceID == "" {
				f.Text = fmt.Sprintf("nobody knows where %s is, nor therefore whether a copy is elsewhere", a.Name())
				f.Next = "hwmfa artifact move " + a.ID + " --place PLACE"
			} else {
				f.Subjects.Places = []string{a.Place}
			}
			c.add(f)
		}
	}
}
