package awsapi_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
)

// fleet is an organization of a management account and n members with certified keys.
func fleet(n int) awstest.Organization {
	org := awstest.Organization{
		Management: management,
		Features:   []string{awstest.RootCredentialsManagement, awstest.RootSessions},
		Accounts:   []awstest.Account{{ID: management, Name: "management", Root: two()}},
	}
	for i := range n {
		org.Accounts = append(org.Accounts, awstest.Account{
			ID: fmt.Sprintf("3%011d", i), Name: fmt.Sprintf("member %d", i), Role: auditRole, Root: certified(),
		})
	}
	return org
}

func TestEveryAccountOfTheOrganizationIsReadOnce(t *testing.T) {
	org := fleet(50)
	org.EmptyPages, org.AccountPageSize = true, 7
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	facts, err := collect(t, awsapi.Options{Org: true, RoleName: auditRole, Workers: 5})
	if err != nil {
		t.Fatal(err)
	}
	if len(facts) != 51 {
		t.Fatalf("%d accounts are read, want 51", len(facts))
	}
	for id, f := range facts {
		want := iamcheck.Certified
		if id == management {
			want = iamcheck.Inferred
		}
		got := iamcheck.Evaluate(f, nil, iamcheck.Options{})
		if got.Level2.Assurance == nil || *got.Level2.Assurance != want || f.Name == "" {
			t.Errorf("%s %q: got %s %v", id, f.Name, got.Level2.Status, got.Calls)
		}
	}
}

func TestTheCallsAnAccountCosts(t *testing.T) {
	for _, c := range []struct {
		name, role string
		want       map[string]int
	}{
		{"root sessions only", "", map[string]int{"sts:AssumeRoot": 1, "iam:GetAccountSummary": 1, "iam:ListMFADevices": 1}},
		{"with the audit role and two keys", auditRole, map[string]int{
			"sts:AssumeRoot": 1, "iam:GetAccountSummary": 1, "iam:ListMFADevices": 1,
			"sts:AssumeRole": 1, "iam:ListVirtualMFADevices": 1, "iam:GetMFADevice": 2,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := serve(t, fleet(1))
			callAs(t, server, server.Auditor())
			if _, err := collect(t, awsapi.Options{Org: true, RoleName: c.role}); err != nil {
				t.Fatal(err)
			}
			total := 0
			for action := range server.Calls() {
				n := server.CallsInto("300000000000", action)
				total += n
				if n != c.want[action] {
					t.Errorf("%s was called %d times, want %d", action, n, c.want[action])
				}
			}
			if total == 0 {
				t.Error("nothing was called")
			}
		})
	}
}

func TestAPopulationThatIsNotCompleteIsAnError(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*awstest.Organization)
		says  string
		read  int
	}{
		{"the list is denied", listFault(awstest.Fault{Kind: awstest.Deny}), "AccessDeniedException", 0},
		{"the list breaks off at its second page", listFault(awstest.Fault{Kind: awstest.Deny, Page: 2}), "page 2", 20},
		{"the list comes back to a page", listFault(awstest.Fault{Kind: awstest.Loop, Page: 2}), "marker repeats", 31},
		{"the list is a web page", listFault(awstest.Fault{Kind: awstest.HTML}), "not a JSON object", 0},
		{"the list is hollow", listFault(awstest.Fault{Kind: awstest.Hollow}), "it has no Accounts", 0},
		{"the list is empty bytes", listFault(awstest.Fault{Kind: awstest.Empty}), "not a JSON object", 0},
		{"the list has no accounts, not even the management account", func(o *awstest.Organization) { o.Accounts = nil }, "without accounts", 0},
		{"the list loses its token before the caller's account", func(o *awstest.Organization) {
			o.Accounts[0], o.Accounts[25] = o.Accounts[25], o.Accounts[0]
			listFault(awstest.Fault{Kind: awstest.NoMarker})(o)
		}, "the account of the caller, " + management + ", is not among them", 20},
		{"an account ID is not twelve digits", func(o *awstest.Organization) { o.Accounts[3].ID = "../../etc\x1b" }, "is no account ID", 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := fleet(30)
			c.spoil(&org)
			server := serve(t, org)
			callAs(t, server, server.Auditor())
			facts, err := collect(t, awsapi.Options{Org: true})
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.ContainsRune(err.Error(), 0x1b) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
			if errors.Is(err, awsapi.ErrCredentials) {
				t.Errorf("the credentials are blamed: %v", err)
			}
			if len(facts) != c.read {
				t.Errorf("%d accounts are read, want %d", len(facts), c.read)
			}
		})
	}
}

