package awsapi_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
)

// profiles writes a configuration with a profile of each name, and leaves nothing else to call with.
func profiles(t *testing.T, server *awstest.Server, of map[string]awstest.Credentials) {
	t.Helper()
	var config strings.Builder
	for name, k := range of {
		fmt.Fprintf(&config, "[profile %s]\nregion=us-east-1\naws_access_key_id=%s\naws_secret_access_key=%s\n", name, k.AccessKeyID, k.SecretAccessKey)
	}
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	callAs(t, server, awstest.Credentials{})
	t.Setenv("AWS_CONFIG_FILE", path)
}

func TestEachProfileIsACallerOfItsOwn(t *testing.T) {
	org := fleet(3)
	org.Management = "" // accounts that are in no organization
	server := serve(t, org)
	profiles(t, server, map[string]awstest.Credentials{
		"main": server.User(memberOf(0), "auditor"), "lab": server.Root(memberOf(1)), "twin": server.User(memberOf(0), "other"),
		"old": {AccessKeyID: "AKIANOBODY", SecretAccessKey: "x"},
	})
	var expected int
	scope, facts, err := scoped(t, awsapi.Options{Profiles: []string{"main", "old", "lab", "twin", "nosuch"}, Population: func(n int) { expected = n }})
	if !errors.Is(err, awsapi.ErrCredentials) {
		t.Errorf("got %v, want ErrCredentials for one profile", err)
	}
	for _, says := range []string{"profile old: ", "profile twin: account " + memberOf(0) + " is that of profile main too", "profile nosuch: "} {
		if !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("got %v, want an error that says %q", err, says)
		}
	}
	if len(facts) != 2 || scope.Audited != 2 || expected != 5 || scope.ListedBy != nil {
		t.Errorf("got %d accounts, %+v, %d expected", len(facts), scope, expected)
	}
	if whole, _, err := scoped(t, awsapi.Options{Profiles: []string{"main", "lab"}}); err != nil || whole.ListedBy == nil || *whole.ListedBy != iamcheck.ListedByCallers {
		t.Errorf("got %+v, %v, where every profile has an account", whole, err)
	}
	for id, want := range map[string]iamcheck.Assurance{memberOf(0): iamcheck.Inferred, memberOf(1): iamcheck.Certified} {
		got := iamcheck.Evaluate(facts[id], nil, iamcheck.Options{})
		if got.Level2.Assurance == nil || *got.Level2.Assurance != want {
			t.Errorf("%s: got %s, %v", id, got.Level2.Status, outcomes(got.Calls))
		}
	}
}

func TestAnOrganizationsCallerMayBeAProfile(t *testing.T) {
	server := serve(t, fleet(3))
	profiles(t, server, map[string]awstest.Credentials{"audit": server.Auditor()})
	scope, facts, err := scoped(t, awsapi.Options{Org: true, Profiles: []string{"audit"}})
	if err != nil || len(facts) != 4 || scope.Org == nil || *scope.Org != "o-exampleorgid" {
		t.Errorf("got %d accounts, %+v, %v", len(facts), scope, err)
	}
}

func TestARegionWithoutSTSIsRetriedElsewhere(t *testing.T) {
	for _, c := range []struct {
		name    string
		regions []string
		want    iamcheck.Outcome
		tries   int
	}{
		{"everywhere", nil, iamcheck.OK, 1},
		{"in the configured region", []string{"us-east-1"}, iamcheck.OK, 1},
		{"in another", []string{"us-west-2"}, iamcheck.OK, 3},
		{"nowhere that is tried", []string{"af-south-1"}, iamcheck.Failed, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := fleet(1)
			org.Accounts[1].Regions = c.regions
			server := serve(t, org)
			callAs(t, server, server.Auditor())
			facts, err := collect(t, awsapi.Options{Org: true, RoleName: auditRole})
			if err != nil {
				t.Fatal(err)
			}
			got := outcomes(facts[memberOf(0)].Calls)
			for _, action := range []string{"sts:AssumeRoot", "sts:AssumeRole"} {
				if !slices.Contains(got, action+"="+string(c.want)) || server.CallsInto(memberOf(0), action) != c.tries {
					t.Errorf("got %v after %d tries of %s", got, server.CallsInto(memberOf(0), action), action)
				}
			}
		})
	}
}

