package ceremony

import (
	"context"
	"errors"
	"fmt"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/inventory"
)

// diagnose says what a key is that does not know the identity credential.
// Firmware and model are burnt in, so a difference there is another key. The
// card side has the last word: the FIDO side of a key can be reset without it,
// and another key can show the same serial but not hold the same PIV keys.
// Where neither helps, both are possible, and it says so.
func (p *presence) diagnose(ctx context.Context) {
	if err := p.Seen.sameKey(ctx, p.bench); err != nil {
		p.cannot(ctx, err)
		return
	}
	if p.Key == nil {
		p.settle(NotEnrolled, "not_enrolled", nil)
		return
	}
	if reason, detail := p.contradiction(); reason != "" {
		p.differs(reason, detail)
		return
	}
	if !p.Seen.FIDO2 && !p.Key.AAGUID.IsZero() {
		// What CTAP2 made, U2F need not know.
		p.cannot(ctx, fmt.Errorf("%s speaks U2F only now, and was enrolled by FIDO2, which is %w", p.Seen.Name(), hw.ErrUnsupported))
		return
	}
	before, err := p.storedPIV(ctx)
	var v attest.Verifier
	if err == nil {
		v, err = Verifier(ctx, p.store, p.request.Now())
	}
	if err != nil {
		p.failed = fmt.Errorf("read evidence of %s: %w", p.Key.Label(), err)
		return
	}
	if before != nil {
		if err := p.comparePIV(ctx, v, *before); err != nil {
			p.cannot(ctx, err)
			return
		}
	}
	switch p.PIV {
	case attest.LikenessForeign:
		p.differs("piv_attester_differs", "its PIV attestation certificate, which the maker puts in and no reset takes out, is another")
	case attest.LikenessIntact:
		p.intact(ctx, v, *before)
	case attest.LikenessChanged:
		p.missing(ResetOrOther, "neither the identity credential nor the PIV keys of the enrolled key are on it")
	default:
		p.missing(ResetOrOther, "the identity credential is not on it, and no PIV key tells a reset from another key")
	}
}

// contradiction is what the key says of itself that the enrolled one cannot say.
func (p *presence) contradiction() (reason, detail string) {
	s, k := p.Seen, p.Key
	switch {
	case !s.Firmware.IsZero() && !k.Firmware.IsZero() && s.Firmware != k.Firmware:
		return "firmware_differs", fmt.Sprintf("it has firmware %s, the enrolled key %s", s.Firmware, k.Firmware)
	case !k.AAGUID.IsZero() && s.FIDO2 && s.FIDO.AAGUID != k.AAGUID:
		return "model_differs", fmt.Sprintf("it is of model %s, the enrolled key of %s", s.FIDO.AAGUID, k.AAGUID)
	case s.FormFactor != hw.FormUnknown && k.FormFactor != hw.FormUnknown && s.FormFactor != k.FormFactor:
		return "form_factor_differs", fmt.Sprintf("it is a %s, the enrolled key a %s", s.FormFactor, k.FormFactor)
	}
	return "", ""
}

// differs settles a key that is not the enrolled one it was held against.
func (p *presence) differs(reason, detail string) {
	p.settle(OtherKey, reason, nil)
	p.Detail = detail
}

// missing settles a key without the identity credential.
func (p *presence) missing(v Verdict, detail string) {
	p.settle(v, "no_credential", nil)
	p.Detail = detail
}

// storedPIV is the last evidence of the card side that the inventory has.
func (p *presence) storedPIV(ctx context.Context) (last *hw.PIVEvidence, err error) {
	err = p.store.View(ctx, func(tx inventory.Tx) error {
		all, err := inventory.Attestations(tx, p.Key.ID)
		for _, a := range all {
			if a.Evidence.PIV != nil {
				last = a.Evidence.PIV
			}
		}
		return err
	})
	return last, err
}

// comparePIV reads the card side again and holds it against the evidence. A
// card that cannot be read is a warning and compares to nothing; a key that is
// gone by now is an error.
func (p *presence) comparePIV(ctx context.Context, v attest.Verifier, before hw.PIVEvidence) error {
	p.PIV = attest.LikenessUnknown
	now, unread := p.Seen.pivEvidence(ctx, p.bench)
	if lost(unread) {
		return unread
	}
	if err := p.Seen.stillThere(ctx, p.bench); err != nil {
		return err
	}
	if unread != nil && !errors.Is(unread, hw.ErrUnsupported) {
		p.Seen.warn("piv_evidence_unreadable", unread)
	}
	if now == nil {
		return nil
	}
	// A slot that could not be read may be the one that has not changed.
	if like := v.ComparePIV(before, *now, p.Key.Serial); unread == nil || like != attest.LikenessChanged {
		p.PIV = like
	}
	return nil
}
