package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
)

// reel is a Recorder in memory.
type reel struct {
	mu       sync.Mutex
	caller   awsapi.Caller
	all      map[string][]awsapi.Exchange
	finished map[string]bool
	// broken makes Record fail from the exchange on that it counts down to.
	broken int
}

var errFull = errors.New("no space left")

func newReel() *reel {
	return &reel{all: map[string][]awsapi.Exchange{}, finished: map[string]bool{}, broken: -1}
}

func (r *reel) Begin(c awsapi.Caller) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken == 0 {
		return errFull
	}
	r.caller = c
	return nil
}

func (r *reel) Record(x awsapi.Exchange) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken == 0 {
		return errFull
	}
	r.broken = max(r.broken-1, -1)
	r.all[x.Account] = append(r.all[x.Account], x)
	return nil
}

func (r *reel) Finish(account string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken == 0 {
		return errFull
	}
	r.finished[account] = true
	return nil
}

func (r *reel) recorded(account string) ([]awsapi.Exchange, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[account], account == "" || r.finished[account], nil
}

// replay collects from what was recorded, without AWS, and wants what the recorded collection found.
func (r *reel) replay(t *testing.T, opts awsapi.Options, facts map[string]iamcheck.Facts, failed error) {
	t.Helper()
	opts.Record, opts.Recorded, opts.Offline = nil, r.recorded, true
	played := map[string]iamcheck.Facts{}
	_, err := awsapi.Collect(context.Background(), opts, func(f iamcheck.Facts) error {
		played[f.AccountID] = f
		return nil
	})
	if (err == nil) != (failed == nil) {
		t.Errorf("played again it ends with %v; it ended with %v", err, failed)
	}
	for id, f := range facts {
		if _, handed := played[id]; !handed && failed != nil {
			continue // the collection ended early, and not at the same account
		}
		if !opts.Units && !opts.Filter.NeedsUnits() {
			// Nobody asked for them: they are there where the units happened to be listed faster.
			f.OUs, played[id] = nil, withoutUnits(played[id])
		}
		if r.finished[id] && !reflect.DeepEqual(played[id], f) {
			t.Errorf("%s played again:\n%+v\nwas:\n%+v", id, played[id], f)
		}
	}
	for _, secret := range []string{"example/secret/", "example-token-", "AWS4-HMAC-SHA256", "X-Amz-Security-Token"} {
		for _, exchanges := range r.all {
			for _, x := range exchanges {
				if text := fmt.Sprintf("%+v %s", x, x.Answer); strings.Contains(text, secret) {
					t.Errorf("%s is recorded in %s", secret, text)
				}
			}
		}
	}
}

func withoutUnits(f iamcheck.Facts) iamcheck.Facts {
	f.OUs = nil
	return f
}

func TestAnExchangeTellsWhatWasAskedAndAnswered(t *testing.T) {
	server := serve(t, fleet(1))
	callAs(t, server, server.Auditor())
	r := newReel()
	if _, err := collectWith(t, awsapi.Options{Org: true, RoleName: auditRole}, r); err != nil {
		t.Fatal(err)
	}
	if want := (awsapi.Caller{AccountID: management, ARN: "arn:aws:iam::" + management + ":user/auditor", OrganizationID: "o-exampleorgid"}); r.caller != want {
		t.Errorf("the caller is %+v, want %+v", r.caller, want)
	}
	var told []string
	for _, x := range r.all["300000000000"] {
		told = append(told, fmt.Sprintf("%s %s %d/%d %d", x.Actor, x.Action, x.Attempt, x.Attempts, x.Status))
		if x.Region != "us-east-1" || x.Endpoint != server.URL() || x.Time.IsZero() || x.Headers["X-Amzn-Requestid"] == "" || x.Error != "" ||
			!strings.Contains(x.Request, "Action="+strings.SplitN(x.Action, ":", 2)[1]) {
			t.Errorf("got %+v", x)
		}
	}
	want := "caller sts:AssumeRoot 1/2 200;root iam:GetAccountSummary 1/2 200;root iam:ListMFADevices 1/2 200;" +
		"caller sts:AssumeRole 1/2 200;role iam:ListVirtualMFADevices 1/2 200;role iam:GetMFADevice 1/2 200;role iam:GetMFADevice 1/2 200"
	if got := strings.Join(told, ";"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	assumed := string(r.all["300000000000"][0].Answer)
	if !strings.Contains(assumed, "<SecretAccessKey>(secret key)</SecretAccessKey><SessionToken>(session token)</SessionToken>") ||
		!strings.Contains(assumed, "<AccessKeyId>ASIA") {
		t.Errorf("AssumeRoot answered %s", assumed)
	}
}

func TestEveryAttemptIsRecorded(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault awstest.FaultKind
		says  string
	}{
		{"one that AWS throttles", awstest.Throttle, ""},
		{"one that gets no answer", awstest.Drop, "EOF"},
		{"one whose answer breaks off", awstest.Truncate, "unexpected EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := fleet(1)
			org.Accounts[1].Faults = map[string]awstest.Fault{list: {Kind: c.fault, Times: 1}}
			server := serve(t, org)
			callAs(t, server, server.Auditor())
			r := newReel()
			facts, err := collectWith(t, awsapi.Options{Org: true}, r)
			if err != nil || facts["300000000000"].Root.Reading != iamcheck.Complete {
				t.Fatal(facts["300000000000"], err)
			}
			exchanges := r.all["300000000000"]
			last := len(exchanges) - 1
			if exchanges[last-1].Action != list || exchanges[last-1].Attempt != 1 || exchanges[last].Attempt != 2 ||
				!strings.Contains(exchanges[last-1].Error, c.says) || (exchanges[last-1].Error == "") != (c.says == "") {
				t.Errorf("got %+v, then %+v", exchanges[last-1], exchanges[last])
			}
		})
	}
}

