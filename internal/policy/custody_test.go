package policy

import (
	"strings"
	"testing"
)

func TestReadCustody(t *testing.T) {
	for _, tt := range []struct{ name, file, err string }{
		{"a threshold that is misspelt", "custody: {days_with_people: 3}", "field days_with_people not found"},
		{"no sites at all", "custody: {sites_per_account: 0}", "custody.sites_per_account is 0, want 1 to 8"},
		{"no days with a person", "custody: {days_with_person: 0}", "custody.days_with_person is 0"},
		{"ages without a proof", "custody: {days_without_proof: 3651}", "custody.days_without_proof is 3651"},
		{"batteries that last for ever", "custody: {battery_months: 121}", "custody.battery_months is 121"},
		{"a pattern that is none", "custody: {spares: [{model: 'a[', level: 1}]}", `"a[" is no pattern`},
		{"a spare pool in a safe", "custody: {spares: [{site: Berlin/safe 1, level: 1}]}", "is not a site"},
		{"a spare pool of nothing", "custody: {spares: [{site: Berlin}]}", "custody.spares: level is 0"},
		{"a copy of what is none", "custody: {replicas: [{kind: vault, off_site: 1}]}", `kind is "vault"`},
		{"no copies", "custody: {replicas: [{kind: vault_copy}]}", "off_site is 0"},
		{"a campaign without a name", "custody: {campaigns: [{model: x, deadline: 2026-12-31}]}", `name "" is missing`},
		{"two campaigns of one name", "custody: {campaigns: [{name: a, model: x, deadline: 2026-12-31}, {name: a, model: x, deadline: 2026-12-31}]}", "used twice"},
		{"a campaign for every key", "custody: {campaigns: [{name: a, deadline: 2026-12-31}]}", "neither model nor firmware_below nor advisories"},
		{"a campaign without an end", "custody: {campaigns: [{name: a, model: x}]}", "has no deadline"},
		{"a deadline that is no day", "custody: {campaigns: [{name: a, model: x, deadline: 2026-02-30}]}", `date "2026-02-30"`},
		{"an advisory that is none", "custody: {campaigns: [{name: a, advisories: [EUCLEAK], deadline: 2026-12-31}]}", `names "EUCLEAK"`},
		{"a pool list without an end", "custody: {spares: [" + strings.Repeat("{level: 1},", maxEntries+1) + "]}", "1001 entries"},
		{"a tier without a demand", "tiers: {a: {}}", `tiers.a.level2 is ""`},
		{"a tier with another demand", "tiers: {a: {level2: no}}", `tiers.a.level2 is "no"`},
		{"a tier with a name of its own kind", "tiers: {Prod: {level2: required}}", `tiers names "Prod"`},
		{"exceptions for ever", "exception_days: 3651", "exception_days is 3651"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if p, err := Read(strings.NewReader(tt.file)); err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %+v, %v, want an error with %q", p, err, tt.err)
			}
		})
	}
}

func TestLevel2Required(t *testing.T) {
	p, err := Read(strings.NewReader("tiers: {prod: {level2: required}, sandbox: {level2: not_required}}"))
	if err != nil {
		t.Fatal(err)
	}
	for tier, want := range map[string]bool{"prod": true, "sandbox": false, "": true, "unheard-of": true} {
		if got := p.Level2Required(tier); got != want {
			t.Errorf("tier %q: required %t, want %t", tier, got, want)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, product string
		want             bool
	}{
		{"", "anything", true}, {"", "", true},
		{"YubiKey 5C*", "yubikey 5C NFC", true}, {"YubiKey 5C*", "YubiKey 5 NFC", false},
		{"YubiKey 5C", "YubiKey 5C NFC", false}, {"*", "", true}, {"*FIPS*", "YubiKey 5 NFC FIPS (x)", true},
	} {
		if got := Matches(tt.pattern, tt.product); got != tt.want {
			t.Errorf("%q takes %q: %t, want %t", tt.pattern, tt.product, got, tt.want)
		}
	}
}
