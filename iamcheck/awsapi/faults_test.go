package awsapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
)

// Whatever fails of an account's calls, alone or two at a time, the verdict is the one that it has when nothing fails, or it is
// unknown and a call is named. Of all the ways to fail every eleventh is tried.
func TestNoTwoFailuresMakeAWrongVerdict(t *testing.T) {
	const every = 11
	roots := []struct {
		name           string
		root           awstest.Root
		level2, level1 iamcheck.Status
	}{
		{"hardware", certified(), iamcheck.Pass, iamcheck.Pass},
		{"a virtual device", hardware(awstest.Virtual("phone")), iamcheck.Fail, iamcheck.Pass},
		{"a virtual device beside a key", hardware(awstest.Key("yk-1", "FIDO", "L2"), awstest.Virtual("root-account-mfa-device")), iamcheck.Fail, iamcheck.Pass},
		{"no MFA", awstest.Root{Password: true}, iamcheck.Fail, iamcheck.Fail},
		{"no MFA and no password", awstest.Root{AccessKeys: 1}, iamcheck.Fail, iamcheck.Fail},
		{"removed credentials", awstest.Root{}, iamcheck.NotApplicable, iamcheck.NotApplicable},
	}
	actions := []string{
		"sts:AssumeRoot", "sts:AssumeRole", summary, list, virtual, "iam:GetMFADevice", "iam:GetLoginProfile", "iam:ListAccessKeys",
		"iam:ListSigningCertificates", "root:" + summary, "role:" + summary,
	}
	kinds := []awstest.FaultKind{
		awstest.Deny, awstest.DenySCP, awstest.HTML, awstest.HTMLError, awstest.Empty, awstest.Hollow, awstest.Cut, awstest.Truncate, awstest.Loop,
		awstest.NoMarker, awstest.Throttle, awstest.Internal,
	}
	org := awstest.Organization{
		Management: management, Features: []string{awstest.RootCredentialsManagement, awstest.RootSessions}, PageSize: 1,
		Accounts: []awstest.Account{{ID: management}},
	}
	root, at := map[string]int{}, 0
	add := func(r int, faults map[string]awstest.Fault) {
		if at++; at%every == 0 {
			id := fmt.Sprintf("3%011d", at)
			root[id] = r
			org.Accounts = append(org.Accounts, awstest.Account{ID: id, Name: fmt.Sprint(faults), Role: auditRole, Root: roots[r].root, Faults: faults})
		}
	}
	for r := range roots {
		for i, a := range actions {
			for _, kind := range kinds {
				add(r, map[string]awstest.Fault{a: {Kind: kind}})
				add(r, map[string]awstest.Fault{a: {Kind: kind, Page: 2}})
				for _, b := range actions[i+1:] {
					for _, second := range []awstest.FaultKind{awstest.Deny, awstest.HTML, awstest.Hollow, awstest.NoMarker} {
						add(r, map[string]awstest.Fault{a: {Kind: kind}, b: {Kind: second}})
					}
				}
			}
		}
	}
	server := serve(t, org)
	callAs(t, server, server.Auditor())
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	decided := map[string]int{}
	_, err := awsapi.Collect(context.Background(), awsapi.Options{Org: true, RoleName: auditRole, Workers: 16}, func(f iamcheck.Facts) error {
		r, known := root[f.AccountID]
		if !known {
			return nil
		}
		got, want := iamcheck.Evaluate(f, nil, iamcheck.Options{}), roots[r]
		calls := strings.Join(outcomes(f.Calls), " ")
		if s := got.Level2.Status; s != want.level2 && s != iamcheck.Unknown {
			t.Errorf("%s, %s: level 2 is %s %v: %s", want.name, f.Name, s, got.Level2.Reasons, calls)
		}
		if s := got.Level1.Status; s != want.level1 && s != iamcheck.Unknown {
			t.Errorf("%s, %s: level 1 is %s %v: %s", want.name, f.Name, s, got.Level1.Reasons, calls)
		}
		named := false
		for _, c := range f.Calls {
			named = named || c.Failed()
		}
		if got.Level2.Status == iamcheck.Unknown && !named {
			t.Errorf("%s, %s: unknown, and no call is named: %s", want.name, f.Name, calls)
		}
		decided[want.name+" "+string(got.Level2.Status)]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range roots {
		for _, status := range []iamcheck.Status{r.level2, iamcheck.Unknown} {
			if decided[r.name+" "+string(status)] == 0 {
				t.Errorf("no failure leaves %s %s", r.name, status)
			}
		}
	}
}
