package main

import (
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

func newPlaceCommand(a *app) *cobra.Command {
	return newGroup("place", "Keep the sites, safes and slots where keys lie, and who may open them",
		newPlaceAddCommand(a),
		newPlaceEditCommand(a),
		newExportKindCommand(a, exchange.Places(), "export", "hwmfa place export"),
		newImportKindCommand(a, exchange.Places(), "import", "hwmfa place import"),
		newPlaceGrantCommand(a),
		newPlaceLabelCommand(a),
		newPlaceListCommand(a),
		newPlaceRevokeCommand(a),
		newPlaceShowCommand(a),
	)
}

// placeJSON is one place.
type placeJSON struct {
	ID        string `json:"id"`
	Path      string `json:"path"`
	Capacity  *int64 `json:"capacity"`   // null: no limit
	TwoPeople bool   `json:"two_people"` // the place itself; one above it may say so too
	Keys      int    `json:"keys"`       // that lie there and below
	// Openers may open this very place; who may open one above it may open this too.
	Openers []namedJSON `json:"openers"`
}

type namedJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func placeToJSON(p inventory.Place, keys int, access []inventory.Access) placeJSON {
	j := placeJSON{ID: p.ID, Path: p.Path, TwoPeople: p.TwoPeople, Keys: keys, Openers: []namedJSON{}}
	if p.Capacity > 0 {
		j.Capacity = &p.Capacity
	}
	for _, at := range access {
		if at.PlaceID == p.ID {
			j.Openers = append(j.Openers, namedJSON{at.PersonID, at.Person})
		}
	}
	return j
}

// readPlace is one place as it is shown.
func readPlace(tx inventory.Tx, p inventory.Place) (placeJSON, error) {
	keys, err1 := inventory.KeysAtRest(tx, p)
	access, err2 := inventory.AccessList(tx)
	return placeToJSON(p, keys, access), errors.Join(err1, err2)
}

// placeReport is one place that was added or changed.
func placeReport(p placeJSON) any {
	return struct {
		Schema string    `json:"schema"`
		Place  placeJSON `json:"place"`
	}{"hwmfa.place/v1", p}
}
