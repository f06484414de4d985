package ceremony

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/inventory"
)

// ErrBuiltIn: what is built into the program cannot be taken out of it.
var ErrBuiltIn = errors.New("built into the program")

// ErrChanged: the inventory is not any more what a person was shown.
var ErrChanged = errors.New("the inventory has changed meanwhile")

// TrustRemoval is what taking back the trust in an anchor comes to.
type TrustRemoval struct {
	// Anchors are those that go: what was named, and the intermediates that lead
	// to nothing else. Left behind, such a one would stand for itself.
	Anchors []inventory.Anchor
	// Keys are those whose stored attestation verifies with them and not
	// without. What was recorded of them at enrollment stays.
	Keys []inventory.Key
}

// same says whether two removals come to the same.
func (r TrustRemoval) same(other TrustRemoval) bool {
	return slices.EqualFunc(r.Anchors, other.Anchors, func(a, b inventory.Anchor) bool { return a.SHA256 == b.SHA256 }) &&
		slices.EqualFunc(r.Keys, other.Keys, func(a, b inventory.Key) bool { return a.ID == b.ID })
}

// PlanTrustRemoval says what it comes to to remove the anchors of a name, or the
// one with a SHA-256 that begins so. Nothing is changed.
func PlanTrustRemoval(tx inventory.Tx, signer attest.MetadataSigner, ref string, now time.Time) (TrustRemoval, error) {
	added, err := inventory.Anchors(tx)
	if err != nil {
		return TrustRemoval{}, fmt.Errorf("read trust anchors: %w", err)
	}
	before, err := anchorsOf(added)
	if err != nil {
		return TrustRemoval{}, err
	}
	named, err := inventory.FindAnchors(tx, ref)
	if err != nil {
		if errors.Is(err, inventory.ErrNotFound) && isBuiltIn(before, ref) {
			err = fmt.Errorf("anchor %q: %w", ref, ErrBuiltIn)
		}
		return TrustRemoval{}, err
	}
	rest, after, err := without(added, named, before)
	if err != nil {
		return TrustRemoval{}, err
	}
	var r TrustRemoval
	for _, a := range added {
		if !slices.ContainsFunc(rest, func(b inventory.Anchor) bool { return b.SHA256 == a.SHA256 }) {
			r.Anchors = append(r.Anchors, a)
		}
	}
	metadata, _, err := Metadata(tx, signer, now)
	if err != nil {
		return r, err
	}
	r.Keys, err = restOn(tx, attest.Verifier{Anchors: before, Now: now, Metadata: metadata}, attest.Verifier{Anchors: after, Now: now, Metadata: metadata})
	return r, err
}

// RemoveTrust carries out a removal as it was planned, or gives ErrChanged.
func RemoveTrust(tx inventory.Tx, act inventory.Act, signer attest.MetadataSigner, ref string, planned TrustRemoval) error {
	now, err := PlanTrustRemoval(tx, signer, ref, act.At)
	if err != nil {
		return err
	}
	if !now.same(planned) {
		return fmt.Errorf("remove anchor %q: %w", ref, ErrChanged)
	}
	for _, a := range now.Anchors {
		if err := inventory.RemoveAnchor(tx, act, a); err != nil {
			return err
		}
	}
	return nil
}

func isBuiltIn(all *attest.Anchors, ref string) bool {
	return slices.ContainsFunc(all.List(), func(a attest.Anchor) bool {
		return a.BuiltIn && (a.Name == ref || len(ref) >= 8 && len(ref) <= len(a.SHA256) && a.SHA256[:len(ref)] == ref)
	})
}

// without is what is left of the added anchors when some go, and with them each
// intermediate that nothing left vouches for.
func without(added, gone []inventory.Anchor, before *attest.Anchors) (rest []inventory.Anchor, after *attest.Anchors, err error) {
	leaves := map[string]bool{}
	for _, a := range gone {
		leaves[a.SHA256.String()] = true
	}
	link := map[string]bool{}
	for _, a := range before.List() {
		link[a.SHA256] = a.Kind == attest.KindIntermediate
	}
	for {
		rest = slices.DeleteFunc(slices.Clone(added), func(a inventory.Anchor) bool { return leaves[a.SHA256.String()] })
		if after, err = anchorsOf(rest); err != nil {
			return nil, nil, err
		}
		n := len(leaves)
		for _, a := range after.List() {
			if link[a.SHA256] && a.Kind != attest.KindIntermediate {
				leaves[a.SHA256] = true
			}
		}
		if len(leaves) == n {
			return rest, after, nil
		}
	}
}

// restOn is the keys whose stored evidence one verifier verifies and the other
// does not.
func restOn(tx inventory.Tx, before, after attest.Verifier) ([]inventory.Key, error) {
	keys, err := inventory.Keys(tx, inventory.KeyFilter{})
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	var rest []inventory.Key
	for _, k := range keys {
		stored, err := inventory.Attestations(tx, k.ID)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(stored, func(a inventory.Attestation) bool { return loses(a.Evidence, k.Serial, before, after) }) {
			rest = append(rest, k)
		}
	}
	return rest, nil
}

func loses(ev hw.Evidence, serial string, before, after attest.Verifier) bool {
	if ev.FIDO != nil && before.FIDO(*ev.FIDO).Status == hw.StatusVerified && after.FIDO(*ev.FIDO).Status != hw.StatusVerified {
		return true
	}
	if ev.PIV == nil {
		return false
	}
	piv := func(v attest.Verifier) hw.Status {
		return inventory.Summarize(hw.FIDOStatement{}, v.PIV(*ev.PIV, serial)).PIV
	}
	return piv(before) == hw.StatusVerified && piv(after) != hw.StatusVerified
}
