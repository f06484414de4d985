package report_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hwmfa/internal/report"
)

// ocsfObject is an object of the schema, as far as we fill it.
type ocsfObject struct {
	// required are all attributes that the schema demands, ours or not; atLeastOne is its constraint of that name.
	required, atLeastOne string
	// attributes are the types of those we use: string, integer, time, or the name of an object; []… for an array.
	attributes map[string]string
}

// ocsfSchema is written down from OCSF 1.6.0, class compliance_finding with the profile cloud.
var ocsfSchema = map[string]ocsfObject{
	"compliance_finding": {
		required: "activity_id category_uid class_uid cloud compliance finding_info metadata severity_id time type_uid",
		attributes: map[string]string{
			"activity_id": "integer", "activity_name": "string", "category_name": "string", "category_uid": "integer",
			"class_name": "string", "class_uid": "integer", "type_name": "string", "type_uid": "integer", "time": "time",
			"severity": "string", "severity_id": "integer", "status": "string", "status_id": "integer", "status_code": "string",
			"status_detail": "string", "message": "string", "metadata": "metadata", "cloud": "cloud", "compliance": "compliance",
			"finding_info": "finding_info", "remediation": "remediation", "resources": "[]resource_details", "unmapped": "unmapped",
		},
	},
	"metadata": {required: "product version", attributes: map[string]string{
		"event_code": "string", "product": "product", "profiles": "[]string", "uid": "string", "version": "string",
	}},
	"product": {atLeastOne: "name uid", attributes: map[string]string{"name": "string", "vendor_name": "string", "version": "string"}},
	"cloud": {required: "provider", attributes: map[string]string{
		"account": "account", "cloud_partition": "string", "provider": "string",
	}},
	"account": {atLeastOne: "name uid", attributes: map[string]string{"name": "string", "type": "string", "type_id": "integer", "uid": "string"}},
	"compliance": {attributes: map[string]string{
		"control": "string", "desc": "string", "standards": "[]string", "requirements": "[]string", "checks": "[]check", "status": "string",
		"status_id": "integer", "status_code": "string", "status_details": "[]string",
	}},
	"check": {attributes: map[string]string{
		"name": "string", "standards": "[]string", "status": "string", "status_id": "integer", "uid": "string", "version": "string",
	}},
	"finding_info": {required: "uid", attributes: map[string]string{
		"analytic": "analytic", "desc": "string", "last_seen_time": "time", "modified_time": "time", "title": "string", "types": "[]string", "uid": "string",
	}},
	"analytic":    {required: "type_id", atLeastOne: "name uid", attributes: map[string]string{"name": "string", "type": "string", "type_id": "integer", "uid": "string"}},
	"remediation": {required: "desc", attributes: map[string]string{"desc": "string", "references": "[]string"}},
	"resource_details": {atLeastOne: "name uid", attributes: map[string]string{
		"cloud_partition": "string", "name": "string", "role": "string", "role_id": "integer", "type": "string", "uid": "string",
	}},
}

// ocsfEnums are the numbers that an attribute of an object may have, with the caption that the word beside it must be. 99 is
// Other: there the word is the source's own.
var ocsfEnums = map[string]struct {
	word   string
	values map[int]string
}{
	"compliance_finding.activity_id":  {"activity_name", map[int]string{0: "Unknown", 1: "Create", 2: "Update", 3: "Close", 99: ""}},
	"compliance_finding.category_uid": {"category_name", map[int]string{2: "Findings"}},
	"compliance_finding.class_uid":    {"class_name", map[int]string{2003: "Compliance Finding"}},
	"compliance_finding.type_uid": {"type_name", map[int]string{
		200300: "Compliance Finding: Unknown", 200301: "Compliance Finding: Create", 200302: "Compliance Finding: Update", 200303: "Compliance Finding: Close",
	}},
	"compliance_finding.severity_id": {"severity", map[int]string{
		0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical", 6: "Fatal", 99: "",
	}},
	"compliance_finding.status_id": {"status", map[int]string{
		0: "Unknown", 1: "New", 2: "In Progress", 3: "Suppressed", 4: "Resolved", 5: "Archived", 6: "Deleted", 99: "",
	}},
	"compliance.status_id":     {"status", map[int]string{0: "Unknown", 1: "Pass", 2: "Warning", 3: "Fail", 99: ""}},
	"check.status_id":          {"status", map[int]string{0: "Unknown", 1: "Pass", 2: "Warning", 3: "Fail", 99: ""}},
	"account.type_id":          {"type", map[int]string{10: "AWS Account"}},
	"analytic.type_id":         {"type", map[int]string{0: "Unknown", 1: "Rule", 2: "Behavioral", 3: "Statistical", 99: ""}},
	"resource_details.role_id": {"role", map[int]string{0: "Unknown", 1: "Target", 2: "Actor", 3: "Affected", 4: "Related", 99: ""}},
}

