package awstest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Credentials are what a caller signs with.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

// Server is a running loopback AWS.
type Server struct {
	org      Organization
	accounts map[string]*Account
	tree     tree
	sky      *sky
	handlers map[string]func(http.ResponseWriter, *call)
	url      string
	http     *http.Server
	done     chan error

	mu      sync.Mutex
	callers map[string]*principal // by access key
	calls   map[string]int        // by action
	perAcct map[string]int        // by account and action
	hits    map[string]int        // faults that have hit, by account and action
	owned   map[string][]owned    // virtual devices, by account
	next    int
}

// New serves the organization on a free port of 127.0.0.1 until Close.
func New(org Organization) (*Server, error) {
	if org.Partition == "" {
		org.Partition = "aws"
	}
	if org.ID == "" {
		org.ID = "o-exampleorgid"
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening on loopback: %w", err)
	}
	s := &Server{
		org:      org,
		accounts: map[string]*Account{},
		url:      "http://" + listener.Addr().String(),
		done:     make(chan error, 1),
		callers:  map[string]*principal{},
		calls:    map[string]int{},
		perAcct:  map[string]int{},
		hits:     map[string]int{},
		owned:    map[string][]owned{},
	}
	for i := range org.Accounts {
		s.accounts[org.Accounts[i].ID] = &s.org.Accounts[i]
	}
	s.tree, s.sky, s.handlers = plant(&s.org), newSky(org.Weather), s.actions()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// URL is the endpoint of all three services.
func (s *Server) URL() string { return s.url }

// Close stops the server and drops its connections.
func (s *Server) Close() error {
	if err := s.http.Close(); err != nil {
		return fmt.Errorf("closing the loopback AWS: %w", err)
	}
	if err := <-s.done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the loopback AWS: %w", err)
	}
	return nil
}

// Auditor are the credentials of an IAM user of the management account, or of the only account there is.
func (s *Server) Auditor() Credentials {
	account := s.org.Management
	if account == "" && len(s.org.Accounts) > 0 {
		account = s.org.Accounts[0].ID
	}
	return s.User(account, "auditor")
}

// User are the credentials of an IAM user, who may call every read the server knows.
func (s *Server) User(account, name string) Credentials {
	path := "/"
	if a := s.accounts[account]; a != nil {
		for _, u := range a.Users {
			if u.Name == name {
				path = u.path()
			}
		}
	}
	return s.mint(&principal{kind: byUser, account: account, name: name, arn: s.arn(account, "user"+path+name)}, "AKIA")
}

// Root are the credentials of an account's root user.
func (s *Server) Root(account string) Credentials {
	return s.mint(&principal{kind: byRoot, account: account, arn: s.arn(account, "root")}, "AKIA")
}

// Env is the environment that points the AWS SDK and the aws command at the server with these credentials, and at nothing
// of the user's.
func (s *Server) Env(c Credentials) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL":            s.url,
		"AWS_ACCESS_KEY_ID":           c.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":       c.SecretAccessKey,
		"AWS_SESSION_TOKEN":           c.SessionToken,
		"AWS_REGION":                  region,
		"AWS_PROFILE":                 "",
		"AWS_CONFIG_FILE":             "/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_EC2_METADATA_DISABLED":   "true",
	}
}

// Calls are how often each action was called, such as iam:ListMFADevices.
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := map[string]int{}
	for action, n := range s.calls {
		calls[action] = n
	}
	return calls
}

// CallsInto is how often an action was called into an account.
func (s *Server) CallsInto(account, action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.perAcct[account+" "+action]
}

// region is the one the server's environment names.
const region = "us-east-1"

// maxRequest bounds a request's body, in bytes.
const maxRequest = 1 << 16

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		return // the caller is gone
	}
	if s.sky.Ahead != 0 {
		w.Header().Set("Date", s.sky.now().UTC().Format(http.TimeFormat))
	}
	c := &call{request: r, id: s.requestID()}
	var service string
	c.region, service = signedFor(r.Header.Get("Authorization"))
	if target, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AWSOrganizationsV20161128."); ok {
		c.json, c.action = true, "organizations:"+target
		c.args, err = jsonArgs(body)
	} else {
		c.args, err = url.ParseQuery(string(body))
		c.action = map[string]string{"2010-05-08": "iam:", "2011-06-15": "sts:"}[c.args.Get("Version")] + c.args.Get("Action")
	}
	malformed := err != nil || r.Method != http.MethodPost || service+":"+c.name() != c.action
	if c.who, err = s.authenticate(r); err != nil {
		c.unauthenticated(w, err)
		return
	}
	if malformed {
		c.fail(w, http.StatusBadRequest, "InvalidAction", "Could not find operation for "+service+" "+c.action)
		return
	}
	s.count(c)
	kind := s.fault(c)
	if kind == "" {
		kind = s.sky.fault(strings.HasPrefix(c.action, "sts:Assume"))
	}
	time.Sleep(s.sky.Latency)
	if s.answerFault(w, c, kind) {
		return
	}
	c.fault = kind
	handler, ok := s.handlers[c.action]
	if !ok {
		c.fail(w, http.StatusBadRequest, "InvalidAction", "Could not find operation "+c.action)
		return
	}
	if c.who.kind == byRoot && c.who.session && !taskPolicy[c.name()] {
		c.deny(w, c.who.arn+" is not authorized to perform: "+c.action+" because no session policy allows the "+c.action+" action")
		return
	}
	handler(w, c)
}

func (s *Server) count(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[c.action]++
	account := c.who.account
	if t := c.target(); t != "" {
		account = t
	}
	s.perAcct[account+" "+c.action]++
}

func (s *Server) requestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.next)
}

func (s *Server) arn(account, resource string) string {
	return "arn:" + s.org.Partition + ":iam::" + account + ":" + resource
}
