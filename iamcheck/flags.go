package iamcheck

import (
	"fmt"
	"maps"
	"slices"
)

// keysByAccount are the distinct usable keys bound to each account.
func keysByAccount(bound []BoundKey) map[string]map[string]bool {
	return index(bound, func(k BoundKey) (string, string) { return k.AccountID, k.KeyID })
}

// accountsByKey are the distinct accounts each usable key guards.
func accountsByKey(bound []BoundKey) map[string]map[string]bool {
	return index(bound, func(k BoundKey) (string, string) { return k.KeyID, k.AccountID })
}

func index(bound []BoundKey, pair func(BoundKey) (string, string)) map[string]map[string]bool {
	sets := map[string]map[string]bool{}
	for _, k := range bound {
		if !k.Usable() {
			continue
		}
		from, to := pair(k)
		if sets[from] == nil {
			sets[from] = map[string]bool{}
		}
		sets[from][to] = true
	}
	return sets
}

// noBackup holds the usable keys of each account against the number it needs. Its figure is that of the account with the
// fewest.
func noBackup(accounts []string, bound []BoundKey, th Thresholds) Flag {
	keys := keysByAccount(bound)
	f := Flag{Flag: NoBackup, Threshold: float64(th.Backup), Accounts: []string{}, Keys: []string{}}
	concerned := map[string]bool{}
	for _, a := range accounts {
		n := float64(len(keys[a]))
		if f.Figure == nil || n < *f.Figure {
			f.Figure = &n
		}
		if n < f.Threshold {
			f.Accounts = append(f.Accounts, a)
			maps.Copy(concerned, keys[a])
		}
	}
	f.Keys = sorted(concerned)
	if f.Figure == nil {
		f.Text = "no account demands hardware MFA for root"
		return f
	}
	f.raise(*f.Figure < f.Threshold)
	f.Text = fmt.Sprintf("accounts with fewer than %d usable keys bound: %d of %d; the fewest is %g",
		th.Backup, len(f.Accounts), len(accounts), *f.Figure)
	return f
}

// concentration holds the accounts that each usable key guards against the number it may. Its figure is that of the key
// with the most.
func concentration(bound []BoundKey, th Thresholds) Flag {
	f := Flag{Flag: Concentration, Threshold: float64(th.Concentration), Accounts: []string{}, Keys: []string{}}
	most := 0.0
	concerned := map[string]bool{}
	for key, accounts := range accountsByKey(bound) {
		n := float64(len(accounts))
		most = max(most, n)
		if n > f.Threshold {
			f.Keys = append(f.Keys, key)
			maps.Copy(concerned, accounts)
		}
	}
	slices.Sort(f.Keys)
	f.Accounts = sorted(concerned)
	f.Figure = &most
	f.raise(most > f.Threshold)
	f.Text = fmt.Sprintf("keys that guard more accounts than %d: %d; the most that one key guards is %g", th.Concentration, len(f.Keys), most)
	return f
}

// Burden are the numbers behind logistics_burden. The benchmark's own text says of this control that in an organization
// with many accounts hardware MFA may become a burden of logistics, and that Level 2 may then be kept for selected ones.
type Burden struct {
	// Accounts are those that Level 2 is demanded of.
	Accounts int `json:"accounts"`
	// Registrations are what has to be done by hand at the console: every account with every one of its keys.
	Registrations int `json:"registrations"`
	// KeysNeeded is the fewest keys that do it while none guards more accounts than it may: handing the registrations out
	// to them in turn keeps both numbers.
	KeysNeeded int `json:"keys_needed"`
	// KeysBound are the usable keys that are bound to these accounts today.
	KeysBound int `json:"keys_bound"`
	// KeysPerAccount is KeysBound over Accounts; null without accounts.
	KeysPerAccount *float64 `json:"keys_per_account"`
	// Custodians is how many people look after keys; the two figures for each of them are null where it is unknown.
	Custodians                *int     `json:"custodians"`
	KeysPerCustodian          *float64 `json:"keys_per_custodian"`
	RegistrationsPerCustodian *float64 `json:"registrations_per_custodian"`
}

