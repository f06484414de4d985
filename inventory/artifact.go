package inventory

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kinds of events about artifacts. Each has the whole of what the artifact is
// from then on.
const (
	KindArtifactAdded   = "artifact.added"
	KindArtifactMoved   = "artifact.moved"
	KindArtifactChanged = "artifact.changed"
	KindArtifactRetired = "artifact.retired"
)

// ArtifactKind is what an artifact is, a word.
type ArtifactKind string

// The kinds of artifacts.
const (
	ArtifactVaultCopy    ArtifactKind = "vault_copy"    // a copy of a password vault
	ArtifactSeedMedium   ArtifactKind = "seed_medium"   // a medium that holds an MFA seed
	ArtifactPINEnvelope  ArtifactKind = "pin_envelope"  // the PIN of a key, in an envelope
	ArtifactPrintedSheet ArtifactKind = "printed_sheet" // a password or recovery codes on paper
)

// ArtifactKinds lists every kind.
func ArtifactKinds() []ArtifactKind {
	return []ArtifactKind{ArtifactVaultCopy, ArtifactSeedMedium, ArtifactPINEnvelope, ArtifactPrintedSheet}
}

// HoldsPassword says whether it takes the place of knowing a password.
func (k ArtifactKind) HoldsPassword() bool {
	return k == ArtifactVaultCopy || k == ArtifactPrintedSheet
}

// Artifact is something that has to be kept apart from keys. Where it is and
// whom it concerns is kept, never what it holds.
type Artifact struct {
	ID        string // "A-…"
	Kind      ArtifactKind
	Label     string
	Accounts  []string // IDs of the accounts it helps to open, sorted
	KeyID     string   // of a PIN envelope: whose PIN it holds; "" none
	PlaceID   string   // "" nowhere yet
	Place     string   // the path of PlaceID
	Openers   []string // IDs of the people who may open it, sorted
	Seal      string   // the number on it; "" none
	ReplicaOf string   // the ID of the artifact it is a copy of; "" it is none
	RetiredAt time.Time
}

// Name names the artifact for people.
func (a Artifact) Name() string { return a.ID + " (" + a.Label + ")" }

// Bounds of one artifact.
const (
	maxArtifactAccounts = 10_000
	maxOpeners          = 1000
)

func (a Artifact) check() (Artifact, error) {
	if !slices.Contains(ArtifactKinds(), a.Kind) {
		return a, invalid("kind", "is none of vault_copy, seed_medium, pin_envelope, printed_sheet")
	}
	var err error
	if a.Label, err = required("label", a.Label, maxName); err != nil {
		return a, err
	}
	if a.Seal, err = line("seal", a.Seal, maxTag); err != nil {
		return a, err
	}
	for field, text := range map[string]string{"label": a.Label, "seal": a.Seal} {
		if looksSecret(text) {
			return a, invalid(field, "looks like what the artifact holds, which is not kept here")
		}
	}
	if (a.Kind == ArtifactPINEnvelope) != (a.KeyID != "") {
		return a, invalid("key", "is for PIN envelopes, and each has one")
	}
	if len(a.Accounts) > maxArtifactAccounts || len(a.Openers) > maxOpeners {
		return a, invalid("artifact", "names more than %d accounts or %d people", maxArtifactAccounts, maxOpeners)
	}
	for _, id := range a.Accounts {
		if err := CheckAccountID(id); err != nil {
			return a, err
		}
	}
	a.Accounts, a.Openers = sortedSet(a.Accounts), sortedSet(a.Openers)
	return a, nil
}

// looksSecret says whether a text holds a word too long for a name: a label is
// where somebody would write down what is in the envelope. What can only be a
// secret is refused with every line of text.
func looksSecret(s string) bool {
	// A word of 32 letters and digits names nothing.
	word := 0
	for _, r := range Fold(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '+', r == '=':
			word++
		default:
			word = 0
		}
		if word >= 32 {
			return true
		}
	}
	return false
}

