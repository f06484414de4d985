package awsapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"hwmfa/iamcheck"
)

// Exchange is one attempt of a call: what was asked, without anything it was signed with, and what came back, without the
// credentials in it.
type Exchange struct {
	// Account is the account whose facts the call is about; "" where it is about the organization or the caller.
	Account string `json:"account,omitempty"`
	// Profile is the profile whose credentials are the caller's; "" where none was named.
	Profile string `json:"profile,omitempty"`
	// Actor is whose credentials made it.
	Actor iamcheck.Actor `json:"actor"`
	// Action is the IAM action name, such as iam:ListMFADevices.
	Action   string `json:"action"`
	Region   string `json:"region"`
	Endpoint string `json:"endpoint"`
	// Request is the body that was sent: all of the call's parameters.
	Request string `json:"request"`
	// Time is when it was sent.
	Time time.Time `json:"time"`
	// Attempt counts from 1 to at most Attempts.
	Attempt  int `json:"attempt"`
	Attempts int `json:"attempts"`
	// Status is the HTTP status; 0 where no answer came, and Error says why.
	Status int `json:"status"`
	// Headers are those of the answer that say what it is, when AWS gave it and under which request ID.
	Headers map[string]string `json:"headers,omitempty"`
	// Answer is the body of the answer, as far as it came.
	Answer []byte `json:"-"`
	// Error is what went wrong on the way: no answer came, or it broke off.
	Error string `json:"error,omitempty"`
}

// Recorder keeps what a collection's facts rest on. Its methods are called by many goroutines at a time. Once one has failed,
// those called after it must fail too: an error of Begin or Finish ends the collection, and one of Record is, for the time
// being, a call that failed.
type Recorder interface {
	// Begin says who calls, as soon as that is known; of several profiles each.
	Begin(Caller) error
	// Record is given each attempt of each call, those of one account in their order.
	Record(Exchange) error
	// Finish says that all of an account's calls are recorded, before its facts are handed over. It is not called for an
	// account whose calls were cut off: by a cancellation, or by the end of the caller's credentials.
	Finish(account string) error
}

// Caller is who collects.
type Caller struct {
	Profile   string // "" where none was named
	AccountID string
	ARN       string
	// OrganizationID is "" where the caller is in none, or it was not asked or is not known.
	OrganizationID string
}

// keptHeaders are the headers of an answer that an exchange keeps.
var keptHeaders = []string{"Content-Type", "Date", "X-Amzn-Requestid", "X-Amz-Request-Id", "X-Amzn-Errortype", "Retry-After"}

// What stands in an exchange in the place of a secret.
const (
	noSecret = "(secret key)"
	noToken  = "(session token)" // as in withoutToken
)

type (
	accountKey struct{}
	profileKey struct{}
	actorKey   struct{}
)

// about says which account the calls made with the context are about.
func about(ctx context.Context, account string) context.Context {
	return context.WithValue(ctx, accountKey{}, account)
}

// calledBy says which profile's credentials the caller has.
func calledBy(ctx context.Context, profile string) context.Context {
	return context.WithValue(ctx, profileKey{}, profile)
}

// actAs says with whose credentials the calls of a session are made.
func actAs(by iamcheck.Actor) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("hwmfaActor", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(context.WithValue(ctx, actorKey{}, by), in)
		}), middleware.Before)
	}
}

// exchangeOf begins an exchange with what a call is.
func exchangeOf(ctx context.Context, body []byte) Exchange {
	x := Exchange{
		Actor:   iamcheck.ByCaller,
		Action:  strings.ToLower(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx),
		Region:  awsmiddleware.GetRegion(ctx),
		Request: string(body),
	}
	x.Account, _ = ctx.Value(accountKey{}).(string)
	x.Profile, _ = ctx.Value(profileKey{}).(string)
	if by, ok := ctx.Value(actorKey{}).(iamcheck.Actor); ok {
		x.Actor = by
	}
	return x
}

// recordError is an exchange that could not be kept.
type recordError struct{ error }

func (e recordError) Unwrap() error { return e.error }

// RetryableError tells the SDK's retryer.
func (recordError) RetryableError() bool { return false }

// begin tells the recorder who calls.
func (c *collector) begin(ctx context.Context) error {
	if c.opts.Record == nil {
		return nil
	}
	profile, _ := ctx.Value(profileKey{}).(string)
	return c.opts.Record.Begin(Caller{Profile: profile, AccountID: c.self.account, ARN: c.self.arn, OrganizationID: c.org.id})
}

// finish tells the recorder that an account's calls are all recorded, unless they were cut off.
func (c *collector) finish(ctx context.Context, account string, failed error) error {
	var unkept recordError
	switch {
	case errors.As(failed, &unkept):
		return unkept.error
	case c.opts.Record == nil || failed != nil || ctx.Err() != nil:
		return nil
	}
	return c.opts.Record.Finish(account)
}

