package main

import (
	"time"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

func newPersonCommand(a *app) *cobra.Command {
	return newGroup("person", "Keep the people who hold keys and open places",
		newPersonAddCommand(a),
		newPersonEditCommand(a),
		newExportKindCommand(a, exchange.People(), "export", "hwmfa person export"),
		newImportKindCommand(a, exchange.People(), "import", "hwmfa person import"),
		newPersonLeaveCommand(a),
		newPersonListCommand(a),
		newPersonShowCommand(a),
	)
}

// personJSON is one person; what is not known is null.
type personJSON struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Email  *string    `json:"email"`
	Login  *string    `json:"login"`
	Site   *string    `json:"site"`
	LeftAt *time.Time `json:"left_at"`
}

func personToJSON(p inventory.Person) personJSON {
	return personJSON{
		ID: p.ID, Name: p.Name, Email: null(p.Email), Login: null(p.Login), Site: null(p.Site), LeftAt: nullTime(p.LeftAt),
	}
}

// personReport is one person that was added or changed.
func personReport(p inventory.Person) any {
	return struct {
		Schema string     `json:"schema"`
		Person personJSON `json:"person"`
	}{"hwmfa.person/v1", personToJSON(p)}
}
