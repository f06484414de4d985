package ceremony

import (
	"reflect"
	"strings"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/internal/policy"
)

func TestTermsOf(t *testing.T) {
	p, err := policy.Read(strings.NewReader(`
tiers: {prod: {level2: required}, sandbox: {level2: not_required}}
tier_rules: [{tag: {key: env, value: play}, tier: sandbox}]
`))
	if err != nil {
		t.Fatal(err)
	}
	const account = "100000000000"
	exception := &iamcheck.Exception{Owner: "Ada"}
	play := map[string]string{"env": "play"}
	sandbox, prod, rule := "sandbox", "prod", "tag env=play"
	for _, tt := range []struct {
		name string
		is   map[string]Terms
		tags map[string]string
		want Terms
		tier *iamcheck.Tier
	}{
		{"an account that is not in the inventory", nil, play, Terms{Tier: sandbox, NotRequired: true}, &iamcheck.Tier{Name: &sandbox, By: iamcheck.TierByRule, Rule: &rule}},
		{
			"an account without a tier keeps its exception", map[string]Terms{account: {Exception: exception}}, play,
			Terms{Tier: sandbox, NotRequired: true, Exception: exception}, &iamcheck.Tier{Name: &sandbox, By: iamcheck.TierByRule, Rule: &rule},
		},
		{"a tier that somebody gave", map[string]Terms{account: {Tier: prod}}, play, Terms{Tier: prod}, &iamcheck.Tier{Name: &prod, By: iamcheck.TierByInventory}},
		{"a tier that somebody gave and tags that were not read", map[string]Terms{account: {Tier: prod}}, nil, Terms{Tier: prod}, &iamcheck.Tier{Name: &prod, By: iamcheck.TierByInventory}},
		{"tags that were not read", nil, nil, Terms{}, &iamcheck.Tier{By: iamcheck.TierUndecided}},
		{"no rule applies", nil, map[string]string{}, Terms{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, tier := TermsOf(tt.is, p, iamcheck.Facts{AccountID: account, Tags: tt.tags})
			if got != tt.want || !reflect.DeepEqual(tier, tt.tier) {
				t.Errorf("got %+v, %+v, want %+v, %+v", got, tier, tt.want, tt.tier)
			}
		})
	}
}
