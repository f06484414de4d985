package term

import (
	"fmt"
	"strings"
	"time"
)

// How long a command may be quiet before it says how far it is. On a terminal
// one line is rewritten and at last erased; elsewhere lines would pile up in
// somebody's log, so they are rare.
const (
	quietOnTerminal = time.Second
	quietInLog      = 10 * time.Second
	// redraw is how often a count is drawn at the most: more cannot be read.
	redraw = 100 * time.Millisecond
	// barWidth is how many columns a bar takes.
	barWidth = 24
)

// Progress says on standard error how far a long job is. It is silent for jobs
// that end soon. Its methods are for one goroutine.
type Progress struct {
	s     *Streams
	now   func() time.Time
	next  time.Time
	shown bool
	// since is when the first count was reported, from its count, and drawn when
	// one was shown last.
	since, drawn time.Time
	from         int
}

// Progress begins a job; now is the clock.
func (s *Streams) Progress(now func() time.Time) *Progress {
	p := &Progress{s: s, now: now}
	p.next = now().Add(p.quiet())
	return p
}

func (p *Progress) quiet() time.Duration {
	if p.s.errTTY {
		return quietOnTerminal
	}
	return quietInLog
}

// Step reports where the job is, when it is time to.
func (p *Progress) Step(format string, args ...any) {
	now := p.now()
	if now.Before(p.next) && !p.shown {
		return
	}
	if p.s.errTTY {
		p.shown = true
		fmt.Fprintf(p.s.Err, "\r\x1b[Khwmfa: "+format, escapeArgs(args)...)
		return
	}
	p.next = now.Add(quietInLog)
	p.s.Notice(format, args...)
}

// Count reports that done of total things are done, whatever they are called; 0
// is a total that is not known yet.
func (p *Progress) Count(done, total int, things string) {
	now := p.now()
	if p.since.IsZero() {
		p.since, p.from = now, done
	}
	if now.Sub(p.drawn) < redraw {
		return
	}
	p.drawn = now
	text := fmt.Sprintf("%d %s", done, things)
	if total > 0 {
		text = fmt.Sprintf("%d of %d %s", done, total, things)
	}
	if rate := float64(done-p.from) / now.Sub(p.since).Seconds(); done > p.from && now.After(p.since) {
		text += fmt.Sprintf(", %.3g a second", rate)
		if total > done {
			text += fmt.Sprintf(", %s left", time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
		}
	}
	if total > 0 && p.s.errTTY {
		full := min(done, total) * barWidth / total
		text = "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "] " + text
	}
	p.Step("%s", text)
}

// Done erases what a terminal still shows.
func (p *Progress) Done() {
	if p.shown {
		fmt.Fprint(p.s.Err, "\r\x1b[K")
		p.shown = false
	}
}
