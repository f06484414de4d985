package awsapi

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// wholeRequest hands requests to net/http in memory. The SDK closes a request's body as soon as the answer's headers are
// there; where net/http has not yet seen the body's end by then, it takes that for a failed write and closes the connection
// under the answer. A body it knows to be in memory goes out in one piece, its end included.
type wholeRequest struct{ aws.HTTPClient }

// Do sends one request.
func (c wholeRequest) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.HTTPClient.Do(r)
	}
	var body bytes.Buffer
	body.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead)
	if _, err := body.ReadFrom(r.Body); err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body.Bytes())) // the SDK makes a request for each attempt
	return c.HTTPClient.Do(r)
}
