package iamcheck

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func number(n int) *int { return &n }

func yes() *bool { b := true; return &b }

// hardwareFacts is an account with two security keys, all of it readable.
func hardwareFacts() Facts {
	one, two := "arn:aws:iam::"+here+":u2f/root/yk-1-AAA", "arn:aws:iam::"+here+":u2f/root/yk-2-BBB"
	return Facts{
		AccountID: here, Name: "payments", Email: "aws-root@example.com", Partition: "aws", State: "ACTIVE", Membership: Member, CentralRemoval: yes(),
		Calls:   []Call{{Action: "iam:ListMFADevices", Outcome: OK, By: ByRoot}},
		Summary: &Summary{number(1), number(1), number(0), number(0)},
		Root: RootList{Complete, []Device{
			{Serial: two, EnabledAt: time.Date(2026, 3, 2, 10, 30, 0, 0, time.FixedZone("CET", 3600))}, {Serial: one},
		}},
		Virtual:        VirtualList{Reading: Complete},
		Certifications: map[string]map[string]string{one: {}, two: {"FIDO": "L1"}},
	}
}

func TestTheJSONOfAFinding(t *testing.T) {
	findings := []Finding{
		Evaluate(Facts{AccountID: "111111111111", Partition: "aws"}, nil, Options{}),
		Evaluate(hardwareFacts(), []BoundKey{{AccountID: here, DeviceName: "yk-1", KeyID: "key-1", Origin: Named}}, Options{}),
	}
	got, err := json.MarshalIndent(struct {
		Accounts []Finding `json:"accounts"`
		Summary  Totals    `json:"summary"`
	}{findings, totals(findings, nil, Census{}, Thresholds{})}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "accounts": [
  {
   "account_id": "111111111111",
   "name": null,
   "partition": "aws",
   "level2": {
    "status": "unknown",
    "severity": "critical",
    "assurance": null,
    "literal": "unknown",
    "reasons": [
     "root_list_unreadable",
     "summary_unreadable",
     "virtual_list_unreadable"
    ],
    "warnings": [
     "summary_unreadable",
     "root_list_unreadable",
     "virtual_list_unreadable"
    ],
    "details": [],
    "not_required": false,
    "tier": null,
    "exception": null,
    "expired_exception": null
   },
   "level1": {
    "status": "unknown",
    "severity": "critical",
    "reasons": [
     "root_list_unreadable",
     "summary_unreadable",
     "virtual_list_unreadable"
    ]
   },
   "root_devices": null,
   "root_removable": null,
   "recovery": [
    {
     "finding": "root_email_unknown",
     "status": "unknown",
     "severity": "informational",
     "text": "root's e-mail address is not known: only an organization tells it"
    },
    {
     "finding": "root_access_keys_present",
     "status": "unknown",
     "severity": "critical",
     "text": "whether root has access keys could not be read"
    },
    {
     "finding": "root_signing_certificates_present",
     "status": "unknown",
     "severity": "high",
     "text": "whether root has signing certificates could not be read"
    },
    {
     "finding": "root_password_present",
     "status": "unknown",
     "severity": "informational",
     "text": "whether root has a password could not be read"
    },
    {
     "finding": "root_password_recoverable",
     "status": "unknown",
     "severity": "medium",
     "text": "whether root's password can be recovered could not be seen"
    }
   ],
   "calls": []
  },
  {
   "account_id": "222222222222",
   "name": "payments",
   "partition": "aws",
   "level2": {
    "status": "pass",
    "severity": "critical",
    "assurance": "unproven",
    "literal": "pass",
    "reasons": [],
    "warnings": [],
    "details": [],
    "not_required": false,
    "tier": null,
    "exception": null,
    "expired_exception": null
   },
   "level1": {
    "status": "pass",
    "severity": "critical",
    "reasons": []
   },
   "root_devices": [
    {
     "serial": "arn:aws:iam::222222222222:u2f/root/yk-1-AAA",
     "kind": "fido",
     "enabled_at": null,
     "certifications": {},
     "key_id": "key-1",
     "suggestions": []
    },
    {
     "serial": "arn:aws:iam::222222222222:u2f/root/yk-2-BBB",
     "kind": "fido",
     "enabled_at": "2026-03-02T09:30:00Z",
     "certifications": {
      "FIDO": "L1"
     },
     "key_id": null,
     "suggestions": []
    }
   ],
   "root_removable": true,
   "recovery": [
    {
     "finding": "root_email_plus_address",
     "status": "ok",
     "severity": "informational",
     "text": "root's e-mail address is no plus-address"
    },
    {
     "finding": "root_access_keys_present",
     "status": "ok",
     "severity": "critical",
     "text": "root has no access keys"
    },
    {
     "finding": "root_signing_certificates_present",
     "status": "ok",
     "severity": "high",
     "text": "root has no signing certificates"
    },
    {
     "finding": "root_password_present",
     "status": "finding",
     "severity": "informational",
     "text": "root has a password"
    },
    {
     "finding": "root_password_recoverable",
     "status": "finding",
     "severity": "medium",
     "text": "whoever controls root's mailbox can reset the password; MFA is what is left to pass"
    }
   ],
   "calls": [
    {
     "action": "iam:ListMFADevices",
     "outcome": "ok",
     "error": null
    }
   ]
  }
 ],
 "summary": {
`
	if !strings.HasPrefix(string(got), want) {
		t.Errorf("got\n%s\nwant it to begin\n%s", got, want)
	}
	var fields struct{ Summary map[string]json.RawMessage }
	if err := json.Unmarshal(got, &fields); err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(fields.Summary))
	if words := strings.Join(names, " "); words != "accounts assurance flags level1 level2 literal reasons recovery warnings" {
		t.Errorf("the summary has %s", words)
	}
}

func TestRootsCredentialsOfMembersCouldBeRemoved(t *testing.T) {
	is := func(b bool) *bool { return &b }
	for _, tt := range []struct {
		name   string
		member Membership
		state  string
		want   *bool
	}{
		{"a member", Member, "ACTIVE", is(true)},
		{"the management account", Management, "ACTIVE", is(false)},
		{"an account of no organization", Standalone, "", is(false)},
		{"one of which that is not known", "", "", nil},
		{"a closed member", Member, "CLOSED", is(false)},
		{"a closed account of which it is not known", "", "CLOSED", is(false)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := hardwareFacts()
			f.Membership, f.State = tt.member, tt.state
			if got := Evaluate(f, nil, Options{}).RootRemovable; (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestRootDevicesOfBothListsAreShownOnce(t *testing.T) {
	phone := "arn:aws:iam::" + here + ":mfa/phone"
	f := hardwareFacts()
	f.Root.Devices = append(f.Root.Devices, Device{Serial: phone}, Device{Serial: "arn:aws:iam::" + here + ":neural/root/x"})
	f.Virtual.Devices = []VirtualDevice{{Serial: phone, Owner: RootARN("aws", here)}, {Serial: phone + "-2", Owner: RootARN("aws", here)}}
	var got []string
	for _, d := range Evaluate(f, nil, Options{}).RootDevices {
		kind := "null"
		if d.Kind != nil {
			kind = string(*d.Kind)
		}
		got = append(got, d.Serial[strings.LastIndexByte(d.Serial, '/')+1:]+" "+kind)
	}
	if want := []string{"phone virtual", "phone-2 virtual", "x null", "yk-1-AAA fido", "yk-2-BBB fido"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTierAndExceptionStandBesideTheVerdict(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	exception := &Exception{Owner: "Ada", Approver: "Grace", Reason: "keys are ordered", CompensatingControl: "SCP", Expires: now.Add(time.Hour)}
	f := hardwareFacts()
	f.Root.Devices[0].Serial = "arn:aws:iam::" + here + ":mfa/phone"
	sandbox, rule := "sandbox", "tag env=dev"
	tier := &Tier{Name: &sandbox, By: TierByRule, Rule: &rule}
	got := Evaluate(f, nil, Options{NotRequired: true, Tier: tier, Exception: exception, Now: now})
	if got.Level2.Tier == nil || *got.Level2.Tier != *tier || got.Level2.ExpiredException != nil {
		t.Errorf("got %s", show(got))
	}
	if got.Level2.Status != Fail || !got.Level2.NotRequired || got.Level2.Exception == nil || *got.Level2.Exception != *exception {
		t.Errorf("got %s", show(got))
	}
	got = Evaluate(f, nil, Options{Exception: exception, Now: exception.Expires})
	if got.Level2.Status != Fail || got.Level2.Exception != nil || got.Level2.ExpiredException == nil || *got.Level2.ExpiredException != *exception {
		t.Errorf("expired: got %s", show(got))
	}
}

func TestHardwareCertified(t *testing.T) {
	for _, c := range []struct {
		scheme, level string
		want          bool
	}{
		{"FIDO", "L1", false}, {"FIDO", "L1plus", false}, {"FIDO", "L2", true}, {"FIDO", "L3plus", true}, {"fido", "l2", true},
		{"FIDO-FIPS-140-2", "L1", true}, {"FIDO-FIPS-140-3", "L3", true}, {"FIPS-140-2", "L2", true},
		{"FIDO", "", false}, {"FIDO", "L22", false}, {"FIDO", "2", false}, {"FIDO2", "L3", false}, {"FIPS-140-2", "none", false}, {"NOTFIPS-140", "L2", false},
	} {
		if got := hardwareCertified(map[string]string{c.scheme: c.level}); got != c.want {
			t.Errorf("%s %s: got %v", c.scheme, c.level, got)
		}
	}
}

// Where sources contradict each other, the verdict is unknown; with one of them gone there is no contradiction left. These
// are all the ways in which a call that fails can turn an unknown into a pass.
func TestWhereAContradictionGoesWithItsSource(t *testing.T) {
	zero := hardwareFacts()
	zero.Summary.MFAEnabled = number(0)
	gone := zero
	gone.Summary = nil
	empty := hardwareFacts()
	empty.Root.Devices = nil
	unread := empty
	unread.Root = RootList{}
	foreign := hardwareFacts()
	foreign.Virtual.Devices = []VirtualDevice{{Serial: "arn:aws:iam::" + elsewhere + ":mfa/x"}}
	without := foreign
	without.Virtual = VirtualList{}
	for _, c := range []struct {
		name       string
		before     Facts
		reason     Reason
		after      Facts
		assurance  Assurance
		mustWarnOf Warning
	}{
		{"a counter of zero against a key in the list", zero, SourcesDisagree, gone, Unproven, SummaryUnreadable},
		{"an empty list against a counter of one", empty, SourcesDisagree, unread, Inferred, RootListNotRead},
		{"a foreign entry in the virtual list", foreign, ForeignAnswer, without, Unproven, VirtualListUnreadable},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, after := Evaluate(c.before, nil, Options{}), Evaluate(c.after, nil, Options{})
			if before.Level2.Status != Unknown || !slices.Contains(before.Level2.Reasons, c.reason) {
				t.Errorf("before: got %s", show(before))
			}
			if after.Level2.Status != Pass || *after.Level2.Assurance != c.assurance || !slices.Contains(after.Level2.Warnings, c.mustWarnOf) {
				t.Errorf("after: got %s", show(after))
			}
		})
	}
}

// The literal verdict follows the benchmark's steps and nothing else: a step that fails has failed whatever the rest says.
func TestTheLiteralVerdictIsThatOfItsSteps(t *testing.T) {
	foreign := VirtualDevice{Serial: "arn:aws:iam::" + elsewhere + ":mfa/x"}
	customary := VirtualDevice{Serial: "arn:aws:iam::" + here + ":mfa/root-account-mfa-device", Owner: "arn:aws:iam::" + here + ":user/eve"}
	unclear := VirtualDevice{Serial: "arn:aws:iam::" + here + ":mfa/x", Owner: "eve"}
	for _, c := range []struct {
		name    string
		mfa     *int
		reading Reading
		devices []VirtualDevice
		want    Status
	}{
		{"both steps pass", number(1), Complete, nil, Pass},
		{"the counter is 0, and another account appears", number(0), Complete, []VirtualDevice{foreign}, Fail},
		{"the counter is 0, and the list was not read", number(0), Unread, nil, Fail},
		{"the serial is in the list, and another account appears", number(1), Complete, []VirtualDevice{foreign, customary}, Fail},
		{"the serial is in a list that broke off, and the counter is missing", nil, Partial, []VirtualDevice{customary}, Fail},
		{"another account appears where all else is well", number(1), Complete, []VirtualDevice{foreign}, Unknown},
		{"an owner that is no ARN does not carry the serial", number(1), Complete, []VirtualDevice{unclear}, Pass},
		{"the list broke off before the serial", number(1), Partial, nil, Unknown},
		{"the counter is missing", nil, Complete, nil, Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := hardwareFacts()
			f.Summary.MFAEnabled, f.Virtual = c.mfa, VirtualList{c.reading, c.devices}
			if got := Evaluate(f, nil, Options{}).Level2.Literal; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A year that JSON cannot write is no date of AWS's, and must not cost the report.
func TestADateThatCannotBeIsUnknown(t *testing.T) {
	for _, at := range []string{"9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"} {
		date, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		f := hardwareFacts()
		f.Root.Devices[0].EnabledAt = date
		got := Evaluate(f, nil, Options{})
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("%s: %v", at, err)
		}
		for _, d := range got.RootDevices {
			if d.EnabledAt != nil {
				t.Errorf("%s: got %s", at, d.EnabledAt)
			}
		}
	}
}

func TestADeviceListedTwiceIsOne(t *testing.T) {
	f := hardwareFacts()
	f.Root.Devices = []Device{f.Root.Devices[1], f.Root.Devices[1]}
	got := Evaluate(f, []BoundKey{{AccountID: here, DeviceName: "yk-1", KeyID: "k1", Origin: Named}}, Options{})
	if len(got.RootDevices) != 1 || *got.Level2.Assurance != NamedKey || !slices.Equal(got.Level2.Warnings, []Warning{SingleDevice}) {
		t.Errorf("got %d devices, %s", len(got.RootDevices), show(got))
	}
}

func TestAnAnswerAboutADeviceOfAnotherAccountIsForeign(t *testing.T) {
	f := hardwareFacts()
	f.Certifications["arn:aws:iam::"+elsewhere+":u2f/root/yk-1-AAA"] = map[string]string{"FIDO": "L2"}
	got := Evaluate(f, nil, Options{})
	if got.Level2.Status != Unknown || !slices.Equal(got.Level2.Reasons, []Reason{ForeignAnswer}) {
		t.Errorf("got %s", show(got))
	}
}

func TestAPolicyThatDeniesTheRootSessionIsNamed(t *testing.T) {
	f := Facts{AccountID: here, Partition: "aws", Calls: []Call{{Action: "sts:AssumeRoot", Outcome: DeniedBySCP, By: ByCaller}}}
	if got := Evaluate(f, nil, Options{}); got.Level2.Status != Unknown || got.Level2.Reasons[0] != RootDeniedBySCP ||
		!slices.Contains(got.Level2.Warnings, DeniedBySCPWarning) {
		t.Errorf("got %s", show(got))
	}
}

func TestWhereNothingWasAnsweredThatIsMissingAndNoPartition(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts Facts
		want  string
	}{
		{"nothing", Facts{}, "root_list_unreadable summary_unreadable virtual_list_unreadable"},
		{"a list of an account of which nobody knows where it is", Facts{Root: RootList{Reading: Complete, Devices: []Device{{Serial: "GAHT12345678"}}}}, "partition_unverified"},
		{"counters", Facts{Summary: &Summary{}}, "partition_unverified"},
		{"nothing, of a partition that nobody has verified", Facts{Partition: "aws-iso"}, "partition_unverified"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.facts.AccountID = "111122223333"
			f := Evaluate(c.facts, nil, Options{})
			for level, got := range map[string]struct {
				status  Status
				reasons []Reason
			}{"level 2": {f.Level2.Status, f.Level2.Reasons}, "level 1": {f.Level1.Status, f.Level1.Reasons}} {
				if got.status != Unknown || strings.Join(wordsOf(got.reasons), " ") != c.want {
					t.Errorf("%s is %s %v, want %s", level, got.status, got.reasons, c.want)
				}
			}
		})
	}
}
