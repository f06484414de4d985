package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// until reads a time that lies ahead, as a person gives it: RFC 3339, a day
// (its end, here), or how long from now ("90m", "8h", "3d", "2w"). Whether it
// does lie ahead is for the inventory to say.
func until(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return day.AddDate(0, 0, 1).Add(-time.Second), nil
	}
	if d, ok := ahead(text); ok {
		return now.Add(d), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: give 2026-12-24T18:00:00Z, 2026-12-24, or how long from now: 90m, 8h, 3d, 2w", text)
}

// longest bounds how far ahead a number of units may reach.
const longest = 100 * 366 * 24 * time.Hour

// ahead reads a whole number and one unit.
func ahead(text string) (time.Duration, bool) {
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
	for unit, length := range units {
		number, ok := strings.CutSuffix(text, unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 32)
		if err == nil && n > 0 && time.Duration(n) <= longest/length {
			return time.Duration(n) * length, true
		}
	}
	return 0, false
}
