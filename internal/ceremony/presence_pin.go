package ceremony

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// errSeveralPINs: one PIN was given, and several keys want theirs.
var errSeveralPINs = errors.New("one PIN was given, and several keys want theirs")

func (p *presence) unsettled() bool { return p.Verdict == "" && p.failed == nil }

// keptFromPIN says whether the key wants a PIN and must not be tried with the
// one that was given: a try on the wrong key is a try less.
func (p *presence) keptFromPIN() bool { return p.request.OnePIN && p.wantsPIN && !p.theOnePIN }

// askUnsettled asks a person for what the key wants, unless the key has answered
// already.
func (p *presence) askUnsettled(ctx context.Context) error {
	if p.unsettled() {
		p.askPerson(ctx)
	}
	return errors.Join(p.failed, ctx.Err())
}

// giveOnePIN goes on with the key that wants a PIN, once all others are settled.
// Where there are several, none of them is tried.
func giveOnePIN(ctx context.Context, all []*presence) error {
	var waiting []*presence
	var names []string
	for _, p := range all {
		if p.unsettled() {
			waiting = append(waiting, p)
			names = append(names, p.Seen.Name())
		}
	}
	if len(waiting) == 1 {
		waiting[0].theOnePIN = true
		return waiting[0].askUnsettled(ctx)
	}
	for _, p := range waiting {
		p.cannot(ctx, fmt.Errorf("%w (%s): it was sent to none of them", errSeveralPINs, strings.Join(names, ", ")))
	}
	return nil
}
