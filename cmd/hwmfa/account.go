package main

import (
	"time"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

func newAccountCommand(a *app) *cobra.Command {
	return newGroup("account", "Say which key guards which AWS account, and what is demanded of it",
		newAccountBindCommand(a),
		newAccountExceptCommand(a),
		newExportKindCommand(a, exchange.Accounts(), "export", "hwmfa account export"),
		newAccountImportCommand(a),
		newAccountListCommand(a),
		newAccountShowCommand(a),
		newAccountTierCommand(a),
		newAccountUnbindCommand(a),
	)
}

// bindingJSON is one key that guards one account.
type bindingJSON struct {
	AccountID  string        `json:"account_id"`
	KeyID      string        `json:"key_id"`
	DeviceName string        `json:"device_name"`
	How        inventory.How `json:"how"`
	BoundAt    time.Time     `json:"bound_at"`
	BoundBy    string        `json:"bound_by"`
}

func bindingToJSON(b inventory.Binding) bindingJSON {
	return bindingJSON{
		AccountID: b.AccountID, KeyID: b.KeyID, DeviceName: b.DeviceName, How: b.How, BoundAt: b.At.UTC(), BoundBy: b.By,
	}
}

// bindingReport is one binding that was made or ended.
func bindingReport(b inventory.Binding) any {
	return struct {
		Schema string `json:"schema"`
		bindingJSON
	}{"hwmfa.binding/v1", bindingToJSON(b)}
}