// listFault is a fault of both ways to list the accounts.
func listFault(f awstest.Fault) func(*awstest.Organization) {
	return func(o *awstest.Organization) {
		o.Faults = map[string]awstest.Fault{"organizations:ListAccounts": f, "organizations:ListAccountsForParent": f}
	}
}

func TestCredentialsThatAreNoGood(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*testing.T)
		fault string
		read  int
	}{
		{"there are none", func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", "")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "")
		}, "", 0},
		{"the key is unknown", func(t *testing.T) { t.Setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY") }, "", 0},
		{"the profile does not exist", func(t *testing.T) { t.Setenv("AWS_PROFILE", "nowhere") }, "", 0},
		{"they are expired from the start", nil, "sts:GetCallerIdentity", 0},
		{"they expire before the list", nil, "organizations:ListAccounts", 0},
		{"they expire before the first feature is read", nil, "iam:ListOrganizationsFeatures", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := fleet(3)
			if c.fault != "" {
				expired := map[string]awstest.Fault{c.fault: {Kind: awstest.Expired}}
				org.Faults, org.Accounts[0].Faults = expired, expired
			}
			server := serve(t, org)
			callAs(t, server, server.Auditor())
			if c.spoil != nil {
				c.spoil(t)
			}
			facts, err := collect(t, awsapi.Options{Org: true})
			if !errors.Is(err, awsapi.ErrCredentials) {
				t.Errorf("got %v, want ErrCredentials", err)
			}
			if len(facts) != c.read {
				t.Errorf("%d accounts are read, want %d", len(facts), c.read)
			}
		})
	}
}

func TestCredentialsThatExpireInTheMiddle(t *testing.T) {
	org := fleet(200)
	for i := 20; i < len(org.Accounts); i++ {
		org.Accounts[i].Faults = map[string]awstest.Fault{"sts:AssumeRoot": {Kind: awstest.Expired}}
	}
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	facts, err := collect(t, awsapi.Options{Org: true, Workers: 4})
	if !errors.Is(err, awsapi.ErrCredentials) || !strings.Contains(err.Error(), "ExpiredToken") {
		t.Errorf("got %v", err)
	}
	if len(facts) < 15 || len(facts) > 40 {
		t.Errorf("%d accounts are read: the run does not stop where it should", len(facts))
	}
	for id, f := range facts {
		if got := iamcheck.Evaluate(f, nil, iamcheck.Options{}); got.Level2.Status == iamcheck.Pass && id > fmt.Sprintf("3%011d", 18) {
			t.Errorf("%s passes without having been read", id)
		}
	}
}

func TestTheCallbackEndsTheCollection(t *testing.T) {
	server := serve(t, fleet(100))
	callAs(t, server, server.Auditor())
	enough, n := errors.New("enough"), 0
	_, err := awsapi.Collect(context.Background(), awsapi.Options{Org: true}, func(iamcheck.Facts) error {
		n++
		return enough
	})
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("got %v after %d accounts", err, n)
	}
}

