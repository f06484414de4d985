package ceremony

import (
	"context"
	"errors"
	"maps"
	"time"

	"hwmfa/hw"
	"hwmfa/inventory"
)

// CountRequest says for which stocktake, "" the only open one, and at which
// place, "" the only one of it, plugged keys are counted.
type CountRequest struct {
	Stocktake string
	Place     string
	Touch     bool // ask those that want it for a touch or a PIN
	Actor     string
	Now       func() time.Time
	PIN       AskPIN
	OnePIN    bool // as in PresenceRequest
	Tell      func(s Step, who Seen)
}

// CountedKey is what became of one plugged key.
type CountedKey struct {
	Presence
	// Basis is what its count rests on, "" where it was not counted, because
	// nothing is known about which key it is.
	Basis inventory.Basis
	// Unknown: it was counted, as one that the inventory does not know.
	Unknown bool
}

// CountPlugged challenges every plugged key and counts each that proves to be
// itself, together with its proof. What shows the name of an enrolled key and is
// another, or has been reset, is written down as that.
func CountPlugged(ctx context.Context, bench hw.Bench, store inventory.Store, r CountRequest) (inventory.Stocktake, []CountedKey, error) {
	var s inventory.Stocktake
	var place inventory.Place
	err := store.View(ctx, func(tx inventory.Tx) (err error) {
		if s, err = inventory.OpenStocktake(tx, r.Stocktake); err == nil {
			place, err = inventory.CountPlace(tx, s, r.Place)
		}
		return err
	})
	if err != nil {
		return s, nil, err
	}
	results, missing := VerifyPresence(ctx, bench, store, PresenceRequest{
		All: true, NoTouch: !r.Touch, Actor: r.Actor, Now: r.Now, PIN: r.PIN, OnePIN: r.OnePIN, Tell: r.Tell,
		Record: func(tx inventory.Tx, act inventory.Act, p inventory.Proof) error {
			return inventory.RecordCounts(tx, act, s.ID, []inventory.Count{
				{PlaceID: place.ID, How: inventory.BasisProved, KeyID: p.KeyID, Proof: p.Event},
			})
		},
	})
	if len(results) == 0 {
		return s, nil, missing
	}
	keys := make([]CountedKey, 0, len(results))
	var counts []inventory.Count
	for _, p := range results {
		k := CountedKey{Presence: p}
		var c inventory.Count
		if k.Basis, c = p.count(); k.Basis != "" {
			k.Unknown = c.Code != ""
			if p.Verdict != Present { // those are recorded with their proofs
				c.PlaceID, c.How = place.ID, k.Basis
				counts = append(counts, c)
			}
		}
		keys = append(keys, k)
	}
	if len(counts) > 0 {
		err := store.Update(ctx, func(tx inventory.Tx) error {
			return inventory.RecordCounts(tx, inventory.Act{Actor: r.Actor, At: r.Now()}, s.ID, counts)
		})
		if err != nil {
			return s, nil, err
		}
	}
	return s, keys, missing
}

// count is what a plugged key counts for.
func (p Presence) count() (inventory.Basis, inventory.Count) {
	switch p.Verdict {
	case Present:
		return inventory.BasisProved, inventory.Count{KeyID: p.Key.ID}
	case OtherKey, FIDOReset, ResetOrOther:
		return inventory.Basis(p.Verdict), inventory.Count{KeyID: p.Key.ID, Detail: inventory.Code(p.Detail)}
	case NotEnrolled:
		code := p.Seen.Serial
		if code == "" {
			code = p.Seen.Name()
		}
		return inventory.BasisClaimed, inventory.Count{Code: inventory.Code(code)}
	case Skipped, SilentRefused:
		// Its FIDO side wants more than silence; its PIV side said which key it is.
		if p.PIV == LikenessProved {
			return inventory.BasisProved, inventory.Count{KeyID: p.Key.ID, Detail: "by its PIV key"}
		}
	case Unproved:
		// One that is only declared can do no more than show its serial.
		if p.Key != nil && !p.Key.Attested() {
			return inventory.BasisClaimed, inventory.Count{KeyID: p.Key.ID}
		}
	}
	return "", inventory.Count{}
}

// CloseStocktake closes a stocktake; what cannot be accepted stays open where no
// reason of its own was given for it (see inventory.CloseRequest).
func CloseStocktake(ctx context.Context, store inventory.Store, act inventory.Act, ref string, r inventory.CloseRequest) (inventory.Stocktake, inventory.Report, error) {
	r.Leave = map[string]string{}
	for {
		var s inventory.Stocktake
		var report inventory.Report
		err := store.Update(ctx, func(tx inventory.Tx) (err error) {
			if s, err = inventory.OpenStocktake(tx, ref); err == nil {
				s, report, err = inventory.CloseStocktake(tx, act, s, r)
			}
			return err
		})
		var cannot *inventory.UnacceptedError
		if !errors.As(err, &cannot) {
			return s, report, err
		}
		maps.Copy(r.Leave, cannot.Why) // each time more, so that it ends
	}
}
