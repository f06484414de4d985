package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/term"
)

// batchView shows how a batch goes: a screen on a terminal, lines elsewhere,
// objects with --json.
type batchView struct {
	a      *app
	opts   enrollOptions
	wait   bool
	screen *term.Screen // nil: lines
	start  time.Time

	mu     sync.Mutex
	keys   []ceremony.BatchKey // by number
	paused bool                // the terminal is somebody else's
	said   string              // what keeps keys from being seen
	failed error               // the first thing that could not be written
}

func newBatchView(a *app, opts enrollOptions, wait bool) *batchView {
	v := &batchView{a: a, opts: opts, wait: wait, start: a.now()}
	if !opts.json {
		v.screen = a.streams.Screen()
	}
	return v
}

// follow draws the screen every second, for what changes by itself: times. The
// function that it returns ends that.
func (v *batchView) follow() (stop func()) {
	if v.screen == nil {
		return func() {}
	}
	v.locked(v.draw)
	ended, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				v.locked(v.draw)
			case <-ended:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(ended)
		<-over
	})
}

func (v *batchView) locked(do func() error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := do(); err != nil && v.failed == nil {
		v.failed = err
	}
}

// pause clears the screen for a question; what it returns brings it back.
func (v *batchView) pause() (resume func()) {
	set := func(paused bool) {
		v.locked(func() error {
			v.paused = paused
			if v.screen == nil {
				return nil
			}
			if paused {
				return v.screen.Clear()
			}
			return v.draw()
		})
	}
	set(true)
	return func() { set(false) }
}

func (v *batchView) tell(k ceremony.BatchKey) {
	v.locked(func() error {
		i := slices.IndexFunc(v.keys, func(other ceremony.BatchKey) bool { return other.Number >= k.Number })
		switch {
		case i < 0:
			v.keys = append(v.keys, k)
		case v.keys[i].Number == k.Number:
			v.keys[i] = k
		default:
			v.keys = slices.Insert(v.keys, i, k)
		}
		switch {
		case v.screen != nil:
			return v.draw()
		case k.Outcome == "" && k.Step == ceremony.StepTouch:
			v.a.streams.Notice("touch %s now (%s)", k.Seen.Name(), v.progress())
		case k.Outcome != "" && v.opts.json:
			return v.a.streams.JSONLine(batchKeyReport(k))
		case k.Outcome != "":
			return v.a.streams.Printf("%-15s  %-8s  %s  %s\n", string(k.Outcome), batchTag(k, "-"), k.Seen.Name(), batchRest(k))
		}
		return nil
	})
}

func (v *batchView) notice(missing error) {
	v.locked(func() error {
		v.said = missing.Error()
		if v.screen != nil {
			return v.draw()
		}
		v.a.notices("warning: ", missing)
		return nil
	})
}

// progress says how many keys are done and to go, and how long that may take.
func (v *batchView) progress() string {
	r := batchReport(v.keys, 0, false)
	done := r.Enrolled + r.Untrusted + r.EnrolledBefore
	ended := done + r.Refused + r.Failed
	left := max(len(v.keys)-ended, v.opts.batch.count-done)
	parts := []string{fmt.Sprintf("%d done", done)}
	if r.Refused+r.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d not", r.Refused+r.Failed))
	}
	if left > 0 {
		parts = append(parts, fmt.Sprintf("%d to go", left))
	}
	if recorded := r.Enrolled + r.Untrusted; left > 0 && recorded > 0 {
		parts = append(parts, "about "+roughly(v.a.now().Sub(v.firstStep())/time.Duration(recorded)*time.Duration(left)))
	}
	return strings.Join(parts, ", ")
}

// firstStep is when the first key came.
func (v *batchView) firstStep() time.Time {
	first := v.a.now()
	for _, k := range v.keys {
		if k.Began.Before(first) {
			first = k.Began
		}
	}
	return first
}

// roughly is a duration for people.
func roughly(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", max(1, int(d.Round(time.Second).Seconds())))
	}
	return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
}

// draw shows what to do next above the keys, the latest where there is no room
// for all.
func (v *batchView) draw() error {
	if v.screen == nil || v.paused {
		return nil
	}
	now := v.a.now()
	lines := []string{term.Line("%s: %s", v.opts.place, v.progress()), v.next(now)}
	t := term.NewTable("no", "key", "product", "port", "tag", "step").Limit(2, 30).Give(2, 8).Give(5, 12).Give(3, 4).Drop(2, 3)
	for _, k := range v.keys {
		text, colour := batchStep(k, now)
		t.Row(append(term.Plain(fmt.Sprint(k.Number), k.Seen.Serial, k.Seen.Product, portOf(k.Seen), batchTag(k, "")), term.Cell{Text: text, Colour: colour})...)
	}
	if len(v.keys) > 0 {
		table := v.screen.Table(t)
		lines = append(lines, table[0])
		rows := table[1:]
		room := v.screen.Room() - len(lines)
		if v.said != "" {
			room--
		}
		if len(rows) > room && room > 1 {
			lines = append(lines, term.Line("… %d more above", len(rows)-room+1))
			rows = rows[len(rows)-room+1:]
		}
		lines = append(lines, rows...)
	}
	if v.said != "" {
		lines = append(lines, v.a.streams.Paint(term.Yellow, term.Line("%s", v.said)))
	}
	return v.screen.Draw(lines)
}

