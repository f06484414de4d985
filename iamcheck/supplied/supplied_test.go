package supplied

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"hwmfa/iamcheck"
)

const (
	id      = "111122223333"
	rootID  = `{"UserId": "111122223333", "Account": "111122223333", "Arn": "arn:aws:iam::111122223333:root"}`
	userID  = `{"UserId": "AIDAEXAMPLE", "Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/ada"}`
	otherID = `{"UserId": "1", "Account": "999999999999", "Arn": "arn:aws:iam::999999999999:root"}`
	whole   = `{"SummaryMap": {"AccountMFAEnabled": 1, "AccountPasswordPresent": 1, "AccountAccessKeysPresent": 0, "AccountSigningCertificatesPresent": 0}}`
	mine    = `{"MFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:u2f/root/a-EXAMPLEID", "EnableDate": "2026-03-02T09:30:00+00:00"}]}`
	none    = `{"VirtualMFADevices": []}`
	about   = `{"SerialNumber": "arn:aws:iam::111122223333:u2f/root/a-EXAMPLEID", "EnableDate": "x", "Certifications": {"FIDO": "L2"}}`
	header  = "user,arn,user_creation_time,password_enabled,mfa_active,access_key_1_active,access_key_2_active\n"
)

func line(arn, mfa, key string) string {
	return header + "<root_account>," + arn + ",2020-01-01T00:00:00+00:00,not_supported," + mfa + "," + key + ",false\n"
}

// files are texts with names that say nothing.
func files(texts ...string) []File {
	var list []File
	for i, text := range texts {
		list = append(list, File{Name: fmt.Sprint(i), Data: []byte(text)})
	}
	return list
}

// shown are the calls as ACTION=OUTCOME.
func shown(calls []iamcheck.Call) string {
	var list []string
	for _, c := range calls {
		_, action, _ := strings.Cut(c.Action, ":")
		list = append(list, action+"="+string(c.Outcome))
	}
	return strings.Join(list, " ")
}

