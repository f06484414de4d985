package policy

import (
	"strings"
	"testing"
)

func TestTierByRule(t *testing.T) {
	const file = `
tiers: {prod: {level2: required}, sandbox: {level2: not_required}, both: {level2: not_required}}
tier_rules:
  - {tag: {key: env, value: prod}, tier: prod}
  - {tag: {key: play}, ou: ou-ab12-22222222, tier: both}
  - {ou: ou-ab12-11111111, tier: sandbox}
`
	p, err := Read(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if units, tags := p.TierRulesRead(); !units || !tags {
		t.Errorf("the rules read units %v, tags %v", units, tags)
	}
	if units, tags := Default().TierRulesRead(); units || tags {
		t.Errorf("no rules read units %v, tags %v", units, tags)
	}
	one, two := []string{"r-ab12", "ou-ab12-11111111"}, []string{"r-ab12", "ou-ab12-22222222", "ou-ab12-33333333"}
	none := map[string]string{}
	for _, tt := range []struct {
		name  string
		units []string
		tags  map[string]string
		want  RuledTier
	}{
		{"the first rule counts", one, map[string]string{"env": "prod"}, RuledTier{Tier: "prod", Rule: "tag env=prod"}},
		{"a tag of another value is another", one, map[string]string{"env": "Prod"}, RuledTier{Tier: "sandbox", Rule: "ou ou-ab12-11111111"}},
		{"a rule of two conditions takes both", two, map[string]string{"play": ""}, RuledTier{Tier: "both", Rule: "tag play, ou ou-ab12-22222222"}},
		{"one condition alone is not enough", two, none, RuledTier{}},
		{"no rule applies", []string{"r-ab12"}, none, RuledTier{}},
		{"tags that were not read settle nothing", one, nil, RuledTier{Undecided: true}},
		{"units that were not read settle nothing", nil, none, RuledTier{Undecided: true}},
		{"a rule before what was not read counts", nil, map[string]string{"env": "prod"}, RuledTier{Tier: "prod", Rule: "tag env=prod"}},
		{"nothing was read", nil, nil, RuledTier{Undecided: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.TierByRule(tt.units, tt.tags); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestARuleIsSettledByOneCondition: what was not read does not matter where the
// other condition fails.
func TestARuleIsSettledByOneCondition(t *testing.T) {
	p, err := Read(strings.NewReader("tiers: {a: {level2: required}}\ntier_rules: [{tag: {key: k}, ou: ou-ab12-11111111, tier: a}]"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.TierByRule([]string{"r-ab12"}, nil); got != (RuledTier{}) {
		t.Errorf("another unit, no tags: %+v", got)
	}
	if got := p.TierByRule(nil, map[string]string{}); got != (RuledTier{}) {
		t.Errorf("no such tag, no units: %+v", got)
	}
}

func TestReadTierRules(t *testing.T) {
	const tiers = "tiers: {a: {level2: required}}\ntier_rules: "
	for _, tt := range []struct{ name, rules, err string }{
		{"a rule for every account", "[{tier: a}]", "rule 1 names neither tag nor ou"},
		{"a tier that is not there", "[{ou: r-ab12, tier: b}]", `rule 1 gives the tier "b"`},
		{"no tier", "[{ou: r-ab12}]", `gives the tier ""`},
		{"what is no unit", "[{ou: ou-1, tier: a}]", `names the unit "ou-1"`},
		{"a tag without a key", "[{tag: {value: x}, tier: a}]", "key is empty"},
		{"a tag with a long value", "[{tag: {key: k, value: " + strings.Repeat("x", 257) + "}, tier: a}]", "longer than 256"},
		{"a condition that is misspelt", "[{org: r-ab12, tier: a}]", "field org not found"},
		{"rules without an end", "[" + strings.Repeat("{ou: r-ab12, tier: a},", maxEntries+1) + "]", "1001 entries"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if p, err := Read(strings.NewReader(tiers + tt.rules)); err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %+v, %v, want an error with %q", p.TierRules, err, tt.err)
			}
		})
	}
}
