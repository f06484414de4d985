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
	var v attest.Verifier
	err := store.View(ctx, func(tx inventory.Tx) (err error) {
		v, err = VerifierOf(tx, signer, now)
		return err
	})
	return v, err
}

// VerifierOf is the Verifier of one reading of the inventory.
func VerifierOf(tx inventory.Tx, signer attest.MetadataSigner, now time.Time) (attest.Verifier, error) {
	v := attest.Verifier{Now: now}
	var err error
	if v.Anchors, err = Anchors(tx, time.Time{}); err != nil {
		return v, err
	}
	v.Metadata, _, err = Metadata(tx, signer, now)
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
		done, err = judgeAgain(tx, v, key)
		return err
	})
	return key, done, err
}

func judgeAgain(tx inventory.Tx, v attest.Verifier, k inventory.Key) (done []Reverified, err error) {
	stored, err := inventory.Attestations(tx, k.ID)
	for _, r := range stored {
		again := Reverified{Stored: r}
		if r.Evidence.FIDO != nil {
			st := v.FIDO(*r.Evidence.FIDO)
			again.FIDO = &st
		}
		if r.Evidence.PIV != nil {
			again.PIV = v.PIV(*r.Evidence.PIV, k.Serial)
		}
		done = append(done, again)
	}
	return done, err
}

// standing is what the last evidence of either side of a key comes to today,
// with the statement on its FIDO side. A FIDO certificate with another serial
// than the key's vouches for another key.
func standing(tx inventory.Tx, v attest.Verifier, k inventory.Key) (inventory.Summary, hw.FIDOStatement, error) {
	fido, piv := hw.FIDOStatement{Status: hw.StatusAbsent}, []hw.PIVStatement(nil)
	all, err := judgeAgain(tx, v, k)
	if err != nil {
		return inventory.Summary{}, fido, err
	}
	for _, r := range all {
		if r.FIDO != nil {
			fido = *r.FIDO
		}
		if r.Stored.Evidence.PIV != nil {
			piv = r.PIV
		}
	}
	if fido.Serial != "" && k.Serial != "" && fido.Serial != k.Serial {
		fido.Status = hw.StatusInvalid
	}
	return inventory.Summarize(fido, piv), fido, nil
}
