package main

import (
	"time"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

func newArtifactCommand(a *app) *cobra.Command {
	return newGroup("artifact", "Keep track of what has to be kept apart from keys",
		newArtifactAddCommand(a),
		newExportKindCommand(a, exchange.Artifacts(), "export", "hwmfa artifact export"),
		newImportKindCommand(a, exchange.Artifacts(), "import", "hwmfa artifact import"),
		newArtifactGrantCommand(a),
		newArtifactListCommand(a),
		newArtifactMoveCommand(a),
		newArtifactRetireCommand(a),
		newArtifactRevokeCommand(a),
		newArtifactShowCommand(a),
	)
}

// artifactJSON is one artifact; what is not known is null.
type artifactJSON struct {
	ID        string                 `json:"id"`
	Kind      inventory.ArtifactKind `json:"kind"`
	Label     string                 `json:"label"`
	Accounts  []string               `json:"accounts"`
	Key       *string                `json:"key"` // of a PIN envelope: the ID of the key whose PIN it holds
	Place     *string                `json:"place"`
	Openers   []string               `json:"openers"` // the IDs of the people who may open it
	Seal      *string                `json:"seal"`
	ReplicaOf *string                `json:"replica_of"`
	RetiredAt *time.Time             `json:"retired_at"`
}

func artifactToJSON(of inventory.Artifact) artifactJSON {
	return artifactJSON{
		ID: of.ID, Kind: of.Kind, Label: of.Label, Accounts: append([]string{}, of.Accounts...), Key: null(of.KeyID), Place: null(of.Place),
		Openers: append([]string{}, of.Openers...), Seal: null(of.Seal), ReplicaOf: null(of.ReplicaOf), RetiredAt: nullTime(of.RetiredAt),
	}
}

// artifactReport is one artifact that was added, changed or asked for.
func artifactReport(of inventory.Artifact) any {
	return struct {
		Schema   string       `json:"schema"`
		Artifact artifactJSON `json:"artifact"`
	}{"hwmfa.artifact/v1", artifactToJSON(of)}
}
