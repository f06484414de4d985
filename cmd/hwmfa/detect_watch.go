package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"hwmfa/internal/ceremony"
	"hwmfa/internal/term"
)

// runWatch tells of keys until it is interrupted.
func runWatch(ctx context.Context, a *app, opts detectOptions) error {
	bench, err := a.openBench(ctx)
	if err != nil {
		return err
	}
	w := watcher{a: a, json: opts.json}
	if !opts.json {
		w.screen = a.streams.Screen()
	}
	if w.screen != nil {
		hush := a.streams.Hush()
		defer hush.End()
		if err := w.draw(); err != nil {
			return err
		}
	}
	err = ceremony.Watch(ctx, bench, a.now, w.tell, w.notice)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return errStopped
	}
	return err
}

// watcher shows what comes and goes.
type watcher struct {
	a      *app
	json   bool
	screen *term.Screen // nil: a line for each event
	keys   []ceremony.KeyEvent
	// missing is what keeps something from being seen, for the screen.
	missing error
	last    string
}

// detectEvent is a line of hwmfa detect --watch --json (hwmfa.detect-event/v1).
type detectEvent struct {
	Schema string  `json:"schema"`
	Event  string  `json:"event"` // add, remove, change
	At     string  `json:"at"`
	Key    keySeen `json:"key"`
}

func (w *watcher) tell(e ceremony.KeyEvent) error {
	switch {
	case w.json:
		return w.a.streams.JSONLine(detectEvent{
			"hwmfa.detect-event/v1", string(e.What), e.At.UTC().Format(time.RFC3339Nano), keySeenJSON(e.Seen),
		})
	case w.screen == nil:
		return w.a.streams.Printf("%-6s  %s\n", string(e.What), watchLine(e.Seen))
	}
	i := slices.IndexFunc(w.keys, func(k ceremony.KeyEvent) bool { return k.Place == e.Place })
	switch {
	case e.What == ceremony.KeyRemoved && i >= 0:
		w.keys = slices.Delete(w.keys, i, i+1)
	case i >= 0:
		w.keys[i] = e
	case e.What != ceremony.KeyRemoved:
		w.keys = append(w.keys, e)
	}
	w.last = e.At.Format(time.TimeOnly) + "  " + watchWords[e.What] + ": " + watchLine(e.Seen)
	return w.draw()
}

var watchWords = map[ceremony.What]string{
	ceremony.KeyAdded: "plugged in", ceremony.KeyRemoved: "pulled out", ceremony.KeyChange: "changed",
}

func (w *watcher) notice(missing error) {
	switch {
	case w.screen != nil:
		w.missing = missing
		// The next event that cannot be drawn ends the command.
		_ = w.draw()
	case missing != nil:
		w.a.notices("warning: ", missing)
	default:
		w.a.streams.Notice("all is seen again")
	}
}

// watchLine is a key in a line.
func watchLine(s ceremony.Seen) string {
	line := seenProduct(s)
	if s.Serial != "" {
		line += "  serial " + s.Serial
	}
	if !s.Firmware.IsZero() {
		line += "  firmware " + s.Firmware.String()
	}
	if u := s.Key.USB; u != nil && u.Path != "" {
		line += "  port " + u.Path
	}
	for _, warning := range s.Warnings {
		line += "  " + warning.Code
	}
	return line
}

// draw shows the table of keys that are plugged in, the latest where there is
// no room for all.
func (w *watcher) draw() error {
	t := term.NewTable("port", "serial", "firmware", "product", "sides", "remarks").Limit(5, 60).Give(5, 10).Give(3, 10).Give(2, 8).Drop(2, 4)
	for _, k := range w.keys {
		s := k.Seen
		port, sides, remarks := "", "", ""
		if u := s.Key.USB; u != nil {
			port = u.Path
		}
		if s.FIDO != nil {
			sides = "FIDO"
		}
		if s.PIV != nil {
			sides += " PIV"
		}
		colour := term.Colour("")
		for _, warning := range s.Warnings {
			remarks, colour = remarks+warning.Code+" ", term.Yellow
		}
		for _, v := range s.Advisories {
			remarks, colour = remarks+v.ID+" ", term.Yellow
		}
		firmware := ""
		if !s.Firmware.IsZero() {
			firmware = s.Firmware.String()
		}
		t.Row(append(term.Plain(port, s.Serial, firmware, seenProduct(s), sides), term.Cell{Text: remarks, Colour: colour})...)
	}
	lines := []string{term.Line("%d plugged in; plug keys in or pull them out, Ctrl-C ends", len(w.keys))}
	if len(w.keys) > 0 {
		table := w.screen.Table(t)
		lines = append(lines, table[0])
		rows := table[1:]
		if room := w.screen.Room() - 5; len(rows) > room && room > 0 {
			lines = append(lines, term.Line("… %d more above", len(rows)-room))
			rows = rows[len(rows)-room:]
		}
		lines = append(lines, rows...)
	}
	if w.last != "" {
		lines = append(lines, term.Line("%s", w.last))
	}
	if w.missing != nil {
		lines = append(lines, w.a.streams.Paint(term.Yellow, term.Line("%s", w.missing)))
	}
	return w.screen.Draw(lines)
}
