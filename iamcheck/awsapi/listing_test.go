package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
)

// wooded is a fleet whose members are spread over seven units, two of them below others.
func wooded(n int) awstest.Organization {
	org := fleet(n)
	for i := range 7 {
		org.Units = append(org.Units, awstest.Unit{ID: unit(i), Name: fmt.Sprintf("unit %d", i)})
	}
	org.Units[5].Parent, org.Units[6].Parent = unit(0), unit(5)
	for i := range n {
		org.Accounts[i+1].Unit = unit(i % 7)
	}
	return org
}

func unit(i int) string { return fmt.Sprintf("ou-exam-%08d", i) }

func memberOf(i int) string { return fmt.Sprintf("3%011d", i) }

// scoped collects with a scope.
func scoped(t *testing.T, opts awsapi.Options) (iamcheck.Scope, map[string]iamcheck.Facts, error) {
	t.Helper()
	facts := map[string]iamcheck.Facts{}
	scope, err := awsapi.Collect(context.Background(), opts, func(f iamcheck.Facts) error {
		if _, again := facts[f.AccountID]; again {
			t.Errorf("account %s is handed over twice", f.AccountID)
		}
		facts[f.AccountID] = f
		return nil
	})
	return scope, facts, err
}

func TestTheUnitsOfEachAccount(t *testing.T) {
	org := wooded(70)
	org.EmptyPages, org.AccountPageSize = true, 3
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	scope, facts, err := scoped(t, awsapi.Options{Org: true, Units: true})
	if err != nil || len(facts) != 71 || scope.ListedBy == nil || *scope.ListedBy != iamcheck.ListedByUnits {
		t.Fatalf("%d accounts, %+v, %v", len(facts), scope, err)
	}
	for id, want := range map[string][]string{
		management: {awstest.RootID}, memberOf(0): {awstest.RootID, unit(0)}, memberOf(6): {awstest.RootID, unit(0), unit(5), unit(6)},
	} {
		if got := facts[id].OUs; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", id, got, want)
		}
	}
	if n := server.Calls()["organizations:ListAccounts"]; n != 0 {
		t.Errorf("the one list is asked for %d times", n)
	}
}

// Units that only rules for tiers ask for cost no account where they cannot be read.
func TestUnitsThatCannotBeReadLeaveNoAccountOut(t *testing.T) {
	deny := awstest.Fault{Kind: awstest.Deny}
	for _, c := range []struct {
		name   string
		faults map[string]awstest.Fault
		filter iamcheck.Filter
		fails  string // the call that every account without units names; "" is an error of the whole run
	}{
		{"no roots", map[string]awstest.Fault{"organizations:ListRoots": deny}, iamcheck.Filter{}, "organizations:ListRoots=denied"},
		{"no units", map[string]awstest.Fault{"organizations:ListOrganizationalUnitsForParent": deny}, iamcheck.Filter{}, "organizations:ListOrganizationalUnitsForParent=denied"},
		{"no accounts of units", map[string]awstest.Fault{"organizations:ListAccountsForParent": {Kind: awstest.HTML}}, iamcheck.Filter{},
			"organizations:ListAccountsForParent=malformed"},
		{"no roots, and a tier that may be that of each", map[string]awstest.Fault{"organizations:ListRoots": deny},
			iamcheck.Filter{Tiers: []string{"gold"}, TierOf: func(iamcheck.Facts) string { return "" }}, "organizations:ListRoots=denied"},
		{"no roots, and a unit that is asked for", map[string]awstest.Fault{"organizations:ListRoots": deny}, iamcheck.Filter{Units: []string{unit(5)}}, ""},
		{"pages of units without an end", map[string]awstest.Fault{"organizations:ListOrganizationalUnitsForParent": {Kind: awstest.Loop}}, iamcheck.Filter{}, ""},
		{"neither way", map[string]awstest.Fault{"organizations:ListRoots": deny, "organizations:ListAccounts": deny}, iamcheck.Filter{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := wooded(70)
			org.Faults = c.faults
			server := serve(t, org)
			callAs(t, server, server.Auditor())
			scope, facts, err := scoped(t, awsapi.Options{Org: true, Units: true, Filter: c.filter})
			if c.fails == "" {
				if err == nil || scope.ListedBy != nil {
					t.Errorf("got %+v, %v", scope, err)
				}
				return
			}
			if err != nil || len(facts) != 71 || scope.Audited != 71 || scope.ListedBy == nil || *scope.ListedBy != iamcheck.ListedByList {
				t.Fatalf("%d accounts, %+v, %v", len(facts), scope, err)
			}
			for id, f := range facts {
				if named := slices.Contains(outcomes(f.Calls), c.fails); named != (f.OUs == nil) {
					t.Errorf("%s, in %q: %v", id, f.OUs, outcomes(f.Calls))
				}
			}
		})
	}
}

