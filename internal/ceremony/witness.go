package ceremony

import (
	"context"

	"hwmfa/hw"
	"hwmfa/inventory"
)

// WithWitness has the plugged key of a second person answer a challenge with a
// touch, and carries do out with that as their word, in the transaction that
// records the answer.
func WithWitness(ctx context.Context, bench hw.Bench, store inventory.Store, r PresenceRequest, do func(inventory.Tx, inventory.Act, *inventory.Witness) error) error {
	var refused error
	r.Touch = true
	r.Record = func(tx inventory.Tx, act inventory.Act, p inventory.Proof) error {
		w, err := inventory.KeyWitness(tx, act, p)
		if err == nil {
			err = do(tx, act, w)
		}
		refused = err
		return err
	}
	_, err := proveEnrolled(ctx, bench, store, r)
	if refused != nil {
		return refused
	}
	return err
}
