package inventory

import (
	"bytes"
	"fmt"
)

// Asked is what a request is about: moves, or one of the others.
type Asked struct {
	Moves    []Move
	Place    *PlaceChange
	Artifact *ArtifactChange
	Access   *AccessChange
}

// PlaceChange is another rule for a place that takes two people.
type PlaceChange struct {
	PlaceID   string `json:"id"`
	Capacity  int64  `json:"capacity"`
	TwoPeople bool   `json:"two_people"`
}

// AccessChange lets a person open a place that takes two people, or one with
// such a place below it.
type AccessChange struct {
	PlaceID  string `json:"place"`
	PersonID string `json:"person"`
}

// ArtifactChange is what becomes of an artifact that lies in a place that takes
// two people, or comes into one.
type ArtifactChange struct {
	ID     string        `json:"id"`  // "" a new one
	Was    *artifactJSON `json:"was"` // when it was asked for; nil: a new one
	Is     artifactJSON  `json:"is"`
	Retire bool          `json:"retire"`
}

// Label names the artifact for people.
func (c ArtifactChange) Label() string { return c.Is.Label }

// Places are the IDs of where it lay, and where it lies then; "" nowhere.
func (c ArtifactChange) Places() (from, to string) {
	if c.Was != nil {
		from = text(c.Was.Place)
	}
	return from, text(c.Is.Place)
}

// Reason is why it is retired; "" for others.
func (c ArtifactChange) Reason() string { return text(c.Is.Reason) }

// AskPlaceChange records a change of a place's rules that ChangePlace gave
// ErrNeedsWitness for, so that a second person can confirm it.
func AskPlaceChange(tx Tx, act Act, c PlaceChange) (Request, error) {
	if _, err := tx.PlaceByID(c.PlaceID); err != nil {
		return Request{}, fmt.Errorf("request: place %s: %w", c.PlaceID, err)
	}
	if err := checkCapacity(c.Capacity); err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	return makeRequest(tx, act, requestJSON{Moves: []moveJSON{}, Place: &c})
}

// AskAccess records what GrantAccess gave ErrNeedsWitness for.
func AskAccess(tx Tx, act Act, c AccessChange) (Request, error) {
	return makeRequest(tx, act, requestJSON{Moves: []moveJSON{}, Access: &c})
}

// AskArtifact records what SaveArtifact gave ErrNeedsWitness for.
func AskArtifact(tx Tx, act Act, a Artifact) (Request, error) {
	a, err := a.check()
	if err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	return askArtifact(tx, act, ArtifactChange{ID: a.ID, Is: artifactPayload(a)})
}

// AskArtifactRetired records what RetireArtifact gave ErrNeedsWitness for.
func AskArtifactRetired(tx Tx, act Act, id, reason string) (Request, error) {
	reason, err := required("reason", reason, maxReason)
	if err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	return askArtifact(tx, act, ArtifactChange{ID: id, Is: artifactJSON{Reason: &reason}, Retire: true})
}

func askArtifact(tx Tx, act Act, c ArtifactChange) (Request, error) {
	if c.ID != "" {
		a, err := tx.ArtifactByID(c.ID)
		if err != nil {
			return Request{}, fmt.Errorf("request: %s: %w", c.ID, err)
		}
		was := artifactPayload(a)
		c.Was = &was
		if c.Retire {
			was.Reason = c.Is.Reason
			c.Is, was.Reason = was, nil
		}
	}
	return makeRequest(tx, act, requestJSON{Moves: []moveJSON{}, Artifact: &c})
}

// carryOut does what was asked for, now that it is confirmed.
func (c ArtifactChange) carryOut(tx Tx, act Act) error {
	if c.ID != "" {
		a, err := tx.ArtifactByID(c.ID)
		if err != nil {
			return fmt.Errorf("artifact %s: %w", c.ID, err)
		}
		now, err1 := canonicalJSON(artifactPayload(a))
		was, err2 := canonicalJSON(c.Was)
		if err1 != nil || err2 != nil || !a.RetiredAt.IsZero() || !bytes.Equal(now, was) {
			return fmt.Errorf("%s has changed since: %w", a.Name(), ErrOver)
		}
	}
	if c.Retire {
		_, err := retireArtifact(tx, act, c.ID, text(c.Is.Reason), true)
		return err
	}
	_, err := saveArtifact(tx, act, c.Is.artifact(c.ID), true)
	return err
}

// artifact is what an event or a request says of an artifact.
func (j artifactJSON) artifact(id string) Artifact {
	return Artifact{
		ID: id, Kind: j.Kind, Label: j.Label, Accounts: j.Accounts, KeyID: text(j.Key), PlaceID: text(j.Place),
		Openers: j.Openers, Seal: text(j.Seal), ReplicaOf: text(j.ReplicaOf),
	}
}