// Accounts that are not asked again name the call too.
func TestUnitsThatCannotBeReadAreNamedOfAccountsThatWereFinished(t *testing.T) {
	org := wooded(5)
	org.Faults = map[string]awstest.Fault{"organizations:ListRoots": {Kind: awstest.Deny}}
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	r := newReel()
	if _, err := collectWith(t, awsapi.Options{Org: true, Units: true, Record: r}, nil); err != nil {
		t.Fatal(err)
	}
	facts, err := collectWith(t, awsapi.Options{Org: true, Units: true, Recorded: r.recorded}, nil)
	if err != nil || len(facts) != 6 {
		t.Fatalf("%d accounts, %v", len(facts), err)
	}
	for id, f := range facts {
		if !slices.Contains(outcomes(f.Calls), "organizations:ListRoots=denied") {
			t.Errorf("%s: %v", id, outcomes(f.Calls))
		}
	}
}

func TestTwoWaysToFindAccounts(t *testing.T) {
	loop := awstest.Fault{Kind: awstest.Loop, Page: 5}
	deny := awstest.Fault{Kind: awstest.Deny}
	for _, c := range []struct {
		name     string
		accounts int
		faults   map[string]awstest.Fault
		by       iamcheck.ListedBy
		says     []string
	}{
		{"a small organization needs no walk", 50, nil, iamcheck.ListedByList, nil},
		{"a list that never ends leaves it to the walk", 200, map[string]awstest.Fault{"organizations:ListAccounts": loop}, iamcheck.ListedByUnits, nil},
		{"so does one that is denied", 10, map[string]awstest.Fault{"organizations:ListAccounts": deny}, iamcheck.ListedByUnits, nil},
		{"a walk that is denied leaves it to the list", 200, map[string]awstest.Fault{"organizations:ListAccountsForParent": deny}, iamcheck.ListedByList, nil},
		{"a walk without roots too", 200, map[string]awstest.Fault{"organizations:ListRoots": {Kind: awstest.Hollow}}, iamcheck.ListedByList, nil},
		{"a walk that comes back to a page too", 200, map[string]awstest.Fault{"organizations:ListAccountsForParent": {Kind: awstest.Loop, Page: 2}}, iamcheck.ListedByList, nil},
		{"where both fail both are named", 200, map[string]awstest.Fault{"organizations:ListAccounts": loop, "organizations:ListOrganizationalUnitsForParent": deny}, "",
			[]string{"page marker repeats", "not authorized to perform: organizations:ListOrganizationalUnitsForParent"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := wooded(c.accounts)
			org.Faults = c.faults
			server := serve(t, org)
			callAs(t, server, server.Auditor())
			scope, facts, err := scoped(t, awsapi.Options{Org: true})
			walked := server.Calls()["organizations:ListRoots"] > 0
			switch {
			case c.says == nil && (err != nil || scope.ListedBy == nil || *scope.ListedBy != c.by || len(facts) != c.accounts+1 || scope.Audited != len(facts)):
				t.Errorf("got %d accounts, %+v, %v", len(facts), scope, err)
			case c.says != nil && (err == nil || scope.ListedBy != nil || strings.Contains(err.Error(), "\n\n")):
				t.Errorf("got %+v, %v", scope, err)
			case c.faults == nil && walked:
				t.Error("the units are walked")
			}
			for _, says := range c.says {
				if !strings.Contains(fmt.Sprint(err), says) {
					t.Errorf("got %v, want an error that says %q", err, says)
				}
			}
		})
	}
}

func TestALargeOrganizationIsFoundOnceByWhicheverWay(t *testing.T) {
	org := wooded(1000)
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	var told []int
	opts := awsapi.Options{Org: true, Population: func(n int) { told = append(told, n) }}
	scope, facts, err := scoped(t, opts)
	if err != nil || len(facts) != 1001 || scope.Listed != 1001 || scope.Audited != 1001 || !slices.Equal(told, []int{1001}) {
		t.Errorf("got %d accounts, %+v, told %v, %v", len(facts), scope, told, err)
	}
}

