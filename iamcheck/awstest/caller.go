package awstest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// callerKind is who a caller is; it begins the name of a fault that hits only such callers.
type callerKind string

const (
	byUser callerKind = "user"
	byRoot callerKind = "root"
	byRole callerKind = "role"
)

// principal is a caller.
type principal struct {
	kind    callerKind
	account string
	name    string // of the user or role
	arn     string
	session bool // minted by AssumeRoot or AssumeRole
	expires time.Time
	token   string
}

// taskPolicy are the actions of the managed policy IAMAuditRootUserCredentials: all a root session may do.
var taskPolicy = map[string]bool{
	"ListAccessKeys": true, "ListSigningCertificates": true, "GetLoginProfile": true, "ListMFADevices": true,
	"GetAccountSummary": true, "GetUser": true, "GetAccessKeyLastUsed": true, "GetCallerIdentity": true,
}

// The ways a caller is not known.
var (
	errNoSignature = errors.New("Request is missing Authentication Token")
	errUnknownKey  = errors.New("The security token included in the request is invalid")
	errUntimely    = errors.New("Signature expired or not yet current")
	errExpired     = errors.New("The security token included in the request is expired")
)

// mint gives a principal an access key; a session gets a token that must come with it.
func (s *Server) mint(p *principal, prefix string) Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	c := Credentials{AccessKeyID: fmt.Sprintf("%sEXAMPLE%09d", prefix, s.next), SecretAccessKey: fmt.Sprintf("example/secret/%d", s.next)}
	if p.session {
		c.SessionToken = fmt.Sprintf("example-token-%d", s.next)
	}
	p.token = c.SessionToken
	s.callers[c.AccessKeyID] = p
	return c
}

// authenticate knows the caller by access key and token. The signature itself is the SDK's affair.
func (s *Server) authenticate(r *http.Request) (*principal, error) {
	_, scope, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		return nil, errNoSignature
	}
	key, _, _ := strings.Cut(scope, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.callers[key]
	switch {
	case p == nil || p.token != r.Header.Get("X-Amz-Security-Token"):
		return nil, errUnknownKey
	case !s.sky.timely(r):
		return nil, errUntimely
	case p.session && time.Now().After(p.expires):
		return nil, errExpired
	}
	return p, nil
}

// signedFor is what a signature's credential scope says it is for: KEY/DATE/REGION/SERVICE/aws4_request.
func signedFor(authorization string) (region, service string) {
	_, scope, _ := strings.Cut(authorization, "Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	parts := strings.Split(scope, "/")
	if len(parts) != 5 {
		return "", ""
	}
	return parts[2], parts[3]
}

func (u User) path() string {
	if u.Path == "" {
		return "/"
	}
	return u.Path
}
