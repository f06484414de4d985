package awstest

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const (
	headquarters = "111111111111"
	branch       = "222222222222"
)

// small is an organization of two accounts.
func small() Organization {
	return Organization{
		Management: headquarters,
		Features:   []string{RootCredentialsManagement, RootSessions},
		Accounts: []Account{
			{ID: headquarters, Name: "headquarters", Users: []User{{Name: "auditor", Devices: []Device{Key("mine")}}}},
			{ID: branch, Name: "branch", Role: "audit", Root: Root{Password: true, Devices: []Device{Key("yk-1", "FIDO", "L2"), Virtual("phone")}}},
		},
	}
}

// client makes calls by hand, so that the server is not only tested by the SDK it is made for.
type client struct {
	t      *testing.T
	server *Server
}

func start(t *testing.T, org Organization) client {
	t.Helper()
	s, err := New(org)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return client{t, s}
}

// query makes a call of IAM or STS; args are pairs.
func (c client) query(k Credentials, service, action string, args ...string) (int, string) {
	c.t.Helper()
	version := map[string]string{"iam": "2010-05-08", "sts": "2011-06-15"}[service]
	form := url.Values{"Action": {action}, "Version": {version}}
	for i := 0; i+1 < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	return c.post(k, service, "", form.Encode())
}

