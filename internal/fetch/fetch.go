// Package fetch gets one published file over the network: by https, of bounded
// size, in bounded time. It knows nothing of what is in the file and believes
// nothing of it; whoever asked for it verifies it. It is the only package of
// ours that speaks to the public web, and nothing calls it but a command whose
// user asked for something to be fetched.
package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

var (
	// ErrURL: the address is not one that is fetched from.
	ErrURL = errors.New("want https, or http on this machine itself")
	// ErrNotFetched: there is no whole answer to what was asked for.
	ErrNotFetched = errors.New("not fetched")
)

// How long an answer may take. A file of 10 MB over a slow line is given its
// time, a server that sends nothing is not.
const (
	maxRedirects  = 5
	answerWait    = 30 * time.Second // for the answer to begin
	silenceWait   = 30 * time.Second // between two pieces of it
	wholeWait     = 10 * time.Minute
	maxHeaderSize = 64 << 10 // bytes
)

// Fetcher gets files. The zero value is of no use; New makes one.
type Fetcher struct {
	client    *http.Client
	userAgent string
	silence   time.Duration
}

// New makes a Fetcher that calls itself userAgent ("hwmfa/1.2"). It goes
// through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, and believes
// the certificate authorities of the system.
func New(userAgent string) *Fetcher {
	return &Fetcher{
		client: &http.Client{
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DialContext:            (&net.Dialer{Timeout: answerWait}).DialContext,
				TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout:    answerWait,
				ResponseHeaderTimeout:  answerWait,
				MaxResponseHeaderBytes: maxHeaderSize,
				ForceAttemptHTTP2:      true,
				DisableKeepAlives:      true, // one file, and done
			},
			CheckRedirect: checkRedirect,
			Timeout:       wholeWait,
		},
		userAgent: userAgent,
		silence:   silenceWait,
	}
}

// CheckURL says whether a file may be fetched from an address: https anywhere,
// plain http only from this machine itself. Its error is ErrURL.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrURL, err)
	}
	return checkURL(u)
}

func checkURL(u *url.URL) error {
	switch {
	case u.Host == "" || u.Opaque != "":
		return fmt.Errorf("%s: %w", u.Redacted(), ErrURL)
	case u.User != nil:
		return fmt.Errorf("%s: a password in an address: %w", u.Redacted(), ErrURL)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%s: %w", u.Redacted(), ErrURL)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// checkRedirect holds every hop to the rule for the first. A server elsewhere
// may not send us to a program on this machine either.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if err := checkURL(r.URL); err != nil {
		return fmt.Errorf("redirected to %w", err)
	}
	if isLoopback(r.URL.Hostname()) && !isLoopback(via[0].URL.Hostname()) {
		return fmt.Errorf("redirected to this machine, %s: %w", r.URL.Redacted(), ErrURL)
	}
	return nil
}

// Get fetches the file at address, of at most limit bytes, and says after each
// piece how many bytes are there. Whatever is not a whole answer of that size is
// ErrNotFetched; a cancelled ctx is that.
func (f *Fetcher) Get(ctx context.Context, address string, limit int64, tell func(sofar int64)) ([]byte, error) {
	if err := CheckURL(address); err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	data, err := f.get(ctx, address, limit, tell)
	switch {
	case err == nil:
		return data, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("fetch %s: %w", address, ctx.Err())
	}
	// The library names the method and the address again.
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return nil, fmt.Errorf("fetch %s: %w: %w", address, ErrNotFetched, err)
}

func (f *Fetcher) get(ctx context.Context, address string, limit int64, tell func(int64)) ([]byte, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", f.userAgent)
	// A packed answer could be small on the line and endless here.
	r.Header.Set("Accept-Encoding", "identity")
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the server answered %s", answer.Status)
	case answer.Header.Get("Content-Encoding") != "":
		return nil, fmt.Errorf("the server packed its answer (%s), which was not asked for", answer.Header.Get("Content-Encoding"))
	case strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html"):
		return nil, errors.New("the server answered with a web page, not with a file")
	case answer.ContentLength > limit:
		return nil, tooLarge(limit)
	}
	silence := time.AfterFunc(f.silence, func() { stop(fmt.Errorf("the server was silent for %v", f.silence)) })
	defer silence.Stop()
	data, err := io.ReadAll(io.LimitReader(&telling{r: answer.Body, tell: func(sofar int64) {
		silence.Reset(f.silence)
		tell(sofar)
	}}, limit+1))
	switch {
	case context.Cause(ctx) != nil: // what came before may look whole
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, tooLarge(limit)
	}
	return data, nil
}

func tooLarge(limit int64) error { return fmt.Errorf("larger than %d bytes", limit) }

// telling says after each read how many bytes came so far.
type telling struct {
	r     io.Reader
	sofar int64
	tell  func(int64)
}

func (t *telling) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if n > 0 {
		t.sofar += int64(n)
		t.tell(t.sofar)
	}
	return n, err
}