func TestCancellationHandsNothingHalfReadOver(t *testing.T) {
	server := serve(t, fleet(100))
	callAs(t, server, server.Auditor())
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	_, err := awsapi.Collect(ctx, awsapi.Options{Org: true, RoleName: auditRole}, func(f iamcheck.Facts) error {
		for _, c := range f.Calls {
			if c.Failed() {
				t.Errorf("%s: %s %s", f.AccountID, c.Action, *c.Error)
			}
		}
		if n++; n == 10 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 10 {
		t.Errorf("got %v after %d accounts", err, n)
	}
}

func TestADelegatedAdministratorReadsTheOrganization(t *testing.T) {
	org := fleet(3)
	org.Delegated = "300000000001"
	org.Accounts[0].Role = auditRole
	server := serve(t, org)
	callAs(t, server, server.User(org.Delegated, "auditor"))
	facts, err := collect(t, awsapi.Options{Org: true, RoleName: auditRole})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]iamcheck.Assurance{management: iamcheck.Inferred, "300000000000": iamcheck.Certified, "300000000001": iamcheck.Inferred} {
		got := iamcheck.Evaluate(facts[id], nil, iamcheck.Options{})
		if got.Level2.Assurance == nil || *got.Level2.Assurance != want {
			t.Errorf("%s: got %s, %v", id, got.Level2.Status, outcomes(got.Calls))
		}
	}
	if got := server.CallsInto(management, "sts:AssumeRoot"); got != 0 {
		t.Errorf("a root session of the management account was asked for %d times", got)
	}
}

func TestTheAuditRoleMayHaveAPathAndAnExternalID(t *testing.T) {
	org := fleet(1)
	org.Accounts[1].Role, org.Accounts[1].ExternalID = "security/audit", "s3cret"
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	for _, c := range []struct {
		role, id string
		want     iamcheck.Outcome
	}{
		{"security/audit", "s3cret", iamcheck.OK}, {"/security/audit", "s3cret", iamcheck.OK},
		{"security/audit", "", iamcheck.Denied}, {"audit", "s3cret", iamcheck.Denied},
	} {
		facts, err := collect(t, awsapi.Options{Org: true, RoleName: c.role, ExternalID: c.id})
		if err != nil {
			t.Fatal(err)
		}
		if got := outcomes(facts["300000000000"].Calls); !slices.Contains(got, "sts:AssumeRole="+string(c.want)) {
			t.Errorf("role %q, ID %q: got %v, want %s", c.role, c.id, got, c.want)
		}
	}
}

func TestStaticReadsNothingOfTheUsers(t *testing.T) {
	server := serve(t, fleet(1))
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEUSER")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	c := server.Auditor()
	facts, err := collect(t, awsapi.Options{Org: true, Static: &awsapi.Static{
		Endpoint: server.URL(), Region: "us-east-1", AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey,
	}})
	if err != nil || len(facts) != 2 {
		t.Errorf("got %d accounts, %v", len(facts), err)
	}
}

func TestACompanysOwnCAIsTrustedWhereTheEnvironmentNamesIt(t *testing.T) {
	server := serve(t, fleet(1))
	proxy := httptest.NewUnstartedServer(server)
	proxy.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake is what is tested
	proxy.StartTLS()
	defer proxy.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	callAs(t, server, server.Auditor())
	t.Setenv("AWS_ENDPOINT_URL", proxy.URL)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	if _, err := collect(t, awsapi.Options{}); err == nil {
		t.Error("a certificate of nobody's is trusted")
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	if facts, err := collect(t, awsapi.Options{}); err != nil || len(facts) != 1 {
		t.Errorf("got %d accounts, %v", len(facts), err)
	}
}

func TestAHundredThousandVirtualDevicesCostNoMemory(t *testing.T) {
	user := awstest.User{Name: "eve"}
	for i := range 100_000 {
		user.Devices = append(user.Devices, awstest.Virtual(fmt.Sprintf("d%d", i)))
	}
	org := fleet(1)
	org.PageSize = 1000
	org.Accounts[1].Users = []awstest.User{user, {Name: "mallory", Devices: []awstest.Device{awstest.Virtual("root-account-mfa-device")}}}
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	facts, err := collectWith(t, awsapi.Options{Org: true, RoleName: auditRole}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := facts["300000000000"]
	if f.Virtual.Reading != iamcheck.Complete || len(f.Virtual.Devices) != 1 {
		t.Errorf("%s, %d devices are kept, want the one that carries root's name", f.Virtual.Reading, len(f.Virtual.Devices))
	}
	if n := server.CallsInto("300000000000", virtual); n != 101 {
		t.Errorf("%d pages are read, want 101", n)
	}
}

func TestTheDemoTellsItsStories(t *testing.T) {
	server := serve(t, awstest.Demo())
	callAs(t, server, server.Auditor())
	facts, err := collect(t, awsapi.Options{Org: true, RoleName: awstest.DemoRole})
	if err != nil {
		t.Fatal(err)
	}
	bound := []iamcheck.BoundKey{
		{AccountID: awstest.DemoAccount, DeviceName: awstest.DemoPrimary, KeyID: "k1", Origin: iamcheck.Named},
		{AccountID: awstest.DemoAccount, DeviceName: awstest.DemoBackup, KeyID: "k2", Origin: iamcheck.Named},
	}
	want := map[string]string{
		"management": "pass inferred literal pass", "payments": "pass named literal pass", "web": "fail virtual_root_device literal fail",
		"data-lake": "fail no_mfa literal fail", "mobile": "fail virtual_root_device literal pass",
		"sandbox": "not_applicable root_credentials_removed literal fail", "intranet": "fail virtual_root_device literal pass",
		"old-shop": "unknown not_assessable literal unknown", "trial-2023": "not_applicable account_closed literal unknown",
		"treasury": "pass hardware_token literal pass", "marketing": "pass unproven literal pass", "regulated": "pass inferred literal pass",
		"analytics": "pass unproven literal fail", "identity": "pass certified literal pass", "build": "pass certified literal pass",
	}
	if len(facts) != len(want) {
		t.Errorf("%d accounts, want %d", len(facts), len(want))
	}
	for _, f := range facts {
		got := iamcheck.Evaluate(f, bound, iamcheck.Options{}).Level2
		said := string(got.Status)
		if got.Assurance != nil {
			said += " " + string(*got.Assurance)
		}
		for _, r := range got.Reasons {
			said += " " + string(r)
		}
		if said += " literal " + string(got.Literal); said != want[f.Name] {
			t.Errorf("%s: got %s, want %s", f.Name, said, want[f.Name])
		}
	}
}

// Where no credentials are configured the SDK asks the machine's metadata service, and complains of it to standard error
// unless it is given a logger.
func TestWhatTheSDKSaysGoesToTheLogOnly(t *testing.T) {
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer metadata.Close()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "",
		"AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_REGION": "us-east-1",
		"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.URL,
	} {
		t.Setenv(name, value)
	}
	stderr := filepath.Join(t.TempDir(), "stderr")
	file, err := os.Create(stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	was := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = was }()
	var logged strings.Builder
	for _, log := range []*slog.Logger{nil, slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))} {
		if _, err := collect(t, awsapi.Options{Log: log}); !errors.Is(err, awsapi.ErrCredentials) {
			t.Errorf("got %v, want ErrCredentials", err)
		}
	}
	if text, err := os.ReadFile(stderr); err != nil || len(text) > 0 {
		t.Errorf("standard error got %q, %v", text, err)
	}
	if !strings.Contains(logged.String(), "IMDSv1") {
		t.Errorf("the log got %q", logged.String())
	}
}