func TestWhatIsSuppliedIsBelievedOnlyAsFarAsItGoes(t *testing.T) {
	ok := "GetCallerIdentity=ok "
	for _, tt := range []struct {
		name      string
		files     []string
		status    iamcheck.Status
		assurance iamcheck.Assurance
		calls     string
		unused    string
	}{
		{"all of root's answers", []string{rootID, whole, mine, none, about}, "pass", "certified",
			ok + "GetAccountSummary=ok ListMFADevices=ok ListVirtualMFADevices=ok GetMFADevice=ok", ""},
		{"an assumed root session is root", []string{strings.Replace(rootID, "iam::111122223333:root", "sts::111122223333:assumed-root/x", 1), mine}, "pass", "unproven",
			ok + "ListMFADevices=ok", ""},
		{"nothing without a caller identity", []string{whole, mine, none, about}, "unknown", "", "GetCallerIdentity=malformed", ""},
		{"nothing with the identity of another account", []string{otherID, whole, mine, none}, "unknown", "", "GetCallerIdentity=malformed", ""},
		{"nothing with two identities of which one is another account's", []string{rootID, otherID, mine}, "unknown", "", "GetCallerIdentity=malformed", ""},
		{"a user's list is not root's", []string{userID, whole, mine, none}, "pass", "inferred",
			ok + "GetAccountSummary=ok ListMFADevices=skipped ListVirtualMFADevices=ok", ""},
		{"with root's identity and a user's nobody knows whose list it is", []string{rootID, userID, mine, whole}, "unknown", "",
			ok + "GetAccountSummary=ok ListMFADevices=skipped", ""},
		{"root may have asked for a user's list", []string{rootID, strings.NewReplacer(`"SerialNumber"`, `"UserName": "ada", "SerialNumber"`, "u2f/root", "u2f/user/ada").Replace(mine), whole}, "unknown", "",
			ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"or for that of a user who has a token", []string{rootID, `{"MFADevices": [{"UserName": "ada", "SerialNumber": "GAHT12345678", "EnableDate": "2026-03-02T09:30:00Z"}]}`, whole}, "unknown", "",
			ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"a key of root's is root's, whatever AWS calls root", []string{rootID, strings.Replace(mine, `"SerialNumber"`, `"UserName": "our-alias", "SerialNumber"`, 1), whole}, "pass", "unproven",
			ok + "GetAccountSummary=ok ListMFADevices=ok", ""},
		{"a list that goes on is not complete", []string{rootID, strings.Replace(mine, "]}", `], "NextToken": "x"}`, 1), whole}, "unknown", "",
			ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"a page that says so is not complete", []string{rootID, strings.Replace(mine, "]}", `], "IsTruncated": true}`, 1), whole}, "unknown", "",
			ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"a page that says that it is the last is", []string{rootID, strings.Replace(mine, "]}", `], "IsTruncated": false}`, 1)}, "pass", "unproven",
			ok + "ListMFADevices=ok", ""},
		{"of two lists that differ none is believed", []string{rootID, mine, `{"MFADevices": []}`, whole}, "unknown", "",
			ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"the same list twice is one", []string{rootID, mine, mine}, "pass", "unproven", ok + "ListMFADevices=ok", ""},
		{"a device of another account", []string{rootID, strings.ReplaceAll(mine, id, "999999999999")}, "unknown", "", ok + "ListMFADevices=ok", ""},
		{"answers that differ about one device", []string{rootID, mine, about, strings.Replace(about, "L2", "L1", 1)}, "pass", "unproven",
			ok + "ListMFADevices=ok GetMFADevice=ok GetMFADevice=malformed", ""},
		{"a third answer settles nothing between two that differ", []string{rootID, mine, about, strings.Replace(about, "L2", "L1", 1), about}, "pass", "unproven",
			ok + "ListMFADevices=ok GetMFADevice=ok GetMFADevice=malformed GetMFADevice=malformed", ""},
		{"a list that is none", []string{rootID, `{"MFADevices": {"SerialNumber": "x"}}`, whole}, "unknown", "",
			ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"a list of words", []string{rootID, `{"MFADevices": ["x"]}`, whole}, "unknown", "", ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"a device without a serial hides none beside it", []string{rootID, `{"MFADevices": [{}, {"SerialNumber": "arn:aws:iam::111122223333:mfa/phone"}]}`}, "fail", "",
			ok + "ListMFADevices=malformed", ""},
		{"a counter that is no number", []string{rootID, strings.Replace(whole, `"AccountMFAEnabled": 1`, `"AccountMFAEnabled": "1"`, 1), none}, "unknown", "",
			ok + "GetAccountSummary=malformed ListVirtualMFADevices=ok", ""},
		{"a counter that cannot be", []string{rootID, strings.Replace(whole, `"AccountMFAEnabled": 1`, `"AccountMFAEnabled": 7`, 1), none}, "unknown", "",
			ok + "GetAccountSummary=malformed ListVirtualMFADevices=ok", ""},
		{"a virtual device of root's", []string{userID, `{"VirtualMFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/x", "User": {"Arn": "arn:aws:iam::111122223333:root"}}]}`}, "fail", "",
			ok + "ListVirtualMFADevices=ok", ""},
		{"a list of which --query left the serials", []string{rootID, `{"MFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:u2f/root/a-EXAMPLEID"}]}`, whole}, "unknown", "",
			ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"what --query asked for in vain", []string{rootID, strings.Replace(mine, `"SerialNumber"`, `"UserName": null, "SerialNumber"`, 1), whole}, "unknown", "",
			ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"positive evidence stays one, whatever was left out beside it", []string{rootID, `{"MFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/phone"}]}`, whole}, "fail", "",
			ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"a user's device behind one that is cut down", []string{rootID,
			`{"MFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/phone"}, {"UserName": "ada", "SerialNumber": "arn:aws:iam::111122223333:mfa/ada", "EnableDate": "2026-03-02T09:30:00Z"}]}`, whole},
			"unknown", "", ok + "GetAccountSummary=ok ListMFADevices=malformed", ""},
		{"owners that --query left out", []string{userID, whole, `{"VirtualMFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/phone", "EnableDate": "2026-03-02T09:30:00Z"}]}`},
			"unknown", "", ok + "GetAccountSummary=ok ListVirtualMFADevices=malformed", ""},
		{"owners that --query did not find", []string{userID, whole, `{"VirtualMFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/phone", "User": null}]}`},
			"unknown", "", ok + "GetAccountSummary=ok ListVirtualMFADevices=malformed", ""},
		{"a device that nobody has is as AWS sends it", []string{userID, whole, `{"VirtualMFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/phone"}]}`}, "pass", "inferred",
			ok + "GetAccountSummary=ok ListVirtualMFADevices=ok", ""},
		{"counters that --query left out", []string{userID, `{"SummaryMap": {"AccountMFAEnabled": 1}}`, none}, "pass", "inferred",
			ok + "GetAccountSummary=malformed ListVirtualMFADevices=ok", ""},
		{"certifications that --query left out", []string{rootID, mine, `{"SerialNumber": "arn:aws:iam::111122223333:u2f/root/a-EXAMPLEID"}`}, "pass", "unproven",
			ok + "ListMFADevices=ok GetMFADevice=malformed", ""},
		{"certifications that are null", []string{rootID, mine, `{"SerialNumber": "arn:aws:iam::111122223333:u2f/root/a-EXAMPLEID", "EnableDate": "x", "Certifications": null}`}, "pass", "unproven",
			ok + "ListMFADevices=ok GetMFADevice=malformed", ""},
		{"a list that --query took out of its answer", []string{rootID, `[{"SerialNumber": "arn:aws:iam::111122223333:u2f/root/a-EXAMPLEID"}]`, whole}, "unknown", "",
			ok + "GetAccountSummary=ok", "1: it is no JSON object, as where --query"},
		{"a report without the column that it is for", []string{rootID, mine, "user,arn,user_creation_time,password_enabled\n<root_account>,arn:aws:iam::111122223333:root,x,y\n"}, "pass", "unproven",
			ok + "ListMFADevices=ok", "2: it has no column mfa_active"},
		{"names in other letters are other names", []string{rootID, strings.Replace(mine, "MFADevices", "mfadevices", 1), whole}, "unknown", "",
			ok + "GetAccountSummary=ok", "1: it is none of the answers"},
		{"a name that stands twice", []string{rootID, `{"MFADevices": [], "MFADevices": []}`, whole}, "unknown", "", ok + "GetAccountSummary=ok", `1: it holds "MFADevices" twice`},
		{"several answers in one file", []string{rootID, `{"MFADevices": [], "VirtualMFADevices": []}`, whole}, "unknown", "", ok + "GetAccountSummary=ok", "1: it is none of the answers"},
		{"what comes after the end", []string{rootID, mine + "{}", whole}, "unknown", "", ok + "GetAccountSummary=ok", "1: it goes on after its end"},
		{"an empty file", []string{rootID, "\n", whole}, "unknown", "", ok + "GetAccountSummary=ok", "1: it is empty"},
		{"a file that is cut off", []string{rootID, mine[:40], whole}, "unknown", "", ok + "GetAccountSummary=ok", "1: it is no JSON"},
		{"depths", []string{rootID, strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)}, "unknown", "", strings.TrimSpace(ok), "1: it is nested more"},
		{"a credential report that agrees", []string{rootID, whole, mine, line("arn:aws:iam::111122223333:root", "true", "false")}, "pass", "unproven",
			ok + "GetAccountSummary=ok ListMFADevices=ok GetCredentialReport=ok", ""},
		{"one that does not, in base64", []string{rootID, whole, mine,
			`{"ReportFormat": "text/csv", "Content": "` + base64.StdEncoding.EncodeToString([]byte(line("arn:aws:iam::111122223333:root", "false", "false"))) + `"}`}, "pass", "unproven",
			ok + "GetAccountSummary=ok ListMFADevices=ok GetCredentialReport=contradicted", ""},
		{"one that shows a key", []string{rootID, whole, mine, line("arn:aws:iam::111122223333:root", "true", "true")}, "pass", "unproven",
			ok + "GetAccountSummary=ok ListMFADevices=ok GetCredentialReport=contradicted", ""},
		{"one of another account", []string{rootID, mine, line("arn:aws:iam::999999999999:root", "true", "false")}, "pass", "unproven",
			ok + "ListMFADevices=ok", "2: it is about"},
		{"one without root", []string{rootID, mine, header}, "pass", "unproven", ok + "ListMFADevices=ok", "2: it has no line for root"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Read(id, files(tt.files...))
			f := iamcheck.Evaluate(got.Facts, nil, iamcheck.Options{})
			var assurance iamcheck.Assurance
			if f.Level2.Assurance != nil {
				assurance = *f.Level2.Assurance
			}
			if f.Level2.Status != tt.status || assurance != tt.assurance {
				t.Errorf("got %s %q %v, want %s %q", f.Level2.Status, assurance, f.Level2.Reasons, tt.status, tt.assurance)
			}
			if calls := shown(got.Facts.Calls); calls != tt.calls {
				t.Errorf("got calls %s, want %s", calls, tt.calls)
			}
			if unused := strings.Join(got.Unused, "; "); (unused == "") != (tt.unused == "") || !strings.Contains(unused, tt.unused) {
				t.Errorf("not used: %q, want %q", unused, tt.unused)
			}
			for _, c := range got.Facts.Calls {
				if c.Source != iamcheck.Supplied || (c.Outcome == iamcheck.OK) != (c.Error == nil) {
					t.Errorf("got %+v", c)
				}
			}
		})
	}
}

