package ceremony

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"hwmfa/hw"
	"hwmfa/inventory"
)

// touchTries is how often a key is asked for its touch before it is left alone,
// each time after the others that wait.
const touchTries = 2

// ErrPINStopped: the one PIN that was given was wrong for a key, and is sent to
// no other.
var ErrPINStopped = errors.New("the PIN was wrong for another key, and is sent to no more")

// errLastTry: nobody was asked whether the last try may be spent.
var errLastTry = errors.New("one PIN try is left, which a batch does not spend")

// onePIN asks once for the PIN of all keys that want one. Its methods are called
// by whoever has the turn.
type onePIN struct {
	ask  AskPIN
	pin  []byte
	stop error
}

func (p *onePIN) give(ctx context.Context, who string, retries int) ([]byte, error) {
	switch {
	case p.stop != nil:
		return nil, fmt.Errorf("%w: %w", p.stop, hw.ErrPINRequired)
	case retries <= 1:
		return nil, fmt.Errorf("%w: %w", errLastTry, hw.ErrPINRequired)
	case p.ask == nil:
		return nil, hw.ErrPINRequired
	}
	if p.pin == nil {
		pin, err := p.ask(ctx, who, retries)
		if err != nil {
			if ctx.Err() == nil {
				p.stop = err // who gave none is not asked for each key
			}
			return nil, err
		}
		p.pin = pin
	}
	return bytes.Clone(p.pin), nil
}

// judge takes a PIN that was wrong from use: a try on the next key is a try less.
func (p *onePIN) judge(err error) {
	if wrong := (*hw.PINError)(nil); errors.As(err, &wrong) || errors.Is(err, hw.ErrPINAuthBlocked) {
		p.stop = ErrPINStopped
		p.forget()
	}
}

func (p *onePIN) forget() {
	clear(p.pin)
	p.pin = nil
}

// turn has ask ask a person, when no other key does.
func (b *batch) turn(ctx context.Context, s *session, ask func() error) error {
	b.tell(s, StepWait)
	select {
	case b.turns <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.turns }()
	err := ask()
	b.pin.judge(err)
	return err
}

// work carries one key through.
func (b *batch) work(ctx context.Context, s *session, k hw.Key) {
	s.Seen = Read(ctx, b.bench, k, Thorough)
	if s.isKey = s.Seen.isKey(); !s.isKey {
		return
	}
	b.tell(s, StepRead)
	err := b.enroll(ctx, s)
	if err != nil && ctx.Err() != nil {
		if !errors.Is(context.Cause(ctx), hw.ErrGone) {
			return // all of it is interrupted
		}
		if !lost(err) || errors.Is(err, context.Canceled) {
			err = fmt.Errorf("%s: %w", s.Seen.Name(), hw.ErrGone)
		}
	}
	if err != nil {
		s.Err, s.Detail, s.Outcome = err, err.Error(), OutcomeFailed
		if refused(err) {
			s.Outcome = OutcomeRefused
		}
	}
	b.tell(s, "")
}

// refusals are the errors that say what is wrong with a key, and not with this
// attempt.
var refusals = []error{
	ErrPolicy, ErrPolicyPIN, ErrAttestation, ErrUntrusted, ErrSerialUnread,
	inventory.ErrNoDelivery, inventory.ErrExists, inventory.ErrSealed, hw.ErrSerialsDisagree,
}

func refused(err error) bool {
	for _, r := range refusals {
		if errors.Is(err, r) {
			return true
		}
	}
	var status *inventory.StatusError
	return errors.As(err, &status)
}

func (b *batch) enroll(ctx context.Context, s *session) error {
	p, err := b.recognize(ctx, s)
	if err != nil {
		return err
	}
	s.Key = p.Key
	if p.Verdict == Present {
		s.Outcome, s.Proved = OutcomeKnown, true
		return nil
	}
	r := b.request.Enroll
	r.PIN, r.tagPrefix = b.pin.give, b.request.TagPrefix
	r.Tell = func(step Step, seen Seen) {
		s.Seen = seen
		b.tell(s, step)
	}
	r.turn = func(ctx context.Context, _ Seen, ask func() error) error { return b.turn(ctx, s, ask) }
	for try := 1; ; try++ {
		seen := s.Seen
		done, err := enrollSeen(ctx, b.bench, b.store, &seen, r)
		switch {
		case err == nil:
			s.Enrolled, s.Key, s.Outcome = done, &done.Key, OutcomeEnrolled
			if done.FIDO.Status != hw.StatusVerified {
				s.Outcome, s.Detail = OutcomeUntrusted, reason(done.FIDO.Reason, done.FIDO.Detail)
			}
			return nil
		case errors.Is(err, inventory.ErrExists):
			return s.isKnown(p, err)
		case !errors.Is(err, hw.ErrTouchTimeout) || try == touchTries:
			return err
		}
	}
}

// recognize asks a key silently whether it is one of the inventory's. One that
// shows no serial and wants more than silence before it says so is asked for
// that, or it would be enrolled a second time.
func (b *batch) recognize(ctx context.Context, s *session) (*presence, error) {
	p := &presence{Presence: Presence{Seen: s.Seen}, bench: b.bench, store: b.store, request: PresenceRequest{
		NoTouch: true, Actor: b.request.Enroll.Actor, Now: b.request.Enroll.Now, PIN: b.pin.give,
		Tell: func(step Step, _ Seen) { b.tell(s, step) },
	}}
	p.askSilently(ctx)
	if p.unsettled() && (p.Key != nil || p.claimed) {
		p.askPerson(ctx)
	}
	if p.unsettled() {
		p.request.NoTouch = false
		err := b.turn(ctx, s, func() error {
			p.askPerson(ctx)
			return p.Err
		})
		if p.unsettled() {
			return nil, err
		}
	}
	switch {
	case p.failed != nil:
		return nil, p.failed
	case p.Verdict == Gone, p.Verdict == Unproved && p.Key == nil && p.Err != nil:
		return nil, p.Err
	}
	return p, nil
}

// isKnown judges a key that the inventory has already, and that did not prove
// to be it.
func (s *session) isKnown(p *presence, exists error) error {
	switch p.Verdict {
	case Skipped, SilentRefused, Unproved, NotEnrolled:
		s.Outcome = OutcomeKnown
		s.Detail = exists.Error()
		if p.Detail != "" {
			s.Detail += "; " + p.Detail
		}
		return nil
	}
	return fmt.Errorf("%s: %s: %w", s.Seen.Name(), p.Detail, exists)
}