// AWS answers a signature it cannot follow with the whole text it should have been made over, the caller's session token in
// it.
func TestNoErrorTellsTheSessionToken(t *testing.T) {
	const token = "FwoGZXIvYXdzEXAMPLE+token/=="
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		says := "The request signature we calculated does not match. The Canonical String for this request should have been 'POST\n/\n\n" +
			"x-amz-security-token:" + r.Header.Get("X-Amz-Security-Token") + "\n'"
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>"+says+"</Message></Error></ErrorResponse>")
	}))
	defer server.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": token,
		"AWS_REGION": "us-east-1", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	_, err := collect(t, awsapi.Options{})
	if !errors.Is(err, awsapi.ErrCredentials) || !strings.Contains(err.Error(), "x-amz-security-token:") || strings.Contains(err.Error(), token) {
		t.Errorf("got %v", err)
	}
}

// A line of its own on standard error is one of ours: what AWS or a proxy sends must not make one.
func TestAnErrorOfAWSsIsOneLine(t *testing.T) {
	const says = "no&#10;hwmfa: all is well&#155;2J"
	for _, c := range []struct {
		name, identity, code string
	}{
		{"who is calling", "<ErrorResponse><Error><Code>AccessDenied</Code><Message>" + says + "</Message></Error></ErrorResponse>", "AccessDenied"},
		{"who is calling, with credentials that are no good", "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>" + says + "</Message></Error></ErrorResponse>", "InvalidClientTokenId"},
		{"the organization", "", "ExpiredTokenException"},
		{"the account list", "", "AccessDeniedException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				switch {
				case r.Header.Get("X-Amz-Target") != "":
					w.WriteHeader(http.StatusBadRequest)
					_, _ = io.WriteString(w, `{"__type":"`+c.code+`","message":"no\nhwmfa: all is well\u001b[2J"}`)
				case strings.Contains(string(body), "GetCallerIdentity") && c.identity == "":
					_, _ = io.WriteString(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>"+member+"</Account><Arn>arn:aws:iam::"+
						member+":user/x</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>")
				default:
					w.WriteHeader(http.StatusForbidden)
					_, _ = io.WriteString(w, c.identity)
				}
			}))
			defer server.Close()
			for name, value := range map[string]string{
				"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "",
				"AWS_REGION": "us-east-1", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_MAX_ATTEMPTS": "1",
			} {
				t.Setenv(name, value)
			}
			_, err := collect(t, awsapi.Options{Org: true})
			if err == nil || !strings.Contains(err.Error(), c.code) || strings.ContainsAny(err.Error(), "\n\x1b\u009b") {
				t.Errorf("got %q, want one line with %s", err, c.code)
			}
			if errors.Is(err, awsapi.ErrCredentials) != (c.code == "InvalidClientTokenId" || c.code == "ExpiredTokenException") {
				t.Errorf("whose fault it is: %v", err)
			}
		})
	}
}
