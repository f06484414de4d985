package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAnswer bounds the body of one answer, in bytes: a page of a thousand virtual devices is about one million.
const maxAnswer = 8 << 20

// usualAnswer is what most answers are shorter than, in bytes.
const usualAnswer = 16 << 10

// mustHold are the elements without which an answer says nothing: the SDK reads their absence, and an empty body, as an
// empty list, which would make an account look clean. IsTruncated is none of them: IAM may leave it out where it is false.
var mustHold = map[string][]string{
	"GetAccountSummary":         {"SummaryMap"},
	"GetLoginProfile":           {"LoginProfile"},
	"GetMFADevice":              {"SerialNumber"},
	"ListAccessKeys":            {"AccessKeyMetadata"},
	"ListMFADevices":            {"MFADevices"},
	"ListOrganizationsFeatures": {"EnabledFeatures"},
	"ListSigningCertificates":   {"Certificates"},
	"ListVirtualMFADevices":     {"VirtualMFADevices"},
	"AssumeRole":                {"Credentials"},
	"AssumeRoot":                {"Credentials"},
	"GetCallerIdentity":         {"Account", "Arn"},
	"DescribeOrganization":      {"Organization"},
	"ListAccounts":              {"Accounts"},
	"ListAccountsForParent":     {"Accounts"},
	"ListRoots":                 {"Roots"},
	"ListTagsForResource":       {"Tags"},

	"ListOrganizationalUnitsForParent": {"OrganizationalUnits"},
}

// inJSON are the operations of Organizations, whose answers are JSON; the others' are XML.
var inJSON = map[string]bool{
	"DescribeOrganization": true, "ListAccounts": true, "ListAccountsForParent": true, "ListOrganizationalUnitsForParent": true,
	"ListRoots": true, "ListTagsForResource": true,
}

// entries are the lists and maps of the XML answers, with the one name their entries have. The SDK steps over an entry of any
// other name, which would make a full list an empty one.
var entries = map[string]string{
	"AccessKeyMetadata": "member", "Certificates": "member", "EnabledFeatures": "member", "MFADevices": "member",
	"VirtualMFADevices": "member", "Certifications": "entry", "SummaryMap": "entry",
}

// malformedError is an answer that is not one.
type malformedError struct {
	what string
	// broken: the answer broke off on its way, for the cause, so that asking again may help.
	broken bool
	cause  error
}

func (e *malformedError) Error() string { return "malformed answer: " + e.what }

// RetryableError tells the SDK's retryer.
func (e *malformedError) RetryableError() bool { return e.broken }

// guard stands between the network and the SDK's decoder: it bounds each answer, lets none through that is not whole, and no
// session token back in.
type guard struct{}

// ID names the middleware.
func (guard) ID() string { return "hwmfaAnswerGuard" }

// HandleDeserialize reads the whole answer and checks it before the SDK decodes it.
func (guard) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.Body == nil {
		return out, metadata, err
	}
	var read bytes.Buffer
	// What a length promises is not believed beyond what most answers take.
	read.Grow(int(min(max(response.ContentLength, 0), usualAnswer)) + bytes.MinRead)
	_, err = read.ReadFrom(io.LimitReader(response.Body, maxAnswer+1))
	body := read.Bytes()
	// What is left of an endless answer is not read: closing gives the connection up.
	if closeErr := response.Body.Close(); err == nil && len(body) <= maxAnswer {
		err = closeErr
	}
	response.Body = newWholeBody(withoutToken(in, body))
	switch {
	case err != nil:
		return out, metadata, &malformedError{what: fmt.Sprintf("broke off after %d bytes: %v", len(body), err), broken: true, cause: err}
	case len(body) > maxAnswer:
		return out, metadata, &malformedError{what: fmt.Sprintf("more than %d bytes", maxAnswer)}
	case response.StatusCode < 200 || response.StatusCode > 299:
		return out, metadata, nil
	}
	if err := checkAnswer(awsmiddleware.GetOperationName(ctx), body); err != nil {
		return out, metadata, err
	}
	return out, metadata, nil
}

// wholeBody is an answer that was read to its end.
type wholeBody struct {
	bytes.Reader
	whole []byte
}

