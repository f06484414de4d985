package attest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hwmfa/hw"
)

// History is what metadata tells of one model over time.
type History struct {
	Model  string       // "YubiKey 5 Series with NFC"
	Levels []LevelSince // oldest first
	FIPS   bool         // it has, or had, a FIPS 140 validation
}

// LevelSince is a FIDO level from a day on, 1 to 3; 0 takes the certification
// away. Level 1 stands for the certification from before there were levels, and a
// "plus" counts for nothing.
type LevelSince struct {
	Since time.Time // zero: no day is given
	Level int
}

// History is the record of the model with that AAGUID; false where the metadata
// knows none, or several.
func (m *Metadata) History(id hw.AAGUID) (History, bool) {
	if m == nil || id.IsZero() || len(m.byAAGUID[id]) != 1 {
		return History{}, false
	}
	one := m.byAAGUID[id][0]
	h := History{Model: one.description}
	for _, r := range one.reports {
		if slices.Contains(fipsLevels, r.Status) {
			h.FIPS = true
		}
		level, ok := levelOf(r.Status)
		if !ok {
			continue
		}
		h.Levels = append(h.Levels, LevelSince{day(r.EffectiveDate), level})
		if until := day(r.SunsetDate); !until.IsZero() {
			h.Levels = append(h.Levels, LevelSince{until, 0})
		}
	}
	slices.SortStableFunc(h.Levels, func(a, b LevelSince) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Level, b.Level))
	})
	return h, true
}

// levelOf is the FIDO level that a word gives; false for a word on something
// else.
func levelOf(status string) (int, bool) {
	if !slices.Contains(certifications, status) && status != "REVOKED" {
		return 0, false
	}
	word, certified := strings.CutPrefix(status, "FIDO_CERTIFIED")
	switch {
	case !certified:
		return 0, true
	case word == "":
		return 1, true
	}
	return int(strings.TrimPrefix(word, "_L")[0] - '0'), true
}

// day is a date, zero where it is none.
func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return d
}