// checkOCSF holds a document against the schema and answers what is wrong with it.
func checkOCSF(at, object string, doc map[string]any) (faults []string) {
	schema := ocsfSchema[object]
	fault := func(format string, args ...any) { faults = append(faults, at+": "+fmt.Sprintf(format, args...)) }
	for _, name := range strings.Fields(schema.required) {
		if _, has := doc[name]; !has {
			fault("no %s", name)
		}
	}
	if one := strings.Fields(schema.atLeastOne); len(one) > 0 && !slices.ContainsFunc(one, func(name string) bool { return doc[name] != nil }) {
		fault("none of %v", one)
	}
	for name, value := range doc {
		kind, known := schema.attributes[name]
		if !known {
			fault("%s is no attribute of %s", name, object)
			continue
		}
		values := []any{value}
		if element, list := strings.CutPrefix(kind, "[]"); list {
			array, is := value.([]any)
			if !is || len(array) == 0 {
				fault("%s is no list", name)
			}
			kind, values = element, array
		}
		for _, v := range values {
			faults = append(faults, checkOCSFValue(at+"."+name, object+"."+name, kind, v, doc)...)
		}
	}
	return faults
}

// checkOCSFValue holds one value against its type and its numbers.
func checkOCSFValue(at, attribute, kind string, v any, beside map[string]any) []string {
	switch kind {
	case "string":
		if s, is := v.(string); !is || s == "" {
			return []string{fmt.Sprintf("%s is %v, no text", at, v)}
		}
	case "integer", "time":
		n, is := v.(float64)
		if !is || n != math.Trunc(n) || kind == "time" && n < 1e12 {
			return []string{fmt.Sprintf("%s is %v, no %s", at, v, kind)}
		}
		if enum, has := ocsfEnums[attribute]; has {
			caption, known := enum.values[int(n)]
			word, _ := beside[enum.word].(string)
			if !known || caption != "" && word != caption || caption == "" && word == "" {
				return []string{fmt.Sprintf("%s is %v, called %q", at, n, word)}
			}
		}
	case "unmapped":
		for name, value := range v.(map[string]any) {
			if s, is := value.(string); !is || s == "" {
				return []string{fmt.Sprintf("%s.%s is %v", at, name, value)}
			}
		}
	default:
		object, is := v.(map[string]any)
		if !is {
			return []string{fmt.Sprintf("%s is no %s", at, kind)}
		}
		return checkOCSF(at, kind, object)
	}
	return nil
}

// ocsf reads the lines of a report and holds each against the schema.
func ocsf(t testing.TB, out string) []map[string]any {
	t.Helper()
	var docs []map[string]any
	for line := range strings.Lines(out) {
		var doc map[string]any
		if err := json.Unmarshal([]byte(line), &doc); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		for _, fault := range checkOCSF("", "compliance_finding", doc) {
			t.Error(fault)
		}
		docs = append(docs, doc)
	}
	return docs
}

// at is a member of a document.
func at(doc map[string]any, path string) any {
	var v any = doc
	for name := range strings.SplitSeq(path, ".") {
		v = v.(map[string]any)[name]
	}
	return v
}

