package exchange

import (
	"time"

	"hwmfa/inventory"
)

// accountColumn names an account.
var accountColumn = Column{Name: "account_id", Aliases: []string{"account", "aws_account", "aws_account_id", "accountid"}, Required: true, Parse: parseAccount}

// Accounts carries AWS accounts.
func Accounts() Kind {
	id := accountColumn
	id.Unique, id.Aliases = true, append([]string{"id"}, id.Aliases...)
	return Kind{
		Name: "accounts", About: "an AWS account",
		Schema: schema("accounts", id, Column{Name: "name", Aliases: []string{"account_name"}}, Column{Name: "tier"}),
		rows:   accountRows, step: accountStep,
		identity: func(_ *register, row Record) string { return row.Text("account_id") },
	}
}

func accountRows(tx inventory.Tx) ([][]string, error) {
	all, err := inventory.Accounts(tx)
	rows := make([][]string, 0, len(all))
	for _, a := range all {
		rows = append(rows, []string{a.ID, a.Name, a.Tier})
	}
	return rows, err
}

func accountStep(r *register, row Record) Step {
	a, known := r.accounts[row.Text("account_id")]
	s := Step{Name: row.Text("account_id")}
	if !known {
		a.ID, s.Action = s.Name, ActionCreate
	}
	if s.set("name", a.Name, row.Text("name")) {
		a.Name = row.Text("name")
	}
	if s.set("tier", a.Tier, row.Text("tier")) {
		a.Tier = row.Text("tier")
	}
	s.do = func(tx inventory.Tx, act inventory.Act) error { return inventory.SaveAccount(tx, act, a) }
	return s
}

// Bindings carries which keys are root MFA devices of which accounts. Importing
// makes named ones only: nobody saw them being registered.
func Bindings() Kind {
	return Kind{
		Name: "bindings", About: "a key that is a root MFA device of an account",
		Schema: schema("bindings", append(append([]Column{accountColumn}, keyColumns(false)...),
			Column{Name: "device_name", Aliases: []string{"device"}, Required: true},
			Column{Name: "how", Out: true}, Column{Name: "bound_at", Time: true, Out: true},
		)...),
		rows: bindingRows, step: bindingStep,
		identity: func(r *register, row Record) string {
			if k, known, _ := r.key(row); known {
				return row.Text("account_id") + " " + k.ID
			}
			return ""
		},
	}
}

func bindingRows(tx inventory.Tx) ([][]string, error) {
	r, err := newRegister(tx)
	if err != nil {
		return nil, err
	}
	all, err := inventory.Bindings(tx)
	rows := make([][]string, 0, len(all))
	for _, b := range all {
		k := r.keys[b.KeyID]
		rows = append(rows, []string{b.AccountID, b.KeyID, k.Serial, k.Tag, b.DeviceName, string(b.How), b.At.UTC().Format(time.RFC3339)})
	}
	return rows, err
}

func bindingStep(r *register, row Record) Step {
	account, device := row.Text("account_id"), row.Text("device_name")
	s := Step{Name: account + " " + rowName(row)}
	k, known, fault := r.key(row)
	if fault == "" && !known {
		fault = "there is no such key; import keys first"
	}
	if fault != "" {
		s.conflict("%s", fault)
		return s
	}
	s.Name = account + " " + k.Label()
	old, bound := r.bindings[[2]string{account, k.ID}]
	switch {
	case !bound:
		s.Action = ActionCreate
	case inventory.Fold(old.DeviceName) == inventory.Fold(device):
		return s
	case old.How == inventory.HowWitnessed:
		s.conflict("hwmfa saw it being registered as %s; if that has ended, unbind it first", old.DeviceName)
		return s
	}
	s.set("device_name", old.DeviceName, device)
	if how := row.Text("how"); how == string(inventory.HowWitnessed) {
		s.Notes = append(s.Notes, "comes in as named: only hwmfa itself can witness")
	}
	s.do = func(tx inventory.Tx, act inventory.Act) error {
		if bound {
			if _, err := inventory.UnbindKey(tx, act, account, k.ID); err != nil {
				return err
			}
		}
		_, err := inventory.BindKey(tx, act, inventory.Binding{AccountID: account, KeyID: k.ID, DeviceName: device, How: inventory.HowNamed})
		return err
	}
	return s
}
