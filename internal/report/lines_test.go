package report_test

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
)

// rows reads a CSV of ours back.
func rows(t testing.TB, out string) [][]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return all
}

func TestCSVHasARowForEachAccount(t *testing.T) {
	out := written(t, report.FormatCSV, head(), states()...)
	if n := strings.Count(out, "\r\n"); n != 5 || strings.Count(out, "\n") != n {
		t.Errorf("%d lines end with CRLF, of %d", n, strings.Count(out, "\n"))
	}
	got := rows(t, out)
	want := [][]string{
		{
			"account_id", "name", "partition", "level2", "assurance", "literal", "level2_reasons", "warnings", "not_required", "level1", "level1_reasons",
			"tier", "exception_expires", "exception_expired", "exception_owner", "exception_approver", "exception_reason", "compensating_control", "root_devices", "details", "suggestions",
			"recovery", "failed_calls", "benchmark", "level2_control", "level1_control", "generated_at",
		},
		{
			"210000000001", "payments", "aws", "pass", "certified", "pass", "", "", "false", "pass", "", "", "", "", "", "", "", "",
			"arn:aws:iam::210000000001:u2f/root/yk-1-EXAMPLE", "", "it may be key yk-1", "", "", "7.0", "2.6", "2.5", "2026-11-22T10:20:30Z",
		},
		{
			"210000000002", "web", "aws", "fail", "", "pass", "virtual_root_device", "single_device binding_contradicted", "false", "pass", "", "sandbox", "2027-01-01T00:00:00Z", "", "Ada", "Ben",
			"keys are on order", "weekly review", "arn:aws:iam::210000000002:mfa/phone", "key yk-2 is bound and not among root's devices", "", "root_access_keys_present root_password_recoverable? root_email_unknown?", "",
			"7.0", "2.6", "2.5", "2026-11-22T10:20:30Z",
		},
		{
			"210000000003", "", "", "unknown", "", "unknown", "root_list_unreadable summary_unreadable", "root_list_unreadable", "false", "unknown",
			"summary_unreadable", "", "", "", "", "", "", "", "", "", "", "", "iam:ListMFADevices=denied", "7.0", "2.6", "2.5", "2026-11-22T10:20:30Z",
		},
		{
			"210000000004", "trial", "aws", "not_applicable", "", "unknown", "account_closed", "", "true", "not_applicable", "account_closed", "", "", "2026-11-01T00:00:00Z", "Ada", "", "keys were on order", "",
			"", "", "", "", "", "7.0", "2.6", "2.5", "2026-11-22T10:20:30Z",
		},
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestJSONLEndsWithTheSums(t *testing.T) {
	out := written(t, report.FormatJSONL, head(), states()...)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines[:4] {
		if !strings.HasPrefix(line, `{"schema":"hwmfa.audit-account/v1","account_id":"21000000000`) {
			t.Errorf("line %d: %s", i, line)
		}
		var got struct {
			Schema string
			iamcheck.Finding
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if want := states()[i]; got.AccountID != want.AccountID || got.Level2.Status != want.Level2.Status {
			t.Errorf("line %d: %+v", i, got)
		}
	}
	if !strings.HasPrefix(lines[4], `{"schema":"hwmfa.audit-summary/v1","generated_at":"2026-11-22T10:20:30Z","benchmark":{"version":"7.0",`) ||
		!strings.Contains(lines[4], `"summary":{"accounts":4,`) {
		t.Errorf("the last line: %s", lines[4])
	}
}

// What a report rests on is said in both forms of JSON.
func TestJSONNamesItsEvidence(t *testing.T) {
	for _, format := range []report.Format{report.FormatJSON, report.FormatJSONL} {
		h := head()
		if out := written(t, format, h, states()...); strings.Contains(out, `"evidence"`) {
			t.Errorf("%s names evidence where none was kept", format)
		}
		h.Evidence = &report.Evidence{Head: strings.Repeat("ab", 32)}
		if out := written(t, format, h, states()...); strings.Count(out, h.Evidence.Head) != 1 {
			t.Errorf("%s does not name the head of the evidence", format)
		}
	}
}
