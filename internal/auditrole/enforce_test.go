package auditrole_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"hwmfa/iamcheck/awstest"
	"hwmfa/internal/auditrole"
)

// taskPolicy is what AWS's IAMAuditRootUserCredentials allows a root session.
var taskPolicy = auditrole.Policy{Statement: []auditrole.Statement{{
	Effect: "Allow",
	Action: []string{
		"iam:GetAccessKeyLastUsed", "iam:GetAccountSummary", "iam:GetLoginProfile", "iam:GetUser",
		"iam:ListAccessKeys", "iam:ListMFADevices", "iam:ListSigningCertificates",
	},
	Resource: []string{"*"},
}}}

// request is what a policy is asked about.
type request struct {
	principal, action, resource string
	context                     map[string]string
}

// allows evaluates statements that allow, as the language has them: action,
// resource, principal and condition must match, and every key of every
// operator.
func allows(p auditrole.Policy, r request) bool {
	return slices.ContainsFunc(p.Statement, func(s auditrole.Statement) bool {
		matches := func(pattern string) bool { ok, _ := path.Match(pattern, r.resource); return ok }
		trusted := s.Principal == nil || slices.Contains(s.Principal.AWS, r.principal)
		return s.Effect == "Allow" && trusted && slices.Contains(s.Action, r.action) &&
			(s.Principal != nil || slices.Contains(s.Resource, "*") || slices.ContainsFunc(s.Resource, matches)) && holds(s.Condition, r.context)
	})
}

func holds(c auditrole.Condition, context map[string]string) bool {
	for operator, keys := range c {
		for key, values := range keys {
			got, sent := context[key]
			ok := slices.ContainsFunc(values, func(want string) bool {
				if operator == "ArnLike" {
					matched, _ := path.Match(strings.ReplaceAll(want, "/", ":"), strings.ReplaceAll(got, "/", ":"))
					return matched
				}
				return got == want
			})
			if !sent || !ok || !slices.Contains([]string{"ArnEquals", "ArnLike", "StringEquals"}, operator) {
				return false
			}
		}
	}
	return true
}

// gate stands before the loopback AWS and lets through what the policies allow.
type gate struct {
	upstream                string
	role, caller            auditrole.Policy
	trust                   auditrole.Policy
	callerARN, callerRootID string

	mu     sync.Mutex
	actor  map[string]string // by access key: "role" or "root"; others are the caller's
	made   map[string]bool   // by actor and action
	denied map[string]bool
}

var credential = regexp.MustCompile(`Credential=([^/]+)/`)

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	form, err := url.ParseQuery(string(body))
	target := r.Header.Get("X-Amz-Target")
	action := "organizations:" + target[strings.LastIndexByte(target, '.')+1:]
	if target == "" && err == nil {
		action = map[string]string{"2010-05-08": "iam:", "2011-06-15": "sts:"}[form.Get("Version")] + form.Get("Action")
	}
	key := ""
	if m := credential.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		key = m[1]
	}
	g.mu.Lock()
	actor := g.actor[key]
	g.mu.Unlock()
	if actor == "" {
		actor = "caller"
	}
	ok := g.decide(actor, action, form)
	g.mu.Lock()
	g.made[actor+" "+action] = true
	if !ok {
		g.denied[actor+" "+action] = true
	}
	g.mu.Unlock()
	if !ok {
		deny(w, target != "", action)
		return
	}
	g.forward(w, r, body, action)
}

// decide asks the policy of the actor, and for the role also whom it trusts.
// STS answers everybody who asks who they are.
func (g *gate) decide(actor, action string, form url.Values) bool {
	q := request{action: action, resource: "*", context: map[string]string{}}
	switch {
	case action == "sts:GetCallerIdentity":
		return true
	case actor == "root":
		return allows(taskPolicy, q)
	case actor == "role":
		return allows(g.role, q)
	case action == "sts:AssumeRoot":
		q.resource = "arn:aws:iam::" + form.Get("TargetPrincipal") + ":root"
		q.context["sts:TaskPolicyArn"] = form.Get("TaskPolicyArn.arn")
	case action == "sts:AssumeRole":
		q.resource = form.Get("RoleArn")
		trust := request{principal: g.callerRootID, action: action, context: map[string]string{"aws:PrincipalArn": g.callerARN}}
		if id := form.Get("ExternalId"); id != "" {
			trust.context["sts:ExternalId"] = id
		}
		if !allows(g.trust, trust) {
			return false
		}
		if form.Get("Tags.member.1.Key") != "" {
			tagging, tags := q, trust
			tagging.action, tags.action = "sts:TagSession", "sts:TagSession"
			if !allows(g.caller, tagging) || !allows(g.trust, tags) {
				return false
			}
		}
	}
	return allows(g.caller, q)
}

// forward passes a request on, and remembers whose the credentials in an answer
// are.
func (g *gate) forward(w http.ResponseWriter, r *http.Request, body []byte, action string) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, g.upstream+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		return
	}
	out.Header = r.Header.Clone()
	answer, err := http.DefaultClient.Do(out)
	if err != nil {
		return
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return
	}
	var minted struct {
		Role string `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
		Root string `xml:"AssumeRootResult>Credentials>AccessKeyId"`
	}
	if strings.HasPrefix(action, "sts:Assume") && xml.Unmarshal(text, &minted) == nil {
		g.mu.Lock()
		g.actor[minted.Role], g.actor[minted.Root] = "role", "root"
		delete(g.actor, "")
		g.mu.Unlock()
	}
	w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(text)
}

func deny(w http.ResponseWriter, asJSON bool, action string) {
	message := "User: caller is not authorized to perform: " + action
	if asJSON {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "AccessDeniedException", "Message": message})
		return
	}
	w.WriteHeader(http.StatusForbidden)
	_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>%s</Message></Error><RequestId>x</RequestId></ErrorResponse>`, message)
}

// guarded is a loopback AWS behind a gate.
func guarded(t *testing.T, org awstest.Organization, r auditrole.Role) (*gate, string, awstest.Credentials) {
	t.Helper()
	server, err := awstest.New(org)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	g := &gate{
		upstream: server.URL(), role: r.RolePolicy(), caller: r.CallerPolicy(), trust: r.TrustPolicy(),
		callerARN: "arn:aws:iam::" + org.Management + ":user/auditor", callerRootID: "arn:aws:iam::" + org.Management + ":root",
		actor: map[string]string{}, made: map[string]bool{}, denied: map[string]bool{},
	}
	front := httptest.NewServer(g)
	t.Cleanup(front.Close)
	return g, front.URL, server.Auditor()
}
