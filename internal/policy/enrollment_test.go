package policy

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReadEnrollment(t *testing.T) {
	for _, tt := range []struct {
		name, file, err string
	}{
		{"an action that is none", "enrollment: {pin: {action: deny}}", `enrollment.pin.action is "deny", want refuse or warn`},
		{"a rule without an action", "enrollment: {fips: {}}", `enrollment.fips.action is ""`},
		{"a rule that is misspelt", "enrollment: {pins: {action: warn}}", "field pins not found"},
		{"a version of two numbers", "enrollment: {firmware: {action: warn, minimum: 5.7}}", `version "5.7": want three numbers`},
		{"a version too large", "enrollment: {firmware: {action: warn, minimum: 5.7.256}}", "at most 255"},
		{"a version that is a list", "enrollment: {firmware: {action: warn, minimum: [5, 7, 0]}}", "want three numbers"},
		{"firmware without a version", "enrollment: {firmware: {action: warn}}", "neither minimum nor lines"},
		{"a line that nobody makes", "enrollment: {firmware: {action: warn, lines: {YubiKey 6: 6.0.0}}}", `names "YubiKey 6"`},
		{"a line with an empty version", "enrollment: {firmware: {action: warn, lines: {YubiKey 5: 0.0.0}}}", "no version for YubiKey 5"},
		{"an AAGUID cut short", "enrollment: {models: {action: warn, aaguids: [2fc0579f]}}", "8-4-4-4-12"},
		{"no model at all", "enrollment: {models: {action: refuse}}", "enrollment.models allows none"},
		{"a model line that nobody makes", "enrollment: {models: {action: refuse, lines: [yubikey 5]}}", `names "yubikey 5"`},
		{"a level that is none", "enrollment: {certification: {action: refuse, level: L4}}", `enrollment.certification.level is "L4"`},
		{"an advisory that is none", "enrollment: {advisories: {EUCLEAK: refuse}}", `names "EUCLEAK"`},
		{"an advisory without a word", "enrollment: {advisories: {YSA-2024-03: }}", "enrollment.advisories.YSA-2024-03"},
		{"a list without an end", "enrollment: {models: {action: warn, aaguids: [" + strings.Repeat("2fc0579f-8113-47ea-b116-bb5a8db9202a,", maxEntries+1) + "]}}", "1001 entries"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if p, err := Read(strings.NewReader(tt.file)); err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %+v, %v, want an error with %q", p, err, tt.err)
			}
		})
	}
}

