package main

import (
	"context"
	"errors"
	"fmt"

	"hwmfa/internal/ceremony"
	"hwmfa/internal/term"
	"hwmfa/inventory"
)

// verdictText is how a verdict is shown: its colour, what it means, and what it
// means for a binding of the enrolled key, "" where it says nothing about that.
type verdictText struct {
	colour  term.Colour
	meaning string
	binding string
}

var verdictTexts = map[ceremony.Verdict]verdictText{
	ceremony.Present:  {term.Green, "", ""},
	ceremony.OtherKey: {term.Red, "another key than the enrolled one: what is registered with that is not on this", "not on this key"},
	ceremony.FIDOReset: {
		term.Red, "FIDO reset: its FIDO registrations, AWS's too, are dead; register another key", "dead",
	},
	ceremony.ResetOrOther: {
		term.Red, "either it was reset, and its FIDO registrations, AWS's too, are dead, or it is another key with the same serial",
		"dead if it was reset, not on this key if it is another",
	},
	ceremony.NotEnrolled:   {term.Yellow, "the inventory knows no such key", ""},
	ceremony.Unproved:      {term.Yellow, "nothing is known about which key it is", ""},
	ceremony.SilentRefused: {term.Yellow, "nothing is known about which key it is; without --no-touch it is asked for a touch", ""},
	ceremony.Skipped:       {term.Yellow, "nothing is known about which key it is; without --no-touch it is asked", ""},
	ceremony.Gone:          {term.Yellow, "nothing is known about which key it is", ""},
}