func TestUnitsThatAreNone(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*awstest.Organization)
		says  string
	}{
		{"an ID of another form", func(o *awstest.Organization) { o.Units[3].ID = "../../\x1b" }, "is no unit's ID"},
		{"a unit in two places", func(o *awstest.Organization) {
			o.Units = append(o.Units, awstest.Unit{ID: unit(3), Parent: unit(6)})
		}, "unit ou-exam-00000003 is in two places"},
		{"units without an end", func(o *awstest.Organization) {
			for i := range 30 {
				o.Units = append(o.Units, awstest.Unit{ID: unit(100 + i), Parent: unit(99 + i)})
			}
			o.Units[6].ID, o.Units[6].Parent = unit(99), ""
		}, "nested more than"},
		{"a unit that cannot be read", func(o *awstest.Organization) {
			o.Units[4].Faults = map[string]awstest.Fault{"organizations:ListAccountsForParent": {Kind: awstest.Deny}}
		}, "AccessDenied"},
		{"no accounts at all", func(o *awstest.Organization) { o.Accounts = nil }, "without accounts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := wooded(20)
			c.spoil(&org)
			server := serve(t, org)
			callAs(t, server, server.User(management, "auditor"))
			// Asked for by name: what only a rule asks for is done without, where it cannot be read.
			scope, _, err := scoped(t, awsapi.Options{Org: true, Filter: iamcheck.Filter{Units: []string{awstest.RootID}}})
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.ContainsRune(err.Error(), 0x1b) || scope.ListedBy != nil {
				t.Errorf("got %+v, %v, want an error that says %q", scope, err, c.says)
			}
		})
	}
}

