package awsapi

import (
	"errors"
	"net/http"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"hwmfa/iamcheck"
)

const (
	// maxText bounds an error's text in a finding, in bytes.
	maxText = 400
	// maxError bounds the text of an error that ends the collection: the SDK's own words stand around AWS's.
	maxError = 1000
)

// wordless is the code the SDK makes up where an error came without one: only the status tells something then.
const wordless = "UnknownError"

// credentialCodes are what the services answer to credentials that are no good.
var credentialCodes = map[string]bool{
	"AuthFailure": true, "ExpiredToken": true, "ExpiredTokenException": true, "IncompleteSignature": true,
	"InvalidAccessKeyId": true, "InvalidClientTokenId": true, "InvalidSignatureException": true, "InvalidToken": true,
	"MissingAuthenticationToken": true, "MissingAuthenticationTokenException": true, "RequestExpired": true,
	"SignatureDoesNotMatch": true, "UnrecognizedClientException": true,
}

// isCredentials reports whether a call failed for the credentials it was made with.
func isCredentials(err error) bool {
	var api smithy.APIError
	return errors.Is(err, ErrCredentials) || errors.As(err, &api) && credentialCodes[api.ErrorCode()]
}

// isNoSuchEntity reports whether IAM says that what was asked for does not exist.
func isNoSuchEntity(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "NoSuchEntity"
}

// named is the call as a finding shows it.
func named(action string, by iamcheck.Actor, err error) iamcheck.Call {
	call := iamcheck.Call{Action: action, By: by, Outcome: iamcheck.OK}
	if err != nil {
		call.Outcome = outcome(err)
		text := describe(err)
		call.Error = &text
	}
	return call
}

// skipped is a call that was not made, with the reason.
func skipped(action string, by iamcheck.Actor, why string) iamcheck.Call {
	return iamcheck.Call{Action: action, By: by, Outcome: iamcheck.Skipped, Error: &why}
}

// outcome sorts an error.
func outcome(err error) iamcheck.Outcome {
	var malformed *malformedError
	var decoding *smithy.DeserializationError
	var api smithy.APIError
	var status *smithyhttp.ResponseError
	switch {
	case errors.As(err, &malformed):
		return iamcheck.Malformed
	case errors.As(err, &api) && api.ErrorCode() != wordless && !errors.As(err, &decoding):
		return apiOutcome(api)
	case errors.As(err, &status) && status.HTTPStatusCode() == http.StatusTooManyRequests:
		return iamcheck.Throttled
	case errors.As(err, &decoding):
		return iamcheck.Malformed
	}
	return iamcheck.Failed
}

// apiOutcome sorts an error by AWS's own code and words.
func apiOutcome(api smithy.APIError) iamcheck.Outcome {
	code := api.ErrorCode()
	if _, throttled := retry.DefaultThrottleErrorCodes[code]; throttled {
		return iamcheck.Throttled
	}
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized":
		// AWS says "with an explicit deny in a service control policy", or "because no service control policy allows".
		if strings.Contains(strings.ToLower(api.ErrorMessage()), "service control policy") {
			return iamcheck.DeniedBySCP
		}
		return iamcheck.Denied
	}
	return iamcheck.Failed
}

// lineError is an error whose text may hold whatever AWS, or a proxy before it, has sent, on one line.
type lineError struct{ error }

func onOneLine(err error) error { return lineError{err} }

func (e lineError) Error() string { return clean(e.error.Error(), maxError) }
func (e lineError) Unwrap() error { return e.error }

// describe is the error in AWS's own words where it has some, on one line and bounded.
func describe(err error) string {
	text := err.Error()
	var api smithy.APIError
	var malformed *malformedError
	switch {
	case errors.As(err, &malformed):
		text = malformed.Error()
	case errors.As(err, &api) && api.ErrorCode() != wordless:
		text = api.ErrorCode() + ": " + api.ErrorMessage()
	}
	var page *pageError
	if errors.As(err, &page) && page.page > 1 {
		text = page.prefix() + text
	}
	return clean(text, maxText)
}

// clean makes foreign text fit for one line: control characters become spaces, and what is too long is cut.
func clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
