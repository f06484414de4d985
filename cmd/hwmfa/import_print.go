package main

import (
	"fmt"
	"strings"

	"hwmfa/internal/term"
	"hwmfa/inventory/exchange"
)

// importReport is the schema hwmfa.import/v1.
type importReport struct {
	Schema   string          `json:"schema"`
	Kind     string          `json:"kind"`
	File     string          `json:"file"`
	Applied  bool            `json:"applied"`
	Plan     *string         `json:"plan"` // null where it cannot be applied
	Create   int             `json:"create"`
	Change   int             `json:"change"`
	Same     int             `json:"same"`
	Conflict int             `json:"conflict"`
	Rows     []importRowJSON `json:"rows"`
}

// importRowJSON is one row of the file.
type importRowJSON struct {
	Row      int                `json:"row"`
	Action   exchange.Action    `json:"action"`
	Entry    string             `json:"entry"`
	Changes  []importChangeJSON `json:"changes"`
	Notes    []string           `json:"notes"`
	Conflict *string            `json:"conflict"`
}

type importChangeJSON struct {
	Field string  `json:"field"`
	Old   *string `json:"old"`
	New   *string `json:"new"`
}

// printPlan shows what a file comes to. Rows that are the same and have
// nothing to be said about are counted only.
func (a *app) printPlan(p exchange.Plan, opts importOptions) error {
	if opts.json {
		return a.streams.JSON(planReport(p, opts))
	}
	t := term.NewTable("row", "what", "entry", "fields")
	rows := 0
	for _, s := range p.Steps {
		if s.Action == exchange.ActionSame && len(s.Notes) == 0 {
			continue
		}
		rows++
		t.Row(term.Cell{Text: s.Where}, term.Cell{Text: string(s.Action), Colour: actionColour(s.Action)}, term.Cell{Text: s.Name}, term.Cell{Text: stepText(s)})
	}
	if rows > 0 {
		if err := a.streams.Table(t); err != nil {
			return err
		}
	}
	err := a.streams.Printf("%d to create, %d to change, %d the same, %d in conflict\n",
		p.Count(exchange.ActionCreate), p.Count(exchange.ActionChange), p.Count(exchange.ActionSame), p.Count(exchange.ActionConflict))
	switch {
	case err != nil || !p.Differs():
		return err
	case opts.apply:
		return a.streams.Printf("done\n")
	case p.Count(exchange.ActionConflict) > 0:
		return a.streams.Printf("nothing of it can be imported before the conflicts are settled\n")
	}
	return a.streams.Printf("nothing was changed; --apply --plan %s does it\n", p.Digest())
}

// stepText is the fields of a step in one line.
func stepText(s exchange.Step) string {
	if s.Conflict != "" {
		return s.Conflict
	}
	var parts []string
	for _, c := range s.Changes {
		if c.Old == "" {
			parts = append(parts, c.Field+" "+c.New)
		} else {
			parts = append(parts, fmt.Sprintf("%s %s → %s", c.Field, c.Old, c.New))
		}
	}
	return strings.Join(append(parts, s.Notes...), ", ")
}

func actionColour(a exchange.Action) term.Colour {
	switch a {
	case exchange.ActionConflict:
		return term.Red
	case exchange.ActionSame:
		return term.Green
	default:
		return term.Yellow
	}
}

func planReport(p exchange.Plan, opts importOptions) importReport {
	r := importReport{
		Schema: "hwmfa.import/v1", Kind: p.Kind, File: opts.file.path, Applied: opts.apply,
		Create: p.Count(exchange.ActionCreate), Change: p.Count(exchange.ActionChange),
		Same: p.Count(exchange.ActionSame), Conflict: p.Count(exchange.ActionConflict), Rows: []importRowJSON{},
	}
	if r.Conflict == 0 {
		digest := p.Digest()
		r.Plan = &digest
	}
	for _, s := range p.Steps {
		if s.Action == exchange.ActionSame && len(s.Notes) == 0 {
			continue
		}
		row := importRowJSON{Row: s.Row, Action: s.Action, Entry: s.Name, Changes: []importChangeJSON{}, Notes: append([]string{}, s.Notes...), Conflict: null(s.Conflict)}
		for _, c := range s.Changes {
			row.Changes = append(row.Changes, importChangeJSON{c.Field, null(c.Old), null(c.New)})
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}