func sortedSet(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// SaveArtifact records an artifact, a new one where the ID is "", or what
// changed of one. Its accounts are made on first use; key, place, people and
// what it is a copy of have to be there. A copy is of the same kind, and of no
// copy. Nothing changed is no event; one that is retired changes no more. In a
// place that takes two people, or on its way into one, an artifact is not for
// one to change: ErrNeedsWitness, see AskArtifact.
func SaveArtifact(tx Tx, act Act, a Artifact) (Artifact, error) {
	a, err := saveArtifact(tx, act, a, false)
	if err != nil {
		return Artifact{}, fmt.Errorf("save artifact: %w", err)
	}
	return a, nil
}

func saveArtifact(tx Tx, act Act, a Artifact, confirmed bool) (Artifact, error) {
	act, err := act.check()
	if err != nil {
		return a, err
	}
	if a, err = a.check(); err != nil {
		return a, err
	}
	kind, old := KindArtifactAdded, Artifact{}
	if a.ID != "" {
		if old, err = tx.ArtifactByID(a.ID); err != nil {
			return a, fmt.Errorf("%s: %w", a.ID, err)
		}
		if !old.RetiredAt.IsZero() {
			return a, fmt.Errorf("%s is retired since %s: %w", old.Name(), old.RetiredAt.Format(time.DateOnly), ErrStatus)
		}
		if kind = a.changeOf(old); kind == "" {
			return old, nil
		}
	}
	a.RetiredAt = time.Time{}
	if err := a.refer(tx, act, old); err != nil {
		return a, err
	}
	if !confirmed {
		if err := alone(tx, old.PlaceID, a.PlaceID); err != nil {
			return a, err
		}
	}
	if a.ID == "" {
		if a.ID, err = newID(tx, "A", func(id string) (bool, error) {
			_, err := tx.ArtifactByID(id)
			return found(err)
		}, []byte(a.Kind), []byte(a.Label)); err != nil {
			return a, err
		}
	}
	return keepArtifact(tx, act, kind, a, "")
}

// changeOf is the kind of the event by which old becomes a, "" where nothing
// has changed.
func (a Artifact) changeOf(old Artifact) string {
	placed := a.PlaceID != old.PlaceID || a.Seal != old.Seal
	same := a.Kind == old.Kind && a.Label == old.Label && a.KeyID == old.KeyID && a.ReplicaOf == old.ReplicaOf &&
		slices.Equal(a.Accounts, old.Accounts) && slices.Equal(a.Openers, old.Openers)
	switch {
	case !same:
		return KindArtifactChanged
	case placed:
		return KindArtifactMoved
	}
	return ""
}

// refer holds what the artifact refers to against the inventory. People who
// have left may stay where they were, and not be added.
func (a Artifact) refer(tx Tx, act Act, old Artifact) error {
	if a.KeyID != "" {
		if _, err := tx.KeyByID(a.KeyID); err != nil {
			return fmt.Errorf("key %s: %w", a.KeyID, err)
		}
	}
	if a.PlaceID != "" {
		if _, err := tx.PlaceByID(a.PlaceID); err != nil {
			return fmt.Errorf("place %s: %w", a.PlaceID, err)
		}
	}
	for _, id := range a.Openers {
		p, err := tx.PersonByID(id)
		if err != nil {
			return fmt.Errorf("person %s: %w", id, err)
		}
		if err := p.present(); err != nil && !slices.Contains(old.Openers, id) {
			return err
		}
	}
	if a.ReplicaOf != "" {
		o, err := tx.ArtifactByID(a.ReplicaOf)
		if err != nil {
			return fmt.Errorf("artifact %s: %w", a.ReplicaOf, err)
		}
		if o.Kind != a.Kind || o.ReplicaOf != "" || o.ID == a.ID || !o.RetiredAt.IsZero() {
			return invalid("replica", "is of the same kind as what it is a copy of, which is in use and no copy itself")
		}
	}
	for _, id := range a.Accounts {
		if err := ensureAccount(tx, act, id); err != nil {
			return err
		}
	}
	return nil
}

// RetireArtifact records that an artifact is destroyed or was made worthless,
// and why. A copy can be retired before what it is a copy of, not after it. One
// in a place that takes two people gives ErrNeedsWitness.
func RetireArtifact(tx Tx, act Act, id, reason string) (Artifact, error) {
	return retireArtifact(tx, act, id, reason, false)
}

func retireArtifact(tx Tx, act Act, id, reason string, confirmed bool) (Artifact, error) {
	act, err := act.check()
	if err == nil {
		reason, err = required("reason", reason, maxReason)
	}
	if err != nil {
		return Artifact{}, fmt.Errorf("retire artifact: %w", err)
	}
	a, err := tx.ArtifactByID(id)
	if err != nil {
		return Artifact{}, fmt.Errorf("retire artifact %s: %w", id, err)
	}
	if !a.RetiredAt.IsZero() {
		return Artifact{}, fmt.Errorf("%s is retired since %s: %w", a.Name(), a.RetiredAt.Format(time.DateOnly), ErrStatus)
	}
	all, err := tx.ListArtifacts()
	if err != nil {
		return Artifact{}, fmt.Errorf("retire artifact %s: %w", id, err)
	}
	for _, o := range all {
		if o.ReplicaOf == id && o.RetiredAt.IsZero() {
			return Artifact{}, fmt.Errorf("retire %s: %s is a copy of it and still in use: %w", a.Name(), o.Name(), ErrStatus)
		}
	}
	if !confirmed {
		if err := alone(tx, a.PlaceID); err != nil {
			return Artifact{}, fmt.Errorf("retire %s: %w", a.Name(), err)
		}
	}
	a.RetiredAt = act.At
	return keepArtifact(tx, act, KindArtifactRetired, a, reason)
}

func keepArtifact(tx Tx, act Act, kind string, a Artifact, reason string) (Artifact, error) {
	if err := tx.PutArtifact(a); err != nil {
		return a, fmt.Errorf("%s: %w", a.Label, err)
	}
	payload := artifactPayload(a)
	payload.Reason = null(reason)
	if _, err := record(tx, act, kind, a.ID, payload); err != nil {
		return a, err
	}
	return tx.ArtifactByID(a.ID) // with the path of its place
}

// Artifacts lists every artifact, retired ones too, by label, then ID.
func Artifacts(tx Tx) ([]Artifact, error) { return tx.ListArtifacts() }

// FindArtifact returns the artifact that ref names: by ID or label, in any
// letter case. Several give an AmbiguousError, none ErrNotFound; by its label
// one in use is meant before one that is retired.
func FindArtifact(tx Tx, ref string) (Artifact, error) {
	ref, err := required("artifact", ref, maxName)
	if err != nil {
		return Artifact{}, err
	}
	all, err := tx.ListArtifacts()
	if err != nil {
		return Artifact{}, fmt.Errorf("find artifact: %w", err)
	}
	var hits, retired []Artifact
	for _, a := range all {
		switch {
		case Fold(a.ID) == Fold(ref):
			return a, nil
		case Fold(a.Label) != Fold(ref):
		case a.RetiredAt.IsZero():
			hits = append(hits, a)
		default:
			retired = append(retired, a)
		}
	}
	if len(hits) == 0 {
		hits = retired
	}
	switch len(hits) {
	case 0:
		return Artifact{}, fmt.Errorf("artifact %q: %w", ref, ErrNotFound)
	case 1:
		return hits[0], nil
	}
	ambiguous := &AmbiguousError{Ref: ref}
	for _, a := range hits {
		ambiguous.Candidates = append(ambiguous.Candidates, a.Name())
	}
	return Artifact{}, ambiguous
}

// artifactJSON is the payload of events about artifacts.
type artifactJSON struct {
	Kind      ArtifactKind `json:"kind"`
	Label     string       `json:"label"`
	Accounts  []string     `json:"accounts"`
	Key       *string      `json:"key"`
	Place     *string      `json:"place"`
	Openers   []string     `json:"openers"`
	Seal      *string      `json:"seal"`
	ReplicaOf *string      `json:"replica_of"`
	Reason    *string      `json:"reason"` // of artifact.retired
}

func artifactPayload(a Artifact) artifactJSON {
	return artifactJSON{
		Kind: a.Kind, Label: a.Label, Accounts: append([]string{}, a.Accounts...), Key: null(a.KeyID), Place: null(a.PlaceID),
		Openers: append([]string{}, a.Openers...), Seal: null(a.Seal), ReplicaOf: null(a.ReplicaOf),
	}
}

// artifactState is what the events come to for one artifact.
type artifactState struct {
	Is        artifactJSON
	RetiredAt string
}

// ArtifactsAt lists the artifacts in use that lie in a place or below it.
func ArtifactsAt(tx Tx, p Place) ([]Artifact, error) {
	all, err := tx.ListArtifacts()
	if err != nil {
		return nil, fmt.Errorf("artifacts at %s: %w", p.Path, err)
	}
	at := Fold(p.Path)
	return slices.DeleteFunc(all, func(a Artifact) bool {
		path := Fold(a.Place)
		return !a.RetiredAt.IsZero() || path != at && !strings.HasPrefix(path, at+"/")
	}), nil
}

// ArtifactsOf lists the artifacts in use that help to open an account.
func ArtifactsOf(tx Tx, accountID string) ([]Artifact, error) {
	all, err := tx.ListArtifacts()
	if err != nil {
		return nil, fmt.Errorf("artifacts of account %s: %w", accountID, err)
	}
	return slices.DeleteFunc(all, func(a Artifact) bool {
		return !a.RetiredAt.IsZero() || !slices.Contains(a.Accounts, accountID)
	}), nil
}