// TestExample parses the example of docs/policy.md: all of it, rule for rule.
func TestExample(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "policy.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	example, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("docs/policy.md has no example")
	}
	prod := "prod"
	want := Policy{
		KeysPerAccount: 2, AccountsPerKey: 10, KeysPerCustodian: 20, ExceptionDays: 366,
		RootEmail: RootEmail{Domains: []string{"example.com"}, GroupPattern: "aws-root*@example.com"},
		Tiers:     map[string]Tier{"production": {Required}, "sandbox": {NotRequired}},
		TierRules: []TierRule{
			{Tag: &TagRule{"env", &prod}, Tier: "production"}, {OU: "ou-ab12-11111111", Tier: "sandbox"},
			{Tag: &TagRule{Key: "throwaway"}, OU: "r-ab12", Tier: "sandbox"},
		},
		Custody: Custody{
			SitesPerAccount: 2, DaysWithPerson: 30, DaysWithoutProof: 180, BatteryMonths: 6,
			Spares:   []Spare{{"YubiKey 5C NFC*", "Berlin", 4}, {"*FIPS*", "", 2}},
			Replicas: []Replica{{"vault_copy", 1}},
			Campaigns: []Campaign{{
				"EUCLEAK", "YubiKey 5*", Version{5, 7, 0}, []string{"YSA-2024-03"}, Date{time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)},
			}},
		},
		Enrollment: Enrollment{
			Firmware:      &Firmware{Refuse, Version{5, 7, 0}, map[string]Version{"YubiKey 5 FIPS": {5, 7, 4}}},
			Models:        &Models{Refuse, []string{"2fc0579f-8113-47ea-b116-bb5a8db9202a"}, []string{"YubiKey 5", "YubiKey 5 FIPS"}},
			FIPS:          &Rule{Warn},
			PIN:           &Rule{Refuse},
			Certification: &Certification{Warn, "L2"},
			Advisories:    map[string]Action{"YSA-2024-03": Refuse, AnyAdvisory: Warn},
		},
	}
	got, err := Read(strings.NewReader(example))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestJudge(t *testing.T) {
	yes, no := true, false
	rules := func(file string) Enrollment {
		p, err := Read(strings.NewReader("enrollment: " + file))
		if err != nil {
			t.Fatal(err)
		}
		return p.Enrollment
	}
	const (
		firmware = "{firmware: {action: refuse, minimum: 5.4.0, lines: {YubiKey 5 FIPS: 5.7.4}}}"
		models   = "{models: {action: refuse, aaguids: [2FC0579F-8113-47ea-b116-bb5a8db9202a], lines: [Security Key]}}"
		fips     = "{fips: {action: warn}}"
		level    = "{certification: {action: refuse, level: L2}}"
		advisory = "{advisories: {YSA-2024-03: refuse, any: warn}}"
	)
	allowed, other := "2fc0579f-8113-47ea-b116-bb5a8db9202a", "00000000-0000-0000-0000-000000000001"
	for _, tt := range []struct {
		name, rules string
		key         Key
		claimed     string // the violations by what the key says, "" none
		attested    string
	}{
		{"no rules pass everything", "{}", Key{}, "", ""},
		{"old firmware", firmware, Key{Firmware: Version{5, 3, 9}}, "refuse firmware: its firmware 5.3.9 is older than 5.4.0", "refuse firmware: its firmware 5.3.9 is older than 5.4.0"},
		{"just new enough", firmware, Key{Firmware: Version{5, 4, 0}}, "", ""},
		{"a line with a minimum of its own", firmware, Key{Line: "YubiKey 5 FIPS", Firmware: Version{5, 7, 2}},
			"refuse firmware: its firmware 5.7.2 is older than 5.7.4 for YubiKey 5 FIPS", "refuse firmware: its firmware 5.7.2 is older than 5.7.4 for YubiKey 5 FIPS"},
		{"firmware that nobody knows", firmware, Key{}, "", "refuse firmware: its firmware is not known, and has to be 5.4.0 or newer"},
		{"a line without a minimum", "{firmware: {action: refuse, lines: {YubiKey Bio: 5.7.2}}}", Key{Line: "YubiKey 5"}, "", ""},
		{"an allowed model", models, Key{AAGUID: allowed}, "", ""},
		{"an allowed line", models, Key{AAGUID: other, Line: "Security Key"}, "", ""},
		{"another model", models, Key{AAGUID: other}, "refuse models: its model " + other + " is none of those allowed", "refuse models: its model " + other + " is none of those allowed"},
		{"an allowed line that nothing attests", models, Key{Line: "Security Key"}, "", "refuse models: no trusted attestation says which model it is"},
		{"a FIPS key", fips, Key{FIPS: &yes}, "", ""},
		{"one that is none", fips, Key{FIPS: &no}, "warn fips: it is not of a FIPS series", "warn fips: it is not of a FIPS series"},
		{"one that may be one", fips, Key{}, "", "warn fips: no trusted attestation says that it is of a FIPS series"},
		{"a PIN", "{pin: {action: refuse}}", Key{PIN: true}, "", ""},
		{"no PIN", "{pin: {action: refuse}}", Key{}, "refuse pin: it has no PIN", "refuse pin: it has no PIN"},
		{"certified enough", level, Key{Certification: "FIDO_CERTIFIED_L2plus"}, "", ""},
		{"certified too low", level, Key{Certification: "FIDO_CERTIFIED_L1plus"}, "", "refuse certification: its FIDO certification is FIDO_CERTIFIED_L1plus, and has to be L2 or higher"},
		{"certified before there were levels", "{certification: {action: refuse, level: L1}}", Key{Certification: "FIDO_CERTIFIED"}, "", ""},
		{"not certified", "{certification: {action: warn, level: L1}}", Key{Certification: "NOT_FIDO_CERTIFIED"}, "", "warn certification: its FIDO certification is NOT_FIDO_CERTIFIED, and has to be L1 or higher"},
		{"a level of the future is none", level, Key{Certification: "FIDO_CERTIFIED_L9"}, "", "refuse certification: its FIDO certification is FIDO_CERTIFIED_L9, and has to be L2 or higher"},
		{"no metadata", level, Key{}, "", "refuse certification: its FIDO certification is not known, and has to be L2 or higher"},
		{"an advisory by name and another", advisory, Key{Advisories: []string{"YSA-2024-02", "YSA-2024-03"}},
			"warn advisories: security advisory YSA-2024-02 applies to it; refuse advisories: security advisory YSA-2024-03 applies to it",
			"warn advisories: security advisory YSA-2024-02 applies to it; refuse advisories: security advisory YSA-2024-03 applies to it"},
		{"an advisory that has no line", "{advisories: {YSA-2024-03: refuse}}", Key{Advisories: []string{"YSA-2024-02"}}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for stage, want := range map[Stage]string{Claimed: tt.claimed, Attested: tt.attested} {
				var got []string
				for _, v := range rules(tt.rules).Judge(tt.key, stage) {
					got = append(got, string(v.Action)+" "+v.Rule+": "+v.Text)
				}
				if strings.Join(got, "; ") != want {
					t.Errorf("stage %d: got %q, want %q", stage, got, want)
				}
			}
		})
	}
}