// burdenOf counts what Level 2 needs.
func burdenOf(accounts []string, bound []BoundKey, census Census, th Thresholds) Burden {
	n := len(accounts)
	b := Burden{
		Accounts:      n,
		Registrations: n * th.Backup,
	}
	if n > 0 {
		b.KeysNeeded = max(th.Backup, (b.Registrations+th.Concentration-1)/th.Concentration)
	}
	keys := keysByAccount(bound)
	used := map[string]bool{}
	for _, a := range accounts {
		maps.Copy(used, keys[a])
	}
	b.KeysBound = len(used)
	if n > 0 {
		b.KeysPerAccount = ratio(b.KeysBound, n)
	}
	if c := census.Custodians; c != nil && *c > 0 {
		people := *c
		b.Custodians = &people
		b.KeysPerCustodian = ratio(b.KeysNeeded, people)
		b.RegistrationsPerCustodian = ratio(b.Registrations, people)
	}
	return b
}

// logisticsBurden holds the keys that Level 2 needs for each custodian against what one person can look after. With nobody
// to count there is no figure: a guess would look like a measurement.
func logisticsBurden(accounts []string, bound []BoundKey, census Census, th Thresholds) Flag {
	b := burdenOf(accounts, bound, census, th)
	f := Flag{Flag: LogisticsBurden, Figure: b.KeysPerCustodian, Threshold: float64(th.Burden), Accounts: []string{}, Keys: []string{}, Burden: &b}
	f.Text = fmt.Sprintf("accounts that have to pass: %d; keys they need at least: %d; registrations by hand: %d", b.Accounts, b.KeysNeeded, b.Registrations)
	if b.KeysPerCustodian == nil {
		f.Text += "; how many people look after keys is not known"
		return f
	}
	f.Text += fmt.Sprintf("; custodians: %d, each with %.1f keys and %.1f registrations",
		*b.Custodians, *b.KeysPerCustodian, *b.RegistrationsPerCustodian)
	over := *b.KeysPerCustodian > f.Threshold
	f.raise(over)
	if over {
		f.Accounts = accounts
		f.Text += "; consider removing root credentials centrally, or Level 2 for selected accounts only"
	}
	return f
}

// level2Everywhere counts the accounts that hardware is demanded of although their root credentials could be removed, and those
// that keys are bound to although their tier does not ask for them. Where of some it is unknown, there is a figure only if the
// others are too many by themselves.
func (t *Tally) level2Everywhere(demanded int, bound []BoundKey, th Thresholds) Flag {
	f := Flag{Flag: Level2Everywhere, Threshold: float64(th.Avoidable), Accounts: []string{}}
	keys := keysByAccount(bound)
	accounts, concerned := map[string]bool{}, map[string]bool{}
	for _, a := range t.removable {
		accounts[a] = true
	}
	removable := len(accounts)
	for _, a := range t.spared {
		if len(keys[a]) > 0 {
			accounts[a] = true
		}
	}
	for a := range accounts {
		maps.Copy(concerned, keys[a])
	}
	f.Accounts, f.Keys = sorted(accounts), sorted(concerned)
	n := float64(len(accounts))
	f.Text = fmt.Sprintf("accounts that hardware is demanded of and whose root credentials could be removed: %d of %d; accounts with keys that their tier does not ask for: %d",
		removable, demanded, len(accounts)-removable)
	over := n > f.Threshold
	if t.undecided > 0 && !over {
		f.Text += fmt.Sprintf("; of %d it is not known whether they could", t.undecided)
		return f
	}
	f.Figure = &n
	f.raise(over)
	if over {
		f.Text += "; consider removing root credentials centrally, and unbinding those keys"
	}
	return f
}

func (f *Flag) raise(is bool) { f.Raised = &is }

func ratio(a, b int) *float64 {
	r := float64(a) / float64(b)
	return &r
}

func sorted(set map[string]bool) []string { return orEmpty(slices.Sorted(maps.Keys(set))) }