// An account that is moved from a unit that is not yet read into one that is would be in neither.
func TestAnAccountThatIsMovedMeanwhileIsFound(t *testing.T) {
	var mu sync.Mutex
	reads := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		parent := unit(1)
		for _, p := range []string{awstest.RootID, unit(0)} {
			if strings.Contains(string(body), p) {
				parent = p
			}
		}
		mu.Lock()
		reads[action+parent]++
		again := reads[action+parent] > 1
		mu.Unlock()
		answer := `{}`
		switch {
		case action == "":
			answer = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>" + management + "</Account><Arn>arn:aws:iam::" + management +
				":user/x</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"
		case action == "ListRoots":
			answer = `{"Roots":[{"Id":"` + awstest.RootID + `"}]}`
		case action == "ListOrganizationalUnitsForParent" && parent == awstest.RootID:
			answer = `{"OrganizationalUnits":[{"Id":"` + unit(0) + `"},{"Id":"` + unit(1) + `"}]}`
		case action == "ListOrganizationalUnitsForParent":
			answer = `{"OrganizationalUnits":[]}`
		case parent == awstest.RootID:
			answer = `{"Accounts":[{"Id":"` + management + `"}]}`
		case parent == unit(0) && again:
			answer = `{"Accounts":[{"Id":"` + member + `"}]}`
		default:
			answer = `{"Accounts":[]}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	var found []string
	err := awsapi.ListAccounts(context.Background(), awsapi.Options{Units: true, Static: &awsapi.Static{
		Endpoint: server.URL, Region: "us-east-1", AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "x",
	}}, func(a awsapi.Account) error {
		found = append(found, a.ID)
		return nil
	})
	if slices.Sort(found); err != nil || !slices.Equal(found, []string{management, member}) {
		t.Errorf("got %q, %v", found, err)
	}
}

func TestFiltersOverTheWire(t *testing.T) {
	tier := func(f iamcheck.Facts) string { return f.Tags["tier"] }
	for _, c := range []struct {
		name  string
		f     iamcheck.Filter
		want  []string
		calls map[string]int
	}{
		{"accounts", iamcheck.Filter{Accounts: []string{memberOf(3), management}}, []string{management, memberOf(3)}, map[string]int{"sts:AssumeRoot": 1}},
		{"a unit and those below", iamcheck.Filter{Units: []string{unit(5)}}, []string{memberOf(5), memberOf(6)}, nil},
		{"tags, where one account's cannot be read", iamcheck.Filter{Tags: []iamcheck.Tag{{Key: "env", Value: "prod"}}},
			[]string{memberOf(1), memberOf(4), memberOf(6)}, map[string]int{"sts:AssumeRoot": 3, "organizations:ListTagsForResource": 8}},
		{"tiers that rest on tags", iamcheck.Filter{Tiers: []string{"gold"}, TierOf: tier}, []string{memberOf(2), memberOf(6)}, nil},
		{"an exclusion before its tags are read", iamcheck.Filter{Tags: []iamcheck.Tag{{Key: "env", Value: "prod"}}, Exclude: []string{memberOf(6), unit(4)}},
			[]string{memberOf(1)}, map[string]int{"organizations:ListTagsForResource": 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := wooded(7)
			for i, tags := range map[int]map[string]string{1: {"env": "prod"}, 2: {"env": "dev", "tier": "gold"}, 4: {"env": "prod", "x": "y"}, 6: {"env": "dev"}} {
				org.Accounts[i+1].Tags = tags
			}
			org.Accounts[7].Faults = map[string]awstest.Fault{"organizations:ListTagsForResource": {Kind: awstest.Deny}}
			server := serve(t, org)
			callAs(t, server, server.Auditor())
			expected := 0
			scope, facts, err := scoped(t, awsapi.Options{
				Org: true, Filter: c.f, Tags: c.f.TierOf != nil, Population: func(n int) { expected = n },
			})
			var got []string
			for id := range facts {
				got = append(got, id)
			}
			if slices.Sort(got); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
			left := 0
			for _, x := range scope.Excluded {
				left += x.Count
			}
			if scope.Listed != 8 || scope.Audited != len(c.want) || left != 8-len(c.want) || expected != len(c.want) {
				t.Errorf("got %+v, and %d expected", scope, expected)
			}
			for action, n := range c.calls {
				if got := server.Calls()[action]; got != n {
					t.Errorf("%s is called %d times, want %d", action, got, n)
				}
			}
			if f, ok := facts[memberOf(6)]; ok && (c.f.Tags != nil || c.f.TierOf != nil) && !slices.Contains(outcomes(f.Calls), "organizations:ListTagsForResource=denied") {
				t.Errorf("the tags that could not be read are not named: %v", outcomes(f.Calls))
			}
		})
	}
}

func TestWhatIsAskedForAndNotThere(t *testing.T) {
	server := serve(t, wooded(7))
	callAs(t, server, server.Auditor())
	for _, c := range []struct {
		f    iamcheck.Filter
		want error
		says string
		read int
	}{
		{iamcheck.Filter{Accounts: []string{memberOf(1), stranger}}, awsapi.ErrNotInOrganization, "account " + stranger, 1},
		{iamcheck.Filter{Units: []string{unit(5), unit(9)}}, awsapi.ErrNotInOrganization, "unit " + unit(9), 2},
		{iamcheck.Filter{Tags: []iamcheck.Tag{{Key: "a", Value: "b"}}}, awsapi.ErrNothingLeft, "", 0},
	} {
		scope, facts, err := scoped(t, awsapi.Options{Org: true, Filter: c.f})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || len(facts) != c.read || scope.Audited != c.read {
			t.Errorf("%+v: got %d accounts, %v", c.f, len(facts), err)
		}
	}
}

func TestListAccounts(t *testing.T) {
	org := wooded(7)
	org.Accounts[3].Tags = map[string]string{"env": "prod\x1b"}
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	list := func(opts awsapi.Options) map[string]awsapi.Account {
		t.Helper()
		found := map[string]awsapi.Account{}
		if err := awsapi.ListAccounts(context.Background(), opts, func(a awsapi.Account) error {
			found[a.ID] = a
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return found
	}
	if got := list(awsapi.Options{}); len(got) != 8 || got[memberOf(2)].Tags != nil || got[memberOf(2)].OUs != nil || got[memberOf(2)].Email == "" {
		t.Errorf("got %+v", got)
	}
	got := list(awsapi.Options{Units: true, Tags: true, Filter: iamcheck.Filter{Units: []string{unit(2)}}})
	want := awsapi.Account{
		ID: memberOf(2), Name: "member 2", Email: "aws+" + memberOf(2) + "@example.com", State: "ACTIVE",
		OUs: []string{awstest.RootID, unit(2)}, Tags: map[string]string{"env": "prod "},
	}
	if fmt.Sprint(got) != fmt.Sprint(map[string]awsapi.Account{memberOf(2): want}) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if n := server.Calls()["sts:AssumeRoot"]; n != 0 {
		t.Errorf("%d root sessions are opened", n)
	}
	enough := errors.New("enough")
	if err := awsapi.ListAccounts(context.Background(), awsapi.Options{}, func(awsapi.Account) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}
