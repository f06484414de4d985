package policy

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Custody is what hwmfa custody check holds the inventory against. Thresholds
// have defaults; spares, replicas and campaigns that are not written do not
// exist.
type Custody struct {
	// SitesPerAccount is over how many sites the keys of an account should be
	// spread (same_site), 1 to 8; 1 asks for nothing.
	SitesPerAccount int `yaml:"sites_per_account"`
	// DaysWithPerson is how long a key may be with a person instead of in a
	// place (with_person), 1 to 3650.
	DaysWithPerson int `yaml:"days_with_person"`
	// DaysWithoutProof is how long a key may go without having been plugged in
	// and proved (not_proved), 1 to 3650.
	DaysWithoutProof int `yaml:"days_without_proof"`
	// BatteryMonths is how long before its end the battery of a token is a
	// finding (battery_ends), 1 to 120.
	BatteryMonths int `yaml:"battery_months"`
	// Spares are the levels of the spare pools (spare_pool_low).
	Spares []Spare `yaml:"spares"`
	// Replicas are the kinds of artifacts that need copies at other sites
	// (replica_missing).
	Replicas []Replica `yaml:"replicas"`
	// Campaigns are keys that are to be swapped (campaign).
	Campaigns []Campaign `yaml:"campaigns"`
}

// Spare is how many spare keys there are to be.
type Spare struct {
	// Model is a pattern of the product's name, as path.Match takes it, in any
	// letter case; "" any.
	Model string `yaml:"model"`
	Site  string `yaml:"site"` // in any letter case; "" all sites together
	Level int    `yaml:"level"`
}

// Replica is how many copies at other sites an artifact needs.
type Replica struct {
	Kind    string `yaml:"kind"` // one of ArtifactKinds
	OffSite int    `yaml:"off_site"`
}

// ArtifactKinds are the kinds of artifacts that rules may name, as the
// inventory spells them.
func ArtifactKinds() []string {
	return []string{"vault_copy", "seed_medium", "pin_envelope", "printed_sheet"}
}

// Campaign names keys that are to be swapped: those that every condition it
// gives applies to.
type Campaign struct {
	Name  string `yaml:"name"`
	Model string `yaml:"model"` // a pattern, as for Spare; "" any
	// FirmwareBelow is the first firmware that may stay; zero: any may.
	FirmwareBelow Version `yaml:"firmware_below"`
	// Advisories are IDs, any of which has to apply to the key; none: no matter.
	Advisories []string `yaml:"advisories"`
	Deadline   Date     `yaml:"deadline"`
}

// Date is a day, at 00:00 UTC; zero is none.
type Date struct{ time.Time }

// UnmarshalYAML reads "2026-12-31".
func (d *Date) UnmarshalYAML(n *yaml.Node) error {
	day, err := time.Parse(time.DateOnly, n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || day.Year() < 2000 {
		return fmt.Errorf("line %d: date %q: want a day, as in 2026-12-31", n.Line, n.Value)
	}
	d.Time = day
	return nil
}

// Matches says whether a product's name is one of a pattern; "" takes any.
func Matches(pattern, product string) bool {
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(product))
	return pattern == "" || ok && err == nil
}

func (c Custody) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf("custody."+format, args...)) }
	model := func(name, pattern string) {
		if _, err := path.Match(pattern, ""); err != nil {
			wrong("%s %q is no pattern", name, pattern)
		}
	}
	for name, n := range map[string]int{"spares": len(c.Spares), "replicas": len(c.Replicas), "campaigns": len(c.Campaigns)} {
		if n > maxEntries {
			wrong("%s has %d entries, at most %d", name, n, maxEntries)
		}
	}
	for _, s := range c.Spares {
		model("spares: model", s.Model)
		if strings.Contains(s.Site, "/") {
			wrong("spares: site %q is not a site but a place below one", s.Site)
		}
		errs = append(errs, within("custody.spares: level", s.Level, 1, 100_000))
	}
	for _, r := range c.Replicas {
		if !slices.Contains(ArtifactKinds(), r.Kind) {
			wrong("replicas: kind is %q, want one of %s", r.Kind, strings.Join(ArtifactKinds(), ", "))
		}
		errs = append(errs, within("custody.replicas: off_site", r.OffSite, 1, 100))
	}
	names := map[string]bool{}
	for _, g := range c.Campaigns {
		if g.Name == "" || names[g.Name] {
			wrong("campaigns: name %q is missing or used twice", g.Name)
		}
		names[g.Name] = true
		model("campaigns: model", g.Model)
		if g.Model == "" && g.FirmwareBelow == (Version{}) && len(g.Advisories) == 0 {
			wrong("campaigns: %s names neither model nor firmware_below nor advisories", g.Name)
		}
		if len(g.Advisories) > maxEntries {
			wrong("campaigns: %s has %d advisories, at most %d", g.Name, len(g.Advisories), maxEntries)
		}
		for _, id := range g.Advisories {
			if !advisoryForm().MatchString(id) {
				wrong("campaigns: %s names %q, want an ID such as YSA-2024-03", g.Name, id)
			}
		}
		if g.Deadline.IsZero() {
			wrong("campaigns: %s has no deadline", g.Name)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return errors.Join(append(errs,
		within("custody.sites_per_account", c.SitesPerAccount, 1, 8),
		within("custody.days_with_person", c.DaysWithPerson, 1, 3650),
		within("custody.days_without_proof", c.DaysWithoutProof, 1, 3650),
		within("custody.battery_months", c.BatteryMonths, 1, 120),
	)...)
}