func TestOCSFIsAComplianceFinding(t *testing.T) {
	docs := ocsf(t, written(t, report.FormatOCSF, head(), states()...))
	var got []string
	for _, d := range docs {
		if at(d, "metadata.version") != "1.6.0" {
			t.Errorf("version %v", at(d, "metadata.version"))
		}
		got = append(got, fmt.Sprint(at(d, "finding_info.uid"), " ", at(d, "compliance.status"), " ", d["severity"], " ", d["status"]))
	}
	want := []string{
		"hwmfa/210000000001/root_hardware_mfa Pass Informational Resolved",
		"hwmfa/210000000001/root_mfa Pass Informational Resolved",
		"hwmfa/210000000002/root_hardware_mfa Fail Medium New",
		"hwmfa/210000000002/root_mfa Pass Informational Resolved",
		"hwmfa/210000000002/recovery/root_access_keys_present Fail Critical New",
		"hwmfa/210000000002/recovery/root_password_recoverable Unknown Medium New",
		"hwmfa/210000000002/recovery/root_signing_certificates_present Pass Informational Resolved",
		"hwmfa/210000000003/root_hardware_mfa Unknown Critical New",
		"hwmfa/210000000003/root_mfa Unknown Critical New",
		"hwmfa/210000000004/root_hardware_mfa Not Applicable Informational Resolved",
		"hwmfa/210000000004/root_mfa Not Applicable Informational Resolved",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The check itself finds what is wrong.
func TestTheCheckOfOCSFFindsFaults(t *testing.T) {
	good := ocsf(t, written(t, report.FormatOCSF, head(), virtual()))[0]
	for name, spoil := range map[string]func(map[string]any){
		"a required attribute is gone": func(d map[string]any) { delete(d, "type_uid") },
		"an attribute is none":         func(d map[string]any) { d["colour"] = "red" },
		"a number has another word":    func(d map[string]any) { d["severity"] = "High" },
		"a number is none of its":      func(d map[string]any) { d["status_id"] = 7.0 },
		"a time is in seconds":         func(d map[string]any) { d["time"] = 1.8e9 },
		"a text is a number":           func(d map[string]any) { d["message"] = 1.0 },
		"an object is a text":          func(d map[string]any) { d["cloud"] = "AWS" },
		"nothing says which product":   func(d map[string]any) { delete(at(d, "metadata.product").(map[string]any), "name") },
	} {
		raw, err := json.Marshal(good)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		spoil(doc)
		if len(checkOCSF("", "compliance_finding", doc)) == 0 {
			t.Errorf("%s, and nobody saw it", name)
		}
	}
}

var reUUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// The same run imported twice is one event; another run is another event on the same finding.
func TestOCSFNamesEventsAndFindings(t *testing.T) {
	later := head()
	later.GeneratedAt = moment.Add(1)
	first, again := ocsf(t, written(t, report.FormatOCSF, head(), states()...)), ocsf(t, written(t, report.FormatOCSF, head(), states()...))
	next := ocsf(t, written(t, report.FormatOCSF, later, states()...))
	seen := map[any]bool{}
	for i := range first {
		uid := at(first[i], "metadata.uid")
		if !reUUID.MatchString(fmt.Sprint(uid)) || seen[uid] || uid != at(again[i], "metadata.uid") || uid == at(next[i], "metadata.uid") {
			t.Errorf("event %v", uid)
		}
		seen[uid] = true
		if at(first[i], "finding_info.uid") != at(next[i], "finding_info.uid") {
			t.Errorf("finding %v", at(first[i], "finding_info.uid"))
		}
	}
}

// The parts of OCSF that somebody's automation may rest on, written out.
func TestOCSFHasTheseMembers(t *testing.T) {
	doc := ocsf(t, written(t, report.FormatOCSF, head(), virtual()))[0]
	want := "activity_id,activity_name,category_name,category_uid,class_name,class_uid,cloud.account.name,cloud.account.type,cloud.account.type_id,cloud.account.uid," +
		"cloud.cloud_partition,cloud.provider,compliance.checks.name,compliance.checks.standards,compliance.checks.status,compliance.checks.status_id," +
		"compliance.checks.uid,compliance.checks.version,compliance.control,compliance.desc,compliance.requirements,compliance.standards,compliance.status," +
		"compliance.status_code,compliance.status_details,compliance.status_id,finding_info.analytic.name,finding_info.analytic.type,finding_info.analytic.type_id," +
		"finding_info.analytic.uid,finding_info.desc,finding_info.last_seen_time,finding_info.modified_time,finding_info.title,finding_info.types,finding_info.uid," +
		"message,metadata.event_code,metadata.product.name,metadata.product.vendor_name,metadata.product.version,metadata.profiles,metadata.uid,metadata.version," +
		"remediation.desc,remediation.references,resources.cloud_partition,resources.name,resources.role,resources.role_id,resources.type,resources.uid,severity," +
		"severity_id,status,status_code,status_detail,status_id,time,type_name,type_uid,unmapped.account_id,unmapped.benchmark,unmapped.control,unmapped.details," +
		"unmapped.exception_expires,unmapped.literal,unmapped.not_required,unmapped.program,unmapped.root_devices,unmapped.tier,unmapped.warnings"
	if got := strings.Join(members(doc), ","); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
