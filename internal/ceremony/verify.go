package ceremony

import (
	"context"
	"fmt"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/inventory"
)

// Verifier trusts the anchors built into the program and those that the
// inventory holds.
func Verifier(ctx context.Context, store inventory.Store, now time.Time) (attest.Verifier, error) {
	anchors, err := attest.Yubico()
	if err != nil {
		return attest.Verifier{}, fmt.Errorf("built-in trust anchors: %w", err)
	}
	err = store.View(ctx, func(tx inventory.Tx) error {
		added, err := tx.ListAnchors()
		if err != nil {
			return err
		}
		for _, a := range added {
			if err := anchors.AddPEM(a.Name, []byte(a.PEM)); err != nil {
				return fmt.Errorf("trusted root %s: %w", a.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return attest.Verifier{}, fmt.Errorf("read trust anchors: %w", err)
	}
	return attest.Verifier{Anchors: anchors, Now: now}, nil
}

// Reverified is one stored piece of evidence, judged again.
type Reverified struct {
	Stored inventory.Attestation
	FIDO   *hw.FIDOStatement // nil where the record has no FIDO evidence
	PIV    []hw.PIVStatement
}

// Reverify judges the stored evidence of a key again, from the inventory
// alone, with today's anchors.
func Reverify(ctx context.Context, store inventory.Store, v attest.Verifier, ref string) (inventory.Key, []Reverified, error) {
	var key inventory.Key
	var done []Reverified
	err := store.View(ctx, func(tx inventory.Tx) (err error) {
		if key, err = inventory.FindKey(tx, ref); err != nil {
			return err
		}
		stored, err := inventory.Attestations(tx, key.ID)
		for _, r := range stored {
			again := Reverified{Stored: r}
			if r.Evidence.FIDO != nil {
				st := v.FIDO(*r.Evidence.FIDO)
				again.FIDO = &st
			}
			if r.Evidence.PIV != nil {
				again.PIV = v.PIV(*r.Evidence.PIV, key.Serial)
			}
			done = append(done, again)
		}
		return err
	})
	return key, done, err
}
