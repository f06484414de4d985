package report_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
)

// asff reads findings as Security Hub's own client has them: a name or a type that it does not know fails.
func asff(t testing.TB, doc string) []types.AwsSecurityFinding {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(doc))
	dec.DisallowUnknownFields()
	var findings []types.AwsSecurityFinding
	if err := dec.Decode(&findings); err != nil {
		t.Fatalf("not ASFF: %v\n%s", err, doc)
	}
	return findings
}

var (
	// reTimestamp is AWS's form of a time, as we write it.
	reTimestamp  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	reProductArn = regexp.MustCompile(`^arn:aws(-cn|-us-gov)?:securityhub:[a-z0-9-]+:(\d{12}):product/(\d{12})/default$`)
)

// checkASFF holds a finding against what the API reference of BatchImportFindings says of it.
func checkASFF(t testing.TB, f types.AwsSecurityFinding) {
	t.Helper()
	size := func(what string, s *string, from, to int) {
		n := -1
		if s != nil {
			n = len(utf16.Encode([]rune(*s)))
		}
		if n < from || n > to || strings.TrimSpace(*s) == "" {
			t.Errorf("%s: %s has %d characters, not %d to %d, or only spaces", deref(f.Id), what, n, from, to)
		}
	}
	size("AwsAccountId", f.AwsAccountId, 12, 12)
	size("Id", f.Id, 1, 512)
	size("GeneratorId", f.GeneratorId, 1, 512)
	size("ProductArn", f.ProductArn, 12, 2048)
	size("ProductName", f.ProductName, 1, 128)
	size("Title", f.Title, 1, 256)
	size("Description", f.Description, 1, 1024)
	size("Severity.Original", f.Severity.Original, 1, 64)
	for what, at := range map[string]*string{"CreatedAt": f.CreatedAt, "UpdatedAt": f.UpdatedAt, "LastObservedAt": f.LastObservedAt} {
		if !reTimestamp.MatchString(deref(at)) {
			t.Errorf("%s is %q", what, deref(at))
		}
	}
	if deref(f.SchemaVersion) != "2018-10-08" {
		t.Errorf("SchemaVersion %q", deref(f.SchemaVersion))
	}
	arn := reProductArn.FindStringSubmatch(deref(f.ProductArn))
	if arn == nil || arn[2] != deref(f.AwsAccountId) || arn[3] != arn[2] {
		t.Errorf("ProductArn %q of account %s", deref(f.ProductArn), deref(f.AwsAccountId))
	}
	oneOf(t, "Severity.Label", f.Severity.Label, f.Severity.Label.Values())
	oneOf(t, "FindingProviderFields.Severity.Label", f.FindingProviderFields.Severity.Label, f.Severity.Label.Values())
	oneOf(t, "Compliance.Status", f.Compliance.Status, f.Compliance.Status.Values())
	oneOf(t, "Workflow.Status", f.Workflow.Status, f.Workflow.Status.Values())
	oneOf(t, "RecordState", f.RecordState, f.RecordState.Values())
	if len(f.Types) != 1 || !strings.HasPrefix(f.Types[0], "Software and Configuration Checks/") {
		t.Errorf("Types %q", f.Types)
	}
	if n := len(f.Compliance.RelatedRequirements); n > 32 || n < 20 && !strings.Contains(*f.Id, "/recovery/") {
		t.Errorf("%d related requirements of %s, at most 32 fit", n, *f.Id)
	}
	for _, r := range f.Compliance.StatusReasons {
		size("ReasonCode", r.ReasonCode, 1, 64)
		size("StatusReasons.Description", r.Description, 1, 1024)
	}
	if f.Compliance.Status != types.ComplianceStatusPassed && len(f.Compliance.StatusReasons) == 0 {
		t.Errorf("%s: %s without a reason", deref(f.Id), f.Compliance.Status)
	}
	if f.Remediation != nil {
		size("Remediation.Recommendation.Text", f.Remediation.Recommendation.Text, 1, 512)
	}
	if len(f.ProductFields) > 50 {
		t.Errorf("%d product fields, at most 50 fit", len(f.ProductFields))
	}
	for name, value := range f.ProductFields {
		size("the name "+name, &name, 1, 128)
		size("the product field "+name, &value, 1, 2048)
	}
	if len(f.Resources) != 1 {
		t.Fatalf("%d resources", len(f.Resources))
	}
	r := f.Resources[0]
	if r.Partition != "" {
		oneOf(t, "Resources.Partition", r.Partition, r.Partition.Values())
	}
	if r.Details != nil {
		for name, value := range r.Details.Other {
			size("the detail "+name, &value, 1, 1024)
		}
	}
}

