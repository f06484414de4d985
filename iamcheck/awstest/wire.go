package awstest

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// call is one request, whichever protocol it came by.
type call struct {
	request *http.Request
	id      string
	region  string // it was signed for
	action  string // with its service, such as iam:ListMFADevices
	args    url.Values
	json    bool
	who     *principal
	fault   FaultKind // one the handler has to act on
}

// name is the action without its service.
func (c *call) name() string {
	_, name, _ := strings.Cut(c.action, ":")
	return name
}

// target is the account that a session, or the tags, are asked for; "" for other calls.
func (c *call) target() string {
	switch c.action {
	case "sts:AssumeRoot":
		return c.args.Get("TargetPrincipal")
	case "sts:AssumeRole":
		if parts := strings.SplitN(c.args.Get("RoleArn"), ":", 6); len(parts) == 6 {
			return parts[4]
		}
	case "organizations:ListTagsForResource":
		return c.args.Get("ResourceId")
	}
	return ""
}

// start is the offset that a marker names, and page the number of the page, from 1.
func (c *call) start() int { n, _ := c.marker(); return n }
func (c *call) page() int  { _, n := c.marker(); return n }

// marker reads a page marker of the form o-OFFSET-PAGE.
func (c *call) marker() (offset, page int) {
	m := c.args.Get("Marker") + c.args.Get("NextToken")
	if n, err := fmt.Sscanf(m, "o-%d-%d", &offset, &page); n != 2 || err != nil || offset < 0 {
		return 0, 1
	}
	return offset, page
}

// nextMarker names the page after this one.
func (c *call) nextMarker(offset int) string {
	switch c.fault {
	case Loop:
		return fmt.Sprintf("o-%d-%d", c.start(), c.page())
	case Endless:
		return fmt.Sprintf("o-%d-%d", c.start(), c.page()+1)
	}
	return fmt.Sprintf("o-%d-%d", offset, c.page()+1)
}

// window is the part of a list of n entries that this page shows, and whether there is more.
func (c *call) window(n, size int) (from, to int, more bool) {
	if limit, err := strconv.Atoi(c.args.Get("MaxItems") + c.args.Get("MaxResults")); err == nil && limit > 0 {
		size = min(size, limit)
	}
	from = min(c.start(), n)
	to = min(from+size, n)
	return from, to, to < n || c.fault == Loop || c.fault == Endless || c.fault == NoMarker
}

// jsonArgs reads a JSON object of strings and numbers into the form of the other protocol.
func jsonArgs(body []byte) (url.Values, error) {
	args := url.Values{}
	if len(body) == 0 {
		return args, nil
	}
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	for name, value := range object {
		args.Set(name, fmt.Sprint(value))
	}
	return args, nil
}

// sendXML answers with the result element's content.
func (c *call) sendXML(w http.ResponseWriter, result string) {
	name := c.name()
	namespace := "https://iam.amazonaws.com/doc/2010-05-08/"
	if strings.HasPrefix(c.action, "sts:") {
		namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
	}
	c.send(w, http.StatusOK, "text/xml", `<`+name+`Response xmlns="`+namespace+`"><`+name+`Result>`+result+`</`+name+
		`Result><ResponseMetadata><RequestId>`+c.id+`</RequestId></ResponseMetadata></`+name+`Response>`)
}

// sendJSON answers with an object.
func (c *call) sendJSON(w http.ResponseWriter, object any) {
	body, err := json.Marshal(object)
	if err != nil {
		c.fail(w, http.StatusInternalServerError, "InternalFailure", err.Error())
		return
	}
	c.send(w, http.StatusOK, "application/x-amz-json-1.1", string(body))
}

// fail answers with an error in the protocol of the call.
func (c *call) fail(w http.ResponseWriter, status int, code, message string) {
	if c.json {
		body, _ := json.Marshal(map[string]string{"__type": code, "Message": message}) // strings always marshal
		c.send(w, status, "application/x-amz-json-1.1", string(body))
		return
	}
	kind := "Sender"
	if status >= 500 {
		kind = "Receiver"
	}
	c.send(w, status, "text/xml", `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error>`+
		element("Type", kind)+element("Code", code)+element("Message", message)+`</Error>`+element("RequestId", c.id)+`</ErrorResponse>`)
}

func (c *call) deny(w http.ResponseWriter, message string) {
	if c.json {
		c.fail(w, http.StatusBadRequest, "AccessDeniedException", "You don't have permissions to access this resource. User: "+message)
		return
	}
	c.fail(w, http.StatusForbidden, "AccessDenied", "User: "+message)
}

func (c *call) expired(w http.ResponseWriter) { c.unauthenticated(w, errExpired) }

func (c *call) unauthenticated(w http.ResponseWriter, err error) {
	code := "InvalidClientTokenId"
	switch {
	case errors.Is(err, errNoSignature):
		code = "MissingAuthenticationToken"
	case errors.Is(err, errUntimely) && c.json:
		code = "InvalidSignatureException"
	case errors.Is(err, errUntimely):
		code = "SignatureDoesNotMatch"
	case errors.Is(err, errExpired) && c.json:
		code = "ExpiredTokenException"
	case errors.Is(err, errExpired):
		code = "ExpiredToken"
	case c.json:
		code = "UnrecognizedClientException"
	}
	status := http.StatusForbidden
	if c.json {
		status = http.StatusBadRequest
	}
	c.fail(w, status, code, err.Error())
}

// send writes a body, or what a fault leaves of it.
func (c *call) send(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", c.id)
	switch c.fault {
	case Truncate:
		// More is announced than comes: the connection breaks off.
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		body = body[:len(body)*2/3]
	case Cut:
		body = body[:len(body)*2/3]
	}
	w.WriteHeader(status)
	write(w, body)
}

// write reports whether the caller still listens.
func write(w io.Writer, s string) bool {
	_, err := io.WriteString(w, s)
	return err == nil
}

// element is an XML element with escaped text.
func element(name, text string) string {
	var b strings.Builder
	b.WriteString("<" + name + ">")
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return "" // a strings.Builder does not fail
	}
	b.WriteString("</" + name + ">")
	return b.String()
}
