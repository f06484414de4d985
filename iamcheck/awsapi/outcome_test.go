package awsapi

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"hwmfa/iamcheck"
)

func TestAnErrorIsNamedByWhatIsKnownOfIt(t *testing.T) {
	answered := func(status int, code, message string) error {
		return &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
			Err:      &smithy.GenericAPIError{Code: code, Message: message},
		}
	}
	for _, c := range []struct {
		name string
		err  error
		want iamcheck.Outcome
		says string
	}{
		{"IAM's refusal", answered(403, "AccessDenied", "no"), iamcheck.Denied, "AccessDenied: no"},
		{"the refusal of Organizations", answered(400, "AccessDeniedException", "no"), iamcheck.Denied, "AccessDeniedException: no"},
		{"a policy's refusal", answered(403, "AccessDenied", "with an explicit deny in a service control policy: arn:x"), iamcheck.DeniedBySCP, "service control"},
		{"a policy that does not allow", answered(403, "AccessDenied", "because no Service Control Policy allows"), iamcheck.DeniedBySCP, ""},
		{"throttling", answered(400, "Throttling", "Rate exceeded"), iamcheck.Throttled, "Throttling: Rate exceeded"},
		{"throttling by a proxy", answered(429, "UnknownError", "UnknownError"), iamcheck.Throttled, "StatusCode: 429"},
		{"a status and nothing else", answered(403, "UnknownError", "UnknownError"), iamcheck.Failed, "StatusCode: 403"},
		{"something on the way", errors.New("dial\x1b[2J"), iamcheck.Failed, "dial [2J"},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := named("iam:X", iamcheck.ByRole, c.err)
			if call.Outcome != c.want || !strings.Contains(*call.Error, c.says) {
				t.Errorf("got %s %q, want %s %q", call.Outcome, *call.Error, c.want, c.says)
			}
		})
	}
}
