package custody

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"hwmfa/inventory"
)

// held are the keys that each person has, by the person's ID.
func (c *checking) held() map[string][]*inventory.Key {
	held := map[string][]*inventory.Key{}
	for i := range c.Keys {
		if k := &c.Keys[i]; k.HolderID != "" && k.Status.Usable() {
			held[k.HolderID] = append(held[k.HolderID], k)
		}
	}
	return held
}

// holderLeft finds the people who have left and have keys.
func (c *checking) holderLeft() {
	held := c.held()
	for i := range c.People {
		p := &c.People[i]
		keys := held[p.ID]
		if p.LeftAt.IsZero() || len(keys) == 0 {
			continue
		}
		f := Finding{
			Subjects: Subjects{Keys: ids(keys), People: []string{p.ID}}, Figure: float64(len(keys)),
			Text: fmt.Sprintf("%s left on %s and has %s", p.Name, p.LeftAt.Format(time.DateOnly), some(labels(keys))),
			Next: "take them back: hwmfa checkin KEY --place PLACE; where that fails: hwmfa key lose KEY",
		}
		for _, k := range keys {
			f.Subjects.Accounts = append(f.Subjects.Accounts, c.opens[k.ID]...)
		}
		c.add(f)
	}
}

// withPerson finds the keys that somebody has had for too long.
func (c *checking) withPerson() {
	most := float64(c.policy.Custody.DaysWithPerson)
	c.measured(0, most)
	for i := range c.Keys {
		k := &c.Keys[i]
		if k.HolderID == "" || k.Status != inventory.StatusCheckedOut && k.Status != inventory.StatusInUse {
			continue
		}
		n := days(k.Since, c.now)
		c.worse(n, most)
		if n > most {
			c.add(Finding{
				Subjects: Subjects{Keys: []string{k.ID}, Accounts: c.opens[k.ID], People: []string{k.HolderID}}, Figure: n, Threshold: most,
				Text: fmt.Sprintf("%s has been with %s for %.0f days", k.Label(), c.name(k.HolderID), n),
				Next: "put it away: hwmfa checkin " + k.ID + " --place PLACE",
			})
		}
	}
}

// overdueCheckout finds the keys that should be back.
func (c *checking) overdueCheckout() {
	for i := range c.Keys {
		k := &c.Keys[i]
		if k.HolderID == "" || !k.Status.Usable() || k.Status == inventory.StatusInTransit || !c.late(k) {
			continue
		}
		c.add(Finding{
			Subjects: Subjects{Keys: []string{k.ID}, Accounts: c.opens[k.ID], People: []string{k.HolderID}}, Figure: days(k.Due, c.now),
			Text: fmt.Sprintf("%s should have been back on %s; %s has it", k.Label(), k.Due.UTC().Format(time.DateOnly), c.name(k.HolderID)),
			Next: "take it back: hwmfa checkin " + k.ID + " --place PLACE; where that fails: hwmfa key lose " + k.ID,
		})
	}
}

// overdueShipment finds the parcels that should have arrived.
func (c *checking) overdueShipment() {
	parcels := map[string][]*inventory.Key{}
	for i := range c.Keys {
		if k := &c.Keys[i]; k.Status == inventory.StatusInTransit && c.late(k) {
			parcels[k.Shipment] = append(parcels[k.Shipment], k)
		}
	}
	for _, parcel := range slices.Sorted(maps.Keys(parcels)) {
		keys := parcels[parcel]
		f := Finding{
			Subjects: Subjects{Keys: ids(keys)}, Figure: days(keys[0].Due, c.now),
			Text: fmt.Sprintf("parcel %s with %s should have arrived on %s", parcel, some(labels(keys)), keys[0].Due.UTC().Format(time.DateOnly)),
			Next: "ask the carrier; what has come: hwmfa ship arrive " + parcel + "; what has not: hwmfa key lose KEY",
		}
		for _, k := range keys {
			f.Subjects.Accounts = append(f.Subjects.Accounts, c.opens[k.ID]...)
		}
		c.add(f)
	}
}

func (c *checking) late(k *inventory.Key) bool { return !k.Due.IsZero() && c.now.After(k.Due) }

// custodianOverload finds the people who alone look after too many keys: those
// they have, and those in places that nobody else may open.
func (c *checking) custodianOverload() {
	most := float64(c.policy.KeysPerCustodian)
	c.measured(0, most)
	keys := c.held()
	sole := map[string]string{} // the one opener of a place, "" none or several
	for i := range c.Keys {
		k := &c.Keys[i]
		if !lies(k) || !k.Status.Usable() {
			continue
		}
		one, known := sole[k.PlaceID]
		if !known {
			if openers := c.openers(k.PlaceID); len(openers) == 1 {
				one = openers[0]
			}
			sole[k.PlaceID] = one
		}
		if one != "" {
			keys[one] = append(keys[one], k)
		}
	}
	for _, person := range slices.Sorted(maps.Keys(keys)) {
		n := float64(len(keys[person]))
		c.worse(n, most)
		if n > most {
			c.add(Finding{
				Subjects: Subjects{Keys: ids(keys[person]), People: []string{person}}, Figure: n, Threshold: most,
				Text: fmt.Sprintf("%s alone looks after %.0f keys", c.name(person), n),
				Next: "let somebody else open a place: hwmfa place grant PLACE PERSON",
			})
		}
	}
}