// next is what a person is to do.
func (v *batchView) next(now time.Time) string {
	working := false
	for _, k := range v.keys {
		working = working || k.Outcome == ""
		if k.Outcome == "" && k.Step == ceremony.StepTouch {
			port := ""
			if p := portOf(k.Seen); p != "" {
				port = ", port " + p
			}
			return v.a.streams.Paint(term.Bold, term.Line("TOUCH %s now: no %d%s (%d s)", k.Seen.Name(), k.Number, port, int(now.Sub(k.Since).Seconds())))
		}
	}
	switch {
	case working:
		return "working; touch nothing yet"
	case v.wait:
		return "plug in the next key, or pull out what is done; Ctrl-C ends"
	}
	if len(v.keys) == 0 {
		return "looking for keys"
	}
	return "all plugged keys are done"
}

// batchStep is where a key stands, in words.
func batchStep(k ceremony.BatchKey, now time.Time) (string, term.Colour) {
	switch k.Outcome {
	case "":
		words := map[ceremony.Step]string{
			ceremony.StepRead: "read", ceremony.StepWait: "waits for its turn", ceremony.StepTouch: "TOUCH IT",
			ceremony.StepCheck: "verifying", ceremony.StepRecord: "recording",
		}
		if k.Step == ceremony.StepTouch {
			return words[k.Step], term.Bold
		}
		return words[k.Step], ""
	case ceremony.OutcomeEnrolled:
		return "enrolled, verified", term.Green // to which anchor, key show tells
	case ceremony.OutcomeKnown:
		return batchWords(k), ""
	case ceremony.OutcomeUntrusted:
		return batchWords(k), term.Yellow
	case ceremony.OutcomeFailed:
		for _, fact := range shortFacts {
			if errors.Is(k.Err, fact) {
				return "failed: " + fact.Error(), term.Red
			}
		}
	}
	return batchWords(k), term.Red
}

// shortFacts are what most failures come down to, in words for a screen that has
// no room for the way there.
var shortFacts = []error{
	hw.ErrTouchTimeout, hw.ErrGone, hw.ErrReplaced, hw.ErrPINRequired, hw.ErrPINBlocked, hw.ErrPINAuthBlocked, hw.ErrPermission, hw.ErrBusy,
}

// batchWords is an outcome and what it rests on.
func batchWords(k ceremony.BatchKey) string {
	words := strings.ReplaceAll(string(k.Outcome), "_", " ")
	if rest := batchRest(k); rest != "" {
		words += ": " + rest
	}
	return words
}

// batchRest is what an outcome rests on.
func batchRest(k ceremony.BatchKey) string {
	switch {
	case k.Detail != "":
		return strings.TrimPrefix(k.Detail, k.Seen.Name()+": ")
	case k.Outcome == ceremony.OutcomeKnown && k.Key != nil:
		return "proved; " + string(k.Key.Status)
	case k.Enrolled != nil:
		return statement(k.Enrolled.FIDO.Status, k.Enrolled.FIDO.Anchor, k.Enrolled.FIDO.Reason, k.Enrolled.FIDO.Detail)
	}
	return ""
}

func batchTag(k ceremony.BatchKey, none string) string {
	if k.Key == nil {
		return none
	}
	return firstOf(k.Key.Tag, none)
}

// summary is the last line.
func (v *batchView) summary(keys []ceremony.BatchKey, interrupted bool) error {
	took := v.a.now().Sub(v.start)
	r := batchReport(keys, took, interrupted)
	v.locked(v.draw)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failed != nil {
		return v.failed
	}
	if v.opts.json {
		return v.a.streams.JSONLine(r)
	}
	line := fmt.Sprintf("%d enrolled, %d untrusted, %d enrolled before, %d refused, %d failed; %s",
		r.Enrolled, r.Untrusted, r.EnrolledBefore, r.Refused, r.Failed, roughly(took))
	if n := r.Enrolled + r.Untrusted; n > 0 {
		line += fmt.Sprintf(", %.1f s a key", took.Seconds()/float64(n))
	}
	return v.a.streams.Printf("%s\n", line)
}
