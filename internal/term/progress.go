package term

import (
	"fmt"
	"time"
)

// How long a command may be quiet before it says how far it is. On a terminal
// one line is rewritten and at last erased; elsewhere lines would pile up in
// somebody's log, so they are rare.
const (
	quietOnTerminal = time.Second
	quietInLog      = 10 * time.Second
)

// Progress says on standard error how far a long job is. It is silent for jobs
// that end soon. Its methods are for one goroutine.
type Progress struct {
	s     *Streams
	now   func() time.Time
	next  time.Time
	shown bool
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

// Done erases what a terminal still shows.
func (p *Progress) Done() {
	if p.shown {
		fmt.Fprint(p.s.Err, "\r\x1b[K")
		p.shown = false
	}
}