func TestAWSsAnswersWinAndAContradictionIsNamed(t *testing.T) {
	one, zero := 1, 0
	key := func(name string) iamcheck.Device {
		return iamcheck.Device{Serial: "arn:aws:iam::111122223333:u2f/root/" + name + "-EXAMPLEID"}
	}
	phone := iamcheck.Device{Serial: "arn:aws:iam::111122223333:mfa/phone"}
	live := func(change func(*iamcheck.Facts)) iamcheck.Facts {
		f := iamcheck.Facts{AccountID: id, Partition: "aws", Name: "management", Membership: iamcheck.Management,
			Summary: &iamcheck.Summary{MFAEnabled: &one, PasswordPresent: &one, AccessKeysPresent: &zero, CertificatesPresent: &zero},
			Virtual: iamcheck.VirtualList{Reading: iamcheck.Complete}}
		if change != nil {
			change(&f)
		}
		return f
	}
	for _, tt := range []struct {
		name         string
		live         iamcheck.Facts
		files        []string
		status       iamcheck.Status
		devices      int
		contradicted string
	}{
		{"root's list of a management account", live(nil), []string{rootID, whole, mine}, "pass", 1, ""},
		{"a supplied list cannot hide what AWS lists", live(func(f *iamcheck.Facts) {
			f.Root = iamcheck.RootList{Reading: iamcheck.Complete, Devices: []iamcheck.Device{phone}}
		}), []string{rootID, mine}, "fail", 1, "iam:ListMFADevices"},
		{"the same list agrees", live(func(f *iamcheck.Facts) {
			f.Root = iamcheck.RootList{Reading: iamcheck.Complete, Devices: []iamcheck.Device{key("a")}}
		}), []string{rootID, mine}, "pass", 1, ""},
		{"a page of AWS's is completed", live(func(f *iamcheck.Facts) {
			f.Root = iamcheck.RootList{Reading: iamcheck.Partial, Devices: []iamcheck.Device{key("a")}}
		}), []string{rootID, mine}, "pass", 1, ""},
		{"a page of AWS's that the supplied list lacks stays a page", live(func(f *iamcheck.Facts) {
			f.Root = iamcheck.RootList{Reading: iamcheck.Partial, Devices: []iamcheck.Device{key("b")}}
			f.Virtual.Reading = iamcheck.Unread
		}), []string{rootID, mine}, "unknown", 1, "iam:ListMFADevices"},
		{"a counter that AWS answers otherwise", live(func(f *iamcheck.Facts) { f.Summary.MFAEnabled = &zero }), []string{rootID, whole}, "fail", 0, "iam:GetAccountSummary"},
		{"a virtual device that AWS does not list any more", live(nil),
			[]string{rootID, mine, `{"VirtualMFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/phone", "User": {"Arn": "arn:aws:iam::111122223333:root"}}]}`},
			"pass", 1, "iam:ListVirtualMFADevices"},
		{"a device on a page, that AWS's whole list has not", live(func(f *iamcheck.Facts) {
			f.Root = iamcheck.RootList{Reading: iamcheck.Complete, Devices: []iamcheck.Device{key("a")}}
		}), []string{rootID, `{"MFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/phone"}], "NextToken": "x"}`}, "pass", 1, "iam:ListMFADevices"},
		{"a page without some of AWS's whole list agrees", live(func(f *iamcheck.Facts) {
			f.Root = iamcheck.RootList{Reading: iamcheck.Complete, Devices: []iamcheck.Device{key("a"), key("b")}}
		}), []string{rootID, strings.Replace(mine, "]}", `], "NextToken": "x"}`, 1)}, "pass", 2, ""},
		{"other certifications", live(func(f *iamcheck.Facts) {
			f.Certifications = map[string]map[string]string{key("a").Serial: {"FIDO": "L1"}}
		}), []string{rootID, mine, about}, "pass", 1, "iam:GetMFADevice"},
		{"nothing of another partition", live(nil), []string{strings.Replace(rootID, "arn:aws:", "arn:aws-cn:", 1), mine}, "pass", 0, "sts:GetCallerIdentity"},
		{"nothing without a caller identity", live(nil), []string{mine}, "pass", 0, ""},
		{"a report that AWS's counters contradict", live(nil), []string{rootID, mine, line("arn:aws:iam::111122223333:root", "false", "false")}, "pass", 1, "iam:GetCredentialReport"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Merge(tt.live, Read(id, files(tt.files...)))
			f := iamcheck.Evaluate(got, nil, iamcheck.Options{})
			if f.Level2.Status != tt.status || len(f.RootDevices) != tt.devices || got.Name != "management" {
				t.Errorf("got %s %v with %d devices, want %s with %d", f.Level2.Status, f.Level2.Reasons, len(f.RootDevices), tt.status, tt.devices)
			}
			contradicted := ""
			for _, c := range got.Calls {
				if c.Outcome == iamcheck.Contradicted {
					contradicted += c.Action
				}
			}
			if contradicted != tt.contradicted {
				t.Errorf("contradicted: %q, want %q", contradicted, tt.contradicted)
			}
		})
	}
}

// Whatever stands in a folder, nothing panics, nothing is believed without the caller identity beside it, and no list without
// root's.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{rootID, userID, otherID, whole, mine, none, about, line("arn:aws:iam::111122223333:root", "true", "false"),
		`{"ReportFormat": "text/csv", "Content": "dXNlcixhcm4s"}`, `[{}]`, `{"a":{"a":[1e999,null,true]}}`} {
		f.Add(seed, rootID)
		f.Add(mine, seed)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		alone := Read(id, files(a)).Facts
		if alone.Partition == "" && (alone.Summary != nil || alone.Root.Reading != "" || alone.Virtual.Reading != "" || alone.Certifications != nil) {
			t.Errorf("believed without a caller: %+v", alone)
		}
		if alone.Root.Reading != "" {
			t.Errorf("a list that is root's, in one file without a caller identity: %+v", alone)
		}
		both := Read(id, files(userID, a, b)).Facts
		if both.Root.Reading != "" {
			t.Errorf("a user's list is root's: %+v", both)
		}
		Merge(both, Read(id, files(rootID, a, b)))
	})
}
