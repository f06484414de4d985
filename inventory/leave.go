package inventory

import (
	"fmt"
	"slices"
)

// Holdings is what a person has, may open and answers for.
type Holdings struct {
	Keys       []Key       // that they have
	Bindings   []Binding   // of these keys
	Access     []Access    // to places
	Artifacts  []Artifact  // in use, that they may open
	Exceptions []Exception // that they own
}

// HoldingsOf collects what a person has, may open and answers for.
func HoldingsOf(tx Tx, personID string) (Holdings, error) {
	h, err := holdingsOf(tx, personID)
	if err != nil {
		return Holdings{}, fmt.Errorf("holdings of %s: %w", personID, err)
	}
	return h, nil
}

func holdingsOf(tx Tx, personID string) (h Holdings, err error) {
	if personID == "" {
		return h, invalid("person", "is empty")
	}
	if h.Keys, err = tx.ListKeys(KeyFilter{HolderID: personID}); err != nil {
		return h, err
	}
	for _, k := range h.Keys {
		bindings, err := tx.ListBindings("", k.ID)
		if err != nil {
			return h, err
		}
		h.Bindings = append(h.Bindings, bindings...)
	}
	if h.Access, err = tx.ListAccess("", personID); err != nil {
		return h, err
	}
	artifacts, err := tx.ListArtifacts()
	if err != nil {
		return h, err
	}
	for _, a := range artifacts {
		if a.RetiredAt.IsZero() && slices.Contains(a.Openers, personID) {
			h.Artifacts = append(h.Artifacts, a)
		}
	}
	exceptions, err := tx.ListExceptions("")
	for _, e := range exceptions {
		if e.OwnerID == personID {
			h.Exceptions = append(h.Exceptions, e)
		}
	}
	return h, err
}

// PersonLeaves records that a person has left, and returns what they had until
// then. No key is handed to them again, and they may open nothing any more:
// grants are records alone, and end with it. Keys that they have, codes that
// they know and exceptions that they own stay as they are, for somebody has to
// see to them.
func PersonLeaves(tx Tx, act Act, personID string) (Person, Holdings, error) {
	h, err := HoldingsOf(tx, personID)
	if err != nil {
		return Person{}, h, err
	}
	p, err := MarkLeft(tx, act, personID)
	if err != nil {
		return Person{}, h, err
	}
	for _, a := range h.Access {
		if _, err := RevokeAccess(tx, act, a.PlaceID, personID); err != nil {
			return p, h, err
		}
	}
	for _, a := range h.Artifacts {
		if _, err := LetOpen(tx, act, a.ID, personID, false); err != nil {
			return p, h, err
		}
	}
	return p, h, nil
}

// LetOpen records that a person may open an artifact, or may not any more.
// What is so already is no event. That fewer people may is for one to say.
func LetOpen(tx Tx, act Act, artifactID, personID string, may bool) (Artifact, error) {
	a, err := tx.ArtifactByID(artifactID)
	if err != nil {
		return Artifact{}, fmt.Errorf("artifact %s: %w", artifactID, err)
	}
	if slices.Contains(a.Openers, personID) == may {
		return a, nil
	}
	a.Openers = slices.DeleteFunc(slices.Clone(a.Openers), func(id string) bool { return id == personID })
	if may {
		a.Openers = append(a.Openers, personID)
	}
	a, err = saveArtifact(tx, act, a, !may)
	if err != nil {
		return Artifact{}, fmt.Errorf("save artifact: %w", err)
	}
	return a, nil
}
