// Package policy holds an organization's thresholds (how many keys an account
// needs, how many accounts one key may guard, how many keys one person can look
// after), its rules for keeping keys and those for enrolling one. They come from
// a YAML file that is read strictly; a name it does not know is an error,
// because a misspelt rule would silently be none. It decides what a rule says of
// a key; what is done about that, and with the figures, is not decided here.
package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"
)

// Policy is the set of thresholds and rules. docs/policy.md shows all of them.
type Policy struct {
	// KeysPerAccount is the fewest usable keys that an account's root user
	// should have (the flag no_backup), 1 to 8: AWS allows eight devices.
	KeysPerAccount int `yaml:"keys_per_account"`
	// AccountsPerKey is the most accounts that one key should guard
	// (concentration), 1 to 10000.
	AccountsPerKey int `yaml:"accounts_per_key"`
	// KeysPerCustodian is the most keys that one person should have to look
	// after (logistics_burden), 1 to 10000.
	KeysPerCustodian int `yaml:"keys_per_custodian"`
	// AvoidableAccounts is the most accounts that hardware should be demanded of,
	// or kept for, without need (level2_everywhere), 0 to 1000000.
	AvoidableAccounts int `yaml:"avoidable_accounts"`
	// RequireDelivery refuses to enroll a key that is on no delivery list.
	RequireDelivery bool `yaml:"require_delivery"`
	// Tiers says what is demanded of the accounts of a tier.
	Tiers map[string]Tier `yaml:"tiers"`
	// TierRules give accounts a tier that nobody gave them by hand.
	TierRules []TierRule `yaml:"tier_rules"`
	// ExceptionDays is how long an exception may last at most, 1 to 3650.
	ExceptionDays int `yaml:"exception_days"`
	// RootEmail is what is asked of the e-mail addresses of root users.
	RootEmail RootEmail `yaml:"root_email"`
	// Custody is what hwmfa custody check holds the inventory against.
	Custody Custody `yaml:"custody"`
	// Enrollment is what a key has to pass to be enrolled.
	Enrollment Enrollment `yaml:"enrollment"`
}

// Default is the policy of an organization that wrote none.
func Default() Policy {
	return Policy{
		KeysPerAccount: 2, AccountsPerKey: 10, KeysPerCustodian: 20, ExceptionDays: 366,
		Custody: Custody{SitesPerAccount: 2, DaysWithPerson: 30, DaysWithoutProof: 180, BatteryMonths: 6},
	}
}

// maxFile bounds a policy file, in bytes.
const maxFile = 1 << 20

// Load reads a policy file; "" gives the default.
func Load(path string) (Policy, error) {
	if path == "" {
		return Default(), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return Policy{}, fmt.Errorf("read policy: %w", err)
	}
	defer f.Close()
	p, err := Read(f)
	if err != nil {
		return Policy{}, fmt.Errorf("read policy %s: %w", path, err)
	}
	return p, nil
}

// Read parses a policy. What it does not mention keeps its default.
func Read(r io.Reader) (Policy, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return Policy{}, err
	}
	if len(data) > maxFile {
		return Policy{}, fmt.Errorf("larger than %d bytes", maxFile)
	}
	p := Default()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&p); err != nil && !errors.Is(err, io.EOF) {
		return Policy{}, err
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Policy{}, errors.New("more than one YAML document")
	}
	return p, p.check()
}

func (p Policy) check() error {
	return errors.Join(
		within("keys_per_account", p.KeysPerAccount, 1, 8),
		within("accounts_per_key", p.AccountsPerKey, 1, 10000),
		within("keys_per_custodian", p.KeysPerCustodian, 1, 10000),
		within("avoidable_accounts", p.AvoidableAccounts, 0, 1000000),
		within("exception_days", p.ExceptionDays, 1, 3650),
		checkTiers(p.Tiers),
		checkTierRules(p.TierRules, p.Tiers),
		p.RootEmail.check(),
		p.Custody.check(),
		p.Enrollment.check(),
	)
}

func within(name string, value, least, most int) error {
	if value < least || value > most {
		return fmt.Errorf("%s is %d, want %d to %d", name, value, least, most)
	}
	return nil
}
