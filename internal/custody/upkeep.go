package custody

import (
	"fmt"
	"slices"
	"time"

	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

// seen is when a key last was what it should be, as far as anybody looked: at a
// proof, at its enrollment, or when it came.
func (c *checking) seen(k *inventory.Key) time.Time {
	last := k.AddedAt
	for _, at := range []time.Time{k.EnrolledAt, c.proved[k.ID]} {
		// A clock that ran ahead once does not put off asking for ever.
		if at.After(last) && !at.After(c.now) {
			last = at
		}
	}
	return last
}

// notProved finds the keys that nobody has plugged in and asked for too long.
func (c *checking) notProved() {
	most := float64(c.policy.Custody.DaysWithoutProof)
	c.measured(0, most)
	for i := range c.Keys {
		k := &c.Keys[i]
		if k.Type != inventory.TypeKey || !k.Status.Usable() && k.Status != inventory.StatusReceived {
			continue
		}
		n := days(c.seen(k), c.now)
		c.worse(n, most)
		if n <= most {
			continue
		}
		f := Finding{
			Subjects: Subjects{Keys: []string{k.ID}, Accounts: c.opens[k.ID]}, Figure: n, Threshold: most,
			Text: fmt.Sprintf("nobody has asked %s to prove itself for %.0f days", k.Label(), n),
			Next: "plug it in and run hwmfa verify",
		}
		if !k.Attested() {
			f.Text = fmt.Sprintf("%s came %.0f days ago and has never been plugged in", k.Label(), n)
			f.Next = "plug it in and run hwmfa enroll"
		}
		c.add(f)
	}
}

// sealBroken finds the keys of bags that were found broken, as long as they are
// not put away again.
func (c *checking) sealBroken() {
	c.unsure(true, func(k *inventory.Key, since string) string {
		return fmt.Sprintf("%s was in bag %s, which was found broken on %s", k.Label(), c.broken[k.Since], since)
	})
}

// foundNotProved finds the keys that were missing, as long as they are not put
// away again.
func (c *checking) foundNotProved() {
	c.unsure(false, func(k *inventory.Key, since string) string {
		return fmt.Sprintf("%s was found again on %s", k.Label(), since)
	})
}

// unsure finds the keys that have to prove first that they are themselves: of
// broken bags, or the others.
func (c *checking) unsure(ofBag bool, text func(k *inventory.Key, since string) string) {
	for i := range c.Keys {
		k := &c.Keys[i]
		if _, bag := c.broken[k.Since]; k.Status != inventory.StatusFound || bag != ofBag {
			continue
		}
		f := Finding{
			Subjects: Subjects{Keys: []string{k.ID}, Accounts: c.opens[k.ID]}, Figure: days(k.Since, c.now),
			Text: text(k, k.Since.UTC().Format(time.DateOnly)),
			Next: "hwmfa checkin " + k.ID + " --place PLACE",
		}
		if c.proved[k.ID].After(k.Since) {
			f.Severity = Low
			f.Text += ", has proved to be itself since, and is not put away"
		} else {
			f.Text += " and has not proved to be itself since"
			f.Next = "plug it in, run hwmfa verify, then " + f.Next
		}
		c.add(f)
	}
}

// batteryEnds finds the tokens whose battery ends soon, or has ended.
func (c *checking) batteryEnds() {
	last := c.now.AddDate(0, c.policy.Custody.BatteryMonths, 0)
	most := days(c.now, last)
	for i := range c.Keys {
		k := &c.Keys[i]
		if k.BatteryEnd.IsZero() || k.BatteryEnd.After(last) || gone(k) {
			continue
		}
		f := Finding{
			Subjects: Subjects{Keys: []string{k.ID}, Accounts: c.opens[k.ID]}, Figure: days(c.now, k.BatteryEnd), Threshold: most,
			Text: fmt.Sprintf("the battery of %s ends on %s", k.Label(), k.BatteryEnd.Format(time.DateOnly)),
			Next: "register another device at AWS, then hwmfa account unbind ACCOUNT " + k.ID + " and hwmfa key retire " + k.ID,
		}
		if c.now.After(k.BatteryEnd) {
			f.Severity = High
			f.Text = fmt.Sprintf("the battery of %s ended on %s", k.Label(), k.BatteryEnd.Format(time.DateOnly))
		}
		c.add(f)
	}
}

// gone says whether a key is out of use, or was never here.
func gone(k *inventory.Key) bool {
	return k.Status == inventory.StatusRetired || k.Status == inventory.StatusDisposed || k.Status == inventory.StatusExpected
}

// campaigns says of each campaign which keys are still to be swapped.
func (c *checking) campaigns() {
	for _, g := range c.policy.Custody.Campaigns {
		var open []*inventory.Key
		total, unknown := 0, 0
		for i := range c.Keys {
			k := &c.Keys[i]
			if k.Type != inventory.TypeKey || k.Status == inventory.StatusExpected || !policy.Matches(g.Model, k.Product) {
				continue
			}
			v := policy.Version{k.Firmware.Major, k.Firmware.Minor, k.Firmware.Patch}
			if k.Firmware.IsZero() && (g.FirmwareBelow != policy.Version{} || len(g.Advisories) > 0) {
				if !gone(k) {
					unknown++
				}
				continue
			}
			if g.FirmwareBelow != (policy.Version{}) && slices.Compare(v[:], g.FirmwareBelow[:]) >= 0 || !c.concerns(g.Advisories, k) {
				continue
			}
			total++
			if !gone(k) {
				open = append(open, k)
			}
		}
		if len(open) == 0 {
			continue
		}
		f := Finding{
			Subjects: Subjects{Keys: ids(open)}, Figure: float64(total - len(open)), Threshold: float64(total),
			Text: fmt.Sprintf("%s: %d of %d keys are swapped, the others have to be by %s", g.Name, total-len(open), total, g.Deadline.Format(time.DateOnly)),
			Next: "enroll and bind another key, then hwmfa account unbind ACCOUNT KEY and hwmfa key retire KEY",
		}
		if unknown > 0 {
			f.Text += fmt.Sprintf("; the firmware of %d more keys is not known", unknown)
		}
		// The whole day is left.
		if !c.now.Before(g.Deadline.AddDate(0, 0, 1)) {
			f.Severity = High
		}
		for _, k := range open {
			f.Subjects.Accounts = append(f.Subjects.Accounts, c.opens[k.ID]...)
		}
		c.add(f)
	}
}

// concerns says whether any of the advisories applies to a key; none are no
// condition.
func (c *checking) concerns(ids []string, k *inventory.Key) bool {
	if len(ids) == 0 {
		return true
	}
	return slices.ContainsFunc(c.advisories(*k), func(id string) bool { return slices.Contains(ids, id) })
}

// exceptionExpired finds the exceptions that count no more.
func (c *checking) exceptionExpired() {
	for _, e := range c.Exceptions {
		if !e.Expired(c.now) {
			continue
		}
		c.add(Finding{
			Subjects: Subjects{Accounts: []string{e.AccountID}, People: []string{e.OwnerID, e.ApproverID}}, Figure: days(e.Expires, c.now),
			Text: fmt.Sprintf("the exception of account %s, which %s answers for, expired on %s", e.AccountID, e.Owner, e.Expires.Format(time.DateOnly)),
			Next: "end it with hwmfa account except " + e.AccountID + " --end, or have another approved",
		})
	}
}
