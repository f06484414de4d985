package notify

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// failures are what an error may hold, and our words for it. The library makes
// texts of errors on the way, so that there is nothing else to look at.
var failures = []struct{ text, words string }{
	{"no such host", "its host has no address"},
	{"connection refused", "nobody listens there"},
	{"network is unreachable", "its network is not reachable"},
	{"no route to host", "its network is not reachable"},
	{"x509:", "its certificate is not believed"},
	{"tls:", "TLS with it failed"},
	{"does not support starttls", "it speaks no TLS"},
	{"timeout", "no answer in time"},
	{"deadline exceeded", "no answer in time"},
	{"context canceled", "interrupted"},
	{"connection reset", "it broke the connection off"},
	{"eof", "it broke the connection off"},
	{"authenticat", "it refused the login"},
	{"rcpt", "it refused a recipient"},
}

// reason says why a message was not sent, in words of our own alone: what the
// error says may hold the address, and what a server said.
func reason(err error) string {
	text := strings.ToLower(err.Error())
	if status := httpStatus(text); status != "" {
		return "it answered " + status
	}
	for _, f := range failures {
		if strings.Contains(text, f.text) {
			return f.words
		}
	}
	return "the service did not take it"
}

// httpStatus is the HTTP status that a text names, "" if none: a number is one
// where the word for it follows.
func httpStatus(text string) string {
	for _, number := range regexp.MustCompile(`\b[1-5][0-9]{2}\b`).FindAllString(text, 16) {
		code, err := strconv.Atoi(number)
		word := http.StatusText(code)
		if err == nil && word != "" && strings.Contains(text, number+" "+strings.ToLower(word)) {
			return fmt.Sprintf("%d %s", code, word)
		}
	}
	return ""
}