func TestTheRolesSessionsHaveNameAndTags(t *testing.T) {
	org := fleet(1)
	org.Accounts[1].SessionName, org.Accounts[1].SessionTags = "auditor-2026", map[string]string{"purpose": "cis", "team": ""}
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	tags := []iamcheck.Tag{{Key: "team"}, {Key: "purpose", Value: "cis"}, {Key: "more", Value: "1"}}
	for _, c := range []struct {
		name string
		opts awsapi.Options
		want iamcheck.Outcome
	}{
		{"both", awsapi.Options{SessionName: "auditor-2026", SessionTags: tags}, iamcheck.OK},
		{"no name", awsapi.Options{SessionTags: tags}, iamcheck.Denied},
		{"a tag too few", awsapi.Options{SessionName: "auditor-2026", SessionTags: tags[1:]}, iamcheck.Denied},
	} {
		c.opts.Org, c.opts.RoleName = true, auditRole
		facts, err := collect(t, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcomes(facts[memberOf(0)].Calls); !slices.Contains(got, "sts:AssumeRole="+string(c.want)) {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
}

// AWS refuses signatures of another time, and tells its own.
func TestAClockThatIsWrongIsSetRight(t *testing.T) {
	for _, ahead := range []time.Duration{3 * time.Hour, -26 * time.Hour} {
		org := wooded(5)
		org.Weather.Ahead = ahead
		server := serve(t, org)
		callAs(t, server, server.Auditor())
		_, facts, err := scoped(t, awsapi.Options{Org: true, RoleName: auditRole})
		if err != nil || len(facts) != 6 {
			t.Fatalf("%v ahead: %d accounts, %v", ahead, len(facts), err)
		}
		for id, f := range facts {
			if got := iamcheck.Evaluate(f, nil, iamcheck.Options{}); got.Level2.Status != iamcheck.Pass {
				t.Errorf("%v ahead: %s is %s: %v", ahead, id, got.Level2.Status, outcomes(f.Calls))
			}
		}
	}
}

// A fifth of the calls throttled and a twentieth of the connections cut are retried until every answer is there.
func TestAStormLeavesNoVerdictOut(t *testing.T) {
	org := wooded(300)
	org.Weather = awstest.Weather{Seed: 7, Throttle: 0.20, Drop: 0.05}
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	t.Setenv("AWS_MAX_ATTEMPTS", "")
	scope, facts, err := scoped(t, awsapi.Options{Org: true, RoleName: auditRole, Workers: 100})
	if err != nil || len(facts) != 301 {
		t.Fatalf("%d accounts, %+v, %v", len(facts), scope, err)
	}
	for id, f := range facts {
		want := iamcheck.Certified
		if id == management {
			want = iamcheck.Inferred
		}
		got := iamcheck.Evaluate(f, nil, iamcheck.Options{})
		if got.Level2.Assurance == nil || *got.Level2.Assurance != want {
			t.Errorf("%s: %s %v", id, got.Level2.Status, outcomes(f.Calls))
		}
	}
}

// Where STS opens fifty sessions a second, a hundred workers come down to that and lose none.
func TestALimitOfAWSsIsKeptTo(t *testing.T) {
	org := wooded(200)
	org.Weather = awstest.Weather{PerSecond: 50}
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	t.Setenv("AWS_MAX_ATTEMPTS", "")
	_, facts, err := scoped(t, awsapi.Options{Org: true, Workers: 100})
	if err != nil || len(facts) != 201 {
		t.Fatalf("%d accounts, %v", len(facts), err)
	}
	for id, f := range facts {
		if got := iamcheck.Evaluate(f, nil, iamcheck.Options{}); got.Level2.Status != iamcheck.Pass && id != management {
			t.Errorf("%s: %s %v", id, got.Level2.Status, outcomes(f.Calls))
		}
	}
	// Without a limit and with waits that do not grow there are thousands.
	if n := server.Calls()["sts:AssumeRoot"]; n > 1500 {
		t.Errorf("%d root sessions are asked for, to open 200", n)
	}
}
