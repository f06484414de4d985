package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"hwmfa/inventory"
)

// custodyHistory is one event of a key's life.
type custodyHistory struct {
	Seq        int64             `json:"seq"`
	At         time.Time         `json:"at"`
	Actor      string            `json:"actor"`
	Kind       string            `json:"kind"`
	From       *inventory.Status `json:"from"`
	Status     *inventory.Status `json:"status"`
	FromPlace  *string           `json:"from_place"`
	Place      *string           `json:"place"`
	FromHolder *string           `json:"from_holder"`
	Holder     *string           `json:"holder"`
	Seal       *string           `json:"seal"`
	Shipment   *string           `json:"shipment"`
	Due        *time.Time        `json:"due"`
	Reason     *string           `json:"reason"`
	Ticket     *string           `json:"ticket"`
	Witness    *witnessJSON      `json:"witness"`
}

// witnessJSON is the second person of a step and what they confirmed it with.
type witnessJSON struct {
	Name    *string `json:"name"`
	Login   *string `json:"login"`
	Key     *string `json:"key"`
	Proof   *int64  `json:"proof"`
	Request *int64  `json:"request"`
	AskedBy *string `json:"asked_by"`
}

func historyJSON(s inventory.Step) custodyHistory {
	j := custodyHistory{
		Seq: s.Seq, At: s.At.UTC(), Actor: s.Actor, Kind: s.Kind,
		FromPlace: null(s.FromPlace), Place: null(s.Place), FromHolder: null(s.FromHolder), Holder: null(s.Holder),
	}
	if s.From != "" {
		j.From = &s.From
	}
	if c := s.Custody; c != nil {
		j.Status, j.Seal, j.Shipment, j.Due, j.Reason, j.Ticket = &c.Status, null(c.Seal), null(c.Shipment), nullTime(c.Due), null(c.Reason), null(c.Ticket)
	}
	if w := s.Witness; w != nil {
		j.Witness = &witnessJSON{null(s.WitnessName), w.Login, w.Key, w.Proof, w.Request, w.AskedBy}
	}
	return j
}

func runCustodyOf(ctx context.Context, a *app, opts custodyOptions) error {
	var k inventory.Key
	var steps []inventory.Step
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		if k, err = inventory.FindKey(tx, opts.key); err != nil {
			return err
		}
		steps, err = inventory.History(tx, k.ID)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		report := custodyJSON{Schema: "hwmfa.custody/v1", Keys: []custodyOfJSON{custodyToJSON(k, a.now())}, Steps: []custodyHistory{}}
		for _, s := range steps {
			report.Steps = append(report.Steps, historyJSON(s))
		}
		return a.streams.JSON(report)
	}
	why := k.Reason
	if k.Ticket != "" {
		why = strings.TrimSpace(why + " (" + k.Ticket + ")")
	}
	late := ""
	if k.Overdue(a.now()) {
		late = ", OVERDUE"
	}
	lines := [][2]string{{"key", k.Label()}, {"is", whereabouts(k) + late}, {"since", timeText(k.Since)}, {"why", why}}
	for _, l := range lines {
		if err := a.streams.Printf("%-6s %s\n", l[0], cmp.Or(l[1], "-")); err != nil {
			return err
		}
	}
	for _, s := range steps {
		if err := a.streams.Printf("\n%s by %s: %s\n", timeText(s.At), s.Actor, historyText(s)); err != nil {
			return err
		}
		if err := printStep(a, s); err != nil {
			return err
		}
	}
	return nil
}

// printStep writes the lines below a step: why, and who the second person was.
func printStep(a *app, s inventory.Step) error {
	var lines []string
	if c := s.Custody; c != nil && c.Reason != "" {
		lines = append(lines, "why: "+c.Reason)
	}
	if c := s.Custody; c != nil && c.Ticket != "" {
		lines = append(lines, "ticket: "+c.Ticket)
	}
	if w := s.Witness; w != nil {
		how := "by login " + deref(w.Login) + ", asked by " + deref(w.AskedBy)
		if w.Key != nil {
			how = "with key " + *w.Key
		}
		lines = append(lines, "second person: "+s.WitnessName+", "+how)
	}
	for _, l := range lines {
		if err := a.streams.Printf("  %s\n", l); err != nil {
			return err
		}
	}
	return nil
}

// stepTexts say what happened, by the kind of the event.
var stepTexts = map[string]string{
	inventory.KindKeyDeclared:    "entered into the inventory",
	inventory.KindKeyEnrolled:    "enrolled",
	inventory.KindKeyTagged:      "given another tag",
	inventory.KindKeyChanged:     "changed",
	inventory.KindKeyPIVIdentity: "given a PIV identity",
	inventory.KindKeyFIDOReset:   "FIDO side reset",
	"key.received":               "received",
	"key.checked_out":            "handed out",
	"key.checked_in":             "put away",
	"key.moved":                  "moved",
	"key.sealed":                 "sealed",
	"key.unsealed":               "taken out of its bag, which was opened",
	"key.seal_broken":            "its bag was found broken",
	"key.shipped":                "sent",
	"key.arrived":                "arrived",
	"key.lost":                   "lost",
	"key.found":                  "found",
	"key.compromised":            "compromised",
	"key.retired":                "retired",
	"key.disposed":               "disposed of",
	inventory.KindBindingAdded:   "bound to an account",
	inventory.KindBindingRemoved: "unbound from an account",
}

// historyText says in words what happened, with from where to where.
func historyText(s inventory.Step) string {
	if s.Method != "" {
		return "proved to be itself (" + string(s.Method) + ")"
	}
	text := cmp.Or(stepTexts[s.Kind], s.Kind)
	c := s.Custody
	if c == nil {
		return text
	}
	var more []string
	if s.Holder != s.FromHolder {
		if s.FromHolder != "" {
			more = append(more, "from "+s.FromHolder)
		}
		if s.Holder != "" {
			more = append(more, "to "+s.Holder)
		}
	}
	switch {
	case s.Place != s.FromPlace && s.FromPlace != "":
		more = append(more, "from "+s.FromPlace)
		if s.Place != "" {
			more = append(more, "to "+s.Place)
		}
	case s.Place != "" && (s.FromPlace == "" || c.Status.Resting()):
		more = append(more, "at "+s.Place)
	}
	if c.Seal != "" {
		more = append(more, "in bag "+c.Seal)
	}
	if c.Shipment != "" {
		more = append(more, "in shipment "+c.Shipment)
	}
	if !c.Due.IsZero() {
		more = append(more, fmt.Sprintf("due %s", timeText(c.Due)))
	}
	return strings.Join(append([]string{text}, more...), " ")
}
