package awsapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
)

// serveAnswers serves answers that are written out here, so that forms which awstest does not write are read too: another order,
// optional elements left out, prefixes, pretty printing. The caller is root of the member account. answers are bodies of
// results by action; one that begins with <?xml or <Error is sent as it is.
func serveAnswers(t *testing.T, answers map[string]string) {
	t.Helper()
	result := map[string]string{
		"GetCallerIdentity": "<Arn>arn:aws:iam::" + member + ":root</Arn><UserId>" + member + "</UserId><Account>" + member + "</Account>",
		"GetAccountSummary": "<SummaryMap>" + counter("AccountMFAEnabled", 1) + counter("AccountPasswordPresent", 1) +
			counter("AccountAccessKeysPresent", 0) + counter("AccountSigningCertificatesPresent", 0) + "</SummaryMap>",
		"ListMFADevices":        "<MFADevices><member>" + serialOf("u2f/root/yk-1-AAA") + "</member></MFADevices>",
		"ListVirtualMFADevices": "<VirtualMFADevices/>",
		"GetMFADevice":          serialOf("u2f/root/yk-1-AAA"),
	}
	for action, body := range answers {
		result[action] = body
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		action := form.Get("Action")
		answer, known := result[action]
		switch {
		case !known:
			w.WriteHeader(http.StatusForbidden)
			answer = "<ErrorResponse><Error><Code>AccessDeniedException</Code><Message>no</Message></Error></ErrorResponse>"
		case !strings.HasPrefix(answer, "<?xml") && !strings.HasPrefix(answer, "<Error"):
			answer = "<" + action + "Response><" + action + "Result>" + answer + "</" + action + "Result></" + action + "Response>"
		}
		_, _ = io.WriteString(w, answer) // a caller that went away is the test's to notice
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "us-east-1", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
}

func counter(name string, n int) string {
	return fmt.Sprintf("<entry><value>%d</value><key>%s</key></entry>", n, name)
}

func serialOf(resource string) string {
	return "<SerialNumber>arn:aws:iam::" + member + ":" + resource + "</SerialNumber>"
}

func TestAnswersOfOtherFormsAreJudgedAlike(t *testing.T) {
	owned := func(arn string) string { return "<User><UserId>x</UserId><Arn>" + arn + "</Arn></User>" }
	root := owned("arn:aws:iam::" + member + ":root")
	const empty = "<MFADevices/>"
	for _, c := range []struct {
		name    string
		answers map[string]string
		status  iamcheck.Status
		reasons string
		literal iamcheck.Status
		level1  iamcheck.Status
		warns   string
	}{
		{"nothing optional is sent", nil, "pass", "", "pass", "pass", "single_device"},
		{"a prefix, a declaration and pretty printing",
			map[string]string{"ListMFADevices": `<?xml version="1.0" encoding="UTF-8"?>
<a:ListMFADevicesResponse xmlns:a="urn:x">
  <a:ResponseMetadata><a:RequestId>1</a:RequestId></a:ResponseMetadata>
  <a:ListMFADevicesResult>
    <a:Marker>ignored</a:Marker><a:IsTruncated>false</a:IsTruncated>
    <a:MFADevices>
      <a:member><a:UserName/>` + strings.ReplaceAll(serialOf("mfa/phone"), "SerialNumber", "a:SerialNumber") + `</a:member>
    </a:MFADevices>
  </a:ListMFADevicesResult>
</a:ListMFADevicesResponse>`},
			"fail", "virtual_root_device", "pass", "pass", "single_device"},
		{"an error with status 200 is no empty list",
			map[string]string{"ListMFADevices": "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", "ListVirtualMFADevices": "<ErrorResponse/>"},
			"unknown", "root_list_unreadable virtual_list_unreadable", "unknown", "pass", "root_list_unreadable virtual_list_unreadable"},
		{"entries under another name are no empty list",
			map[string]string{
				"ListMFADevices":        "<MFADevices><item>" + serialOf("mfa/phone") + "</item></MFADevices>",
				"ListVirtualMFADevices": "<VirtualMFADevices><VirtualMFADevice>" + serialOf("mfa/phone") + root + "</VirtualMFADevice></VirtualMFADevices>",
			},
			"unknown", "root_list_unreadable virtual_list_unreadable", "unknown", "pass", "root_list_unreadable virtual_list_unreadable"},
		{"counters under another name are no counters", map[string]string{"ListMFADevices": empty, "GetAccountSummary": "<SummaryMap><item/></SummaryMap>"},
			"unknown", "summary_unreadable", "unknown", "unknown", "summary_unreadable"},
		{"an owner with nothing in it owns nothing",
			map[string]string{"ListVirtualMFADevices": "<VirtualMFADevices><member>" + serialOf("mfa/spare") + "<User/></member></VirtualMFADevices>"},
			"pass", "", "pass", "pass", "single_device"},
		{"an entry that says nothing does not hide root's device after it, in root's own list",
			map[string]string{"ListMFADevices": "<MFADevices><member/><member>" + serialOf("mfa/phone") + "</member></MFADevices>"},
			"fail", "virtual_root_device", "pass", "pass", "root_list_unreadable"},
		{"nor in the virtual list",
			map[string]string{
				"ListMFADevices":        "<ErrorResponse/>",
				"ListVirtualMFADevices": "<VirtualMFADevices><member><User><UserName>eve</UserName></User></member><member>" + serialOf("mfa/phone") + root + "</member></VirtualMFADevices>",
			},
			"fail", "virtual_root_device", "unknown", "pass", "root_list_unreadable virtual_list_unreadable"},
		{"more devices than are kept are not read in full",
			map[string]string{
				"ListMFADevices":        "<ErrorResponse/>",
				"ListVirtualMFADevices": "<VirtualMFADevices>" + strings.Repeat("<member>"+serialOf("mfa/root-account-mfa-device")+"</member>", 1001) + "</VirtualMFADevices>",
			},
			"unknown", "root_list_unreadable virtual_list_unreadable", "fail", "pass", "root_list_unreadable virtual_list_unreadable abandoned_virtual_device"},
		{"a certification of another account's device is foreign",
			map[string]string{"GetMFADevice": "<SerialNumber>arn:aws:iam::" + stranger + ":u2f/root/yk-1-AAA</SerialNumber>"},
			"unknown", "foreign_answer", "unknown", "unknown", ""},
		{"a certification of another device is none of this one",
			map[string]string{"GetMFADevice": serialOf("u2f/root/yk-2-BBB") + "<Certifications><entry><key>FIDO</key><value>L2</value></entry></Certifications>"},
			"pass", "", "pass", "pass", "single_device certifications_unreadable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			serveAnswers(t, c.answers)
			facts, err := collect(t, awsapi.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := iamcheck.Evaluate(facts[member], nil, iamcheck.Options{})
			if got.Level2.Status != c.status || words(got.Level2.Reasons) != c.reasons || got.Level2.Literal != c.literal || got.Level1.Status != c.level1 {
				t.Errorf("got %s (%s), literal %s, level 1 %s: %v", got.Level2.Status, words(got.Level2.Reasons), got.Level2.Literal, got.Level1.Status, outcomes(got.Calls))
			}
			if got.Level2.Assurance != nil && *got.Level2.Assurance != iamcheck.Unproven {
				t.Errorf("assurance: got %s", *got.Level2.Assurance)
			}
			if words(got.Level2.Warnings) != c.warns {
				t.Errorf("warnings: got %q, want %q", words(got.Level2.Warnings), c.warns)
			}
		})
	}
}
