package awsapi

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// play has callers make calls of which AWS throttles what refuse says of how many are under way, and counts.
func play(l *limiter, callers, calls int, refuse func(under int) bool) (refused int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	under := 0
	for range callers {
		all.Go(func() {
			for range calls {
				if err := l.enter(context.Background()); err != nil {
					panic(err)
				}
				mu.Lock()
				under++
				no := refuse(under)
				if no {
					refused++
				}
				mu.Unlock()
				time.Sleep(50 * time.Microsecond)
				mu.Lock()
				under--
				mu.Unlock()
				l.leave(no)
			}
		})
	}
	all.Wait()
	return refused
}

func TestLimiter(t *testing.T) {
	t.Run("a fifth of refusals slows nothing down", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, n := newLimiter(40), 0
			play(l, 40, 100, func(int) bool { n++; return n%5 == 0 })
			if l.limit != 40 {
				t.Errorf("the limit is %d", l.limit)
			}
		})
	})
	t.Run("many refusals bring it down to what AWS bears, and not to nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLimiter(40)
			play(l, 40, 100, func(under int) bool { return under > 8 })
			if l.limit >= 20 || l.limit < 5 {
				t.Errorf("the limit is %d", l.limit)
			}
		})
	})
	t.Run("refusals of everything leave one call", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLimiter(40)
			play(l, 40, 50, func(int) bool { return true })
			if l.limit != 1 {
				t.Errorf("the limit is %d", l.limit)
			}
			play(l, 40, 200, func(int) bool { return false })
			if l.limit != 40 || len(l.turns) != 40 || l.aside != 0 {
				t.Errorf("it comes back to %d, with %d turns and %d aside", l.limit, len(l.turns), l.aside)
			}
		})
	})
	t.Run("nobody waits for longer than its context lasts", func(t *testing.T) {
		l := newLimiter(1)
		if err := l.enter(context.Background()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := l.enter(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestBackoffDoublesUpToItsBound(t *testing.T) {
	for attempt, most := range map[int]time.Duration{0: firstDelay, 1: firstDelay, 2: 2 * firstDelay, 5: 16 * firstDelay, 8: maxDelay, 99: maxDelay} {
		var longest time.Duration
		for range 2000 {
			wait, err := backoff(attempt, nil)
			if err != nil || wait < 0 || wait >= most {
				t.Fatalf("attempt %d: %v, %v", attempt, wait, err)
			}
			longest = max(longest, wait)
		}
		if longest < most*9/10 {
			t.Errorf("attempt %d: at most %v of %v", attempt, longest, most)
		}
	}
}

func TestAtFirst(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	dropped := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	first := atFirst(newRetryer(defaultAttempts, 1))
	for n := range firstAttempts {
		if got, want := first.IsErrorRetryable(refused), n < firstAttempts-1; got != want {
			t.Errorf("after %d refusals: got %v, want %v", n+1, got, want)
		}
	}
	for range defaultAttempts {
		if !first.IsErrorRetryable(dropped) {
			t.Error("an answer that broke off is not asked for again")
		}
		if !newRetryer(defaultAttempts, 1).IsErrorRetryable(refused) {
			t.Error("a later call gives a refused connection up")
		}
	}
}