func (c client) post(k Credentials, service, target, body string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequest(http.MethodPost, c.server.URL(), strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if k.AccessKeyID != "" {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+k.AccessKeyID+"/20261122/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=00")
	}
	if k.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", k.SessionToken)
	}
	if target != "" {
		r.Header.Set("X-Amz-Target", "AWSOrganizationsV20161128."+target)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// session takes the credentials out of an answer.
func session(t *testing.T, answer string) Credentials {
	t.Helper()
	field := func(name string) string {
		m := regexp.MustCompile("<" + name + ">([^<]*)</" + name + ">").FindStringSubmatch(answer)
		if m == nil {
			t.Fatalf("no %s in %s", name, answer)
		}
		return m[1]
	}
	return Credentials{field("AccessKeyId"), field("SecretAccessKey"), field("SessionToken")}
}

func (c client) assumeRoot(account string) (int, string) {
	return c.query(c.server.Auditor(), "sts", "AssumeRoot", "TargetPrincipal", account, "DurationSeconds", "900",
		"TaskPolicyArn.arn", "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials")
}

func TestItListensOnLoopbackOnly(t *testing.T) {
	c := start(t, small())
	u, err := url.Parse(c.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	if ip := net.ParseIP(u.Hostname()); !ip.IsLoopback() {
		t.Errorf("it listens on %s", u.Host)
	}
}

func TestCallersAreKnownByTheirKeys(t *testing.T) {
	c := start(t, small())
	auditor := c.server.Auditor()
	for _, want := range []struct {
		name   string
		who    Credentials
		status int
		says   string
	}{
		{"the auditor", auditor, 200, "arn:aws:iam::111111111111:user/auditor"},
		{"root", c.server.Root(branch), 200, "<Arn>arn:aws:iam::222222222222:root</Arn>"},
		{"nobody", Credentials{}, 403, "MissingAuthenticationToken"},
		{"a key that was not given out", Credentials{AccessKeyID: "AKIAX"}, 403, "InvalidClientTokenId"},
		{"a key with a token it does not have", Credentials{AccessKeyID: auditor.AccessKeyID, SessionToken: "x"}, 403, "InvalidClientTokenId"},
	} {
		t.Run(want.name, func(t *testing.T) {
			status, answer := c.query(want.who, "sts", "GetCallerIdentity")
			if status != want.status || !strings.Contains(answer, want.says) {
				t.Errorf("got %d %s", status, answer)
			}
		})
	}
}

func TestARootSessionMayOnlyWhatItsTaskPolicyAllows(t *testing.T) {
	c := start(t, small())
	status, answer := c.assumeRoot(branch)
	if status != 200 {
		t.Fatalf("got %d %s", status, answer)
	}
	root := session(t, answer)
	for action, want := range map[string]int{
		"ListMFADevices": 200, "GetAccountSummary": 200, "ListAccessKeys": 200, "ListSigningCertificates": 200, "GetLoginProfile": 200,
		"ListVirtualMFADevices": 403, "GetMFADevice": 403, "ListOrganizationsFeatures": 403,
	} {
		if status, answer := c.query(root, "iam", action); status != want {
			t.Errorf("%s: got %d %s", action, status, answer)
		}
	}
	if status, _ := c.query(root, "iam", "DeactivateMFADevice"); status != 400 {
		t.Errorf("a call that changes something is known: %d", status)
	}
}

func TestSessionsAreMintedOnlyForThoseWhoMayHaveThem(t *testing.T) {
	c := start(t, small())
	policy := "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
	for _, want := range []struct {
		name   string
		who    Credentials
		action string
		args   []string
		status int
	}{
		{"root of a member", c.server.Auditor(), "AssumeRoot", []string{"TargetPrincipal", branch, "TaskPolicyArn.arn", policy}, 200},
		{"root of the management account", c.server.Auditor(), "AssumeRoot", []string{"TargetPrincipal", headquarters, "TaskPolicyArn.arn", policy}, 403},
		{"another policy", c.server.Auditor(), "AssumeRoot", []string{"TargetPrincipal", branch, "TaskPolicyArn.arn", policy + "X"}, 403},
		{"too long", c.server.Auditor(), "AssumeRoot", []string{"TargetPrincipal", branch, "TaskPolicyArn.arn", policy, "DurationSeconds", "901"}, 400},
		{"by root", c.server.Root(headquarters), "AssumeRoot", []string{"TargetPrincipal", branch, "TaskPolicyArn.arn", policy}, 403},
		{"by a member", c.server.User(branch, "eve"), "AssumeRoot", []string{"TargetPrincipal", branch, "TaskPolicyArn.arn", policy}, 403},
		{"the audit role", c.server.Auditor(), "AssumeRole", []string{"RoleArn", "arn:aws:iam::222222222222:role/audit", "RoleSessionName", "x"}, 200},
		{"another role", c.server.Auditor(), "AssumeRole", []string{"RoleArn", "arn:aws:iam::222222222222:role/admin", "RoleSessionName", "x"}, 403},
		{"the audit role, by a member", c.server.User(branch, "eve"), "AssumeRole", []string{"RoleArn", "arn:aws:iam::222222222222:role/audit"}, 403},
	} {
		t.Run(want.name, func(t *testing.T) {
			if status, answer := c.query(want.who, "sts", want.action, want.args...); status != want.status {
				t.Errorf("got %d %s, want %d", status, answer, want.status)
			}
		})
	}
}

func TestWhoseDevicesAreListedDependsOnWhoAsks(t *testing.T) {
	c := start(t, small())
	role := func() Credentials {
		_, answer := c.query(c.server.Auditor(), "sts", "AssumeRole", "RoleArn", "arn:aws:iam::222222222222:role/audit", "RoleSessionName", "x")
		return session(t, answer)
	}()
	_, answer := c.assumeRoot(branch)
	for _, want := range []struct {
		name string
		who  Credentials
		args []string
		code int
		says string
	}{
		{"a user sees their own", c.server.Auditor(), nil, 200, "u2f/root/mine-"},
		{"a root session sees root's", session(t, answer), nil, 200, "arn:aws:iam::222222222222:u2f/root/yk-1-"},
		{"a role has none", role, nil, 400, "Must specify userName"},
		{"there is no user called root", role, []string{"UserName", "root"}, 404, "NoSuchEntity"},
	} {
		t.Run(want.name, func(t *testing.T) {
			if status, answer := c.query(want.who, "iam", "ListMFADevices", want.args...); status != want.code || !strings.Contains(answer, want.says) {
				t.Errorf("got %d %s", status, answer)
			}
		})
	}
	if _, answer := c.query(role, "iam", "ListVirtualMFADevices"); !strings.Contains(answer, "<Arn>arn:aws:iam::222222222222:root</Arn>") {
		t.Errorf("root's virtual device is not root's: %s", answer)
	}
}

func TestTheAccountListIsJSON(t *testing.T) {
	c := start(t, small())
	status, answer := c.post(c.server.Auditor(), "organizations", "ListAccounts", `{"MaxResults":1}`)
	if status != 200 || !strings.Contains(answer, `"NextToken":"o-1-2"`) || strings.Contains(answer, branch) {
		t.Errorf("got %d %s", status, answer)
	}
	status, answer = c.post(c.server.Auditor(), "organizations", "ListAccounts", `{"MaxResults":1,"NextToken":"o-1-2"}`)
	if status != 200 || strings.Contains(answer, "NextToken") || !strings.Contains(answer, branch) {
		t.Errorf("got %d %s", status, answer)
	}
	status, answer = c.post(c.server.User(branch, "eve"), "organizations", "ListAccounts", `{}`)
	if status != 400 || !strings.Contains(answer, "AccessDeniedException") {
		t.Errorf("got %d %s", status, answer)
	}
	if status, _ := c.post(c.server.Auditor(), "organizations", "ListAccounts", `{`); status != 400 {
		t.Errorf("broken JSON: got %d", status)
	}
	if status, _ := c.post(c.server.Auditor(), "iam", "ListAccounts", `{}`); status != 400 {
		t.Errorf("signed for another service: got %d", status)
	}
}

func TestAFaultHitsAsOftenAsItIsTold(t *testing.T) {
	org := small()
	org.Accounts[0].Faults = map[string]Fault{"user:iam:GetAccountSummary": {Kind: Throttle, Times: 2}}
	c := start(t, org)
	auditor := c.server.Auditor()
	var got []int
	for range 3 {
		status, _ := c.query(auditor, "iam", "GetAccountSummary")
		got = append(got, status)
	}
	if got[0] != 400 || got[1] != 400 || got[2] != 200 || c.server.Calls()["iam:GetAccountSummary"] != 3 {
		t.Errorf("got %v, %v", got, c.server.Calls())
	}
}

func TestTheDemoIsADozenAccountsAndItsOwn(t *testing.T) {
	org := Demo()
	if len(org.Accounts) < 12 {
		t.Errorf("%d accounts", len(org.Accounts))
	}
	seen := map[string]bool{}
	for _, a := range org.Accounts {
		if seen[a.ID] || len(a.ID) != 12 || a.Name == "" {
			t.Errorf("account %q %q", a.ID, a.Name)
		}
		seen[a.ID] = true
	}
	if !seen[DemoAccount] || !seen[org.Management] {
		t.Error("the account of the demo's keys, or the management account, is missing")
	}
}
