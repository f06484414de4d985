package inventory

import (
	"strings"
	"time"
)

// ClockSkew is how far the clocks of two people who write into one journal may
// differ before an event is called backdated.
const ClockSkew = 10 * time.Minute

// Backdated is an event that is dated before the one that was there already: a
// clock was wrong, or somebody wanted it to look older than it is.
type Backdated struct {
	Seq    int64
	Actor  string
	At     time.Time
	Before time.Time // when the event before it was written, as that says
	By     string    // who wrote that
}

// clockCheck looks for events that are backdated.
type clockCheck struct {
	at, by string // of the event before
	found  []Backdated
}

func (c *clockCheck) see(e *RawEvent) bool {
	// Times are of one form, so that what is earlier sorts before.
	if e.Time < c.at && len(c.found) < maxBadEvents {
		before, err1 := ParseTime(c.at)
		at, err2 := ParseTime(e.Time)
		if err1 == nil && err2 == nil && before.Sub(at) > ClockSkew {
			c.found = append(c.found, Backdated{Seq: e.Seq, Actor: strings.Clone(e.Actor), At: at, Before: before, By: strings.Clone(c.by)})
		}
	}
	c.at, c.by = e.Time, e.Actor
	return true
}