func newWholeBody(b []byte) *wholeBody { return &wholeBody{*bytes.NewReader(b), b} }

// Close does nothing.
func (*wholeBody) Close() error { return nil }

// withoutToken takes the session token of a request out of its answer: to a signature that is wrong AWS answers with all that
// should have been signed, and an error's text is shown and kept.
func withoutToken(in middleware.DeserializeInput, body []byte) []byte {
	request, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return body
	}
	token := request.Header.Get("X-Amz-Security-Token")
	if token == "" || !bytes.Contains(body, []byte(token)) {
		return body
	}
	return bytes.ReplaceAll(body, []byte(token), []byte("(session token)"))
}

// checkAnswer holds a whole body against the form that an operation's answer has.
func checkAnswer(operation string, body []byte) error {
	var held map[string]bool
	var err error
	if inJSON[operation] {
		held, err = jsonMembers(body)
	} else {
		held, err = xmlMembers(operation, body)
	}
	if err != nil {
		return err
	}
	for _, name := range mustHold[operation] {
		// A page of a list of Organizations' may be empty, and then say only where the next one is.
		if !held[name] && !(inJSON[operation] && held["NextToken"]) {
			return &malformedError{what: "it has no " + name}
		}
	}
	if held["Marker"] && !held["IsTruncated"] {
		return &malformedError{what: "a marker, but no word on whether there are more pages"}
	}
	return nil
}

// jsonMembers are the members of the object that is the whole body; those that are null are not there.
func jsonMembers(body []byte) (map[string]bool, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, &malformedError{what: fmt.Sprintf("not a JSON object: %v", err)}
	}
	held := map[string]bool{}
	for name, value := range object {
		held[name] = string(value) != "null"
	}
	return held, nil
}

// xmlMembers are the children of OPERATIONResult in OPERATIONResponse, in a body that is well-formed to its end. It reads raw
// tokens, and looks itself whether elements end as they began: that takes half the time, and every answer passes here.
func xmlMembers(operation string, body []byte) (map[string]bool, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	held := map[string]bool{}
	var path [8]xml.Name // as deep as most answers go
	open := path[:0]
	for closed := false; ; {
		token, err := decoder.RawToken()
		switch {
		case errors.Is(err, io.EOF) && closed:
			return held, nil
		case errors.Is(err, io.EOF) && len(open) == 0:
			return nil, &malformedError{what: "no document"}
		case errors.Is(err, io.EOF):
			return nil, &malformedError{what: fmt.Sprintf("not XML: it ends in <%.40s>", open[len(open)-1].Local)}
		case err != nil:
			return nil, &malformedError{what: fmt.Sprintf("not XML: %v", err)}
		}
		switch t := token.(type) {
		case xml.StartElement:
			if closed || len(open) == 0 && t.Name.Local != operation+"Response" {
				return nil, &malformedError{what: fmt.Sprintf("the document is <%.40s>, not %sResponse", t.Name.Local, operation)}
			}
			if len(open) == 2 && open[1].Local == operation+"Result" {
				held[t.Name.Local] = true
			}
			if want := entryOf(operation, open); want != "" && t.Name.Local != want {
				return nil, &malformedError{what: fmt.Sprintf("%s holds <%.40s>, not <%s>", open[2].Local, t.Name.Local, want)}
			}
			open = append(open, t.Name)
		case xml.CharData:
			if entryOf(operation, open) != "" && len(bytes.TrimSpace(t)) > 0 {
				return nil, &malformedError{what: open[2].Local + " holds text"}
			}
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != t.Name {
				return nil, &malformedError{what: fmt.Sprintf("not XML: </%.40s> ends what did not begin", t.Name.Local)}
			}
			open = open[:len(open)-1]
			closed = len(open) == 0
		case xml.Directive:
			return nil, &malformedError{what: "a document type, as web pages have"}
		}
	}
}

// entryOf is the name that entries have in the list or map that is open; "" where none is.
func entryOf(operation string, open []xml.Name) string {
	if len(open) != 3 || open[1].Local != operation+"Result" {
		return ""
	}
	return entries[open[2].Local]
}
