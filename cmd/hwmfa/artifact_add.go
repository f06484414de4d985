package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

type artifactAddOptions struct {
	artifact                   inventory.Artifact
	kind, key, place, original string
	openers                    []string
	json                       bool
}

func newArtifactAddCommand(a *app) *cobra.Command {
	var opts artifactAddOptions
	cmd := &cobra.Command{
		Use:   "add --kind KIND --label LABEL",
		Short: "Add an artifact: where it is and whom it concerns, never what it holds",
		Long: `Add an artifact, which has to be kept apart from keys:

  vault_copy     a copy of a password vault
  seed_medium    a medium that holds an MFA seed
  pin_envelope   the PIN of a key, in an envelope
  printed_sheet  a password or recovery codes on paper

Where it lies, who may open it and which accounts it helps to open is kept; what
it holds is not, and a label that looks like it is refused.

In a place that takes two people an artifact is added, changed, moved and retired
by two: nothing is done until a second person runs hwmfa witness confirm, and the
status is 3.` + exitStatusHelp(exitFound),
		Example: `  hwmfa artifact add --kind vault_copy --label "vault, first copy" --place "Berlin/safe 2" --account 123456789012 --opener ada@example.com --seal 4711
  hwmfa artifact add --kind vault_copy --label "vault, second copy" --place "Rome/safe 1" --replica-of A-7Q2M4XRD
  hwmfa artifact add --kind pin_envelope --label "PIN of key 7" --key 12345678 --place "Berlin/safe 2"`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runArtifactAdd(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.kind, "kind", "", "`KIND` of artifact")
	f.StringVar(&opts.artifact.Label, "label", "", "`LABEL` that tells it from others")
	f.StringArrayVar(&opts.artifact.Accounts, "account", nil, "`ACCOUNT` that it helps to open; may be given again")
	f.StringVar(&opts.key, "key", "", "`KEY` whose PIN it holds: ID, serial or tag")
	f.StringVar(&opts.place, "place", "", "`PLACE` where it lies")
	f.StringArrayVar(&opts.openers, "opener", nil, "`PERSON` who may open it; may be given again")
	f.StringVar(&opts.artifact.Seal, "seal", "", "`NUMBER` on its seal")
	f.StringVar(&opts.original, "replica-of", "", "`ARTIFACT` that it is a copy of")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.artifact/v1)")
	return cmd
}

func runArtifactAdd(ctx context.Context, a *app, opts artifactAddOptions) error {
	var added, in inventory.Artifact
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if in, err = opts.resolve(tx); err != nil {
			return err
		}
		added, err = inventory.SaveArtifact(tx, act, in)
		return err
	})
	if errors.Is(err, inventory.ErrNeedsWitness) {
		return a.askArtifact(ctx, err, opts.json, in)
	}
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(artifactReport(added))
	}
	return a.streams.Printf("%s is added as %s; %s\n", added.Label, added.ID, opensText(added))
}

// resolve finds what the flags name.
func (o artifactAddOptions) resolve(tx inventory.Tx) (inventory.Artifact, error) {
	in := o.artifact
	in.Kind = inventory.ArtifactKind(o.kind)
	if o.key != "" {
		k, err := inventory.FindKey(tx, o.key)
		if err != nil {
			return in, err
		}
		in.KeyID = k.ID
	}
	if o.place != "" {
		p, err := inventory.FindPlace(tx, o.place)
		if err != nil {
			return in, err
		}
		in.PlaceID = p.ID
	}
	if o.original != "" {
		of, err := inventory.FindArtifact(tx, o.original)
		if err != nil {
			return in, err
		}
		in.ReplicaOf = of.ID
	}
	for _, ref := range o.openers {
		p, err := inventory.FindPerson(tx, ref)
		if err != nil {
			return in, err
		}
		in.Openers = append(in.Openers, p.ID)
	}
	return in, nil
}
