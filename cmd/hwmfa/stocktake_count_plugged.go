package main

import (
	"context"
	"errors"

	"hwmfa/internal/ceremony"
	"hwmfa/internal/term"
	"hwmfa/inventory"
)

// pluggedJSON is what became of one plugged key. Of a blind stocktake the
// verdict and what it rests on are null for a key that was counted.
type pluggedJSON struct {
	Counted bool              `json:"counted"`
	How     *inventory.Basis  `json:"how"`
	Verdict *ceremony.Verdict `json:"verdict"`
	Reason  *string           `json:"reason"`
	Detail  *string           `json:"detail"`
	KeyID   *string           `json:"key_id"`
	Tag     *string           `json:"tag"`
	Serial  *string           `json:"serial"`
	Product *string           `json:"product"`
}

func runCountPlugged(ctx context.Context, a *app, opts stocktakeCountOptions) (err error) {
	bench, store, act, err := a.openDesk(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	s, keys, missing := ceremony.CountPlugged(ctx, bench, store, ceremony.CountRequest{
		Stocktake: opts.stocktake, Place: opts.place, Touch: opts.touch,
		Actor: act.Actor, Now: a.now, PIN: pinAsker(a.streams, opts.pinFD), OnePIN: opts.pinFD >= 0, Tell: a.tellTouch,
	})
	if len(keys) == 0 {
		return missing
	}
	if missing != nil {
		a.notices("warning: ", missing)
	}
	r := countReport{stocktake: s}
	blind, clean := hidden(s), true
	t := term.NewTable("counted", "key", "serial", "tag", "product").Limit(3, 16).Limit(4, 32)
	var lines []string
	for _, k := range keys {
		r.plugged = append(r.plugged, pluggedToJSON(k, blind))
		switch {
		case k.Basis == "":
			lines = append(lines, k.Seen.Name()+" was not counted: "+firstOf(k.Detail, string(k.Verdict)))
			clean = false
		case k.Unknown:
			r.codes++
			r.unexpected++
		default:
			r.codes++
			r.add(inventory.Count{KeyID: k.Key.ID, How: k.Basis})
			if text := verdictTexts[k.Verdict]; text.colour == term.Red && !blind {
				lines = append(lines, k.Key.Label()+": "+text.meaning, "  "+k.Detail)
				clean = false
			}
		}
		t.Row(pluggedRow(k, blind)...)
	}
	if !opts.json {
		if err := a.streams.Table(t); err != nil {
			return err
		}
		for _, line := range lines {
			if err := a.streams.Printf("%s\n", line); err != nil {
				return err
			}
		}
	}
	if err := r.finish(a, opts.json); err != nil || clean {
		return err
	}
	return errFound
}

// pluggedRow is a plugged key in the table.
func pluggedRow(k ceremony.CountedKey, blind bool) []term.Cell {
	how := term.Cell{Text: string(k.Basis)}
	id, tag := "", ""
	switch {
	case k.Basis == "":
		how = term.Cell{Text: "no", Colour: term.Yellow}
	case blind:
		how.Text = "yes"
	case k.Unknown:
		how = term.Cell{Text: "unexpected", Colour: term.Yellow}
	default:
		id, tag = k.Key.ID, k.Key.Tag
		how.Colour = verdictTexts[k.Verdict].colour
	}
	return append([]term.Cell{how}, term.Plain(id, k.Seen.Serial, tag, k.Seen.Product)...)
}

func pluggedToJSON(k ceremony.CountedKey, blind bool) pluggedJSON {
	j := pluggedJSON{Counted: k.Basis != "", Serial: null(k.Seen.Serial), Product: null(k.Seen.Product)}
	if blind && j.Counted {
		return j
	}
	j.Verdict, j.Reason, j.Detail = &k.Verdict, null(k.Reason), null(k.Detail)
	if j.Counted {
		j.How = &k.Basis
	}
	if k.Key != nil && !k.Unknown {
		j.KeyID, j.Tag = &k.Key.ID, null(k.Key.Tag)
	}
	return j
}