func TestAnExchangeThatCannotBeKeptEndsTheCollection(t *testing.T) {
	for after := range 12 {
		server := serve(t, fleet(3))
		callAs(t, server, server.Auditor())
		r := newReel()
		r.broken = after
		_, err := awsapi.Collect(context.Background(), awsapi.Options{Org: true, Record: r, Workers: 1}, func(iamcheck.Facts) error { return nil })
		if !errors.Is(err, errFull) {
			t.Errorf("after %d exchanges: got %v", after, err)
		}
	}
}

func TestAccountsThatAreRecordedAreNotAskedAgain(t *testing.T) {
	server := serve(t, fleet(20))
	callAs(t, server, server.Auditor())
	r := newReel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	_, err := awsapi.Collect(ctx, awsapi.Options{Org: true, RoleName: auditRole, Record: r, Workers: 3}, func(iamcheck.Facts) error {
		if n++; n == 10 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	asked := map[string]int{}
	for id := range r.finished {
		asked[id] = server.CallsInto(id, "iam:GetAccountSummary")
	}
	if len(asked) < 10 || len(asked) > 13 {
		t.Fatalf("%d accounts are finished", len(asked))
	}
	for id := range r.all {
		if id != "" && !r.finished[id] {
			delete(r.all, id)
		}
	}
	again := newReel()
	again.all, again.finished = r.all, r.finished
	facts, err := collectWith(t, awsapi.Options{Org: true, RoleName: auditRole, Recorded: r.recorded}, nil)
	if err != nil || len(facts) != 21 {
		t.Fatalf("%d accounts, %v", len(facts), err)
	}
	for id, n := range asked {
		if got := server.CallsInto(id, "iam:GetAccountSummary"); got != n {
			t.Errorf("%s is asked again", id)
		}
	}
	for id, f := range facts {
		if got := iamcheck.Evaluate(f, nil, iamcheck.Options{}); got.Level2.Status != iamcheck.Pass {
			t.Errorf("%s: %s %v", id, got.Level2.Status, got.Level2.Reasons)
		}
	}
}

func TestWhatIsNotRecordedIsAFailedCall(t *testing.T) {
	server := serve(t, fleet(2))
	callAs(t, server, server.Auditor())
	r := newReel()
	if _, err := collectWith(t, awsapi.Options{Org: true}, r); err != nil {
		t.Fatal(err)
	}
	for account, exchanges := range r.all {
		for i, x := range exchanges {
			if account == "" {
				continue
			}
			lacking := newReel()
			for id, all := range r.all {
				lacking.all[id] = all
			}
			lacking.finished = r.finished
			lacking.all[account] = append(append([]awsapi.Exchange{}, exchanges[:i]...), exchanges[i+1:]...)
			_, err := awsapi.Collect(context.Background(), awsapi.Options{Org: true, Recorded: lacking.recorded, Offline: true}, func(f iamcheck.Facts) error {
				if f.AccountID != account {
					return nil
				}
				for _, c := range f.Calls {
					if c.Action == x.Action && c.Outcome == iamcheck.Failed && strings.Contains(*c.Error, "the evidence holds no (further) "+x.Action) {
						return nil
					}
				}
				return fmt.Errorf("%s without %s: got %+v", account, x.Action, f.Calls)
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
}

func TestOfflineNothingOfTheUsersIsUsed(t *testing.T) {
	server := serve(t, fleet(1))
	callAs(t, server, server.Auditor())
	r := newReel()
	if _, err := collectWith(t, awsapi.Options{Org: true}, r); err != nil {
		t.Fatal(err)
	}
	calls := fmt.Sprint(server.Calls())
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", "/nowhere")
	t.Setenv("AWS_PROFILE", "nobody")
	n := 0
	_, err := awsapi.Collect(context.Background(), awsapi.Options{Org: true, Recorded: r.recorded, Offline: true}, func(iamcheck.Facts) error {
		n++
		return nil
	})
	if err != nil || n != 2 {
		t.Errorf("%d accounts, %v", n, err)
	}
	if got := fmt.Sprint(server.Calls()); got != calls {
		t.Errorf("AWS was called: %s, before %s", got, calls)
	}
}
