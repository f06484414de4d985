package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Tier is what is demanded of the accounts of one tier.
type Tier struct {
	Level2 Demand `yaml:"level2"`
}

// Demand says whether something is demanded.
type Demand string

// The demands.
const (
	Required    Demand = "required"
	NotRequired Demand = "not_required"
)

// Level2Required says whether Level 2 is demanded of the accounts of a tier. It
// is where the policy says nothing of the tier, or the account has none.
func (p Policy) Level2Required(tier string) bool {
	return p.Tiers[tier].Level2 != NotRequired
}

func checkTiers(tiers map[string]Tier) error {
	var errs []error
	if len(tiers) > maxEntries {
		errs = append(errs, fmt.Errorf("tiers has %d entries, at most %d", len(tiers), maxEntries))
	}
	for name, t := range tiers {
		if name == "" || len(name) > 32 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			errs = append(errs, fmt.Errorf("tiers names %q, want up to 32 lower-case letters, digits, - and _", name))
		}
		if t.Level2 != Required && t.Level2 != NotRequired {
			errs = append(errs, fmt.Errorf("tiers.%s.level2 is %q, want %s or %s", name, t.Level2, Required, NotRequired))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// TierRule gives a tier to the accounts of an organization that everything it
// names applies to. Of several rules the first counts.
type TierRule struct {
	// Tag is a tag of the account.
	Tag *TagRule `yaml:"tag"`
	// OU is the ID of a unit, or of the organization's root, that the account is
	// in or below; "" any.
	OU   string `yaml:"ou"`
	Tier string `yaml:"tier"`
}

// TagRule is a tag that an account has.
type TagRule struct {
	Key string `yaml:"key"`
	// Value is the tag's whole value, in its letter case; nil any.
	Value *string `yaml:"value"`
}

// String is the rule in words: "tag env=prod, ou ou-ab12-11111111".
func (r TierRule) String() string {
	var parts []string
	if r.Tag != nil && r.Tag.Value != nil {
		parts = append(parts, "tag "+r.Tag.Key+"="+*r.Tag.Value)
	} else if r.Tag != nil {
		parts = append(parts, "tag "+r.Tag.Key)
	}
	if r.OU != "" {
		parts = append(parts, "ou "+r.OU)
	}
	return strings.Join(parts, ", ")
}

// RuledTier is what the rules say of one account.
type RuledTier struct {
	Tier string // "" no rule gives it one
	Rule string // in words
	// Undecided: what a rule looks at was not read, so that neither it nor those
	// after it can be applied.
	Undecided bool
}

// TierByRule applies the rules to an account: the units it is in, the root
// included, and its tags; nil was not read.
func (p Policy) TierByRule(units []string, tags map[string]string) RuledTier {
	for _, r := range p.TierRules {
		inUnit := r.OU == "" || slices.Contains(units, r.OU)
		tagged := r.Tag == nil || r.Tag.has(tags)
		// One condition that does not hold settles a rule, whatever the other says.
		unread := r.OU != "" && units == nil && (tagged || tags == nil) || r.Tag != nil && tags == nil && (inUnit || units == nil)
		switch {
		case unread:
			return RuledTier{Undecided: true}
		case inUnit && tagged:
			return RuledTier{Tier: r.Tier, Rule: r.String()}
		}
	}
	return RuledTier{}
}

func (t TagRule) has(tags map[string]string) bool {
	value, there := tags[t.Key]
	return there && (t.Value == nil || *t.Value == value)
}

// TierRulesRead says what of an account the rules look at.
func (p Policy) TierRulesRead() (units, tags bool) {
	for _, r := range p.TierRules {
		units, tags = units || r.OU != "", tags || r.Tag != nil
	}
	return units, tags
}

// unitForm is that of the IDs of units and roots (Organizations API reference).
// It is compiled where there is a unit to be checked: every command reads this
// package, and few a policy.
var unitForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$`)
})

func checkTierRules(rules []TierRule, tiers map[string]Tier) error {
	var errs []error
	wrong := func(i int, format string, args ...any) {
		errs = append(errs, fmt.Errorf("tier_rules: rule %d %s", i+1, fmt.Sprintf(format, args...)))
	}
	if len(rules) > maxEntries {
		errs = append(errs, fmt.Errorf("tier_rules has %d entries, at most %d", len(rules), maxEntries))
	}
	for i, r := range rules {
		if r.Tag == nil && r.OU == "" {
			wrong(i, "names neither tag nor ou")
		}
		if r.Tag != nil && (r.Tag.Key == "" || len(r.Tag.Key) > 128) {
			wrong(i, "has a tag whose key is empty or longer than 128 bytes")
		}
		if r.Tag != nil && r.Tag.Value != nil && len(*r.Tag.Value) > 256 {
			wrong(i, "has a tag whose value is longer than 256 bytes")
		}
		if r.OU != "" && !unitForm().MatchString(r.OU) {
			wrong(i, "names the unit %q, want an ID such as ou-ab12-11111111 or r-ab12", r.OU)
		}
		if _, known := tiers[r.Tier]; !known {
			wrong(i, "gives the tier %q, which is not among the tiers", r.Tier)
		}
	}
	return errors.Join(errs...)
}