func runVerifyPresence(ctx context.Context, a *app, opts verifyOptions) error {
	bench, s, act, err := a.openDesk(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	results, missing := ceremony.VerifyPresence(ctx, bench, s, ceremony.PresenceRequest{
		All: opts.all, Ref: opts.key, Serial: opts.serial, NoTouch: opts.noTouch,
		Actor: act.Actor, Now: a.now, PIN: pinAsker(a.streams, opts.pinFD), OnePIN: opts.pinFD >= 0, Tell: a.tellTouch,
	})
	if len(results) == 0 {
		return missing
	}
	if missing != nil {
		a.notices("warning: ", missing)
	}
	if opts.json {
		err = a.streams.JSON(presenceReport(results))
	} else {
		err = printPresence(a, results)
	}
	if !opts.all && results[0].Err != nil {
		return errors.Join(err, results[0].Err)
	}
	if err == nil && !allPresent(results) {
		return errFound
	}
	return err
}

// tellTouch asks for the touch that a ceremony has come to.
func (a *app) tellTouch(step ceremony.Step, who ceremony.Seen) {
	switch step {
	case ceremony.StepTouch:
		a.streams.Touch(who.Name())
	case ceremony.StepManagementTouch:
		a.streams.Touch(who.Name() + " for its PIV management key")
	}
}

func allPresent(results []ceremony.Presence) bool {
	for _, p := range results {
		if p.Verdict != ceremony.Present {
			return false
		}
	}
	return true
}

func printPresence(a *app, results []ceremony.Presence) error {
	t := term.NewTable("verdict", "key", "serial", "tag", "product", "proved by").Limit(4, 32).Give(4, 12)
	for _, p := range results {
		var k inventory.Key
		if p.Key != nil {
			k = *p.Key
		}
		method := ""
		if p.Proof != nil {
			method = string(p.Proof.Method)
		}
		row := term.Plain(string(p.Verdict), k.ID, firstOf(p.Seen.Serial, k.Serial), k.Tag, firstOf(p.Seen.Product, k.Product), method)
		row[0].Colour = verdictTexts[p.Verdict].colour
		t.Row(row...)
	}
	if err := a.streams.Table(t); err != nil {
		return err
	}
	for _, p := range results {
		lines := presenceLines(p)
		if len(lines) == 0 {
			continue
		}
		if err := a.streams.Printf("\n%s: %s\n", firstOf(presenceLabel(p), p.Seen.Name()), string(p.Verdict)); err != nil {
			return err
		}
		for _, l := range lines {
			if err := a.streams.Printf("  %s\n", l); err != nil {
				return err
			}
		}
	}
	return nil
}

func presenceLabel(p ceremony.Presence) string {
	if p.Key == nil {
		return ""
	}
	return p.Key.Label()
}

// presenceLines explain a verdict, and name what dies with the key.
func presenceLines(p ceremony.Presence) (lines []string) {
	text := verdictTexts[p.Verdict]
	if text.meaning != "" {
		lines = append(lines, text.meaning)
	}
	if p.Detail != "" {
		lines = append(lines, p.Detail)
	}
	if p.Verdict == ceremony.Present && !p.Key.Status.Usable() {
		lines = append(lines, "the inventory has it as "+string(p.Key.Status))
	}
	if text.binding != "" {
		for _, b := range p.Bindings {
			lines = append(lines, fmt.Sprintf("account %s, device %s (%s): %s", b.AccountID, b.DeviceName, b.How, text.binding))
		}
		if len(p.Bindings) > 0 {
			lines = append(lines, "recorded as bound until you end it: register another key at AWS, remove this device there, then hwmfa account unbind ACCOUNT "+p.Key.ID)
		}
	}
	for _, w := range p.Seen.Warnings {
		if p.Err == nil || !errors.Is(p.Err, w.Err) { // what kept it from proving is said already
			lines = append(lines, "warning: "+w.Text)
		}
	}
	return lines
}

// The JSON of hwmfa verify without --evidence (schema hwmfa.verify/v1).

type presencesJSON struct {
	Schema   string         `json:"schema"`
	Verified bool           `json:"verified"`
	Keys     []presenceJSON `json:"keys"`
}

type presenceJSON struct {
	Verdict  ceremony.Verdict `json:"verdict"`
	Reason   *string          `json:"reason"`
	Detail   *string          `json:"detail"`
	KeyID    *string          `json:"key_id"`
	Tag      *string          `json:"tag"`
	Status   *string          `json:"status"`
	Serial   *string          `json:"serial"`
	Product  *string          `json:"product"`
	USB      *usbSeen         `json:"usb"`
	Proof    *proofJSON       `json:"proof"`
	PIV      *string          `json:"piv"`
	Bindings []bindingJSON    `json:"bindings"`
	Warnings []warningJSON    `json:"warnings"`
}

// proofJSON points at the journal event that holds the answer.
type proofJSON struct {
	At     string           `json:"at"`
	Method inventory.Method `json:"method"`
	Event  int64            `json:"event"`
}

func presenceReport(results []ceremony.Presence) presencesJSON {
	report := presencesJSON{Schema: "hwmfa.verify/v1", Verified: allPresent(results), Keys: []presenceJSON{}}
	for _, p := range results {
		j := presenceJSON{
			Verdict: p.Verdict, Reason: null(p.Reason), Detail: null(p.Detail), Serial: null(p.Seen.Serial), Product: null(p.Seen.Product),
			USB: usbSeenJSON(p.Seen.Key.USB), PIV: null(string(p.PIV)), Bindings: []bindingJSON{}, Warnings: warningsJSON(p.Seen.Warnings),
		}
		if k := p.Key; k != nil {
			j.KeyID, j.Tag, j.Status = null(k.ID), null(k.Tag), null(string(k.Status))
		}
		if p.Proof != nil {
			j.Proof = proofToJSON(*p.Proof)
		}
		for _, b := range p.Bindings {
			j.Bindings = append(j.Bindings, bindingToJSON(b))
		}
		report.Keys = append(report.Keys, j)
	}
	return report
}

func proofToJSON(p inventory.Proof) *proofJSON {
	return &proofJSON{inventory.FormatTime(p.At), p.Method, p.Event}
}
