package exchange

import (
	"fmt"
	"strings"
	"testing"

	"hwmfa/inventory"
)

// accountsTx holds accounts, and nothing else.
type accountsTx struct {
	inventory.Tx
	list []inventory.Account
}

func (t accountsTx) ListAccounts() ([]inventory.Account, error) { return t.list, nil }

func TestPlanOrganization(t *testing.T) {
	const id = "100000000000"
	is := func(name, tier string) []inventory.Account {
		return []inventory.Account{{ID: id, Name: name, Tier: tier}}
	}
	at := func(change func(*OrgAccount)) OrgAccount {
		a := OrgAccount{ID: id, Name: "web", State: "ACTIVE"}
		change(&a)
		return a
	}
	ruled := func(a *OrgAccount) { a.Tier, a.Rule = "prod", "tag env=prod" }
	for _, tt := range []struct {
		name   string
		have   []inventory.Account
		listed OrgAccount
		retier bool
		want   string
	}{
		{"a new account", nil, at(func(*OrgAccount) {}), false, "create [{name  web}] []"},
		{"a new account with a rule", nil, at(ruled), false, "create [{name  web} {tier  prod}] [tier by tag env=prod]"},
		{"an account that is there", is("web", ""), at(func(*OrgAccount) {}), false, "same [] []"},
		{"another name", is("old", ""), at(func(*OrgAccount) {}), false, "change [{name old web}] []"},
		{"no name", is("old", ""), at(func(a *OrgAccount) { a.Name = "" }), false, "same [] []"},
		{"a tier where there was none", is("web", ""), at(ruled), false, "change [{tier  prod}] [tier by tag env=prod]"},
		{"a tier that somebody gave", is("web", "lab"), at(ruled), false, "same [] [tier stays lab; tag env=prod would give prod]"},
		{"a tier that is to be replaced", is("web", "lab"), at(ruled), true, "change [{tier lab prod}] [tier by tag env=prod]"},
		{"the same tier", is("web", "prod"), at(ruled), true, "same [] []"},
		{"no rule for a tier that somebody gave", is("web", "lab"), at(func(*OrgAccount) {}), true, "same [] []"},
		{"tags that were not read", is("web", ""), at(func(a *OrgAccount) { a.Undecided = true }), false, "same [] [no tier: what the rules look at could not be read]"},
		{"tags that were not read, of an account with a tier", is("web", "lab"), at(func(a *OrgAccount) { a.Undecided = true }), true, "same [] [tier stays lab; what the rules look at could not be read]"},
		{"a closed account", is("web", ""), at(func(a *OrgAccount) { a.State = "CLOSED" }), false, "same [] [AWS says CLOSED]"},
		{"a closed account that is not there", nil, at(func(a *OrgAccount) { a.State = "CLOSED" }), false, "same [] [is closed; it is not taken in]"},
		{"a suspended account", nil, at(func(a *OrgAccount) { a.State = "SUSPENDED" }), false, "create [{name  web}] [AWS says SUSPENDED]"},
		{"a hostile name", nil, at(func(a *OrgAccount) { a.Name = "a\x1b[2J" }), false, "create [] [its name at AWS is not taken: account name contains the unprintable character U+001B]"},
		{"a name that is too long", nil, at(func(a *OrgAccount) { a.Name = strings.Repeat("x", 200) }), false, "create [] [its name at AWS is not taken: account name is longer than 128 bytes]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := PlanOrganization(accountsTx{list: tt.have}, []OrgAccount{tt.listed}, tt.retier)
			if err != nil || len(p.Steps) != 1 {
				t.Fatalf("got %+v, %v", p, err)
			}
			s := p.Steps[0]
			if got := fmt.Sprint(s.Action, " ", s.Changes, " ", s.Notes); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	t.Run("what AWS does not list stays, and is told last", func(t *testing.T) {
		p, err := PlanOrganization(accountsTx{list: is("web", "")}, []OrgAccount{{ID: "300000000000"}, {ID: "200000000000"}}, false)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range p.Steps {
			got = append(got, fmt.Sprint(s.Row, " ", s.Where, " ", s.Name, " ", s.Action))
		}
		want := "1 listed 200000000000 create, 2 listed 300000000000 create, 3 not listed 100000000000 same"
		if all := strings.Join(got, ", "); all != want {
			t.Errorf("got %s", all)
		}
	})
}