// recording hands every exchange to a Recorder. It stands right before the guard, which leaves it a whole answer in memory.
type recording struct{ to Recorder }

// ID names the middleware.
func (recording) ID() string { return "hwmfaRecord" }

// HandleDeserialize records one attempt.
func (r recording) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	request, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return next.HandleDeserialize(ctx, in)
	}
	asked, err := bodyOf(request)
	if err != nil {
		return middleware.DeserializeOutput{}, middleware.Metadata{}, recordError{err}
	}
	x := exchangeOf(ctx, asked)
	x.Endpoint = request.URL.Scheme + "://" + request.URL.Host
	x.Attempt, x.Attempts = attempts(request.Header.Get("Amz-Sdk-Request"))
	x.Time = time.Now().UTC()
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if ctx.Err() != nil {
		return out, metadata, err // cut off: nothing was answered
	}
	x.Error = onTheWay(err)
	if response, ok := out.RawResponse.(*smithyhttp.Response); ok && response.StatusCode != 0 {
		x.answer(response)
	}
	if err := r.to.Record(x); err != nil {
		return out, metadata, recordError{err}
	}
	return out, metadata, err
}

// bodyOf is what a request sends; the request can be sent as before.
func bodyOf(request *smithyhttp.Request) ([]byte, error) {
	stream := request.GetStream()
	if stream == nil {
		return nil, nil
	}
	var body bytes.Buffer
	_, err := io.Copy(&body, stream)
	if err == nil {
		err = request.RewindStream()
	}
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	return body.Bytes(), nil
}

// attempts reads the SDK's own header: attempt=2; max=5.
func attempts(header string) (n, most int) {
	for part := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		count, err := strconv.Atoi(value)
		switch {
		case err != nil:
		case name == "attempt":
			n = count
		case name == "max":
			most = count
		}
	}
	return n, most
}

// onTheWay is the text of an error of the network, as net/http gave it; that AWS answered with an error is none.
func onTheWay(err error) string {
	var sending *smithyhttp.RequestSendError
	var malformed *malformedError
	switch {
	case errors.As(err, &sending):
		return sending.Err.Error()
	case errors.As(err, &malformed) && malformed.cause != nil:
		return malformed.cause.Error()
	}
	return ""
}

// answer takes the answer over, without the secrets in it.
func (x *Exchange) answer(response *smithyhttp.Response) {
	x.Status = response.StatusCode
	for _, name := range keptHeaders {
		if value := response.Header.Get(name); value != "" {
			if x.Headers == nil {
				x.Headers = map[string]string{}
			}
			x.Headers[name] = value
		}
	}
	if body, ok := response.Body.(*wholeBody); ok {
		x.Answer = withoutSecrets(x.Action, body.whole)
	}
}

// secret are the names of the elements of an answer that a session is made of, in any case: that is how the SDK reads them.
// It is compiled with the first session: no command waits for it that has none.
var secret = onUse(`(?i)SecretAccessKey|SessionToken`)

// withoutSecrets replaces the credentials of a minted session, whole or broken off. The ID of its access key stays: it is no
// secret, and the account's own log of calls names it.
func withoutSecrets(action string, body []byte) []byte {
	if !strings.HasPrefix(action, "sts:Assume") {
		return body
	}
	var out []byte
	done := 0 // what of body is in out
	for at := 0; at < len(body); {
		begin := bytes.IndexByte(body[at:], '<')
		if begin < 0 {
			break
		}
		at += begin + 1
		end := bytes.IndexAny(body[at:], "<>")
		if end < 0 || body[at+end] == '<' {
			at += max(end, 0)
			continue
		}
		tag := body[at : at+end]
		at += end + 1
		name := secret().Find(tag)
		text := textLen(body[at:])
		if name == nil || text == 0 || tag[0] == '/' {
			continue
		}
		with := noToken
		if bytes.EqualFold(name, []byte("SecretAccessKey")) {
			with = noSecret
		}
		out = append(append(out, body[done:at]...), with...)
		at += text
		done = at
	}
	if done == 0 {
		return body
	}
	return append(out, body[done:]...)
}

// textLen is how much of what follows a tag is its text, in bytes; all of it where it is broken off.
func textLen(after []byte) int {
	end, more := []byte("<"), 0
	if bytes.HasPrefix(after, []byte("<![CDATA[")) {
		end, more = []byte("]]>"), len("]]>")
	}
	if n := bytes.Index(after, end); n >= 0 {
		return n + more
	}
	return len(after)
}

// response is the answer as it came.
func (x *Exchange) response(r *http.Request) *http.Response {
	header := http.Header{}
	for name, value := range x.Headers {
		header.Set(name, value)
	}
	body := io.Reader(bytes.NewReader(x.Answer))
	if x.Error != "" {
		body = io.MultiReader(body, failing{errors.New(x.Error)})
	}
	return &http.Response{
		StatusCode: x.Status, Status: strconv.Itoa(x.Status) + " " + http.StatusText(x.Status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}
}

// failing is a body that breaks off.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