func oneOf[T comparable](t testing.TB, what string, got T, values []T) {
	t.Helper()
	if !slices.Contains(values, got) {
		t.Errorf("%s is %v, not one of %v", what, got, values)
	}
}

func TestASFFIsWhatSecurityHubTakes(t *testing.T) {
	doc := written(t, report.FormatASFF, head(), states()...)
	findings := asff(t, doc)
	for _, f := range findings {
		checkASFF(t, f)
	}
	type row struct {
		id, account, resource, control, status, label, workflow, state string
		normalized                                                     int32
	}
	var got []row
	for _, f := range findings {
		got = append(got, row{
			*f.Id, *f.AwsAccountId, *f.Resources[0].Id, f.ProductFields["hwmfa/control"], string(f.Compliance.Status),
			string(f.Severity.Label), string(f.Workflow.Status), string(f.RecordState), *f.Severity.Normalized,
		})
	}
	us := "111122223333"
	want := []row{
		{"hwmfa/210000000001/root_hardware_mfa", us, "AWS::::Account:210000000001", "2.6", "PASSED", "INFORMATIONAL", "RESOLVED", "ACTIVE", 0},
		{"hwmfa/210000000001/root_mfa", us, "AWS::::Account:210000000001", "2.5", "PASSED", "INFORMATIONAL", "RESOLVED", "ACTIVE", 0},
		{"hwmfa/210000000002/root_hardware_mfa", us, "AWS::::Account:210000000002", "2.6", "FAILED", "MEDIUM", "NEW", "ACTIVE", 40},
		{"hwmfa/210000000002/root_mfa", us, "AWS::::Account:210000000002", "2.5", "PASSED", "INFORMATIONAL", "RESOLVED", "ACTIVE", 0},
		{"hwmfa/210000000002/recovery/root_access_keys_present", us, "AWS::::Account:210000000002", "", "FAILED", "CRITICAL", "NEW", "ACTIVE", 90},
		{"hwmfa/210000000002/recovery/root_password_recoverable", us, "AWS::::Account:210000000002", "", "WARNING", "MEDIUM", "NEW", "ACTIVE", 40},
		{"hwmfa/210000000002/recovery/root_signing_certificates_present", us, "AWS::::Account:210000000002", "", "PASSED", "INFORMATIONAL", "RESOLVED", "ACTIVE", 0},
		{"hwmfa/210000000003/root_hardware_mfa", us, "AWS::::Account:210000000003", "2.6", "WARNING", "CRITICAL", "NEW", "ACTIVE", 90},
		{"hwmfa/210000000003/root_mfa", us, "AWS::::Account:210000000003", "2.5", "WARNING", "CRITICAL", "NEW", "ACTIVE", 90},
		{"hwmfa/210000000004/root_hardware_mfa", us, "AWS::::Account:210000000004", "2.6", "NOT_AVAILABLE", "INFORMATIONAL", "RESOLVED", "ARCHIVED", 0},
		{"hwmfa/210000000004/root_mfa", us, "AWS::::Account:210000000004", "2.5", "NOT_AVAILABLE", "INFORMATIONAL", "RESOLVED", "ARCHIVED", 0},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
	failed := findings[2]
	if !slices.Contains(failed.Compliance.RelatedRequirements, "CIS AWS Foundations Benchmark v7.0/2.6") ||
		!slices.Contains(failed.Compliance.RelatedRequirements, "NIST.800-53.r5 IA-2(8)") {
		t.Errorf("related: %q", failed.Compliance.RelatedRequirements)
	}
	if *failed.Compliance.StatusReasons[0].ReasonCode != "virtual_root_device" || *failed.Compliance.StatusReasons[1].ReasonCode != "exception" {
		t.Errorf("reasons: %v", failed.Compliance.StatusReasons)
	}
	if *failed.Remediation.Recommendation.Text != iamcheck.VirtualRootDevice.Advice().Remedy {
		t.Errorf("remedy: %s", *failed.Remediation.Recommendation.Text)
	}
}

// The parts of ASFF that somebody's automation may rest on, written out.
func TestASFFHasTheseMembers(t *testing.T) {
	var findings []map[string]any
	if err := json.Unmarshal([]byte(written(t, report.FormatASFF, head(), virtual())), &findings); err != nil {
		t.Fatal(err)
	}
	want := "AwsAccountId,Compliance.RelatedRequirements,Compliance.Status,Compliance.StatusReasons.Description,Compliance.StatusReasons.ReasonCode," +
		"CreatedAt,Description,FindingProviderFields.Severity.Label,FindingProviderFields.Severity.Original,FindingProviderFields.Types,GeneratorId,Id," +
		"LastObservedAt,ProductArn,ProductFields.hwmfa/account_id,ProductFields.hwmfa/benchmark,ProductFields.hwmfa/control,ProductFields.hwmfa/details,ProductFields.hwmfa/exception_expires," +
		"ProductFields.hwmfa/literal,ProductFields.hwmfa/not_required,ProductFields.hwmfa/program,ProductFields.hwmfa/root_devices,ProductFields.hwmfa/tier,ProductFields.hwmfa/warnings," +
		"ProductName,RecordState,Remediation.Recommendation.Text,Remediation.Recommendation.Url,Resources.Details.Other.AccountName,Resources.Id," +
		"Resources.Partition,Resources.Region,Resources.Type,SchemaVersion,Severity.Label,Severity.Normalized,Severity.Original,Title,Types,UpdatedAt,Workflow.Status"
	if got := strings.Join(members(findings[0]), ","); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// members are the paths of all members of a document, sorted.
func members(doc any) []string {
	found := map[string]bool{}
	var walk func(string, any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				walk(strings.TrimPrefix(at+"."+name, "."), value)
			}
		case []any:
			for _, value := range v {
				walk(at, value)
			}
		default:
			found[at] = true
		}
	}
	walk("", doc)
	paths := make([]string, 0, len(found))
	for path := range found {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

func TestASFFWithoutAnImporterIsForEachAccountItself(t *testing.T) {
	h := head()
	h.Importer = report.Importer{Region: "us-gov-west-1"}
	gov := virtual()
	gov.Partition = ptr("aws-us-gov")
	f := asff(t, written(t, report.FormatASFF, h, gov))[0]
	checkASFF(t, f)
	if *f.AwsAccountId != "210000000002" || *f.ProductArn != "arn:aws-us-gov:securityhub:us-gov-west-1:210000000002:product/210000000002/default" {
		t.Errorf("got %s, %s", *f.AwsAccountId, *f.ProductArn)
	}
}

func TestAnotherRunUpdatesTheSameFindings(t *testing.T) {
	later := head()
	later.GeneratedAt = moment.Add(24 * time.Hour)
	later.Benchmark, _ = iamcheck.BenchmarkOf("3.0")
	before, after := asff(t, written(t, report.FormatASFF, head(), virtual())), asff(t, written(t, report.FormatASFF, later, virtual()))
	for i := range before {
		if *before[i].Id != *after[i].Id || *before[i].GeneratorId != *after[i].GeneratorId || *before[i].UpdatedAt >= *after[i].UpdatedAt {
			t.Errorf("%s at %s, then %s at %s", *before[i].Id, *before[i].UpdatedAt, *after[i].Id, *after[i].UpdatedAt)
		}
	}
}

func TestNoFindingIsTooLargeForSecurityHub(t *testing.T) {
	f := virtual()
	f.Name = ptr(strings.Repeat("𝔘", 5000))
	f.Level2.Status, f.Level2.Exception.Reason = iamcheck.Unknown, strings.Repeat("\u202e", 50000)
	f.Level2.Reasons, f.Level2.Warnings = nil, nil
	for range 100 {
		f.Level2.Reasons = append(f.Level2.Reasons, iamcheck.RootListUnreadable)
		f.RootDevices = append(f.RootDevices, iamcheck.RootDevice{Serial: strings.Repeat("s", 1024)})
		f.Calls = append(f.Calls, iamcheck.Call{Action: "iam:ListMFADevices", Outcome: iamcheck.Failed, Error: ptr(strings.Repeat("ä", 4000))})
	}
	doc := written(t, report.FormatASFF, head(), f)
	for _, finding := range asff(t, doc) {
		checkASFF(t, finding)
	}
	for line := range strings.Lines(doc) {
		if len(line) > 240_000 {
			t.Errorf("a finding of %d bytes", len(line))
		}
	}
}

func TestASFFOfNoAccounts(t *testing.T) {
	if got := asff(t, written(t, report.FormatASFF, head())); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
