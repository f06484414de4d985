package awsapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

const (
	// defaultAttempts is how often a call is tried where AWS_MAX_ATTEMPTS and the profile say nothing. A run over ten thousand
	// accounts makes tens of thousands of calls: where a quarter of the attempts fail, one call in a billion fails for good.
	defaultAttempts = 15
	// firstDelay is how long the first retry waits at most; each further one twice as long, up to maxDelay: some twenty
	// seconds in all.
	firstDelay = 50 * time.Millisecond
	maxDelay   = 5 * time.Second
	// firstAttempts is how often a run's first call is tried where nobody can be reached at all: one or two seconds.
	firstAttempts = 6
)

// retryer is the SDK's standard retry with a shorter first wait, and with a limit of its own in the place of the SDK's two.
//
// The SDK's bucket of retries is off, since the attempts of each call are bounded already and a bucket shared by ten thousand
// accounts would let the first of them spend the retries of the rest. Its adaptive mode halves the rate of a whole client at
// every throttled call, whatever came of the others: where a fifth of the calls is throttled by chance it comes down to one
// call in two seconds for all accounts together. limiter slows down where slowing down helps.
type retryer struct {
	*retry.Standard
	limit *limiter
}

// newRetryer makes the retryer of one client, which is one service's: AWS counts each by itself. most is how many calls may
// be under way.
func newRetryer(attempts, most int) aws.Retryer {
	return retryer{
		Standard: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.RateLimiter = ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(backoff)
		}),
		limit: newLimiter(most),
	}
}

// backoff is a random part of a wait that doubles, so that callers that were refused together do not come back together.
func backoff(attempt int, _ error) (time.Duration, error) {
	wait := maxDelay
	if shift := max(attempt-1, 0); shift < 10 {
		wait = min(firstDelay<<shift, maxDelay)
	}
	return rand.N(wait), nil // not for secrets
}

// GetAttemptToken waits until one more attempt may be under way. What is handed back takes its result.
func (r retryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if err := r.limit.enter(ctx); err != nil {
		return nil, err
	}
	return func(err error) error {
		r.limit.leave(retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary)
		return nil
	}, nil
}

// reaching is the retryer of a run's first call. Before any answer was had, a connection that does not come about means
// mostly that this machine has no network, or that an address is wrong, and not that something broke for a moment.
type reaching struct {
	aws.RetryerV2
	failed int
}

// atFirst makes the retryer of a first call of that of the later ones.
func atFirst(later aws.Retryer) aws.Retryer {
	if v2, ok := later.(aws.RetryerV2); ok {
		return &reaching{RetryerV2: v2}
	}
	return later
}

// IsErrorRetryable gives up sooner on connections than on answers.
func (r *reaching) IsErrorRetryable(err error) bool {
	var on *net.OpError
	if errors.As(err, &on) && (on.Op == "dial" || on.Op == "proxyconnect") {
		if r.failed++; r.failed >= firstAttempts {
			return false
		}
	}
	return r.RetryerV2.IsErrorRetryable(err)
}

// limiter bounds how many calls are under way at a time. It comes down while AWS throttles more than a third of them, and
// goes back up as soon as it does not: below that, retries cost less than waiting.
type limiter struct {
	turns chan struct{}

	mu sync.Mutex
	// most is the bound to begin with, limit the one now; aside are the turns taken out to keep to it.
	most, limit, aside int
	// answered and throttled are counted since limit was last looked at.
	answered, throttled int
}

func newLimiter(most int) *limiter {
	l := &limiter{turns: make(chan struct{}, most), most: most, limit: most}
	for range most {
		l.turns <- struct{}{}
	}
	return l
}

func (l *limiter) enter(ctx context.Context) error {
	select {
	case <-l.turns:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sample is how many answers at the least tell how AWS is.
const sample = 50

func (l *limiter) leave(throttled bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered++
	if throttled {
		l.throttled++
	}
	if l.answered >= max(sample, l.limit) {
		if 3*l.throttled > l.answered {
			l.limit = max(l.limit*7/10, 1)
		} else {
			l.limit = min(l.limit+1+l.limit/10, l.most)
		}
		l.answered, l.throttled = 0, 0
	}
	l.aside++ // this caller's
	for l.aside > l.most-l.limit {
		l.aside--
		l.turns <- struct{}{} // has room: there are no more turns than most
	}
}
