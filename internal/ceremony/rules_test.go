package ceremony_test

import (
	"errors"
	"strings"
	"testing"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/policy"
)

// rules reads the enrollment rules of a policy file.
func rules(t *testing.T, file string) policy.Enrollment {
	t.Helper()
	p, err := policy.Read(strings.NewReader("enrollment: {" + file + "}"))
	if err != nil {
		t.Fatal(err)
	}
	return p.Enrollment
}

// TestPolicyLines: the lines that a policy may name are those that hw tells.
func TestPolicyLines(t *testing.T) {
	want := []hw.Line{hw.LineNEO, hw.LineYubiKey4, hw.LineYubiKeyFIPS, hw.LineYubiKey5, hw.LineYubiKey5F, hw.LineSecurityKey, hw.LineBio}
	got := policy.Lines()
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i, l := range want {
		if got[i] != string(l) {
			t.Errorf("got %q, want %q", got[i], l)
		}
	}
}

func TestEnrollByPolicy(t *testing.T) {
	old, fips := softkey.Config{Serial: 1}, softkey.Config{Serial: 1, Version: v574, FIPS: true}
	for _, tt := range []struct {
		name, rules string
		key         softkey.Config
		trust       bool
		refused     string // the words of the refusal, "" for enrolled
		touched     bool   // whether the refusal came after the touch
		warning     string
	}{
		{"old firmware is refused", "firmware: {action: refuse, minimum: 5.7.0}", old, true,
			"rule firmware: its firmware 5.4.3 is older than 5.7.0", false, ""},
		{"old firmware is warned of", "firmware: {action: warn, minimum: 5.7.0}", old, true, "", false, "policy: its firmware 5.4.3 is older than 5.7.0"},
		{"the firmware of another line", "firmware: {action: refuse, lines: {YubiKey Bio: 5.7.0}}", old, true, "", false, ""},
		{"a line has its own minimum", "firmware: {action: refuse, minimum: 5.0.0, lines: {YubiKey 5: 5.7.0}}", old, true,
			"5.4.3 is older than 5.7.0 for YubiKey 5", false, ""},
		{"another model", "models: {action: refuse, lines: [Security Key]}", old, true, "rule models: its model 2fc0579f", false, ""},
		{"an allowed AAGUID", "models: {action: refuse, aaguids: [2fc0579f-8113-47ea-b116-bb5a8db9202a]}", old, true, "", false, ""},
		{"an allowed AAGUID that nothing vouches for", "models: {action: refuse, aaguids: [2fc0579f-8113-47ea-b116-bb5a8db9202a]}", old, false,
			"rule models: no trusted attestation", true, ""},
		{"not a FIPS key", "fips: {action: refuse}", old, true, "rule fips: it is not of a FIPS series", false, ""},
		{"a FIPS key", "fips: {action: refuse}", fips, true, "", false, ""},
		{"a FIPS key that nothing vouches for", "fips: {action: refuse}", fips, false, "rule fips: no trusted attestation", true, ""},
		{"no PIN", "pin: {action: refuse}", old, true, "rule pin: it has no PIN", false, ""},
		{"a PIN", "pin: {action: refuse}", softkey.Config{Serial: 1, PIN: "1234"}, true, "", false, ""},
		{"no metadata", "certification: {action: refuse, level: L1}", old, true, "rule certification: its FIDO certification is not known", true, ""},
		{"an advisory that refuses", "advisories: {YSA-2024-03: refuse}", old, true, "rule advisories: security advisory YSA-2024-03", false, ""},
		{"advisories that warn", "advisories: {any: warn}", old, true, "", false, "policy: security advisory YSA-2024-03 applies to it"},
		{"a key without them", "advisories: {any: refuse}", softkey.Config{Serial: 1, Version: v574}, true, "", false, ""},
		{"each rule is named", "pin: {action: refuse}, fips: {action: refuse}", old, true, "rule fips: it is not of a FIPS series; rule pin: it has no PIN", false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.trust {
				w.trust()
			}
			w.plug(tt.key)
			touched := false
			got, err := w.enroll(func(r *ceremony.EnrollRequest) {
				r.Rules = rules(t, tt.rules)
				r.Tell = func(s ceremony.Step, _ ceremony.Seen) { touched = touched || s == ceremony.StepTouch }
			})
			if tt.refused != "" {
				if !errors.Is(err, ceremony.ErrPolicy) || !strings.Contains(err.Error(), tt.refused) || touched != tt.touched {
					t.Errorf("got %v, touch asked: %v", err, touched)
				}
				w.wantNothingRecorded()
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			found := tt.warning == ""
			for _, warning := range got.Warnings {
				found = found || warning.Text == tt.warning
			}
			if !found {
				t.Errorf("got warnings %+v, want %q", got.Warnings, tt.warning)
			}
		})
	}
}

func TestPolicyErrorSaysThatAPINIsEnough(t *testing.T) {
	w := newWorld(t)
	w.plug(softkey.Config{Serial: 1})
	for file, want := range map[string]bool{"pin: {action: refuse}": true, "pin: {action: refuse}, fips: {action: refuse}": false} {
		_, err := w.enroll(func(r *ceremony.EnrollRequest) { r.Rules = rules(t, file) })
		if errors.Is(err, ceremony.ErrPolicyPIN) != want || !errors.Is(err, ceremony.ErrPolicy) {
			t.Errorf("%s: got %v", file, err)
		}
	}
}
