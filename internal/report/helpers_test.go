package report_test

import (
	"bytes"
	"testing"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
)

// moment is when the reports of the tests were made.
var moment = time.Date(2026, 11, 22, 10, 20, 30, 0, time.UTC)

func head() report.Head {
	scope := iamcheck.NewScope(iamcheck.Filter{})
	scope.Org, scope.ListedBy, scope.Listed, scope.Audited = ptr("o-exampleorgid"), ptr(iamcheck.ListedByList), 1, 1
	return report.Head{
		Scope:       scope,
		GeneratedAt: moment, Benchmark: iamcheck.NewestBenchmark(), Program: "1.2.3",
		Importer: report.Importer{Partition: "aws", Account: "111122223333", Region: "eu-central-1"},
	}
}

// written is the whole report of some findings.
func written(t testing.TB, f report.Format, h report.Head, findings ...iamcheck.Finding) string {
	t.Helper()
	var out bytes.Buffer
	w, tally, recovery := report.New(f, &out), iamcheck.NewTally(), iamcheck.NewRecoverySum()
	if err := w.Begin(h); err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		tally.Add(finding)
		recovery.Add(finding, "")
		if err := w.Finding(finding); err != nil {
			t.Fatal(err)
		}
	}
	totals := tally.Totals(nil, iamcheck.Census{}, iamcheck.Thresholds{})
	totals.Recovery = recovery.Totals()
	if err := w.End(totals); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func ptr[T any](v T) *T { return &v }

// virtual is an account that fails, with everything there is to say beside it.
func virtual() iamcheck.Finding {
	return iamcheck.Finding{
		AccountID: "210000000002", Name: ptr("web"), Partition: ptr("aws"),
		Level2: iamcheck.Level2{
			Status: iamcheck.Fail, Severity: iamcheck.Severity, Literal: iamcheck.Pass,
			Reasons: []iamcheck.Reason{iamcheck.VirtualRootDevice}, Warnings: []iamcheck.Warning{iamcheck.SingleDevice, iamcheck.BindingContradicted},
			Details: []iamcheck.Detail{{Warning: iamcheck.BindingContradicted, KeyID: ptr("k2"), Text: "key yk-2 is bound and not among root's devices"}},
			Tier:    &iamcheck.Tier{Name: ptr("sandbox"), By: iamcheck.TierByRule, Rule: ptr("tag env=lab")},
			Exception: &iamcheck.Exception{
				Owner: "Ada", Approver: "Ben", Reason: "keys are on order", CompensatingControl: "weekly review",
				Expires: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
			},
		},
		Level1: iamcheck.Level1{Status: iamcheck.Pass, Severity: iamcheck.Severity, Reasons: []iamcheck.Reason{}},
		RootDevices: []iamcheck.RootDevice{{
			Serial: "arn:aws:iam::210000000002:mfa/phone", Kind: ptr(iamcheck.Virtual), Suggestions: []iamcheck.Suggestion{},
		}},
		Recovery: []iamcheck.Recovery{
			{Finding: iamcheck.RootAccessKeys, Status: iamcheck.RecoveryFinding, Severity: "critical", Text: "root has access keys, which no MFA guards"},
			{Finding: iamcheck.RootRecoverable, Status: iamcheck.RecoveryUnknown, Severity: "medium", Text: "whether root's password can be recovered could not be seen"},
			{Finding: iamcheck.RootEmailUnknown, Status: iamcheck.RecoveryUnknown, Severity: "informational", Text: "root's e-mail address is not known"},
			{Finding: iamcheck.RootCertificates, Status: iamcheck.RecoveryOK, Severity: "high", Text: "root has no signing certificates"},
		},
		Calls: []iamcheck.Call{{Action: "iam:ListMFADevices", Outcome: iamcheck.OK}},
	}
}

// states is one account of each verdict.
func states() []iamcheck.Finding {
	hardware := iamcheck.Finding{
		AccountID: "210000000001", Name: ptr("payments"), Partition: ptr("aws"),
		Level2: iamcheck.Level2{
			Status: iamcheck.Pass, Severity: iamcheck.Severity, Assurance: ptr(iamcheck.Certified), Literal: iamcheck.Pass,
			Reasons: []iamcheck.Reason{}, Warnings: []iamcheck.Warning{},
		},
		Level1: iamcheck.Level1{Status: iamcheck.Pass, Severity: iamcheck.Severity, Reasons: []iamcheck.Reason{}},
		RootDevices: []iamcheck.RootDevice{{
			Serial: "arn:aws:iam::210000000001:u2f/root/yk-1-EXAMPLE", Kind: ptr(iamcheck.FIDO), Certifications: map[string]string{"FIDO": "L2"},
			Suggestions: []iamcheck.Suggestion{{KeyID: "k1", Because: iamcheck.BecauseTag, Text: "it may be key yk-1"}},
		}},
		Calls: []iamcheck.Call{},
	}
	unseen := iamcheck.Finding{
		AccountID: "210000000003",
		Level2: iamcheck.Level2{
			Status: iamcheck.Unknown, Severity: iamcheck.Severity, Literal: iamcheck.Unknown,
			Reasons:  []iamcheck.Reason{iamcheck.RootListUnreadable, iamcheck.SummaryMissing},
			Warnings: []iamcheck.Warning{iamcheck.RootListNotRead},
		},
		Level1: iamcheck.Level1{Status: iamcheck.Unknown, Severity: iamcheck.Severity, Reasons: []iamcheck.Reason{iamcheck.SummaryMissing}},
		Calls:  []iamcheck.Call{{Action: "iam:ListMFADevices", Outcome: iamcheck.Denied, Error: ptr("AccessDenied: no")}},
	}
	closed := iamcheck.Finding{
		AccountID: "210000000004", Name: ptr("trial"), Partition: ptr("aws"),
		Level2: iamcheck.Level2{
			Status: iamcheck.NotApplicable, Severity: iamcheck.Severity, Literal: iamcheck.Unknown, NotRequired: true,
			Reasons: []iamcheck.Reason{iamcheck.AccountClosed}, Warnings: []iamcheck.Warning{},
			ExpiredException: &iamcheck.Exception{Owner: "Ada", Reason: "keys were on order", Expires: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)},
		},
		Level1: iamcheck.Level1{Status: iamcheck.NotApplicable, Severity: iamcheck.Severity, Reasons: []iamcheck.Reason{iamcheck.AccountClosed}},
		Calls:  []iamcheck.Call{},
	}
	return []iamcheck.Finding{hardware, virtual(), unseen, closed}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
