package main

import (
	"fmt"

	"hwmfa/inventory"
)

// countReport is what counting came to: how many codes were read, how many keys
// they stand for by what the counts rest on, and what was left out.
type countReport struct {
	stocktake  inventory.Stocktake
	codes      int
	keys       map[inventory.Basis]int
	unexpected int
	ignored    []ignoredJSON
	plugged    []pluggedJSON
}

func (r *countReport) add(c inventory.Count) {
	if c.KeyID == "" {
		r.unexpected++
		return
	}
	if r.keys == nil {
		r.keys = map[inventory.Basis]int{}
	}
	r.keys[c.How]++
}

// countJSON is the schema hwmfa.count/v1. Of a blind stocktake the numbers of
// keys are null: what a bag holds, or which code names no key, is not to be shown.
type countJSON struct {
	Schema     string        `json:"schema"`
	Stocktake  string        `json:"stocktake"`
	Codes      int           `json:"codes"` // read, or keys plugged in, and counted
	Proved     *int          `json:"proved"`
	Sealed     *int          `json:"sealed"`
	Claimed    *int          `json:"claimed"`
	Unexpected *int          `json:"unexpected"`
	Ignored    []ignoredJSON `json:"ignored"`
	Plugged    []pluggedJSON `json:"plugged"`
}

// ignoredJSON is a line that was left out.
type ignoredJSON struct {
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// finish prints what counting came to, and ends in errFound where that is not
// just keys.
func (r *countReport) finish(a *app, asJSON bool) error {
	if more := len(r.ignored) - maxNamed; more > 0 {
		a.streams.Notice("%d more lines were left out", more)
	}
	blind := hidden(r.stocktake)
	if more := r.unexpected - maxNamed; more > 0 && !blind {
		a.streams.Notice("%d more codes name no key of the inventory", more)
	}
	if err := r.print(a, asJSON, blind); err != nil {
		return err
	}
	if len(r.ignored) > 0 || !blind && r.unexpected > 0 {
		return errFound
	}
	return nil
}

func (r *countReport) print(a *app, asJSON, blind bool) error {
	if asJSON {
		j := countJSON{Schema: "hwmfa.count/v1", Stocktake: r.stocktake.ID, Codes: r.codes, Ignored: []ignoredJSON{}, Plugged: []pluggedJSON{}}
		j.Ignored, j.Plugged = append(j.Ignored, r.ignored...), append(j.Plugged, r.plugged...)
		if !blind {
			proved, sealed, claimed := r.keys[inventory.BasisProved], r.keys[inventory.BasisSealed], r.keys[inventory.BasisClaimed]
			j.Proved, j.Sealed, j.Claimed, j.Unexpected = &proved, &sealed, &claimed, &r.unexpected
		}
		return a.streams.JSON(j)
	}
	if blind {
		return a.streams.Printf("%s: %d counted\n", r.stocktake.ID, r.codes)
	}
	all := r.unexpected
	for _, n := range r.keys {
		all += n
	}
	proved, sealed, claimed := r.keys[inventory.BasisProved], r.keys[inventory.BasisSealed], r.keys[inventory.BasisClaimed]
	line := fmt.Sprintf("%d counted: %d proved, %d sealed, %d claimed", all, proved, sealed, claimed)
	if other := all - r.unexpected - proved - sealed - claimed; other > 0 {
		line += fmt.Sprintf(", %d not what they show", other)
	}
	if r.unexpected > 0 {
		line += fmt.Sprintf(", %d unexpected", r.unexpected)
	}
	return a.streams.Printf("%s: %s\n", r.stocktake.ID, line)
}
