package auditrole_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hwmfa/internal/auditrole"
)

// event is one of CloudTrail's, with what is said of it put in place of the
// example's: a path and its value, or null to take it away.
func event(t *testing.T, changes map[string]any) map[string]any {
	t.Helper()
	// A read of an audit in a member account, after the example in AWS's page on tracking privileged tasks.
	const example = `{"eventVersion": "1.10", "eventType": "AwsApiCall", "eventSource": "iam.amazonaws.com", "eventName": "ListMFADevices",
		"userIdentity": {"type": "Root", "accountId": "222222222222", "arn": "arn:aws:iam::222222222222:root", "accessKeyId": "ASIAEXAMPLE",
			"sessionContext": {"attributes": {"mfaAuthenticated": "false"}, "assumedRoot": "true"}}, "requestParameters": null}`
	var e map[string]any
	if err := json.Unmarshal([]byte(example), &e); err != nil {
		t.Fatal(err)
	}
	for path, value := range changes {
		at := e
		parts := strings.Split(path, ".")
		for _, p := range parts[:len(parts)-1] {
			if _, ok := at[p].(map[string]any); !ok {
				at[p] = map[string]any{}
			}
			at = at[p].(map[string]any)
		}
		if last := parts[len(parts)-1]; value == nil {
			delete(at, last)
		} else {
			at[last] = value
		}
	}
	return e
}

func TestAlarms(t *testing.T) {
	const audit, remove = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials", "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"
	assume := func(task any) map[string]any {
		return map[string]any{
			"eventSource": "sts.amazonaws.com", "eventName": "AssumeRoot", "userIdentity.type": "AssumedRole",
			"requestParameters.taskPolicyArn.arn": task,
		}
	}
	cases := map[string]struct {
		changes         map[string]any
		use, forSession bool
	}{
		"a read of the audit":                         {nil, false, false},
		"the same read where nothing marks a session": {map[string]any{"userIdentity.sessionContext.assumedRoot": nil}, true, false},
		"the same read of root without any session":   {map[string]any{"userIdentity.sessionContext": nil}, true, false},
		"the same read in a session that is not one":  {map[string]any{"userIdentity.sessionContext.assumedRoot": "false"}, true, false},
		"a read that the audit does not make":         {map[string]any{"eventName": "GetUser"}, true, false},
		"a password deleted in a root session":        {map[string]any{"eventName": "DeleteLoginProfile"}, true, false},
		"a bucket policy deleted in a root session":   {map[string]any{"eventSource": "s3.amazonaws.com", "eventName": "DeleteBucketPolicy"}, true, false},
		"a read of that name at another service":      {map[string]any{"eventSource": "sts.amazonaws.com"}, true, false},
		"root at the console":                         {map[string]any{"eventType": "AwsConsoleSignIn", "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "userIdentity.sessionContext": nil}, true, false},
		"a service that acts for root":                {map[string]any{"userIdentity.invokedBy": "support.amazonaws.com", "eventName": "X"}, false, false},
		"an event of a service":                       {map[string]any{"eventType": "AwsServiceEvent", "eventName": "X"}, false, false},
		"a user's read":                               {map[string]any{"userIdentity.type": "IAMUser", "userIdentity.sessionContext": nil}, false, false},
		"a root session for an audit":                 {assume(audit), false, false},
		"a root session that deletes credentials":     {assume(remove), false, true},
		"a root session for a task that is not named": {assume(nil), false, true},
		"a role's session":                            {map[string]any{"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "userIdentity.type": "IAMUser"}, false, false},
	}
	for name, c := range cases {
		for alarm, want := range map[auditrole.Alarm]bool{auditrole.RootUse: c.use, auditrole.RootSessions: c.forSession} {
			e := event(t, c.changes)
			filter := auditrole.MetricFilter(alarm, "aws")
			if got := matchesFilter(t, filter, e); got != want {
				t.Errorf("%s: the metric filter of %s matches: %t, want %t", name, alarm, got, want)
			}
			if len(filter) > 1024 || strings.Contains(filter, "\n") {
				t.Errorf("CloudWatch does not take %d characters: %s", len(filter), filter)
			}
			pattern := plain(t, auditrole.EventPattern(alarm, "aws")).(map[string]any)
			if got := matchesPattern(t, pattern, map[string]any{"detail": e}); got != want {
				t.Errorf("%s: the event pattern of %s matches: %t, want %t", name, alarm, got, want)
			}
		}
	}
}

// matchesFilter evaluates the part of CloudWatch's language for JSON that the
// filters use. A comparison with a field that is missing is an error.
func matchesFilter(t *testing.T, filter string, e map[string]any) bool {
	t.Helper()
	p := &filterParser{t: t, rest: filter, event: e}
	p.take("{")
	got := p.or(true)
	p.take("}")
	if p.rest != "" {
		t.Fatalf("left over: %q", p.rest)
	}
	return got
}

type filterParser struct {
	t     *testing.T
	rest  string
	event map[string]any
}

func (p *filterParser) next(token string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " "), token)
	if ok {
		p.rest = strings.TrimLeft(rest, " ")
	}
	return ok
}

func (p *filterParser) take(token string) {
	if !p.next(token) {
		p.t.Fatalf("want %q at %q", token, p.rest)
	}
}

// or and and read on where live is false, and then compare nothing.
func (p *filterParser) or(live bool) bool {
	got := p.and(live)
	for p.next("||") {
		other := p.and(live && !got)
		got = got || other
	}
	return got
}

func (p *filterParser) and(live bool) bool {
	got := p.term(live)
	for p.next("&&") {
		other := p.term(live && got)
		got = got && other
	}
	return got
}

func (p *filterParser) term(live bool) bool {
	if p.next("(") {
		got := p.or(live)
		p.take(")")
		return got
	}
	p.take("$.")
	path, rest, _ := strings.Cut(p.rest, " ")
	p.rest = rest
	var at any = p.event
	for name := range strings.SplitSeq(path, ".") {
		object, _ := at.(map[string]any)
		at = object[name]
	}
	if p.next("NOT EXISTS") {
		return live && at == nil
	}
	different := p.next("!=")
	if !different {
		p.take("=")
	}
	p.take(`"`)
	value, rest, _ := strings.Cut(p.rest, `"`)
	p.rest = rest
	if !live {
		return false
	}
	if at == nil {
		p.t.Fatalf("%s is compared, and is missing", path)
	}
	return (at == value) != different
}

// matchesPattern evaluates the part of EventBridge's language that the patterns
// use: anything-but matches no field that is missing.
func matchesPattern(t *testing.T, pattern, e map[string]any) bool {
	t.Helper()
	for name, want := range pattern {
		if name == "$or" {
			if !slices.ContainsFunc(want.([]any), func(p any) bool { return matchesPattern(t, p.(map[string]any), e) }) {
				return false
			}
			continue
		}
		if inner, ok := want.(map[string]any); ok {
			object, _ := e[name].(map[string]any)
			if !matchesPattern(t, inner, object) {
				return false
			}
			continue
		}
		if !slices.ContainsFunc(want.([]any), func(m any) bool { return matchesValue(t, m, e[name]) }) {
			return false
		}
	}
	return true
}

func matchesValue(t *testing.T, match, value any) bool {
	t.Helper()
	rule, ok := match.(map[string]any)
	if !ok {
		return match == value
	}
	switch fmt.Sprint(len(rule), rule["exists"]) {
	case "1 false":
		return value == nil
	case "1 <nil>":
		return value != nil && !slices.Contains(rule["anything-but"].([]any), value)
	}
	t.Fatalf("a rule that is not known: %v", rule)
	return false
}
