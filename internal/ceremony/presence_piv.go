package ceremony

import (
	"context"
	"errors"
	"fmt"

	"hwmfa/hw"
	"hwmfa/hw/attest"
)

// LikenessProved: a PIV key that the enrolled key attested has signed a fresh
// challenge, so that this is the enrolled key. attest.LikenessIntact is less: an
// attestation that is played back comes to that too.
const LikenessProved attest.Likeness = "proved"

// errNoSilentPIV: the evidence has no PIV key that signs silently.
var errNoSilentPIV = errors.New("no attested PIV key signs silently")

// provePIV has the PIV keys of the enrolled key that sign silently prove that
// they are on this one; the first that does is enough. It tells which key this
// is and nothing of its FIDO side, which can be reset without PIV, and so never
// makes a key Present: what accounts trust is the FIDO side.
func (p *presence) provePIV(ctx context.Context, v attest.Verifier, before hw.PIVEvidence) error {
	failed := errNoSilentPIV
	statements := v.PIV(before, p.Key.Serial)
	for i, slot := range before.Slots {
		if _, err := attest.SilentKey(slot); err != nil || statements[i].Status != hw.StatusVerified {
			continue
		}
		if failed = ProvePIV(ctx, p.bench, &p.Seen, slot); failed == nil || lost(failed) {
			return failed
		}
	}
	return failed
}

// intact settles a key without the identity credential whose PIV side attests
// what the enrolled key attested. Where such a key signs silently, it has to.
func (p *presence) intact(ctx context.Context, v attest.Verifier, before hw.PIVEvidence) {
	switch err := p.provePIV(ctx, v, before); {
	case err == nil:
		p.PIV = LikenessProved
		p.missing(FIDOReset, "a PIV key of the enrolled key has signed a challenge on it, and the identity credential is not on it any more")
	case lost(err):
		p.cannot(ctx, err)
	case errors.Is(err, ErrSlotKey):
		p.differs("piv_key_differs", "it shows the attestation of the enrolled key's PIV key, and signs with another")
	default:
		p.missing(FIDOReset, "its PIV keys are those of the enrolled key, and the identity credential is not on it any more")
	}
}

// skipped has the PIV side of a key, which was not asked for the touch or PIN
// that it wants, say at least whether it is the enrolled one.
func (p *presence) skipped(ctx context.Context) {
	if p.Key == nil {
		return
	}
	before, err := p.storedPIV(ctx)
	var v attest.Verifier
	if err == nil && before != nil {
		v, err = Verifier(ctx, p.store, p.request.Now())
	}
	if err != nil {
		p.failed = fmt.Errorf("read evidence of %s: %w", p.Key.Label(), err)
		return
	}
	if before == nil {
		return
	}
	switch err := p.provePIV(ctx, v, *before); {
	case err == nil:
		p.PIV = LikenessProved
		p.Detail += "; its PIV key proved that it is the enrolled key, which says nothing of its FIDO side"
	case lost(err):
		p.cannot(ctx, err)
	case errors.Is(err, ErrSlotKey), errors.Is(err, hw.ErrNoCredential):
		p.PIV = attest.LikenessChanged
		p.Detail += "; the PIV key of the enrolled key is not on it"
	}
}
