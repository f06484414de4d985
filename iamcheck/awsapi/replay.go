package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"

	"hwmfa/iamcheck"
)

// Recorded answers what was recorded of an account, in order; "" is what was recorded of no account. ok is false where
// nothing was: the account's calls have not been finished.
type Recorded func(account string) (exchanges []Exchange, ok bool, err error)

// notRecordedError says that a call that is needed is not among the recorded ones.
type notRecordedError struct{ action string }

func (e notRecordedError) Error() string { return "the evidence holds no (further) " + e.action }

// RetryableError tells the SDK's retryer.
func (notRecordedError) RetryableError() bool { return false }

// asked is what a recorded call is found by.
type asked struct {
	actor                            iamcheck.Actor
	profile, action, region, request string
}

func (x *Exchange) asked() asked { return asked{x.Actor, x.Profile, x.Action, x.Region, x.Request} }

// tape is the recorded calls of one account, or of none, each to be played once.
type tape struct {
	mu      sync.Mutex
	answers map[asked][]*Exchange
	// lacking: a call was not there.
	lacking bool
}

func newTape(exchanges []Exchange) *tape {
	t := &tape{answers: make(map[asked][]*Exchange, len(exchanges))}
	for i := range exchanges {
		key := exchanges[i].asked()
		t.answers[key] = append(t.answers[key], &exchanges[i])
	}
	return t
}

// next takes the next answer to a call.
func (t *tape) next(key asked) (*Exchange, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := t.answers[key]
	if len(left) == 0 {
		t.lacking = true
		return nil, false
	}
	t.answers[key] = left[1:]
	return left[0], true
}

func (t *tape) lacks() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lacking
}

type tapeKey struct{}

// playing has the calls made with the context answered from a tape.
func playing(ctx context.Context, t *tape) context.Context {
	return context.WithValue(ctx, tapeKey{}, t)
}

// player is an HTTP client without a network.
type player struct{}

// Do answers a request as it was answered when it was recorded.
func (player) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("reading the request: %w", err)
		}
	}
	key := exchangeOf(r.Context(), body)
	t, ok := r.Context().Value(tapeKey{}).(*tape)
	if !ok {
		return nil, notRecordedError{key.Action}
	}
	x, ok := t.next(key.asked())
	switch {
	case !ok:
		return nil, notRecordedError{key.Action}
	case x.Status == 0:
		return nil, errors.New(x.Error)
	}
	return x.response(r), nil
}

// replaying makes clients that play what is recorded. They try a call as often as it was tried, and wait for nothing that
// was waited for already.
func replaying(region string, attempts int) *clients {
	cfg := aws.Config{
		Region:       region,
		BaseEndpoint: aws.String("https://recorded.invalid"),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIARECORDED", noSecret, ""),
		HTTPClient:   player{},
		APIOptions:   []func(*middleware.Stack) error{unsigned},
	}
	return connect(cfg, func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = max(attempts, 1)
			o.RateLimiter = ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}, nil)
}

// unsigned takes out of a call what only AWS looks at. Where a later SDK calls a step otherwise, it stays and costs time.
func unsigned(stack *middleware.Stack) error {
	for _, step := range []string{"Signing", "GetIdentity", "ComputePayloadHash", "RetryMetricsHeader"} {
		_, _ = stack.Finalize.Remove(step)
	}
	for _, step := range []string{"UserAgent", "ClientRequestID", "RecursionDetection"} {
		_, _ = stack.Build.Remove(step)
	}
	return nil
}

// openRecorded makes the clients of a collection without AWS: the first thing that was asked tells region and attempts.
func openRecorded(recorded Recorded) (*clients, error) {
	exchanges, _, err := recorded("")
	if err != nil {
		return nil, err
	}
	var first Exchange
	if len(exchanges) > 0 {
		first = exchanges[0]
	}
	if first.Region == "" {
		first.Region = defaultRegion
	}
	return replaying(first.Region, first.Attempts), nil
}

// playPopulation has the calls that are about no account answered by what is recorded, where nobody is asked.
func (c *collector) playPopulation(ctx context.Context) (context.Context, error) {
	if !c.opts.Offline {
		return ctx, nil
	}
	exchanges, _, err := c.opts.Recorded("")
	if err != nil {
		return ctx, err
	}
	return playing(ctx, newTape(exchanges)), nil
}

// orRecorded reads an account from its recorded calls where they are all there; otherwise it is asked. Offline what is not
// there has failed.
func (c *collector) orRecorded(
	ctx context.Context, account string, read func(context.Context, *collector) (iamcheck.Facts, error),
) (iamcheck.Facts, error) {
	ctx = about(ctx, account)
	if c.opts.Recorded == nil {
		return read(ctx, c)
	}
	exchanges, ok, err := c.opts.Recorded(account)
	if err != nil {
		return iamcheck.Facts{AccountID: account}, recordError{err}
	}
	if c.opts.Offline {
		return read(playing(ctx, newTape(exchanges)), c)
	}
	if ok {
		again := &collector{clients: c.recorded, opts: c.opts, self: c.self, org: c.org}
		t := newTape(exchanges)
		if f, err := read(playing(ctx, t), again); !t.lacks() {
			return f, err
		}
	}
	return read(ctx, c)
}
