package awsapi_test

import (
	"context"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
)

const (
	management = "111111111111"
	member     = "222222222222"
	stranger   = "999999999999"
	auditRole  = "audit"
)

// serve starts a loopback AWS that lives as long as the test.
func serve(t *testing.T, org awstest.Organization) *awstest.Server {
	t.Helper()
	server, err := awstest.New(org)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// callAs puts credentials for the server into the environment that the SDK reads, and keeps retries short.
func callAs(t *testing.T, server *awstest.Server, c awstest.Credentials) {
	t.Helper()
	for name, value := range server.Env(c) {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_MAX_ATTEMPTS", "2")
}

// collect gathers the facts by account. Whatever it collects is recorded, and has to come out the same when it is played.
func collect(t *testing.T, opts awsapi.Options) (map[string]iamcheck.Facts, error) {
	t.Helper()
	r := newReel()
	facts, err := collectWith(t, opts, r)
	r.replay(t, opts, facts, err)
	return facts, err
}

// collectWith is collect with a recorder of one's own, or nil for none.
func collectWith(t *testing.T, opts awsapi.Options, r *reel) (map[string]iamcheck.Facts, error) {
	t.Helper()
	if r != nil {
		opts.Record = r
	}
	facts := map[string]iamcheck.Facts{}
	_, err := awsapi.Collect(context.Background(), opts, func(f iamcheck.Facts) error {
		if _, again := facts[f.AccountID]; again {
			t.Errorf("account %s is handed over twice", f.AccountID)
		}
		facts[f.AccountID] = f
		return nil
	})
	return facts, err
}

// outcomes are a finding's calls as ACTION=OUTCOME.
func outcomes(calls []iamcheck.Call) []string {
	var list []string
	for _, c := range calls {
		list = append(list, c.Action+"="+string(c.Outcome))
	}
	return list
}
