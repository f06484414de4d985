package inventory

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Anchor is a certificate that a user trusts as a root of attestation, beside
// those built in.
type Anchor struct {
	SHA256 Hash   // of the certificate's DER
	Name   string // as the user calls it
	PEM    string // one CERTIFICATE block without headers
	At     time.Time
	By     string
}

// Bounds on a file of anchors.
const (
	maxAnchorFile  = 1 << 20
	maxAnchorCerts = 64
)

// AddAnchor records every certificate of a PEM file as a trusted root under
// one name and returns them. One that is already there gives an ExistsError;
// then none is added. That the certificates can be parsed and are fit to be
// roots is for the caller (hw/attest) to check first.
func AddAnchor(tx Tx, act Act, name string, file []byte) ([]Anchor, error) {
	act, err := act.check()
	if err != nil {
		return nil, fmt.Errorf("add anchor: %w", err)
	}
	if name, err = required("anchor name", name, maxName); err != nil {
		return nil, fmt.Errorf("add anchor: %w", err)
	}
	ders, err := certificates(file)
	if err != nil {
		return nil, fmt.Errorf("add anchor %s: %w", name, err)
	}
	known, err := tx.ListAnchors()
	if err != nil {
		return nil, fmt.Errorf("add anchor %s: %w", name, err)
	}
	var added []Anchor
	for _, der := range ders {
		a := Anchor{
			SHA256: sha256.Sum256(der), Name: name, At: act.At, By: act.Actor,
			PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		}
		for _, k := range append(known, added...) {
			if k.SHA256 == a.SHA256 {
				return nil, fmt.Errorf("add anchor: %w", &ExistsError{What: "certificate", Value: a.SHA256.String(), Owner: "anchor " + k.Name})
			}
		}
		if err := tx.InsertAnchor(a); err != nil {
			return nil, fmt.Errorf("add anchor %s: %w", name, err)
		}
		if _, err := record(tx, act, KindAnchorAdded, a.SHA256.String(), anchorPayload(a)); err != nil {
			return nil, err
		}
		added = append(added, a)
	}
	return added, nil
}

// certificates takes the DER of every block of a PEM file that holds
// certificates and nothing else but comments.
func certificates(file []byte) ([][]byte, error) {
	if len(file) > maxAnchorFile {
		return nil, invalid("file", "is larger than %d bytes", maxAnchorFile)
	}
	var ders [][]byte
	for rest := file; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case block.Type != "CERTIFICATE":
			return nil, invalid("file", "holds something that is not a certificate")
		case len(block.Bytes) > maxCertificate || len(ders) == maxAnchorCerts:
			return nil, invalid("file", "holds a certificate too large or one too many")
		}
		ders = append(ders, block.Bytes)
	}
	if len(ders) == 0 || bytes.Count(file, []byte("-----BEGIN")) != len(ders) {
		return nil, invalid("file", "holds no readable PEM certificate, or a broken one")
	}
	return ders, nil
}

// FindAnchors returns the anchors that users added under a name, or the one
// with this SHA-256 or the first eight or more digits of it.
func FindAnchors(tx Tx, ref string) ([]Anchor, error) {
	ref, err := required("anchor", ref, maxName)
	if err != nil {
		return nil, err
	}
	all, err := Anchors(tx)
	if err != nil {
		return nil, err
	}
	var named, hits []Anchor
	var labels []string
	for _, a := range all {
		if a.Name == ref {
			named = append(named, a)
		}
		if len(ref) >= 8 && strings.HasPrefix(a.SHA256.String(), strings.ToLower(ref)) {
			hits = append(hits, a)
			labels = append(labels, a.Name+" "+a.SHA256.String())
		}
	}
	switch {
	case len(named) > 0:
		return named, nil
	case len(hits) == 0:
		return nil, fmt.Errorf("anchor %q: %w", ref, ErrNotFound)
	case len(hits) > 1:
		return nil, &AmbiguousError{Ref: ref, Candidates: labels}
	}
	return hits, nil
}

// RemoveAnchor takes back the trust in one anchor.
func RemoveAnchor(tx Tx, act Act, a Anchor) error {
	act, err := act.check()
	if err != nil {
		return fmt.Errorf("remove anchor %s: %w", a.Name, err)
	}
	if err := tx.DeleteAnchor(a.SHA256); err != nil {
		return fmt.Errorf("remove anchor %s: %w", a.Name, err)
	}
	_, err = record(tx, act, KindAnchorRemoved, a.SHA256.String(), anchorPayload(a))
	return err
}

// Anchors lists the anchors that users added, in the order of their events,
// because what an intermediate is depends on what was trusted before it. One
// that is not as its event recorded it is ErrDamaged: it was not trusted by
// means of this program.
func Anchors(tx Tx) ([]Anchor, error) {
	all, err := tx.ListAnchors()
	if err != nil {
		return nil, err
	}
	order := make(map[Hash]int64, len(all))
	for _, a := range all {
		if order[a.SHA256], err = addedBy(tx, a); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b Anchor) int { return cmp.Compare(order[a.SHA256], order[b.SHA256]) })
	return all, nil
}

// addedBy is the number of the event that added an anchor as it is kept.
func addedBy(tx Tx, a Anchor) (int64, error) {
	events, err := tx.EventsAbout(a.SHA256.String())
	if err != nil {
		return 0, fmt.Errorf("anchor %s: %w", a.Name, err)
	}
	want, err := canonicalJSON(anchorPayload(a))
	if err != nil {
		return 0, fmt.Errorf("anchor %s: %w", a.Name, err)
	}
	if len(events) > 0 {
		e := events[len(events)-1]
		if e.Kind == KindAnchorAdded && e.Payload == string(want) && e.Time.Equal(a.At) && e.Actor == a.By {
			return e.Seq, nil
		}
	}
	return 0, fmt.Errorf("anchor %s, SHA-256 %s, is not what the journal recorded: %w", a.Name, a.SHA256, ErrDamaged)
}

func anchorPayload(a Anchor) any {
	return struct {
		Name string `json:"name"`
		PEM  string `json:"pem"`
	}{a.Name, a.PEM}
}
