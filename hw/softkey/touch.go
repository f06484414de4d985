package softkey

import (
	"context"
	"errors"
	"sync"
	"time"
)

// TouchPolicy says when the owner touches the key. The zero value is Now.
type TouchPolicy struct {
	after time.Duration
	never bool
}

// Now touches at once whenever the key asks.
func Now() TouchPolicy { return TouchPolicy{} }

// After touches d after each request for a touch.
func After(d time.Duration) TouchPolicy { return TouchPolicy{after: d} }

// Never leaves touching to Key.Touch; without it the wait times out.
func Never() TouchPolicy { return TouchPolicy{never: true} }

// errTouchTimeout: the touch did not come in time.
var errTouchTimeout = errors.New("touch not given in time")

// pollMemory is how long after a U2F request the key goes on blinking: U2F
// hosts ask again and again instead of waiting (FIDO U2F Raw Message Formats).
const pollMemory = 3 * time.Second

// toucher is the key's button and its owner's finger.
type toucher struct {
	mu      sync.Mutex
	policy  TouchPolicy
	timeout time.Duration
	waiters map[chan struct{}]struct{}

	// A U2F host polls: since pollStart, last at lastPoll.
	pollStart, lastPoll time.Time
	pollTouched         bool
}

func newToucher(p TouchPolicy, timeout time.Duration) *toucher {
	return &toucher{policy: p, timeout: timeout, waiters: map[chan struct{}]struct{}{}}
}

func (t *toucher) setPolicy(p TouchPolicy) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.policy = p
}

// touch lets everything that waits now go on.
func (t *toucher) touch() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ch := range t.waiters {
		close(ch)
		delete(t.waiters, ch)
	}
	if t.polling() {
		t.pollTouched = true
	}
}

func (t *toucher) wanted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiters) > 0 || t.polling()
}

func (t *toucher) polling() bool {
	return !t.pollStart.IsZero() && time.Since(t.lastPoll) < pollMemory
}

// wait blocks until the touch comes, the time for it is over or ctx ends.
func (t *toucher) wait(ctx context.Context) error {
	t.mu.Lock()
	p := t.policy
	if !p.never && p.after == 0 {
		t.mu.Unlock()
		return ctx.Err()
	}
	touched := make(chan struct{})
	t.waiters[touched] = struct{}{}
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		delete(t.waiters, touched)
		t.mu.Unlock()
	}()

	var owner <-chan time.Time
	if !p.never {
		timer := time.NewTimer(p.after)
		defer timer.Stop()
		owner = timer.C
	}
	limit := time.NewTimer(t.timeout)
	defer limit.Stop()
	select {
	case <-touched:
		return nil
	case <-owner:
		return nil
	case <-limit.C:
		return errTouchTimeout
	case <-ctx.Done():
		return ctx.Err()
	}
}

// poll is the U2F way: it says whether the touch has come since the host began
// to ask, and if so uses it up.
func (t *toucher) poll() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if !t.polling() {
		t.pollStart, t.pollTouched = now, false
	}
	t.lastPoll = now
	if !t.pollTouched && (t.policy.never || now.Sub(t.pollStart) < t.policy.after) {
		return false
	}
	t.pollStart = time.Time{}
	return true
}
