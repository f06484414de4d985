package ceremony

import (
	"context"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/inventory"
)

// Verifier trusts the anchors built into the program and those that the
// inventory holds, and knows of models what the inventory's FIDO metadata says.
func Verifier(ctx context.Context, store inventory.Store, now time.Time) (attest.Verifier, error) {
	signer, err := attest.FIDOAlliance()
	if err != nil {
		return attest.Verifier{}, err
	}
	return verifierWith(ctx, store, signer, now)
}

func verifierWith(ctx context.Context, store inventory.Store, signer attest.MetadataSigner, now time.Time) (attest.Verifier, error) {
	v := attest.Verifier{Now: now}
	err := store.View(ctx, func(tx inventory.Tx) (err error) {
		if v.Anchors, err = Anchors(tx, time.Time{}); err != nil {
			return err
		}
		v.Metadata, _, err = Metadata(tx, signer, now)
		return err
	})
	return v, err
}

// Reverified is one stored piece of evidence, judged again.
type Reverified struct {
	Stored inventory.Attestation
	FIDO   *hw.FIDOStatement // nil where the record has no FIDO evidence
	PIV    []hw.PIVStatement
}

// Reverify judges the stored evidence of a key again, from the inventory
// alone, with today's anchors and metadata.
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
